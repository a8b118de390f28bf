// The console as a process of its own, beside services that share a table. It has no private key: what people decide is
// verified by the service.
import { ListenError, fail } from './boot-failure.js';
import { type ConsoleProcessConfig, readConsoleConfig } from './config-console.js';
import { startConsole } from './console/start.js';
import { createLog } from './log.js';
import { createAdmission, loadPolicy, parameterSource, policyDirectory } from './policy-setup.js';
import { BaseError } from './protocol/error.js';
import { stopOnSignal } from './shutdown.js';
import { Candidate } from './sources/candidate.js';
import { readPolicyFile } from './sources/file.js';
import { CurrentPolicy } from './sources/policy.js';
import { PolicyLoader } from './sources/policy-loader.js';
import type { Source } from './sources/source.js';
import type { StoredPolicy } from './sources/stored-policy.js';
import { openStore } from './store/open.js';
import { createCertificate } from './tls/listener.js';

process.setSourceMapsEnabled(true);

async function main(): Promise<void> {
  const config = await configure();
  const log = await createLog(config.logLevel);
  const lifecycle = stopOnSignal({ log, timeoutMs: config.shutdownTimeoutMs });
  try {
    const sources = await openSources(config);
    const loader = new PolicyLoader(policyDirectory(config.sources));
    const admission = createAdmission(config, log);
    const policy = new CurrentPolicy(sources.policy, log, {
      loader,
      admit: (stored, admitted) => admission?.admit(stored, admitted),
    });
    const candidate = sources.candidate && new Candidate({ source: sources.candidate, loader, log });
    const { table, blobs } = await openStore(config.store);
    await loadPolicy(policy, admission);
    policy.keepFresh(config.policyRefreshMs);
    const app = await startConsole({
      ...{ host: config.host, port: config.port, origin: config.origin, notify: config.notify },
      ...{ table, blobs, policy, lifecycle, log, now: () => new Date() },
      candidate: candidate ?? { current: undefined },
      certificate: await createCertificate(config.tls),
      onClose: () => table.close(),
    }).catch((error: unknown) => {
      throw error instanceof BaseError ? error : new ListenError(error, config, 'CONSOLE_PORT');
    });
    lifecycle.app = app;
    candidate?.keepFresh(config.policyRefreshMs);
  } catch (error) {
    fail(log, error);
  }
}

async function configure(): Promise<ConsoleProcessConfig> {
  try {
    return readConsoleConfig(process.env);
  } catch (error) {
    return fail(await createLog('info'), error);
  }
}

interface Sources {
  readonly policy: Source<StoredPolicy>;
  readonly candidate: Source<StoredPolicy> | undefined;
}

async function openSources({ sources }: ConsoleProcessConfig): Promise<Sources> {
  const { policy, candidateParameter } = sources;
  const { parameterReader } = await import('./sources/ssm.js');
  return {
    policy:
      'file' in policy
        ? () => readPolicyFile(policy.file)
        : parameterSource(parameterReader(), policy.parameter),
    candidate:
      candidateParameter === undefined ? undefined : parameterSource(parameterReader(), candidateParameter),
  };
}

await main();

// `npm run deploy`: deploys a healthy handler, or updates an existing deployment.
import { readFileSync } from 'node:fs';
import { DeployError } from '../aws/error.js';
import { openSession } from '../aws/session.js';
import { UsageError } from '../command.js';
import { type OperatorRuntime, printJson, runOperatorProgram } from '../operator-command.js';
import { deploy } from './deploy.js';
import { commandLineOf, createDeployProgram, type DeployOptions } from './options.js';
import { printStatus } from './print-status.js';
import { readReport } from './status-report.js';
import { detectAllDrift } from './drift.js';
import type { StepName } from './step.js';

export async function runDeploy({ sleep }: OperatorRuntime = {}): Promise<void> {
  const program = createDeployProgram();
  const done = new Map<StepName, number>();

  /** Leaves out options whose step is complete and must not be repeated. */
  const resumeCommand = (error?: DeployError): string => {
    const isStuck = error?.code === 'STACK_STUCK';
    return commandLineOf(program, {
      without: [
        ...(done.has('keys') ? (['rotateCallbackKey'] as const) : []),
        ...(done.has('certificate') ? (['renewCertificate'] as const) : []),
        ...(isStuck ? (['forceRecreate'] as const) : []),
      ],
      also: isStuck ? ['--force-recreate'] : [],
    });
  };

  program.action(async (options: DeployOptions) => {
    if (options.drift === true && options.status !== true)
      throw new UsageError('--drift belongs to --status');
    if (options.status === true) {
      const session = await openSession(options, { sleep });
      if (options.drift === true) await detectAllDrift(session, options);
      const status = await readReport(session);
      if (options.json === true) printJson(status);
      else printStatus(process.stdout, status);
      return;
    }
    assertNodeVersion();
    const session = await openSession(options, { createMissingSettings: true, sleep });
    const recreateCommand = commandLineOf(program, {
      without: ['forceRecreate'],
      also: ['--force-recreate'],
    });
    await deploy(session, options, { recreateCommand, done, resumeCommand });
  });
  await runOperatorProgram(
    program,
    () => `AWS will complete the change in progress. To continue: ${resumeCommand()}`,
  );
}

/** @throws {DeployError} if this Node.js is older than package.json requires */
function assertNodeVersion(): void {
  const { engines } = JSON.parse(readFileSync('package.json', 'utf8')) as { engines: { node: string } };
  const [requiredMajor = 0, requiredMinor = 0] = engines.node.replace('>=', '').split('.').map(Number);
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > requiredMajor || (major === requiredMajor && minor >= requiredMinor)) return;
  throw new DeployError(
    'NODE_TOO_OLD',
    `this is Node.js ${process.versions.node}`,
    `install Node.js ${engines.node}`,
  );
}

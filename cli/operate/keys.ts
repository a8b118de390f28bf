// `npm run keys`: registers a Co-signer's public key.
import { readText, UsageError } from '../command.js';
import { importCallbackKey, importCosignerKeys, KeyError } from '../../src/protocol/key.js';
import { painter } from '../terminal.js';
import { printJson, runOperatorCommand } from '../operator-command.js';
import { confirm } from '../confirm.js';
import { DeployError } from '../aws/error.js';
import { putParameter, readParameter } from '../aws/parameters.js';
import { COMMON_OPTIONS, COMMON_USAGE, openSession, type Session } from '../aws/session.js';

const USAGE = `Registers the public key that a Co-signer signs its requests with.

Usage: npm run keys -- cosigner FILE [options]

  cosigner FILE                  what "cosigner print-public-key" printed; - is standard input

${COMMON_USAGE}
      --add                      keep the keys that are there: for a second Co-signer, or while one changes its key
      --yes                      do not ask before keys that are there are dropped

Exit code: 0 done, 1 not done, 2 wrong usage, 130 interrupted.
`;

interface Keys {
  readonly text: string;
  readonly fingerprints: readonly string[];
}

await runOperatorCommand({
  name: 'keys',
  usage: USAGE,
  options: {
    ...COMMON_OPTIONS,
    add: { type: 'boolean', default: false },
    yes: { type: 'boolean', default: false },
  },
  async run({ values, positionals }) {
    const [what, file, ...more] = positionals;
    if (what !== 'cosigner' || file === undefined || more.length > 0) {
      throw new UsageError('say which key, and where it is: cosigner FILE');
    }
    const given = readKeys(readText(file), file);
    const session = await openSession(values);
    const name = session.names.parameters.cosignerPublicKey;
    await assertNotOurs(session, given, file);

    const stored = await readParameter(session, name);
    const before = stored === undefined ? undefined : readStored(stored, name, values.add);
    const kept = values.add ? (before?.fingerprints ?? []) : [];
    const dropped = (before?.fingerprints ?? []).filter(
      (fingerprint) => !kept.includes(fingerprint) && !given.fingerprints.includes(fingerprint),
    );
    const after = [...new Set([...kept, ...given.fingerprints])];
    const changed =
      stored === undefined || [...(before?.fingerprints ?? [])].sort().join() !== [...after].sort().join();

    if (dropped.length > 0 && !values.yes) {
      await confirm(
        `The Co-signer with ${dropped.join(', ')} will be refused (--add would keep it). Type drop to go on: `,
        'drop',
      );
    }
    if (changed) {
      const value =
        kept.length > 0 ? `${before?.text.trim() ?? ''}\n${given.text.trim()}\n` : `${given.text.trim()}\n`;
      await putParameter(session, name, { value, replace: stored !== undefined });
    }
    if (values.json) {
      printJson({ parameter: name, changed, before: before?.fingerprints ?? [], after });
      return 0;
    }
    const paint = painter(process.stdout);
    const say = (text: string): void => void process.stdout.write(`${text}\n`);
    say(changed ? `${paint('green', 'Registered')} in ${name}` : `Nothing to change in ${name}`);
    for (const fingerprint of after) {
      say(`  ${fingerprint}${given.fingerprints.includes(fingerprint) ? `  ${file}` : ''}`);
    }
    for (const fingerprint of dropped) say(`  ${paint('red', 'dropped')} ${fingerprint}`);
    if (changed) say('The service takes it up within a minute, or within five seconds if it had none.');
    if (session.settings.auth === 'json') {
      say(
        `${paint('yellow', 'Note')}  the handler speaks JSON, which no key verifies: it is used once "auth" is "jwt".`,
      );
    }
    return 0;
  },
});

function readKeys(text: string, where: string): Keys {
  try {
    return { text, fingerprints: importCosignerKeys(text).map(({ fingerprint }) => fingerprint) };
  } catch (error) {
    if (!(error instanceof KeyError)) throw error;
    throw new DeployError(
      error.code,
      `${where} can't be used: ${error.message}`,
      'on the host of the Co-signer: sudo cosigner print-public-key > cosigner_public.pem',
    );
  }
}

/** What is there but can't be read can be replaced, and not be added to. */
function readStored(stored: string, name: string, add: boolean): Keys | undefined {
  try {
    return readKeys(stored, name);
  } catch (error) {
    if (!(error instanceof DeployError)) throw error;
    if (!add) return undefined;
    throw new DeployError(error.code, error.message, 'leave --add out: what is there can only be replaced');
  }
}

/** Were one key on both sides, the handler's answers would pass as requests: the handler refuses such a key. */
async function assertNotOurs(session: Session, { fingerprints }: Keys, file: string) {
  const { names, keyDirectory } = session;
  const ours = await readParameter(session, names.parameters.callbackPrivateKey);
  if (ours === undefined) return;
  if (!fingerprints.includes(fingerprintOf(ours))) return;
  throw new DeployError(
    'KEY_ON_BOTH_SIDES',
    `${file} is the handler's own public key, the one in ${keyDirectory}`,
    'register the key of the Co-signer: on its host, sudo cosigner print-public-key',
  );
}

/** Empty for what is no key: it is no Co-signer's either. */
function fingerprintOf(callbackKey: string): string {
  try {
    return importCallbackKey(callbackKey).fingerprint;
  } catch {
    return '';
  }
}

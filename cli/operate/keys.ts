// `npm run keys -- cosigner FILE`: registers a Co-signer's public key.
import { importCosignerKeys, KeyError } from '../../src/protocol/key.js';
import { type PublicKey, readStoredKey, type StoredKey } from '../aws/callback-key.js';
import { DeployError } from '../aws/error.js';
import { putParameter, readParameter } from '../aws/parameters.js';
import { npmCommand } from '../aws/printed-commands.js';
import { openSession, type Session } from '../aws/session.js';
import { createProgram, readText } from '../command.js';
import { confirm } from '../confirm.js';
import {
  addOperatorOptions,
  EXIT_CODES,
  type OperatorOptions,
  printJson,
  runOperatorProgram,
} from '../operator-command.js';
import { painter } from '../terminal.js';

interface KeysOptions extends OperatorOptions {
  readonly add?: boolean;
  readonly yes?: boolean;
}

/** The keys in standard PEM, whatever form they were given in, with their fingerprints. */
interface PublicKeys {
  readonly pem: string;
  readonly fingerprints: readonly string[];
}

/** The effect of a registration. */
interface KeyChange {
  readonly before: readonly string[];
  readonly after: readonly string[];
  /** Keys that the handler accepts now but would not accept afterwards. */
  readonly dropped: readonly string[];
  readonly isChanged: boolean;
  /** New value of the parameter. */
  readonly pem: string;
}

export async function runKeys(): Promise<void> {
  const program = createProgram('keys', 'Manages the keys of an environment.');
  const cosigner = program
    .command('cosigner <file>')
    .description(
      'Registers the public key that a Co-signer signs its requests with. FILE is the output of "cosigner print-public-key"; - reads standard input.',
    )
    .option('--add', 'keep the registered keys: for a second Co-signer, or while one rotates its key')
    .option('--yes', 'do not ask for confirmation');
  addOperatorOptions(cosigner).addHelpText('after', EXIT_CODES).action(registerKey);
  await runOperatorProgram(program);
}

async function registerKey(file: string, options: KeysOptions): Promise<void> {
  const given = readKeys(readText(file), file);
  const session = await openSession(options);
  const parameter = session.names.parameters.cosignerPublicKey;
  const callbackKey = await readStoredKey(session);
  assertNotCallbackKey(session, given, file, callbackKey?.publicKey);
  const stored = await readParameter(session, parameter);
  const change = toChange(
    stored === undefined ? undefined : readStoredKeys(stored, parameter, options),
    given,
    options,
  );
  const isChanged = stored === undefined || change.isChanged;

  if (isChanged && options.yes !== true) await confirmChange(change);
  if (isChanged) {
    await putParameter(session, parameter, { value: change.pem, replace: stored !== undefined });
  }
  const { before, after } = change;
  if (options.json === true) {
    printJson({
      parameter,
      changed: isChanged,
      before,
      after,
      callbackAlgorithm: callbackKey?.publicKey?.algorithm,
    });
  } else printChange(session, { ...change, isChanged }, { given, file, callbackKey });
}

/** Whoever registers a key decides whose requests are answered, so it is compared before. @throws {DeployError} */
async function confirmChange({ before, after, dropped }: KeyChange): Promise<void> {
  const added = after.filter((fingerprint) => !before.includes(fingerprint));
  const compare = `Compare with the fingerprint on the Co-signer's host:\n  ${added.join('\n  ')}\n`;
  const drop = `The handler will reject the Co-signer with ${dropped.join(', ')} (--add keeps it). `;
  const word = dropped.length > 0 ? 'drop' : 'register';
  await confirm({
    question: `${added.length > 0 ? compare : ''}${dropped.length > 0 ? drop : ''}Type ${word} to continue: `,
    word,
    option: '--yes',
  });
}

function toChange(
  stored: PublicKeys | undefined,
  given: PublicKeys,
  { add = false }: KeysOptions,
): KeyChange {
  const before = stored?.fingerprints ?? [];
  const kept = add ? before : [];
  const after = [...new Set([...kept, ...given.fingerprints])];
  return {
    before,
    after,
    dropped: before.filter((fingerprint) => !after.includes(fingerprint)),
    isChanged: [...before].sort().join() !== [...after].sort().join(),
    pem: kept.length > 0 ? `${stored?.pem ?? ''}${given.pem}` : given.pem,
  };
}

interface ChangeContext {
  readonly given: PublicKeys;
  readonly file: string;
  readonly callbackKey: StoredKey | undefined;
}

function printChange(
  session: Session,
  { after, dropped, isChanged }: KeyChange,
  { given, file, callbackKey }: ChangeContext,
): void {
  const { names, settings } = session;
  const parameter = names.parameters.cosignerPublicKey;
  const paint = painter(process.stdout);
  const lines = [
    isChanged ? `${paint('green', 'Registered')} in ${parameter}` : `Nothing to change in ${parameter}`,
    ...after.map(
      (fingerprint) => `  ${fingerprint}${given.fingerprints.includes(fingerprint) ? `  ${file}` : ''}`,
    ),
    ...dropped.map((fingerprint) => `  ${paint('red', 'removed')} ${fingerprint}`),
    ...(isChanged
      ? ['The service uses it within a minute, or within five seconds if it had no key before.']
      : []),
    ...(callbackKey === undefined || settings.auth === 'json'
      ? []
      : [describeCallbackKey(session, callbackKey)]),
    ...(settings.auth === 'json'
      ? [
          `${paint('yellow', 'Note')}  the handler uses JSON mode, which verifies no signatures: the key has no effect until "auth" is "jwt".`,
        ]
      : []),
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}

function describeCallbackKey(session: Session, { publicKey }: StoredKey): string {
  return publicKey === undefined
    ? `The handler's own public key is not recorded, so the two were not compared. To record it: ${npmCommand(session, 'deploy')}`
    : `The handler signs its answers with ${publicKey.algorithm} (key ${publicKey.fingerprint.slice(0, 16)}).`;
}

/** @throws {DeployError} if a key can't be used */
function readKeys(pem: string, where: string): PublicKeys {
  try {
    const keys = importCosignerKeys(pem);
    return {
      // Standard PEM can be followed by another key. Some of the forms in which keys are pasted can't.
      pem: keys.map(({ key }) => key.export({ type: 'spki', format: 'pem' }).toString()).join(''),
      fingerprints: keys.map(({ fingerprint }) => fingerprint),
    };
  } catch (error) {
    if (!(error instanceof KeyError)) throw error;
    throw new DeployError(
      error.code,
      `${where} can't be used: ${error.message}`,
      "on the Co-signer's host, run: sudo cosigner print-public-key > cosigner_public.pem",
    );
  }
}

/** Unreadable keys can be replaced, but no key can be added to them. @throws {DeployError} */
function readStoredKeys(
  stored: string,
  parameter: string,
  { add = false }: KeysOptions,
): PublicKeys | undefined {
  try {
    return readKeys(stored, parameter);
  } catch (error) {
    if (!(error instanceof DeployError)) throw error;
    if (!add) return undefined;
    throw new DeployError(
      error.code,
      error.message,
      'leave out --add: the stored value can only be replaced',
    );
  }
}

/**
 * The handler rejects a key that is used on both sides, because its own responses would be accepted as requests.
 * @throws {DeployError}
 */
function assertNotCallbackKey(
  { keyDirectory }: Session,
  { fingerprints }: PublicKeys,
  file: string,
  callbackKey: PublicKey | undefined,
): void {
  if (callbackKey === undefined || !fingerprints.includes(callbackKey.fingerprint)) return;
  throw new DeployError(
    'KEY_ON_BOTH_SIDES',
    `${file} is the handler's own public key, the one in ${keyDirectory}`,
    "register the Co-signer's key: on its host, run sudo cosigner print-public-key",
  );
}

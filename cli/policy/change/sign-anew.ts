// Signs an earlier policy anew for a rollback: its old signatures have a serial that is no longer accepted.
import { createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto';
import { existsSync } from 'node:fs';
import writeFileAtomic from 'write-file-atomic';
import { statementOf } from '../../../src/sources/signatures.js';
import { encodeKey, type Signers } from '../../../src/sources/signers.js';
import type { PolicySignatures } from '../../../src/sources/stored-policy.js';
import { DeployError } from '../../aws/error.js';
import { npmCommand } from '../../aws/printed-commands.js';
import type { Session } from '../../aws/session.js';
import { InputError, readText, reasonOf } from '../../command.js';
import { signersIn } from './signatures.js';

interface Earlier {
  /** Of the parameter. */
  readonly version: number;
  readonly text: string;
  readonly sha256: string;
  /** The serial to sign with. */
  readonly serial: number;
}

interface SignOptions {
  /** Files with private keys. */
  readonly key?: readonly string[];
  readonly dryRun?: boolean;
}

/**
 * Signs with the given keys. If there are too few, the policy is written to a file for the signers.
 * @throws {DeployError} that says how to sign it
 */
export async function signAnew(
  session: Session,
  earlier: Earlier,
  { key: files = [], dryRun = false }: SignOptions,
): Promise<PolicySignatures> {
  const signers = signersIn(session);
  const { serial, sha256 } = earlier;
  const statement = { for: session.names.parameters.policy, serial, sha256 };
  const signatures = files.map((file) => {
    const key = readPrivateKey(file);
    const signature = sign(null, statementOf(statement), key).toString('base64');
    return { signer: nameOf(signers, key, file), signature };
  });
  if (signers === undefined || signatures.length >= signers.quorum) return { ...statement, signatures };
  const file = `policy-${earlier.version}.yaml`;
  const push = npmCommand(session, 'policy', `push ${file}`);
  if (!dryRun) await writeOnce(file, earlier.text);
  throw new DeployError(
    'SIGNATURES_MISSING',
    `a rollback is signed anew, by ${signers.quorum} of ${[...signers.keys.keys()].join(', ')}; nothing was changed`,
    `sign it, then push it: ${push}`,
    [
      dryRun
        ? `without --dry-run, ${file} is written`
        : `${file} has the policy of version ${earlier.version}`,
      `each signer runs: ${npmCommand(session, 'policy', `sign ${file}`)}`,
      `then: ${push}`,
    ],
  );
}

function readPrivateKey(file: string): KeyObject {
  try {
    const key = createPrivateKey(readText(file));
    if (key.asymmetricKeyType === 'ed25519') return key;
  } catch (error) {
    if (error instanceof InputError) throw error;
  }
  throw new InputError(`${file} is no Ed25519 private key in PEM`);
}

/** @throws {InputError} if it is the key of nobody in the settings */
function nameOf(signers: Signers | undefined, key: KeyObject, file: string): string {
  const encoded = encodeKey(createPublicKey(key));
  const found = [...(signers?.keys ?? [])].find(([, known]) => encodeKey(known) === encoded);
  if (found === undefined) throw new InputError(`${file} is not the key of a signer in the settings`);
  return found[0];
}

/** @throws {InputError} if the file exists with other content, which is never overwritten */
async function writeOnce(file: string, text: string): Promise<void> {
  if (existsSync(file)) {
    if (readText(file) === text) return;
    throw new InputError(
      `${file} exists with other content: move it elsewhere, then run the same command again`,
    );
  }
  try {
    await writeFileAtomic(file, text);
  } catch (error) {
    throw new InputError(`${file} can't be written: ${reasonOf(error)}`);
  }
}

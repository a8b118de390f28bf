// Signs an earlier policy anew for a rollback: its old signatures have a serial that is no longer accepted.
import { sign } from 'node:crypto';
import { existsSync } from 'node:fs';
import writeFileAtomic from 'write-file-atomic';
import { statementOf } from '../../../src/sources/signatures.js';
import type { PolicySignatures } from '../../../src/sources/stored-policy.js';
import { DeployError } from '../../aws/error.js';
import { npmCommand } from '../../aws/printed-commands.js';
import type { Session } from '../../aws/session.js';
import { InputError, readText, reasonOf } from '../../command.js';
import { readSigningKey, signerNameOf } from '../sign/private-key.js';
import { signAdvice, signersIn } from './signatures.js';

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
  const signatures: PolicySignatures['signatures'] = [];
  for (const file of files) {
    const key = await readSigningKey(file);
    const signature = sign(null, statementOf(statement), key.key).toString('base64');
    signatures.push({ signer: signerNameOf(key, signers?.keys ?? new Map(), undefined), signature });
  }
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
      signAdvice(session, file),
      `then: ${push}`,
    ],
  );
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

// Checks the policy that an image will contain: the committed one, because the image is built from the commit.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { POLICY_FILE } from '../../src/config.js';
import { draftPolicy } from '../../src/policy/parse/file.js';
import { PolicyError } from '../../src/policy/parse/problem.js';
import type { Policy } from '../../src/policy/evaluate/rules.js';
import { pinProblems } from '../../src/sources/admission.js';
import { verifySignatures } from '../../src/sources/signatures.js';
import { readSignatures } from '../../src/sources/stored-policy.js';
import { DeployError } from '../aws/error.js';
import { npmCommand } from '../aws/printed-commands.js';
import { assertConsole } from '../policy/change/proposal.js';
import type { Session } from '../aws/session.js';
import { signatureFileOf, signersIn } from '../policy/change/signatures.js';

const run = promisify(execFile);
/** In bytes; a policy with a list of a million addresses has less. */
const MAX_FILE = 256 * 1024 * 1024;

/** The folder whose files are in the image, beside the policy. */
const LISTS = /^(\.\/)?lists\//;

/** @throws {DeployError} if the service would not start with it */
export async function assertCommittedPolicy(session: Session): Promise<void> {
  const text = await committed(POLICY_FILE);
  if (text === undefined) throw unusable('it is not committed', `commit ${POLICY_FILE}`);
  const next = `fix ${POLICY_FILE} and commit it; npm run policy -- check shows every problem`;
  try {
    const draft = draftPolicy(text, POLICY_FILE);
    const policy = draft.complete(new Map());
    assertConsole(session, policy);
    for (const { name, from } of draft.references) await assertInImage(name, from);
    await assertSigned(session, policy);
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    throw unusable('it is invalid', next, error.brief.report.split('\n'));
  }
}

async function assertInImage(name: string, from: string): Promise<void> {
  if (from.startsWith('s3://')) return;
  if (LISTS.test(from) && !from.includes('..') && (await isCommitted(from))) return;
  throw unusable(
    `the list ${name} is from ${from}, which is not in the image`,
    `put the file into the folder lists/, name it in the policy as from: lists/…, and commit it`,
  );
}

async function assertSigned(session: Session, policy: Policy): Promise<void> {
  const signers = signersIn(session);
  if (signers === undefined) return;
  const [unpinned] = pinProblems(policy);
  if (unpinned !== undefined) throw unusable(unpinned, `fix ${POLICY_FILE}, sign it again, and commit both`);
  const file = signatureFileOf(POLICY_FILE);
  const json = await committed(file);
  const signed = json === undefined ? undefined : readSignatures(json);
  const verified =
    signed !== undefined && 'problem' in signed
      ? { problem: `${file} holds no signatures: ${signed.problem}` }
      : verifySignatures(signed, { for: POLICY_FILE, sha256: policy.hash }, signers);
  if (!('problem' in verified)) return;
  const earlier = signed === undefined || 'problem' in signed ? undefined : signed;
  const serial = earlier?.sha256 === policy.hash ? earlier.serial : (earlier?.serial ?? 0) + 1;
  const command = `sign ${POLICY_FILE} --key FILE --serial ${serial}`;
  throw new DeployError(
    'SIGNATURES_MISSING',
    `the service would refuse the committed ${POLICY_FILE}: ${verified.problem}; nothing was changed`,
    `each signer runs: ${npmCommand(session, 'policy', command)}\nthen commit ${file}`,
  );
}

/** @returns the content in the last commit; undefined if the file is not in it */
async function committed(file: string): Promise<string | undefined> {
  if (!(await isCommitted(file))) return undefined;
  return (await run('git', ['show', `HEAD:./${file}`], { maxBuffer: MAX_FILE })).stdout;
}

async function isCommitted(file: string): Promise<boolean> {
  return run('git', ['cat-file', '-e', `HEAD:./${file}`]).then(
    () => true,
    () => false,
  );
}

function unusable(problem: string, next: string, details: readonly string[] = []): DeployError {
  return new DeployError(
    'POLICY_UNSOUND',
    `the committed ${POLICY_FILE} can't be used as the policy: ${problem}`,
    next,
    details,
  );
}

// `npm run policy -- sign`: adds a signature to the file beside a policy.
import { existsSync } from 'node:fs';
import { sign } from 'node:crypto';
import writeFileAtomic from 'write-file-atomic';
import { namesOf } from '../../../infra/names.js';
import { readSettings, type Settings, SETTINGS_FILE } from '../../../infra/settings.js';
import { POLICY_FILE } from '../../../src/config.js';
import type { Policy } from '../../../src/policy/evaluate/rules.js';
import { parsePolicy } from '../../../src/policy/parse/file.js';
import { PolicyError, problemIn } from '../../../src/policy/parse/problem.js';
import { pinProblems } from '../../../src/sources/admission.js';
import { statementOf, verifySignatures } from '../../../src/sources/signatures.js';
import { type Signers, toSigners } from '../../../src/sources/signers.js';
import type { PolicySignatures } from '../../../src/sources/stored-policy.js';
import { InputError, readText, reasonOf, UsageError } from '../../command.js';
import type { OperatorOptions } from '../../operator-command.js';
import { readSignatureFile, signatureFileOf } from '../change/signatures.js';
import { readSigningKey, signerNameOf } from './private-key.js';

export interface SignOptions extends OperatorOptions {
  /** File with the private key. */
  readonly key: string;
  readonly serial?: number;
  /** Name of the parameter or file that the policy is for. */
  readonly for?: string;
  /** Of the signer, if the settings do not know the key. */
  readonly name?: string;
}

export interface Signing {
  readonly policy: Policy;
  readonly signatureFile: string;
  readonly signed: PolicySignatures;
  readonly signer: string;
  /** Base64 of SPKI, as in the settings. */
  readonly publicKey: string;
  /** Whether the signature is new. */
  readonly changed: boolean;
  readonly quorum: number | undefined;
  /** What is missing for the policy to be taken; undefined if nothing is, or the settings name no signers. */
  readonly missing: string | undefined;
  readonly warnings: readonly string[];
}

/** Finds the serial that follows all that were signed before. */
export type NextSerial = (options: OperatorOptions) => Promise<number>;

/**
 * Signs a policy, and writes the signature beside it.
 * @throws {PolicyError} if the policy has problems, or the service would refuse it whoever signs it
 * @throws {InputError} if files or settings can't be used, or the file has signatures of something else
 */
export async function signPolicy(
  file: string,
  options: SignOptions,
  nextSerial: NextSerial,
): Promise<Signing> {
  if (file === '-')
    throw new UsageError('a policy to sign must be a file, because the signature is stored beside it');
  const policy = readSignable(file);
  const settings = readKnownSettings(options);
  const signers = settings && signersIn(settings);
  const signatureFile = signatureFileOf(file);
  const key = await readSigningKey(options.key);
  const signer = signerNameOf(key, signers?.keys ?? new Map(), options.name);

  const statement = { for: targetOf(options, settings), sha256: policy.hash };
  const existing = readSignatureFile(signatureFile);
  if (existing !== undefined) assertSame(signatureFile, existing, { ...statement, serial: options.serial });
  const serial = existing?.serial ?? options.serial ?? (await nextSerial(options));
  const signature = sign(null, statementOf({ ...statement, serial }), key.key).toString('base64');
  const others = existing?.signatures.filter((other) => other.signer !== signer) ?? [];
  const signed = { ...statement, serial, signatures: [...others, { signer, signature }] };
  const changed = existing?.signatures.some((other) => other.signature === signature) !== true;
  if (changed) await write(signatureFile, signed);
  const verified = signers && verifySignatures(signed, statement, signers);
  return {
    ...{ policy, signatureFile, signed, signer, publicKey: key.publicKey, changed },
    quorum: signers?.quorum,
    missing: verified !== undefined && 'problem' in verified ? verified.problem : undefined,
    warnings: key.warning === undefined ? [] : [key.warning],
  };
}

/** @throws {PolicyError} */
function readSignable(file: string): Policy {
  const policy = parsePolicy(readText(file), file);
  const unpinned = pinProblems(policy);
  if (unpinned.length > 0) throw new PolicyError(unpinned.map((problem) => problemIn(file, problem)));
  return policy;
}

/** Whoever only signs may have no settings; then the options must say what the settings would. */
function readKnownSettings({ env, for: target }: SignOptions): Settings | undefined {
  return target !== undefined && !existsSync(SETTINGS_FILE) ? undefined : readSettings(env);
}

function signersIn({ policySigners }: Settings): Signers | undefined {
  if (policySigners === undefined) return undefined;
  const signers = toSigners(Object.entries(policySigners.keys), policySigners.quorum);
  if ('problems' in signers) throw new InputError(`policySigners: ${signers.problems.join('; ')}`);
  return signers;
}

function targetOf({ env, for: target }: SignOptions, settings: Settings | undefined): string {
  const known =
    settings?.policySource === 'image'
      ? POLICY_FILE
      : settings && namesOf(settings.projectName, env).parameters.policy;
  const chosen = target ?? known ?? '';
  if (chosen === '' || /[\r\n]/.test(chosen)) {
    throw new UsageError('--for must be the name of a parameter or file, on one line');
  }
  return chosen;
}

interface Wanted {
  readonly for: string;
  readonly sha256: string;
  readonly serial: number | undefined;
}

/** @throws {InputError} if the file has signatures of something else */
function assertSame(file: string, existing: PolicySignatures, wanted: Wanted): void {
  const differences = [
    ...(existing.for === wanted.for
      ? []
      : [`they are for ${JSON.stringify(existing.for)}, not ${wanted.for}`]),
    ...(existing.sha256 === wanted.sha256
      ? []
      : [`they are of a policy with the SHA-256 ${existing.sha256}, not ${wanted.sha256}`]),
    ...(wanted.serial === undefined || existing.serial === wanted.serial
      ? []
      : [`they have the serial ${existing.serial}, not ${wanted.serial}`]),
  ];
  if (differences.length === 0) return;
  throw new InputError(
    `${file} has signatures of something else: ${differences.join('; ')}. To start anew, delete it ("rm ${file}"); all signers must sign again`,
  );
}

async function write(file: string, signed: PolicySignatures): Promise<void> {
  try {
    await writeFileAtomic(file, `${JSON.stringify(signed, null, 2)}\n`);
  } catch (error) {
    throw new InputError(`${file} can't be written: ${reasonOf(error)}`);
  }
}

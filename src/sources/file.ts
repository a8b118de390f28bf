// Reads values from files.
import { readFile } from 'node:fs/promises';
import { problemIn, PolicyError } from '../policy/parse/problem.js';
import { codeOf } from '../protocol/error.js';
import { SourceError, type StoredValue } from './source.js';
import { readSignatures, type StoredPolicy } from './stored-policy.js';

/** @throws {SourceError} */
export async function readFileValue(path: string): Promise<StoredValue> {
  try {
    return { name: path, value: await readFile(path, 'utf8') };
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return { name: path, value: undefined };
    throw new SourceError(`${path} can't be read: check its owner and mode`, {
      transient: false,
      cause: error,
    });
  }
}

/**
 * Reads a policy, and the signatures beside it in a file of the same name with `.sig` at its end.
 * @throws {SourceError}
 * @throws {PolicyError} if the signatures are not in their format
 */
export async function readPolicyFile(path: string): Promise<StoredPolicy> {
  const [policy, { name, value }] = await Promise.all([readFileValue(path), readFileValue(`${path}.sig`)]);
  if (value === undefined) return policy;
  const signed = readSignatures(value);
  if ('problem' in signed)
    throw new PolicyError([problemIn(name, `not a file of signatures: ${signed.problem}`)]);
  return { ...policy, signed };
}

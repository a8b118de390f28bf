// Reads the input for the policy commands: policies and requests.
import { dirname } from 'node:path';
import { InputError, readJson, readText, reasonOf } from '../command.js';
import type { Policy } from '../../src/policy/evaluate/rules.js';
import type { ListReference } from '../../src/policy/parse/catalog.js';
import { draftPolicy, type LoadedList } from '../../src/policy/parse/file.js';
import { codeOf } from '../../src/protocol/error.js';
import { type CallbackRequest, indicatedKind, type Kind, parseRequest } from '../../src/protocol/request.js';
import { isInS3, ListReader } from '../../src/sources/lists.js';

export interface ListOptions {
  /** Whether to read lists in S3. Otherwise, they count as empty. */
  readonly fetch?: boolean;
}

/**
 * Reads a policy with its lists. Those in files are relative to the policy's directory.
 * @param file `-` for standard input
 * @throws {PolicyError} if the policy or a list has problems. @throws {InputError} if a file can't be read
 */
export async function readPolicy(file: string, options?: ListOptions): Promise<Policy> {
  const { policy } = await readPolicyText(file, options);
  return policy;
}

/** Like `readPolicy`, with the text as well. */
export async function readPolicyText(
  file: string,
  { fetch = false }: ListOptions = {},
): Promise<{ readonly text: string; readonly policy: Policy }> {
  const text = readText(file);
  const draft = draftPolicy(text, file);
  const references = draft.references.filter(({ from }) => fetch || !isInS3(from));
  // All problems of the policy itself are reported first.
  if (references.length > 0) draft.complete(new Map());
  const reader = new ListReader(file === '-' ? '.' : dirname(file));
  const lists = new Map<string, LoadedList>();
  for (const reference of references) lists.set(reference.name, await readList(reader, reference));
  return { text, policy: draft.complete(lists) };
}

async function readList(reader: ListReader, reference: ListReference): Promise<LoadedList> {
  try {
    return await reader.read(reference);
  } catch (error) {
    if (codeOf(error) !== 'SOURCE_UNREADABLE') throw error;
    throw new InputError(`list ${reference.name}: ${reasonOf(error)}`);
  }
}

/** @throws {InputError} */
export function readRequest(file: string): CallbackRequest {
  return toRequest(readJson(file), file);
}

/**
 * @param where the payload comes from, for error messages
 * @param kind for a payload that indicates no kind. @default transaction, as on the path for both kinds
 * @throws {InputError}
 */
export function toRequest(payload: unknown, where: string, kind?: Kind): CallbackRequest {
  try {
    const request = parseRequest(payload);
    return kind !== undefined && indicatedKind(request.payload) === undefined
      ? { ...request, kind }
      : parseRequest(payload, kind);
  } catch (error) {
    if (codeOf(error) !== 'malformed_request') throw error;
    throw new InputError(`${where} is not a Co-signer request: ${reasonOf(error)}`);
  }
}

// Reads the input for the policy commands: policies and requests.
import { InputError, readJson, readText, reasonOf } from '../command.js';
import { parsePolicy } from '../../src/policy/parse/file.js';
import type { Policy } from '../../src/policy/evaluate/rules.js';
import { codeOf } from '../../src/protocol/error.js';
import { type CallbackRequest, indicatedKind, type Kind, parseRequest } from '../../src/protocol/request.js';

/** @throws {PolicyError} if the policy has problems. @throws {InputError} if the file can't be read */
export function readPolicy(file: string): Policy {
  return parsePolicy(readText(file), file);
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

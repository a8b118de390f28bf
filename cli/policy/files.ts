// What the commands read: policies, payloads, and what people get wrong about them.
import { readText, reasonOf, UsageError } from '../command.js';
import { parsePolicy } from '../../src/policy/parse/file.js';
import type { Policy } from '../../src/policy/evaluate/rules.js';
import { type CallbackRequest, type Kind, parseRequest } from '../../src/protocol/request.js';
import { Refusal } from '../../src/protocol/refusal.js';

/** @throws {PolicyError} @throws {UsageError} */
export function readPolicy(file: string): Policy {
  return parsePolicy(readText(file), file);
}

/** @throws {UsageError} */
export function readRequest(file: string): CallbackRequest {
  return toRequest(parseJson(readText(file), file), file);
}

/** @throws {UsageError} */
export function toRequest(payload: unknown, where: string, kind?: Kind): CallbackRequest {
  try {
    return parseRequest(payload, kind);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    throw new UsageError(`${where} is no request of a Co-signer: ${error.message}`);
  }
}

export function parseJson(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UsageError(`${where} is not JSON: ${reasonOf(error)}`);
  }
}

// The outcome of one integrity check.
import { BaseError, codeOf } from '../protocol/error.js';
import type { CheckName } from './catalog.js';

/** The check holds, contradicts (`reason` names both values), or can't be known (`reason` says why). */
export type Finding =
  { readonly outcome: 'holds' } | { readonly outcome: 'contradicts' | 'unknown'; readonly reason: string };

export type Findings = Readonly<Partial<Record<CheckName, Finding>>>;

export const HOLDS: Finding = { outcome: 'holds' };

/** @param reason names both values, such as `rawTx pays 0xabc…, but the request displays 0xdef…` */
export function contradicts(reason: string): Finding {
  return { outcome: 'contradicts', reason };
}

export function unknown(reason: string): Finding {
  return { outcome: 'unknown', reason };
}

/** A contradiction prevails; then what can't be known. */
export function worst(findings: readonly Finding[]): Finding {
  return (
    findings.find(({ outcome }) => outcome === 'contradicts') ??
    findings.find(({ outcome }) => outcome === 'unknown') ??
    HOLDS
  );
}

/** A piece of the input for a reason. @param length in characters */
export function shorten(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length)}…` : text;
}

/** Bytes that begin like a known form but are not one: trailing, non-canonical or missing bytes. They contradict. */
export class MalformedError extends BaseError<'CHAIN_MALFORMED'> {
  /** @param what completes "rawTx is malformed: …"; contains no more than short pieces of the input */
  constructor(what: string) {
    super('CHAIN_MALFORMED', what);
  }
}

/** @returns what is malformed. Throws any other error again */
export function malformedBy(error: unknown): string {
  if (codeOf(error) === 'CHAIN_MALFORMED' && error instanceof Error) return error.message;
  throw error;
}

/** @returns what is decoded; `undefined` if it is malformed */
export function tryDecode<T>(decode: () => T): T | undefined {
  try {
    return decode();
  } catch (error) {
    if (codeOf(error) === 'CHAIN_MALFORMED') return undefined;
    throw error;
  }
}

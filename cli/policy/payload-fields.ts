// Which fields a request can have, to find misspelled ones in test cases.
import {
  EXTRA_INFO_FIELDS,
  OTHER_PARAMETERS,
  SIGNED_PARAMETERS,
  UNDOCUMENTED_EXTRA_INFO,
} from '../../src/policy/evaluate/record.js';
import { RECORDED_FIELDS } from '../../src/policy/facts/facts.js';
import { nearest } from '../../src/policy/language/nearest.js';
import type { CallbackRequest, Kind } from '../../src/protocol/request.js';
import type { UndocumentedReads } from './unlogged.js';

/** The documented fields that no fact is read from, or that facts are read from in a way of their own. */
const OTHER_FIELDS: Readonly<Record<Kind | 'destination', readonly string[]>> = {
  transaction: ['amount', 'requestedAmount', 'destinations', 'rawTx', 'extraParameters', 'players'],
  configuration: ['extraInfo', 'players', 'txId'],
  destination: ['amountNative', 'action', 'actionInfo'],
};

const RAW_TX_FIELDS: readonly string[] = ['rawTx', 'payload', 'keyDerivationPath'];

/** The fields of the object at the start of a path, such as `destinations.0`. */
function fieldsAt(
  above: readonly string[],
  kind: Kind,
  reads: UndocumentedReads,
): readonly string[] | undefined {
  const namesIn = (object: string): readonly string[] => reads.get(object)?.names ?? [];
  const [top, ...rest] = above;
  if (top === undefined) return [...RECORDED_FIELDS[kind], ...OTHER_FIELDS[kind]];
  if (rest.length === 0 && top === 'extraInfo') {
    return [...EXTRA_INFO_FIELDS, 'apiKey', ...namesIn(UNDOCUMENTED_EXTRA_INFO)];
  }
  if (rest.length === 0 && top === 'extraParameters')
    return [...SIGNED_PARAMETERS, ...namesIn(OTHER_PARAMETERS)];
  if (rest.length !== 1) return undefined;
  if (top === 'destinations') return [...RECORDED_FIELDS.destination, ...OTHER_FIELDS.destination];
  return top === 'rawTx' ? RAW_TX_FIELDS : undefined;
}

/**
 * What is wrong with a path such as `destinations.0.amountUSD`: a field that requests don't have, unless the payload
 * has it or a rule reads it.
 * @param payload before it is changed
 * @param reads what the policy reads of objects with undocumented fields
 */
export function unknownField(
  path: string,
  { kind, payload }: CallbackRequest,
  reads: UndocumentedReads,
): string | undefined {
  const names = path.split('.');
  let owner: unknown = payload;
  for (const [depth, name] of names.entries()) {
    const above = names.slice(0, depth);
    const fields = fieldsAt(above, kind, reads);
    const own = typeof owner === 'object' && owner !== null ? Object.keys(owner) : [];
    if (fields !== undefined && !own.includes(name) && !fields.includes(name)) {
      const near = nearest(name, [...new Set([...fields, ...own])]);
      const suggested = near === undefined ? '' : `; did you mean "${[...above, near].join('.')}"?`;
      return `sets "${path}", but ${above.length === 0 ? `a ${kind} request` : above.join('.')} has no field "${name}"${suggested}`;
    }
    owner = own.includes(name) ? (owner as Readonly<Record<string, unknown>>)[name] : undefined;
  }
  return undefined;
}

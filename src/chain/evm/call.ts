// Reads the data of a contract call: its method, arguments, and what it does to tokens.
import { assetOn, type Catalog } from '../catalog.js';
import type { CallFacts, Effects } from '../facts.js';
import { MalformedError, malformedBy, tryDecode } from '../finding.js';
import { type AbiValue, decodeArguments, toFact, TrailingBytesError } from './abi-decode.js';
import { definitionOf, methodOf } from './contracts.js';
import { combine, type InnerCall, NO_EFFECTS, payment, type Scope, UNREADABLE } from './effects.js';
import type { Method } from './standards.js';

export interface Call {
  /** Such as `evm/1`. */
  readonly chain: string;
  /** The contract, in canonical form. */
  readonly to: string;
  readonly data: Buffer;
  /** Wei. */
  readonly value: bigint;
}

/** Calls inside calls that are read: deeper ones, and more of them, make the effects incomplete. */
const MAX_DEPTH = 8;
const MAX_CALLS = 1000;

const SELECTOR_SIZE = 4;

/**
 * Reads a call by the methods that the policy defines for the contract, and by the standards.
 *
 * Data that is not encoded as its method demands is malformed if the catalog has the contract (as a token or under
 * `contracts`). Otherwise nothing shows that the contract has this method, because methods of different names share
 * selectors, and the call can't be read.
 * @returns for an unknown method, the contract and the selector only; `undefined` if the data can't be read: it is shorter
 *   than four bytes, or has bytes after its arguments
 * @throws {MalformedError}
 */
export function readCall({ chain, to, data }: Call, catalog: Catalog): CallFacts | undefined {
  if (data.length < SELECTOR_SIZE) return undefined;
  const selector = selectorOf(data);
  const call: CallFacts = { contract: to, selector };
  const method = methodOf(catalog, chain, to, selector);
  if (method === undefined) return call;
  const isKnown = definitionOf(catalog, chain, to) !== undefined || assetOn(catalog, chain, to) !== undefined;
  const values = isKnown ? decode(method, data) : tryDecode(() => decode(method, data));
  if (values === undefined) return undefined;
  return {
    ...call,
    method: method.name,
    signature: method.text,
    args: method.fields.map(({ name, type }, index) => {
      return { name, value: toFact(type, values[index] ?? '', chain) };
    }),
    effects: method.effects(values, rootScope(catalog, to, chain)),
  };
}

function selectorOf(data: Buffer): string {
  return `0x${data.toString('hex', 0, SELECTOR_SIZE)}`;
}

/** @returns `undefined` if bytes follow the arguments @throws {MalformedError} */
function decode({ text, fields }: Method, data: Buffer): readonly AbiValue[] | undefined {
  try {
    return decodeArguments(fields, data.subarray(SELECTOR_SIZE));
  } catch (error) {
    if (error instanceof TrailingBytesError) return undefined;
    throw new MalformedError(`in the call of ${text}, ${malformedBy(error)}`);
  }
}

/**
 * Where a transaction or a typed message calls a contract.
 * @param contract in canonical form
 * @param chain such as `evm/1`; without it, assets are not known
 */
export function rootScope(catalog: Catalog, contract: string, chain: string | undefined): Scope {
  const budget = { calls: MAX_CALLS };
  return { ...where(catalog, chain), contract, callInside: reader(catalog, chain, budget, 1) };
}

function where(catalog: Catalog, chain: string | undefined) {
  return { catalog, ...(chain !== undefined && { chain }) };
}

function reader(
  catalog: Catalog,
  chain: string | undefined,
  budget: { calls: number },
  depth: number,
): (call: InnerCall) => Effects {
  return (call) => {
    if (depth > MAX_DEPTH || budget.calls <= 0) return UNREADABLE;
    budget.calls -= 1;
    const scope: Scope = {
      ...where(catalog, chain),
      contract: call.to,
      ...(call.sender !== undefined && { sender: call.sender }),
      callInside: reader(catalog, chain, budget, depth + 1),
    };
    const paid = payment(scope, call.sender, call.to, call.value);
    return combine([paid, effectsOf(call, scope)]);
  };
}

function effectsOf({ to, data }: InnerCall, scope: Scope): Effects {
  if (data.length === 0) return NO_EFFECTS;
  if (data.length < SELECTOR_SIZE) return UNREADABLE;
  const method = methodOf(scope.catalog, scope.chain, to, selectorOf(data));
  const values = method && tryDecode(() => decode(method, data));
  return method && values ? method.effects(values, scope) : UNREADABLE;
}

// What methods do to tokens: the parts that the effects of a call are composed of.
import { type Catalog, assetOn } from '../catalog.js';
import type { Approval, Effects, Transfer } from '../facts.js';
import { toAmount, toInteger } from '../units.js';
import type { AbiValue } from './abi-decode.js';

/** A call that a contract makes. */
export interface InnerCall {
  readonly to: string;
  /** Wei. */
  readonly value: bigint;
  readonly data: Buffer;
  /** Absent if it is the sender of the transaction. */
  readonly sender?: string;
}

/** Where a method is called. */
export interface Scope {
  /** Such as `evm/1`; absent for a typed message that names no chain. */
  readonly chain?: string;
  readonly catalog: Catalog;
  /** The contract that is called. */
  readonly contract: string;
  /** Who calls it; absent if it is the sender of the transaction. */
  readonly sender?: string;
  /** Reads the calls that the contract makes in turn. */
  readonly callInside: (call: InnerCall) => Effects;
}

export const NO_EFFECTS: Effects = { transfers: [], approvals: [], complete: true };
export const UNREADABLE: Effects = { transfers: [], approvals: [], complete: false };

/** More effects than this are not listed; a call with more is incomplete. */
const MAX_EFFECTS = 1000;

export function combine(parts: readonly Effects[]): Effects {
  if (parts.length === 1 && parts[0] !== undefined) return parts[0];
  const transfers = parts.flatMap((part) => part.transfers);
  const approvals = parts.flatMap((part) => part.approvals);
  const complete = parts.every((part) => part.complete);
  return limit({ transfers, approvals, complete });
}

function limit(effects: Effects): Effects {
  const { transfers, approvals } = effects;
  if (transfers.length <= MAX_EFFECTS && approvals.length <= MAX_EFFECTS) return effects;
  return {
    transfers: transfers.slice(0, MAX_EFFECTS),
    approvals: approvals.slice(0, MAX_EFFECTS),
    complete: false,
  };
}

/** The same effects, of a call of which a part can't be read. */
export function incomplete(effects: Effects): Effects {
  return { ...effects, complete: false };
}

/** `from` is absent if it is the sender of the transaction. */
export interface Movement {
  readonly token: string;
  readonly from: string | undefined;
  readonly to: string;
  readonly units: bigint;
}

export function transfer(scope: Scope, movement: Movement): Effects {
  return transfers(scope, [movement]);
}

export function transfers(scope: Scope, movements: readonly Movement[]): Effects {
  const listed = movements.slice(0, MAX_EFFECTS).map(({ token, from, to, units }): Transfer => {
    return { token, ...sender(from), to, ...measure(scope, token, units) };
  });
  return { transfers: listed, approvals: [], complete: listed.length === movements.length };
}

/** Transfers of tokens with an id: ERC-721 (`units` is the id) or ERC-1155. Their amounts have no decimals. */
export function transfersOfIds(movements: readonly (Movement & { readonly id: bigint })[]): Effects {
  const listed = movements.slice(0, MAX_EFFECTS).map(({ token, from, to, units, id }): Transfer => {
    return { token, ...sender(from), to, units: toInteger(units), id: toInteger(id) };
  });
  return { transfers: listed, approvals: [], complete: listed.length === movements.length };
}

/** A payment in the chain's own coin, which has 18 decimals on all EVM chains. */
export function payment(scope: Scope, from: string | undefined, to: string, wei: bigint): Effects {
  if (wei === 0n) return NO_EFFECTS;
  const asset = scope.chain === undefined ? undefined : assetOn(scope.catalog, scope.chain);
  const paid: Transfer = {
    ...(asset && { asset: asset.id }),
    ...sender(from),
    to,
    amount: toAmount(wei, 18),
    units: toInteger(wei),
  };
  return { transfers: [paid], approvals: [], complete: true };
}

function sender(from: string | undefined): { readonly from?: string } {
  return from === undefined ? {} : { from };
}

/** An amount of a token, in its own units if the catalog has it. */
function measure({ catalog, chain }: Scope, token: string, units: bigint) {
  const asset = chain === undefined ? undefined : assetOn(catalog, chain, token);
  return {
    ...(asset && { asset: asset.id, amount: toAmount(units, asset.decimals) }),
    units: toInteger(units),
  };
}

export const MAX_UINT256 = (1n << 256n) - 1n;
export const MAX_UINT160 = (1n << 160n) - 1n;

export interface Allowance {
  readonly token: string;
  readonly spender: string;
  readonly units: bigint;
}

/** @param max the largest amount that the type can hold */
export function approvals(scope: Scope, allowances: readonly Allowance[], max = MAX_UINT256): Effects {
  const listed = allowances.slice(0, MAX_EFFECTS).map(({ token, spender, units }): Approval => {
    return { token, spender, ...measure(scope, token, units), unlimited: units > max / 2n };
  });
  return { transfers: [], approvals: listed, complete: listed.length === allowances.length };
}

export function approval(scope: Scope, spender: string, units: bigint): Effects {
  return approvals(scope, [{ token: scope.contract, spender, units }]);
}

/** All tokens of a collection (ERC-721, ERC-1155): one unit stands for the permission. */
export function approvalForAll({ contract }: Scope, spender: string, approved: boolean): Effects {
  const granted: Approval = {
    token: contract,
    spender,
    units: toInteger(approved ? 1n : 0n),
    unlimited: approved,
  };
  return { transfers: [], approvals: [granted], complete: true };
}

// The arguments of a method, by position. The signature determines their types, so a mismatch is a programming error.

export type Arguments = readonly AbiValue[];

export function addressAt(values: Arguments, index: number): string {
  const value = values[index];
  return typeof value === 'string' ? value : mismatch(index, 'an address');
}

export function integerAt(values: Arguments, index: number): bigint {
  const value = values[index];
  return typeof value === 'bigint' ? value : mismatch(index, 'an integer');
}

export function boolAt(values: Arguments, index: number): boolean {
  const value = values[index];
  return typeof value === 'boolean' ? value : mismatch(index, 'a bool');
}

export function bytesAt(values: Arguments, index: number): Buffer {
  const value = values[index];
  return Buffer.isBuffer(value) ? value : mismatch(index, 'bytes');
}

/** An array, or the components of a tuple. */
export function listAt(values: Arguments, index: number): Arguments {
  const value = values[index];
  return value instanceof Array ? value : mismatch(index, 'a list');
}

function mismatch(index: number, expected: string): never {
  throw new TypeError(`argument ${index} is not ${expected}`);
}

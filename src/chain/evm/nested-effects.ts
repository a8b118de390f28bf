// The effects of methods that make further calls: multicalls, batches and accounts.
import type { Effects } from '../facts.js';
import {
  addressAt,
  type Arguments,
  bytesAt,
  combine,
  integerAt,
  listAt,
  type Scope,
  UNREADABLE,
} from './effects.js';

/**
 * Calls of a contract to itself by DELEGATECALL, on behalf of its caller: `multicall(bytes[])`.
 * @param position of the array among the arguments
 */
export function selfCalls(position: number) {
  return (values: Arguments, scope: Scope): Effects => {
    const calls = listAt(values, position);
    const sender = scope.sender === undefined ? {} : { sender: scope.sender };
    return combine(
      calls.map((_, index) => {
        return scope.callInside({ to: scope.contract, value: 0n, data: bytesAt(calls, index), ...sender });
      }),
    );
  };
}

/** Positions of the parts of a call in a tuple. Without `value`, the call moves no coins. */
interface Positions {
  readonly to: number;
  readonly value?: number;
  readonly data: number;
}

/** A call by the contract: `execute(address,uint256,bytes)`. */
export function callAt(positions: Positions) {
  return (values: Arguments, scope: Scope): Effects => callFrom(values, positions, scope);
}

/** Calls by the contract, as an array of tuples: `aggregate3Value((address,bool,uint256,bytes)[])`. */
export function callsAt(position: number, positions: Positions) {
  return (values: Arguments, scope: Scope): Effects => {
    const calls = listAt(values, position);
    return combine(calls.map((_, index) => callFrom(listAt(calls, index), positions, scope)));
  };
}

function callFrom(values: Arguments, { to, value, data }: Positions, scope: Scope): Effects {
  return scope.callInside({
    to: addressAt(values, to),
    value: value === undefined ? 0n : integerAt(values, value),
    data: bytesAt(values, data),
    sender: scope.contract,
  });
}

/** `executeBatch(address[],bytes[])` (ERC-4337 SimpleAccount 0.6) */
export function executeBatch(values: Arguments, scope: Scope): Effects {
  const [targets, calls] = [listAt(values, 0), listAt(values, 1)];
  return parallel(targets, [], calls, scope);
}

/** `executeBatch(address[],uint256[],bytes[])` (SimpleAccount 0.7), where no values at all stand for zeros. */
export function executeBatchWithValues(values: Arguments, scope: Scope): Effects {
  return parallel(listAt(values, 0), listAt(values, 1), listAt(values, 2), scope);
}

function parallel(targets: Arguments, amounts: Arguments, calls: Arguments, scope: Scope): Effects {
  if (targets.length !== calls.length) return UNREADABLE;
  if (amounts.length !== 0 && amounts.length !== calls.length) return UNREADABLE;
  return combine(
    targets.map((_, index) => {
      return scope.callInside({
        to: addressAt(targets, index),
        value: amounts.length === 0 ? 0n : integerAt(amounts, index),
        data: bytesAt(calls, index),
        sender: scope.contract,
      });
    }),
  );
}

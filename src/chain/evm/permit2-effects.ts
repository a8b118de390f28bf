// The effects of the methods of Uniswap's Permit2 (github.com/Uniswap/permit2: IAllowanceTransfer, ISignatureTransfer).
import type { Effects } from '../facts.js';
import {
  addressAt,
  approvals,
  type Arguments,
  integerAt,
  listAt,
  MAX_UINT160,
  type Scope,
  transfers,
  UNREADABLE,
} from './effects.js';

/** `(token, spender, amount, expiration)` */
export function approveToken(values: Arguments, scope: Scope): Effects {
  const [token, spender, units] = [addressAt(values, 0), addressAt(values, 1), integerAt(values, 2)];
  return approvals(scope, [{ token, spender, units }], MAX_UINT160);
}

/** `(owner, permitSingle, signature)` */
export function permitSingle(values: Arguments, scope: Scope): Effects {
  const permit = listAt(values, 1);
  return allow([listAt(permit, 0)], addressAt(permit, 1), scope);
}

/** `(owner, permitBatch, signature)` */
export function permitBatch(values: Arguments, scope: Scope): Effects {
  const permit = listAt(values, 1);
  const details = listAt(permit, 0);
  return allow(
    details.map((_, index) => listAt(details, index)),
    addressAt(permit, 1),
    scope,
  );
}

/** @param details `(token, amount, …)` each */
function allow(details: readonly Arguments[], spender: string, scope: Scope): Effects {
  const allowances = details.map((detail) => {
    return { token: addressAt(detail, 0), spender, units: integerAt(detail, 1) };
  });
  return approvals(scope, allowances, MAX_UINT160);
}

/** `(from, to, amount, token)` */
export function transferToken(values: Arguments, scope: Scope): Effects {
  return transfers(scope, [movement(values)]);
}

/** `(transferDetails)` */
export function transferTokens(values: Arguments, scope: Scope): Effects {
  const details = listAt(values, 0);
  return transfers(
    scope,
    details.map((_, index) => movement(listAt(details, index))),
  );
}

function movement(values: Arguments) {
  return {
    from: addressAt(values, 0),
    to: addressAt(values, 1),
    units: integerAt(values, 2),
    token: addressAt(values, 3),
  };
}

/** `(permit, transferDetails, owner, …)`: the caller takes `requestedAmount` of the owner's tokens. */
export function takePermitted(values: Arguments, scope: Scope): Effects {
  const permitted = listAt(listAt(values, 0), 0);
  return take([permitted], [listAt(values, 1)], addressAt(values, 2), scope);
}

/** The same with several tokens. */
export function takeBatchPermitted(values: Arguments, scope: Scope): Effects {
  const permitted = listAt(listAt(values, 0), 0);
  const details = listAt(values, 1);
  return take(
    permitted.map((_, index) => listAt(permitted, index)),
    details.map((_, index) => listAt(details, index)),
    addressAt(values, 2),
    scope,
  );
}

/** @param permitted `(token, amount)` each @param details `(to, requestedAmount)` each */
function take(
  permitted: readonly Arguments[],
  details: readonly Arguments[],
  owner: string,
  scope: Scope,
): Effects {
  if (permitted.length !== details.length) return UNREADABLE;
  const movements = details.map((detail, index) => {
    const token = addressAt(permitted[index] ?? [], 0);
    return { token, from: owner, to: addressAt(detail, 0), units: integerAt(detail, 1) };
  });
  return transfers(scope, movements);
}

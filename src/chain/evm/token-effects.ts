// The effects of the methods of tokens: ERC-20, ERC-721, ERC-1155, EIP-2612, EIP-3009 and their common extensions.
import { assetOn } from '../catalog.js';
import type { Effects } from '../facts.js';
import {
  addressAt,
  approval,
  approvalForAll,
  type Arguments,
  boolAt,
  incomplete,
  integerAt,
  listAt,
  MAX_UINT256,
  NO_EFFECTS,
  type Scope,
  transfer,
  transfers,
  transfersOfIds,
  UNREADABLE,
} from './effects.js';

/** `(to, amount)`: the tokens are the caller's. */
export function transferOwn(values: Arguments, scope: Scope): Effects {
  const [to, units] = [addressAt(values, 0), integerAt(values, 1)];
  return transfer(scope, { token: scope.contract, from: scope.sender, to, units });
}

/** `(from, to, amount)`: ERC-20 and EIP-3009, and ERC-721 with the id of the token in place of the amount. */
export function transferFrom(values: Arguments, scope: Scope): Effects {
  const [from, to, units] = [addressAt(values, 0), addressAt(values, 1), integerAt(values, 2)];
  return transfers(scope, [{ token: scope.contract, from, to, units }]);
}

/** `(spender, amount)`. An increase counts as an approval of the amount that is added. */
export function approve(values: Arguments, scope: Scope): Effects {
  return approval(scope, addressAt(values, 0), integerAt(values, 1));
}

/** `(owner, spender, amount)` of EIP-2612. */
export function permit(values: Arguments, scope: Scope): Effects {
  return approval(scope, addressAt(values, 1), integerAt(values, 2));
}

/** `(holder, spender, nonce, expiry, allowed)` of DAI: all of the holder's tokens or none. */
export function permitAllowed(values: Arguments, scope: Scope): Effects {
  return approval(scope, addressAt(values, 1), boolAt(values, 4) ? MAX_UINT256 : 0n);
}

/** `(spender)` of ERC-777: all tokens of the caller. */
export function authorizeOperator(values: Arguments, scope: Scope): Effects {
  return approval(scope, addressAt(values, 0), MAX_UINT256);
}

/** `(operator, approved)` of ERC-721 and ERC-1155. */
export function setApprovalForAll(values: Arguments, scope: Scope): Effects {
  return approvalForAll(scope, addressAt(values, 0), boolAt(values, 1));
}

/** `(from, to, id)` of ERC-721. */
export function transferNft(values: Arguments, { contract }: Scope): Effects {
  const [from, to, id] = [addressAt(values, 0), addressAt(values, 1), integerAt(values, 2)];
  return transfersOfIds([{ token: contract, from, to, units: id, id }]);
}

/** `(from, to, id, amount)` of ERC-1155. */
export function transferId(values: Arguments, { contract }: Scope): Effects {
  const [from, to, id] = [addressAt(values, 0), addressAt(values, 1), integerAt(values, 2)];
  return transfersOfIds([{ token: contract, from, to, units: integerAt(values, 3), id }]);
}

/** `(from, to, ids, amounts)` of ERC-1155. */
export function transferIds(values: Arguments, { contract }: Scope): Effects {
  const [from, to] = [addressAt(values, 0), addressAt(values, 1)];
  const [ids, amounts] = [listAt(values, 2), listAt(values, 3)];
  if (ids.length !== amounts.length) return UNREADABLE;
  const movements = ids.map((_, index) => {
    return { token: contract, from, to, units: integerAt(amounts, index), id: integerAt(ids, index) };
  });
  return transfersOfIds(movements);
}

/** The method also calls the recipient with data that only the recipient can read. */
export function andCall(effects: (values: Arguments, scope: Scope) => Effects) {
  return (values: Arguments, scope: Scope): Effects => incomplete(effects(values, scope));
}

export function nothing(): Effects {
  return NO_EFFECTS;
}

/**
 * Wrapping and unwrapping a coin moves nothing to anybody else, but the same methods of a vault or a pool do. Only a
 * contract that is an asset in the catalog is taken for a wrapped coin.
 */
export function wrap(_: Arguments, { catalog, chain, contract }: Scope): Effects {
  const isToken = chain !== undefined && assetOn(catalog, chain, contract) !== undefined;
  return isToken ? NO_EFFECTS : UNREADABLE;
}

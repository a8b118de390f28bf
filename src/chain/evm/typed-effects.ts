// What signing a typed message permits: transfers and approvals by messages of the known standards.
import { Decimal } from '../../protocol/decimal.js';
import type { Catalog } from '../catalog.js';
import { AddressValue, type Effects, type Value } from '../facts.js';
import { rootScope } from './call.js';
import { approval, approvals, MAX_UINT160, MAX_UINT256, type Scope, transfer } from './effects.js';
import { safeEffects } from './safe-effects.js';
import type { TypedData } from './typed-data.js';

type Message = Readonly<Record<string, Value>>;
type EffectsOf = (message: Message, scope: Scope) => Effects;

const PERMISSIONS = 'TokenPermissions(address token,uint256 amount)';
const DETAILS = 'PermitDetails(address token,uint160 amount,uint48 expiration,uint48 nonce)';
const TAKE = 'address spender,uint256 nonce,uint256 deadline';
const AUTHORIZATION =
  'address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce';
const SAFE =
  'address to,uint256 value,bytes data,uint8 operation,uint256 safeTxGas,uint256 baseGas,uint256 gasPrice,address gasToken,address refundReceiver,uint256 nonce';

/** By the whole type of the message (`encodeType` of EIP-712), because names alone prove nothing. */
const MESSAGES: Readonly<Record<string, EffectsOf>> = {
  // EIP-2612
  'Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)': permit,
  // DAI
  'Permit(address holder,address spender,uint256 nonce,uint256 expiry,bool allowed)': permitAllowed,
  // EIP-3009
  [`TransferWithAuthorization(${AUTHORIZATION})`]: authorize,
  [`ReceiveWithAuthorization(${AUTHORIZATION})`]: authorize,
  // Permit2 (github.com/Uniswap/permit2, PermitHash.sol)
  [`PermitSingle(PermitDetails details,address spender,uint256 sigDeadline)${DETAILS}`]: permit2Allowance,
  [`PermitBatch(PermitDetails[] details,address spender,uint256 sigDeadline)${DETAILS}`]: permit2Allowance,
  [`PermitTransferFrom(TokenPermissions permitted,${TAKE})${PERMISSIONS}`]: permit2Transfer,
  [`PermitBatchTransferFrom(TokenPermissions[] permitted,${TAKE})${PERMISSIONS}`]: permit2Transfer,
  // Safe (SafeTx of version 1.0.0 and later)
  [`SafeTx(${SAFE})`]: safeTransaction,
};

/** Permit2's messages with an application's own witness, whose type is a last field and further types. */
const WITNESSES = [
  `PermitWitnessTransferFrom(TokenPermissions permitted,${TAKE},`,
  `PermitBatchWitnessTransferFrom(TokenPermissions[] permitted,${TAKE},`,
];

/** @returns `undefined` for a message of another type, or of a domain without a contract */
export function typedEffects(
  data: TypedData,
  chain: string | undefined,
  catalog: Catalog,
): Effects | undefined {
  const { signature, domain, message } = data;
  const contract = domain['verifyingContract'];
  if (!(contract instanceof AddressValue)) return undefined;
  const effects = Object.hasOwn(MESSAGES, signature) ? MESSAGES[signature] : witnessEffects(signature);
  return effects?.(message, rootScope(catalog, contract.address, chain));
}

function witnessEffects(signature: string): EffectsOf | undefined {
  const isWitness = WITNESSES.some((prefix) => signature.startsWith(prefix));
  return isWitness && signature.includes(`)${PERMISSIONS}`) ? permit2Transfer : undefined;
}

function permit(message: Message, scope: Scope): Effects {
  return approval(scope, address(message, 'spender'), integer(message, 'value'));
}

function permitAllowed(message: Message, scope: Scope): Effects {
  return approval(scope, address(message, 'spender'), message['allowed'] === true ? MAX_UINT256 : 0n);
}

function authorize(message: Message, scope: Scope): Effects {
  const [from, to] = [address(message, 'from'), address(message, 'to')];
  return transfer(scope, { token: scope.contract, from, to, units: integer(message, 'value') });
}

function permit2Allowance(message: Message, scope: Scope): Effects {
  return approvals(scope, allowances(message, 'details'), MAX_UINT160);
}

/** The spender may take the tokens once, and to any recipient: an approval. */
function permit2Transfer(message: Message, scope: Scope): Effects {
  return approvals(scope, allowances(message, 'permitted'));
}

/** @param name of a record `{ token, amount }` or an array of them */
function allowances(message: Message, name: string) {
  const spender = address(message, 'spender');
  const value = message[name];
  const details = value instanceof Array ? value : [value];
  return details.map((detail: unknown) => {
    const record = detail as Message;
    return { token: address(record, 'token'), spender, units: integer(record, 'amount') };
  });
}

function safeTransaction(message: Message, scope: Scope): Effects {
  const transaction = {
    safe: scope.contract,
    to: address(message, 'to'),
    value: integer(message, 'value'),
    data: bytes(message, 'data'),
    operation: integer(message, 'operation'),
    gasPrice: integer(message, 'gasPrice'),
  };
  return safeEffects(transaction, scope);
}

// The fields of a message. Its type determines their types, so a mismatch is a programming error.

function address(message: Message, name: string): string {
  const value = message[name];
  if (value instanceof AddressValue) return value.address;
  throw new TypeError(`${name} is not an address`);
}

function integer(message: Message, name: string): bigint {
  const value = message[name];
  if (value instanceof Decimal) return BigInt(value.toFixed());
  throw new TypeError(`${name} is not an integer`);
}

function bytes(message: Message, name: string): Buffer {
  const value = message[name];
  if (typeof value === 'string') return Buffer.from(value.slice(2), 'hex');
  throw new TypeError(`${name} is not bytes`);
}

// The methods that are known without a policy, and what each does to tokens.
import type { Effects } from '../facts.js';
import { type Signature, parseSignature } from './abi-type.js';
import type { Arguments, Scope } from './effects.js';
import { callAt, callsAt, executeBatch, executeBatchWithValues, selfCalls } from './nested-effects.js';
import * as permit2 from './permit2-effects.js';
import { execFromModule, execTransaction, multiSend } from './safe-effects.js';
import * as token from './token-effects.js';

export type EffectsOf = (values: Arguments, scope: Scope) => Effects;

export interface Method extends Signature {
  readonly effects: EffectsOf;
}

type Row = readonly [selector: string, signature: string, effects: EffectsOf];

/** EIP-20, and the allowances of OpenZeppelin's contracts. */
const ERC20: readonly Row[] = [
  ['0xa9059cbb', 'transfer(address to, uint256 amount)', token.transferOwn],
  ['0x23b872dd', 'transferFrom(address from, address to, uint256 amount)', token.transferFrom],
  ['0x095ea7b3', 'approve(address spender, uint256 amount)', token.approve],
  ['0x39509351', 'increaseAllowance(address spender, uint256 addedValue)', token.approve],
  ['0xa457c2d7', 'decreaseAllowance(address spender, uint256 subtractedValue)', token.nothing],
  ['0xd73dd623', 'increaseApproval(address spender, uint256 addedValue)', token.approve],
  ['0x66188463', 'decreaseApproval(address spender, uint256 subtractedValue)', token.nothing],
];

const VRS = 'uint8 v, bytes32 r, bytes32 s';
const PERMIT = 'address owner, address spender, uint256 value, uint256 deadline';
const DAI_PERMIT = 'address holder, address spender, uint256 nonce, uint256 expiry, bool allowed';
const AUTHORIZATION =
  'address from, address to, uint256 value, uint256 validAfter, uint256 validBefore, bytes32 nonce';

/** EIP-2612, DAI, EIP-3009, and the forms of USDC 2.2 with one signature for contracts (EIP-1271). */
const SIGNED: readonly Row[] = [
  ['0xd505accf', `permit(${PERMIT}, ${VRS})`, token.permit],
  ['0x9fd5a6cf', `permit(${PERMIT}, bytes signature)`, token.permit],
  ['0x8fcbaf0c', `permit(${DAI_PERMIT}, ${VRS})`, token.permitAllowed],
  ['0xe3ee160e', `transferWithAuthorization(${AUTHORIZATION}, ${VRS})`, token.transferFrom],
  ['0xcf092995', `transferWithAuthorization(${AUTHORIZATION}, bytes signature)`, token.transferFrom],
  ['0xef55bec6', `receiveWithAuthorization(${AUTHORIZATION}, ${VRS})`, token.transferFrom],
  ['0x88b7ab63', `receiveWithAuthorization(${AUTHORIZATION}, bytes signature)`, token.transferFrom],
];

/** ERC-677, ERC-1363 and ERC-777. */
const AND_CALL: readonly Row[] = [
  ['0x1296ee62', 'transferAndCall(address to, uint256 amount)', token.andCall(token.transferOwn)],
  ['0x4000aea0', 'transferAndCall(address to, uint256 amount, bytes data)', token.andCall(token.transferOwn)],
  [
    '0xd8fbe994',
    'transferFromAndCall(address from, address to, uint256 amount)',
    token.andCall(token.transferFrom),
  ],
  [
    '0xc1d34b89',
    'transferFromAndCall(address from, address to, uint256 amount, bytes data)',
    token.andCall(token.transferFrom),
  ],
  ['0x3177029f', 'approveAndCall(address spender, uint256 amount)', token.andCall(token.approve)],
  ['0xcae9ca51', 'approveAndCall(address spender, uint256 amount, bytes data)', token.andCall(token.approve)],
  ['0x9bd9bbc6', 'send(address to, uint256 amount, bytes data)', token.andCall(token.transferOwn)],
  ['0x959b8c3f', 'authorizeOperator(address operator)', token.authorizeOperator],
];

/** ERC-721 and ERC-1155. `transferFrom` and `approve` of ERC-721 have the signatures of ERC-20. */
const COLLECTIONS: readonly Row[] = [
  ['0x42842e0e', 'safeTransferFrom(address from, address to, uint256 tokenId)', token.transferNft],
  [
    '0xb88d4fde',
    'safeTransferFrom(address from, address to, uint256 tokenId, bytes data)',
    token.transferNft,
  ],
  [
    '0xf242432a',
    'safeTransferFrom(address from, address to, uint256 id, uint256 amount, bytes data)',
    token.transferId,
  ],
  [
    '0x2eb2c2d6',
    'safeBatchTransferFrom(address from, address to, uint256[] ids, uint256[] amounts, bytes data)',
    token.transferIds,
  ],
  ['0xa22cb465', 'setApprovalForAll(address operator, bool approved)', token.setApprovalForAll],
];

/** WETH9 and its kin. */
const WRAPPED: readonly Row[] = [
  ['0xd0e30db0', 'deposit()', token.wrap],
  ['0x2e1a7d4d', 'withdraw(uint256 amount)', token.wrap],
];

const DETAILS = '(address token, uint160 amount, uint48 expiration, uint48 nonce)';
const PERMITTED = '(address token, uint256 amount)';
const TAKEN = '(address to, uint256 requestedAmount)';
const TAKE = `((${PERMITTED} permitted, uint256 nonce, uint256 deadline) permit, ${TAKEN} transferDetails, address owner`;
const TAKE_BATCH = `((${PERMITTED}[] permitted, uint256 nonce, uint256 deadline) permit, ${TAKEN}[] transferDetails, address owner`;
const WITNESS = 'bytes32 witness, string witnessTypeString, bytes signature';

const PERMIT2: readonly Row[] = [
  [
    '0x87517c45',
    'approve(address token, address spender, uint160 amount, uint48 expiration)',
    permit2.approveToken,
  ],
  [
    '0x2b67b570',
    `permit(address owner, (${DETAILS} details, address spender, uint256 sigDeadline) permitSingle, bytes signature)`,
    permit2.permitSingle,
  ],
  [
    '0x2a2d80d1',
    `permit(address owner, (${DETAILS}[] details, address spender, uint256 sigDeadline) permitBatch, bytes signature)`,
    permit2.permitBatch,
  ],
  [
    '0x36c78516',
    'transferFrom(address from, address to, uint160 amount, address token)',
    permit2.transferToken,
  ],
  [
    '0x0d58b1db',
    'transferFrom((address from, address to, uint160 amount, address token)[] transferDetails)',
    permit2.transferTokens,
  ],
  ['0x30f28b7a', `permitTransferFrom${TAKE}, bytes signature)`, permit2.takePermitted],
  ['0xedd9444b', `permitTransferFrom${TAKE_BATCH}, bytes signature)`, permit2.takeBatchPermitted],
  ['0x137c29fe', `permitWitnessTransferFrom${TAKE}, ${WITNESS})`, permit2.takePermitted],
  ['0xfe8ec1a7', `permitWitnessTransferFrom${TAKE_BATCH}, ${WITNESS})`, permit2.takeBatchPermitted],
];

const CALL = '(address target, bytes callData)[] calls';
const CALL3 = '(address target, bool allowFailure, bytes callData)[] calls';
const CALL3_VALUE = '(address target, bool allowFailure, uint256 value, bytes callData)[] calls';
const PLAIN = { to: 0, data: 1 };

/** Multicalls of a contract to itself, and Multicall 1 to 3. */
const MULTICALLS: readonly Row[] = [
  ['0xac9650d8', 'multicall(bytes[] data)', selfCalls(0)],
  ['0x5ae401dc', 'multicall(uint256 deadline, bytes[] data)', selfCalls(1)],
  ['0x1f0464d1', 'multicall(bytes32 previousBlockhash, bytes[] data)', selfCalls(1)],
  ['0x252dba42', `aggregate(${CALL})`, callsAt(0, PLAIN)],
  ['0xc3077fa9', `blockAndAggregate(${CALL})`, callsAt(0, PLAIN)],
  ['0xbce38bd7', `tryAggregate(bool requireSuccess, ${CALL})`, callsAt(1, PLAIN)],
  ['0x399542e9', `tryBlockAndAggregate(bool requireSuccess, ${CALL})`, callsAt(1, PLAIN)],
  ['0x82ad56cb', `aggregate3(${CALL3})`, callsAt(0, { to: 0, data: 2 })],
  ['0x174dea71', `aggregate3Value(${CALL3_VALUE})`, callsAt(0, { to: 0, value: 2, data: 3 })],
];

const TRANSACTION = 'address to, uint256 value, bytes data, uint8 operation';
const REFUND =
  'uint256 safeTxGas, uint256 baseGas, uint256 gasPrice, address gasToken, address refundReceiver';
const TARGET = { to: 0, value: 1, data: 2 };

/** ERC-4337 accounts and Safe. */
const ACCOUNTS: readonly Row[] = [
  ['0xb61d27f6', 'execute(address dest, uint256 value, bytes func)', callAt(TARGET)],
  ['0x18dfb3c7', 'executeBatch(address[] dest, bytes[] func)', executeBatch],
  ['0x47e1da2a', 'executeBatch(address[] dest, uint256[] value, bytes[] func)', executeBatchWithValues],
  ['0x34fcd5be', 'executeBatch((address target, uint256 value, bytes data)[] calls)', callsAt(0, TARGET)],
  ['0x6a761202', `execTransaction(${TRANSACTION}, ${REFUND}, bytes signatures)`, execTransaction],
  ['0x468721a7', `execTransactionFromModule(${TRANSACTION})`, execFromModule],
  ['0x8d80ff0a', 'multiSend(bytes transactions)', multiSend],
];

const ROWS: ReadonlyMap<string, Row> = new Map(
  [ERC20, SIGNED, AND_CALL, COLLECTIONS, WRAPPED, PERMIT2, MULTICALLS, ACCOUNTS]
    .flat()
    .map((row) => [row[0], row]),
);

/** All selectors, with the signatures that they stand for. */
export function standardSignatures(): readonly (readonly [selector: string, signature: string])[] {
  return [...ROWS.values()].map(([selector, signature]) => [selector, signature]);
}

/** Signatures are parsed when they are first needed: all of them would take 20 ms when the service starts. */
const parsed = new Map<string, Method>();

/** @param selector `0x` and eight hex digits, in lower case */
export function standardMethod(selector: string): Method | undefined {
  const known = parsed.get(selector);
  if (known !== undefined) return known;
  const row = ROWS.get(selector);
  if (row === undefined) return undefined;
  const method = { ...parseSignature(`function ${row[1]}`), effects: row[2] };
  parsed.set(selector, method);
  return method;
}

import t from 'tap';
import { ALICE, BOB, encode, MAX_UINT256, SAFE, summarize, UNKNOWN, USDC, ZERO } from './call-fixtures.js';
import { read } from './typed-fixtures.js';

const NONCE = `0x${'11'.repeat(32)}`;
const DRAIN = encode('transfer(address,uint256)', BOB, 100n);
const PERMISSIONS = { TokenPermissions: 'address token,uint256 amount' };
const DETAILS = { PermitDetails: 'address token,uint160 amount,uint48 expiration,uint48 nonce' };
const AUTHORIZATION =
  'address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce';
const AUTHORIZED = { from: ALICE, to: BOB, value: 5, validAfter: 0, validBefore: 1, nonce: NONCE };
const SAFE_TX =
  'address to,uint256 value,bytes data,uint8 operation,uint256 safeTxGas,uint256 baseGas,uint256 gasPrice,address gasToken,address refundReceiver,uint256 nonce';

/** @param definitions by name, such as `{ Mail: 'address to,string text' }`; the first is the primary type */
function effectsOf(contract: string, definitions: Record<string, string>, message: object) {
  const types = Object.entries(definitions).map(([name, fields]) => [
    name,
    fields.split(',').map((field) => {
      const [type, fieldName] = field.split(' ');
      return { name: fieldName, type };
    }),
  ]);
  const content = {
    types: Object.fromEntries(types) as object,
    primaryType: Object.keys(definitions)[0],
    domain: { chainId: 1, ...(contract !== '' && { verifyingContract: contract }) },
    message,
  };
  return summarize(read(content).reading.typedData?.effects);
}

function approvals(...listed: string[]) {
  return { transfers: [], approvals: listed, complete: true };
}

const EIP2612 = 'address owner,address spender,uint256 value,uint256 nonce,uint256 deadline';
const PERMIT = { owner: ALICE, spender: BOB, value: MAX_UINT256.toString(), nonce: 0, deadline: 1 };

t.test('reads a permit of EIP-2612', (t) => {
  const effects = effectsOf(USDC, { Permit: EIP2612 }, PERMIT);
  t.strictSame(effects, approvals(`${USDC} ${BOB} ${MAX_UINT256} unlimited`));
  t.end();
});

t.test('reads no effects of a permit with other fields, another name or without a contract', (t) => {
  t.equal(
    effectsOf(USDC, { Permit: EIP2612.replace('uint256 value', 'uint128 value') }, { ...PERMIT, value: 1 }),
    undefined,
  );
  t.equal(effectsOf(USDC, { Permission: EIP2612 }, PERMIT), undefined);
  t.equal(effectsOf('', { Permit: EIP2612 }, PERMIT), undefined);
  t.end();
});

t.test('reads a permit of DAI', (t) => {
  const type = { Permit: 'address holder,address spender,uint256 nonce,uint256 expiry,bool allowed' };
  const message = { holder: ALICE, spender: BOB, nonce: 0, expiry: 1 };
  t.strictSame(
    effectsOf(USDC, type, { ...message, allowed: true }),
    approvals(`${USDC} ${BOB} ${MAX_UINT256} unlimited`),
  );
  t.strictSame(effectsOf(USDC, type, { ...message, allowed: false }), approvals(`${USDC} ${BOB} 0`));
  t.end();
});

for (const name of ['TransferWithAuthorization', 'ReceiveWithAuthorization']) {
  t.test(`reads ${name} of EIP-3009`, (t) => {
    t.strictSame(effectsOf(USDC, { [name]: AUTHORIZATION }, AUTHORIZED), {
      transfers: [`${USDC} ${ALICE}>${BOB} 5`],
      approvals: [],
      complete: true,
    });
    t.end();
  });
}

t.test('reads allowances of Permit2', (t) => {
  const detail = { token: USDC, amount: 5, expiration: 1, nonce: 0 };
  const single = { PermitSingle: 'PermitDetails details,address spender,uint256 sigDeadline', ...DETAILS };
  const batch = { PermitBatch: 'PermitDetails[] details,address spender,uint256 sigDeadline', ...DETAILS };
  const rest = { spender: BOB, sigDeadline: 1 };
  t.strictSame(effectsOf(UNKNOWN, single, { details: detail, ...rest }), approvals(`${USDC} ${BOB} 5`));
  const other = { ...detail, token: UNKNOWN, amount: ((1n << 160n) - 1n).toString() };
  t.strictSame(
    effectsOf(UNKNOWN, batch, { details: [detail, other], ...rest }),
    approvals(`${USDC} ${BOB} 5`, `${UNKNOWN} ${BOB} ${(1n << 160n) - 1n} unlimited`),
  );
  t.end();
});

const TAKE = 'address spender,uint256 nonce,uint256 deadline';

for (const [name, fields, isBatch] of [
  ['PermitTransferFrom', `TokenPermissions permitted,${TAKE}`, false],
  ['PermitBatchTransferFrom', `TokenPermissions[] permitted,${TAKE}`, true],
  ['PermitWitnessTransferFrom', `TokenPermissions permitted,${TAKE},Order witness`, false],
  ['PermitBatchWitnessTransferFrom', `TokenPermissions[] permitted,${TAKE},Order witness`, true],
] as const) {
  t.test(`reads ${name} of Permit2`, (t) => {
    const permitted = { token: USDC, amount: 5 };
    const message = {
      permitted: isBatch ? [permitted] : permitted,
      ...{ spender: BOB, nonce: 0, deadline: 1, witness: { to: ALICE } },
    };
    const definitions = { [name]: fields, ...PERMISSIONS, Order: 'address to' };
    t.strictSame(effectsOf(UNKNOWN, definitions, message), approvals(`${USDC} ${BOB} 5`));
    t.end();
  });
}

t.test('reads the call in a transaction of a Safe', (t) => {
  const transaction = { to: USDC, value: 0, data: DRAIN, operation: 0, nonce: 7 };
  const gas = { safeTxGas: 0, baseGas: 0, gasPrice: 0, gasToken: ZERO, refundReceiver: ZERO };
  const type = { SafeTx: SAFE_TX };
  const transfers = [`${USDC} ${SAFE}>${BOB} 100`];
  t.strictSame(effectsOf(SAFE, type, { ...transaction, ...gas }), {
    transfers,
    approvals: [],
    complete: true,
  });
  t.strictSame(effectsOf(SAFE, type, { ...transaction, ...gas, gasPrice: 1 }), {
    transfers,
    approvals: [],
    complete: false,
  });
  t.strictSame(effectsOf(SAFE, type, { ...transaction, ...gas, operation: 1 }), {
    transfers: [],
    approvals: [],
    complete: false,
  });
  t.end();
});

import t from 'tap';
import { solidityPacked } from 'ethers';
import { toInteger } from '../../../src/chain/units.js';
import { Decimal } from '../../../src/protocol/decimal.js';
import { ALICE, BOB, effectsOf, encode, read, SAFE, UNKNOWN, USDC, ZERO } from './call-fixtures.js';
import { METHODS } from './standard-calls.js';

const MULTI_SEND = '0x38869bf66a61cF6bDB996A6aE40D5853Fd43B526';
const DRAIN = encode('transfer(address,uint256)', BOB, 100n);

for (const [signature, values, transfers, approvals] of METHODS) {
  t.test(`reads ${signature} of ${values.map(String).join(', ').slice(0, 60)}`, (t) => {
    t.strictSame(effectsOf(USDC, encode(signature, ...values)), { transfers, approvals, complete: true });
    t.end();
  });
}

/** The drain inside of other calls to `UNKNOWN`, and who sends it. */
const NESTED = [
  ['aggregate((address,bytes)[])', [[[USDC, DRAIN]]]],
  ['blockAndAggregate((address,bytes)[])', [[[USDC, DRAIN]]]],
  ['tryAggregate(bool,(address,bytes)[])', [true, [[USDC, DRAIN]]]],
  ['tryBlockAndAggregate(bool,(address,bytes)[])', [true, [[USDC, DRAIN]]]],
  ['aggregate3((address,bool,bytes)[])', [[[USDC, false, DRAIN]]]],
  ['aggregate3Value((address,bool,uint256,bytes)[])', [[[USDC, false, 0n, DRAIN]]]],
  ['execute(address,uint256,bytes)', [USDC, 0n, DRAIN]],
  ['executeBatch(address[],bytes[])', [[USDC], [DRAIN]]],
  ['executeBatch(address[],uint256[],bytes[])', [[USDC], [], [DRAIN]]],
  ['executeBatch((address,uint256,bytes)[])', [[[USDC, 0n, DRAIN]]]],
  ['execTransactionFromModule(address,uint256,bytes,uint8)', [USDC, 0n, DRAIN, 0]],
  ['multiSend(bytes)', [pack([0, USDC, 0n, DRAIN])]],
] as const;

for (const [signature, values] of NESTED) {
  t.test(`finds the transfer inside ${signature}`, (t) => {
    t.strictSame(effectsOf(UNKNOWN, encode(signature, ...values)), {
      transfers: [`${USDC} ${UNKNOWN}>${BOB} 100`],
      approvals: [],
      complete: true,
    });
    t.end();
  });
}

for (const [signature, ...before] of [
  ['multicall(bytes[])'],
  ['multicall(uint256,bytes[])', 1n],
  ['multicall(bytes32,bytes[])', `0x${'11'.repeat(32)}`],
] as const) {
  t.test(`finds the transfer inside ${signature}, from the sender itself`, (t) => {
    t.strictSame(effectsOf(USDC, encode(signature, ...before, [DRAIN, DRAIN])), {
      transfers: [`${USDC} .>${BOB} 100`, `${USDC} .>${BOB} 100`],
      approvals: [],
      complete: true,
    });
    t.end();
  });
}

t.test('keeps the sender of a multicall inside a batch', (t) => {
  const inside = encode('multicall(bytes[])', [DRAIN]);
  const data = encode('execute(address,uint256,bytes)', USDC, 0n, inside);
  t.strictSame(effectsOf(SAFE, data)?.transfers, [`${USDC} ${SAFE}>${BOB} 100`]);
  t.end();
});

/** Entries of a MultiSend batch: operation, recipient, value, data. */
function pack(...entries: readonly (readonly [number, string, bigint, string])[]): string {
  return solidityPacked(
    entries.flatMap(() => ['uint8', 'address', 'uint256', 'uint256', 'bytes']),
    entries.flatMap(([operation, to, value, data]) => [operation, to, value, (data.length - 2) / 2, data]),
  );
}

function execTransaction(to: string, value: bigint, data: string, operation: number, gasPrice = 0n): string {
  return encode(
    'execTransaction(address,uint256,bytes,uint8,uint256,uint256,uint256,address,address,bytes)',
    ...[to, value, data, operation, 0n, 0n, gasPrice, ZERO, ZERO, `0x${'33'.repeat(65)}`],
  );
}

const FROM_SAFE = { transfers: [`${USDC} ${SAFE}>${BOB} 100`], approvals: [], complete: true };

t.test('finds the transfer inside a Safe transaction', (t) => {
  t.strictSame(effectsOf(SAFE, execTransaction(USDC, 0n, DRAIN, 0)), FROM_SAFE);
  t.end();
});

t.test('finds the transfers inside a MultiSend batch of a Safe, and the coins that it pays', (t) => {
  const packed = pack([0, USDC, 0n, DRAIN], [0, ALICE, 5n, '0x'], [0, USDC, 0n, approve(7n)]);
  const data = execTransaction(MULTI_SEND, 0n, encode('multiSend(bytes)', packed), 1);
  t.strictSame(effectsOf(SAFE, data), {
    transfers: [...FROM_SAFE.transfers, `coin ${SAFE}>${ALICE} 5`],
    approvals: [`${USDC} ${BOB} 7`],
    complete: true,
  });
  t.end();
});

function approve(units: bigint): string {
  return encode('approve(address,uint256)', BOB, units);
}

t.test('lists coins that a Safe pays as the asset of the chain', (t) => {
  t.same(read(SAFE, execTransaction(ALICE, 10n ** 17n, '0x', 0))?.effects?.transfers, [
    { asset: 'ETH', from: SAFE, to: ALICE, amount: new Decimal('0.1'), units: toInteger(10n ** 17n) },
  ]);
  t.end();
});

const NOTHING = { transfers: [], approvals: [], complete: false };
const BATCH = encode('multiSend(bytes)', pack([0, USDC, 0n, DRAIN]));

/** Calls of the Safe or of a token that are read in part or not at all. */
const INCOMPLETE = [
  ['DELEGATECALL of an unknown contract', SAFE, execTransaction(UNKNOWN, 0n, BATCH, 1), NOTHING],
  ['DELEGATECALL of a token', SAFE, execTransaction(USDC, 0n, DRAIN, 1), NOTHING],
  ['another method of MultiSend', SAFE, execTransaction(MULTI_SEND, 0n, DRAIN, 1), NOTHING],
  ['operation that does not exist', SAFE, execTransaction(USDC, 0n, DRAIN, 2), NOTHING],
  [
    'DELEGATECALL inside a batch',
    SAFE,
    execTransaction(MULTI_SEND, 0n, encode('multiSend(bytes)', pack([1, USDC, 0n, DRAIN])), 1),
    NOTHING,
  ],
  [
    'batch with trailing bytes',
    SAFE,
    execTransaction(MULTI_SEND, 0n, encode('multiSend(bytes)', `${pack([0, USDC, 0n, DRAIN])}00`), 1),
    NOTHING,
  ],
  [
    'Safe transaction with a refund',
    SAFE,
    execTransaction(USDC, 0n, DRAIN, 0, 1n),
    { ...FROM_SAFE, complete: false },
  ],
  [
    'unknown method beside a transfer',
    USDC,
    encode('multicall(bytes[])', [DRAIN, '0x01020304']),
    { transfers: [`${USDC} .>${BOB} 100`], approvals: [], complete: false },
  ],
  ['inner call with trailing bytes', USDC, encode('multicall(bytes[])', [`${DRAIN}00`]), NOTHING],
  ['inner call with three bytes', USDC, encode('multicall(bytes[])', ['0x010203']), NOTHING],
  [
    'batch whose arrays differ in length',
    SAFE,
    encode('executeBatch(address[],bytes[])', [USDC], [DRAIN, DRAIN]),
    NOTHING,
  ],
  [
    'batch whose values differ in number',
    SAFE,
    encode('executeBatch(address[],uint256[],bytes[])', [USDC], [1n, 1n], [DRAIN]),
    NOTHING,
  ],
  ['withdrawal from a contract that is no token', UNKNOWN, encode('withdraw(uint256)', 1n), NOTHING],
  [
    'transfer that calls the recipient',
    USDC,
    encode('transferAndCall(address,uint256,bytes)', BOB, 1n, '0x01'),
    { transfers: [`${USDC} .>${BOB} 1`], approvals: [], complete: false },
  ],
  [
    'ERC-1155 batch whose arrays differ in length',
    USDC,
    encode('safeBatchTransferFrom(address,address,uint256[],uint256[],bytes)', ALICE, BOB, [1n], [], '0x'),
    NOTHING,
  ],
  [
    'Permit2 batch whose arrays differ in length',
    UNKNOWN,
    encode(
      'permitTransferFrom(((address,uint256)[],uint256,uint256),(address,uint256)[],address,bytes)',
      [[[USDC, 9n]], 1n, 2n],
      [],
      ALICE,
      '0x',
    ),
    NOTHING,
  ],
] as const;

for (const [what, to, data, expected] of INCOMPLETE) {
  t.test(`is incomplete for a ${what}`, (t) => {
    t.strictSame(effectsOf(to, data), expected);
    t.end();
  });
}

t.test('gives the id of a token where the method says that it is one', (t) => {
  const [nft] = read(USDC, encode('safeTransferFrom(address,address,uint256)', ALICE, BOB, 7n))?.effects
    ?.transfers ?? [undefined];
  t.same(nft, { token: USDC, from: ALICE, to: BOB, units: toInteger(7n), id: toInteger(7n) });
  t.end();
});

t.test('reads calls to a depth of eight', (t) => {
  const nest = (depth: number): string => {
    return depth === 0 ? DRAIN : encode('multicall(bytes[])', [nest(depth - 1)]);
  };
  t.strictSame(effectsOf(USDC, nest(8))?.complete, true);
  t.strictSame(effectsOf(USDC, nest(9)), NOTHING);
  t.end();
});

t.test('reads a thousand inner calls', (t) => {
  const many = (count: number) => encode('multicall(bytes[])', Array<string>(count).fill(DRAIN));
  t.match(effectsOf(USDC, many(1000)), { complete: true, transfers: { length: 1000 } });
  t.match(effectsOf(USDC, many(1001)), { complete: false, transfers: { length: 1000 } });
  t.end();
});

import { decodeRlp, encodeRlp } from 'ethers';
import t from 'tap';
import type { FamilyResult } from '../../../src/chain/facts.js';
import {
  ALICE,
  callOf,
  contradictions,
  DAI,
  entry,
  erc20,
  eth,
  ETHER,
  MALLORY,
  read,
  sign,
  STRANGER,
  tokenTransferOf,
  transferOf,
  transferTo,
  TX,
  USDC_ADDRESS,
} from '../../helpers/evm.js';

const dirty = transferTo(ALICE, 5_000_000n).replace('a9059cbb00', 'a9059cbb01');

const TWO = {
  amountStr: '2',
  destinations: [ALICE, MALLORY].map((displayDstAddress) => ({ amountNativeStr: '1', displayDstAddress })),
};
const PAID = { ...TX, value: ETHER };

const REFUSED: readonly (readonly [string, () => FamilyResult, string])[] = [
  [
    'another recipient',
    () => transferOf({ to: MALLORY }),
    `recipient: rawTx pays ${MALLORY}, but the request displays ${ALICE.toLowerCase()}`,
  ],
  [
    'another displayed recipient',
    () => transferOf({}, { destinations: STRANGER }),
    `recipient: rawTx pays ${ALICE.toLowerCase()}, but the request displays ${MALLORY}`,
  ],
  [
    'another recipient in destAddress alone',
    () => transferOf({}, { destinations: [], destAddress: MALLORY }),
    'recipient: rawTx pays',
  ],
  [
    'another amount',
    () => transferOf({ value: 2n * ETHER }),
    'amount: rawTx pays 2 ETH, but the request displays 1 ETH',
  ],
  [
    'one wei more',
    () => transferOf({ value: ETHER + 1n }),
    'amount: rawTx pays 1.000000000000000001 ETH, but',
  ],
  ['another chain', () => transferOf({ chainId: 10n }), 'chain: rawTx is for evm/10, but ETH is on evm/1'],
  [
    'call data in a transfer of coins',
    () => transferOf({ data: '0x12345678' }),
    'recipient: rawTx has call data (0x12345678…)',
  ],
  ['a creation instead of a transfer', () => transferOf({ to: null }), 'recipient: rawTx creates a contract'],
  [
    'a fee above the bound',
    () => transferOf({ maxFeePerGas: 41n * 10n ** 9n }),
    'fee: rawTx can spend 0.00205 on gas, but the request displays a fee of 0.001',
  ],
  [
    'a second destination',
    () => transferOf({}, { destinations: [{ displayDstAddress: ALICE }, { displayDstAddress: MALLORY }] }),
    'recipient: rawTx pays one address, but the request displays 2',
  ],
  [
    'another payload',
    () => transferOf({}, { rawTx: [{ ...sign({ ...TX, value: ETHER }), payload: '00'.repeat(32) }] }),
    'payload: the digest of rawTx is 0x',
  ],
  [
    'a shorter payload',
    () => transferOf({}, { rawTx: [{ ...sign(TX), payload: '00' }] }),
    'payload: the digest of rawTx is 0x',
  ],
  [
    'a trailing byte',
    () => read({ ...eth.request, rawTx: [entry(Buffer.concat([eth.rawTx, Buffer.from([0])]))] }),
    'payload: rawTx is malformed: it is not canonical RLP',
  ],
  [
    'a leading zero',
    () => read({ ...eth.request, rawTx: [entry(withField(eth.rawTx, 1, '0x0004'))] }),
    'payload: rawTx is malformed: the integer in nonce has a leading zero',
  ],
  [
    'a transaction of another token',
    () => tokenTransferOf({ to: DAI }),
    `recipient: rawTx calls ${DAI}, but the contract of USDC is ${USDC_ADDRESS}`,
  ],
  [
    'another recipient of a token',
    () => tokenTransferOf({ data: transferTo(MALLORY, 5_000_000n) }),
    `recipient: rawTx pays ${MALLORY}, but`,
  ],
  [
    'another amount of a token',
    () => tokenTransferOf({ data: transferTo(ALICE, 5_000_001n) }),
    'amount: rawTx pays 5.000001 USDC, but the request displays 5 USDC',
  ],
  [
    'a token less the fee',
    () => tokenTransferOf({ data: transferTo(ALICE, 4_999_000n) }),
    'amount: rawTx pays 4.999 USDC',
  ],
  [
    'coins sent with a token',
    () => tokenTransferOf({ value: 1n }),
    'recipient: rawTx pays 1 wei to the contract of USDC',
  ],
  ['a dirty address', () => tokenTransferOf({ data: dirty }), 'recipient: the recipient in rawTx is 0x01'],
  [
    'trailing call data',
    () => tokenTransferOf({ data: `${transferTo(ALICE, 5_000_000n)}00` }),
    'recipient: rawTx has 69 bytes of call data',
  ],
  [
    'missing call data',
    () => tokenTransferOf({ data: transferTo(ALICE, 5_000_000n).slice(0, -2) }),
    'recipient: rawTx has 67 bytes of call data',
  ],
  [
    'another method of a token',
    () => tokenTransferOf({ data: erc20.encodeFunctionData('transferFrom', [ALICE, ALICE, 5n]) }),
    'recipient: rawTx calls method 0x23b872dd of USDC',
  ],
  [
    'a token’s contract without call data',
    () => tokenTransferOf({ data: '0x' }),
    'recipient: rawTx calls no method of USDC',
  ],
  [
    'another contract',
    () => callOf({ to: MALLORY }),
    `recipient: rawTx calls ${MALLORY}, but the request displays ${ALICE.toLowerCase()}`,
  ],
  [
    'other call data',
    () => callOf({ data: '0xdeadbeef0002' }),
    'recipient: rawTx has call data 0xdeadbeef0002, but contractCallData is deadbeef0001',
  ],
  [
    'call data that is not hex',
    () => callOf({}, { extraParameters: { contractCallData: 'deadbeef0001!' } }),
    'recipient: rawTx has call data',
  ],
  [
    'other coins with a call',
    () => callOf({ value: 2n * ETHER }),
    'amount: rawTx pays 2 ETH, but the request displays 1 ETH',
  ],
  ['a creation instead of a call', () => callOf({ to: null }), 'recipient: rawTx creates a contract'],
  [
    'another chain of any operation',
    () => callOf({ chainId: 10n }, { operation: 'STAKE' }),
    'chain: rawTx is for evm/10',
  ],
  [
    'a second transaction to a stranger',
    () => transferOf({}, { rawTx: [sign({ ...TX, value: ETHER }), sign({ ...TX, to: MALLORY })] }),
    `recipient: rawTx pays ${MALLORY}`,
  ],
  [
    'a second payment of the displayed amount',
    () => transferOf({}, { rawTx: [1, 2].map((nonce) => sign({ ...TX, nonce, value: ETHER })) }),
    'amount: rawTx pays 2 times, but the request displays one transfer of ETH',
  ],
  [
    'another amount for one of several destinations',
    () => transferOf({}, { ...TWO, rawTx: [sign(PAID), sign({ ...PAID, nonce: 2, value: 2n * ETHER })] }),
    'amount: rawTx pays 2 ETH, but the request displays 1 ETH',
  ],
  [
    'coins with a call that displays 0 of a token',
    () => callOf({}, { asset: 'USDC', amountStr: '0' }),
    'amount: rawTx pays 1000000000000000000 wei, but the request displays 0 USDC',
  ],
  [
    'more entries than can be meant',
    () => transferOf({}, { rawTx: Array.from({ length: 17 }, () => sign(TX)) }),
    'payload: rawTx has 17 entries',
  ],
];

/** The transaction with one field of its list replaced. */
function withField(rawTx: Buffer, index: number, value: string): Buffer {
  const items = decodeRlp(rawTx.subarray(1)) as string[];
  items[index] = value;
  return Buffer.concat([rawTx.subarray(0, 1), Buffer.from(encodeRlp(items).slice(2), 'hex')]);
}

for (const [what, result, reason] of REFUSED) {
  t.test(`contradicts ${what}`, (t) => {
    const found = contradictions(result());
    t.ok(
      found.some((text) => text.startsWith(reason)),
      reason,
      { found },
    );
    t.end();
  });
}

import { decodeRlp, Signature, type TransactionLike } from 'ethers';
import t from 'tap';
import {
  ALICE,
  contradictions,
  dai,
  entry,
  eth,
  ETHER,
  MALLORY,
  outcomes,
  type Payload,
  read,
  sign,
  TX,
} from '../../helpers/evm.js';

const FEES = ['maxPriorityFeePerGas', 'maxFeePerGas', 'gasLimit'] as const;

/** The names of the fields of each kind of transaction, in order. */
const FIELDS = {
  eip155: ['nonce', 'gasPrice', 'gasLimit', 'to', 'value', 'data', 'chainId', 'r', 's'],
  eip2930: ['chainId', 'nonce', 'gasPrice', 'gasLimit', 'to', 'value', 'data', 'accessList'],
  eip1559: ['chainId', 'nonce', ...FEES, 'to', 'value', 'data', 'accessList'],
  eip7702: ['chainId', 'nonce', ...FEES, 'to', 'value', 'data', 'accessList', 'authorizationList'],
} as const;

const WORD = `0x${'11'.repeat(32)}`;

/** A call of Alice's contract with 1 ETH. */
function call(change: TransactionLike): Vector {
  const data = '0xdeadbeef0001';
  const accessList = [{ address: MALLORY, storageKeys: [WORD] }];
  const signed = sign({ ...TX, data, value: ETHER, accessList, ...change });
  const request = {
    ...{ operation: 'CONTRACT_CALL', asset: 'ETH', amountStr: '1', fee: '0.001', destAddress: ALICE },
    extraParameters: { contractCallData: data },
  };
  return { rawTx: Buffer.from(signed.rawTx.slice(2), 'hex'), request };
}

interface Vector {
  readonly rawTx: Buffer;
  readonly request: Payload;
}

/** The fields in which a transaction with one bit flipped differs, if the request still agrees with it. */
function passing({ rawTx, request }: Vector, names: readonly string[]): readonly string[] {
  const original = itemsOf(rawTx);
  const passed = new Set<string>();
  for (let bit = 0; bit < rawTx.length * 8; bit++) {
    const flipped = Buffer.from(rawTx);
    flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    const result = read({ ...request, rawTx: [entry(flipped)] });
    const { payload, chain, recipient, amount } = outcomes(result);
    const isVerified = [payload, chain, recipient, amount].every((outcome) => outcome === 'holds');
    if (!isVerified || contradictions(result).length > 0) continue;
    const items = itemsOf(flipped);
    const changed = names.filter((_, at) => JSON.stringify(items[at]) !== JSON.stringify(original[at]));
    for (const name of changed) passed.add(name);
    const isBounded = result.reading.evm?.maxFee.lte(2 * Number(request['fee'])) ?? false;
    if (!isBounded || changed.length === 0) passed.add(`bit ${bit}`);
  }
  return [...passed].sort();
}

function itemsOf(bytes: Buffer): readonly unknown[] {
  return decodeRlp((bytes[0] ?? 0) < 0xc0 ? bytes.subarray(1) : bytes) as unknown[];
}

const authorization = {
  ...{ address: MALLORY, nonce: 7n, chainId: 1n },
  signature: Signature.from({ r: WORD, s: WORD, yParity: 1 }),
};
const legacyFees = { maxFeePerGas: null, gasPrice: TX.maxFeePerGas };

/** Neither list changes what the transaction pays or calls; those who delegate have signed that they do. */
const CASES: readonly (readonly [string, Vector, readonly string[], readonly string[]])[] = [
  ['the published transfer of ETH', eth, FIELDS.eip1559, [...FEES, 'nonce']],
  // Its nonce is 0, which has no bits.
  ['the published transfer of a token', dai, FIELDS.eip155, ['gasLimit', 'gasPrice']],
  [
    'a call (EIP-2930)',
    call({ ...legacyFees, type: 1 }),
    FIELDS.eip2930,
    ['accessList', 'gasLimit', 'gasPrice', 'nonce'],
  ],
  ['a call (EIP-1559)', call({}), FIELDS.eip1559, ['accessList', ...FEES.slice(1), 'nonce']],
  [
    'a call that also delegates (EIP-7702), which is never verified',
    call({ type: 4, authorizationList: [authorization], maxPriorityFeePerGas: 3n }),
    FIELDS.eip7702,
    [],
  ],
];

for (const [what, vector, names, fields] of CASES) {
  t.test(`of ${what} with one bit flipped and its new digest, only these pass: ${fields.join(', ')}`, (t) => {
    t.strictSame(passing(vector, names), [...fields].sort());
    t.end();
  });
}

import { decodeRlp } from 'ethers';
import t from 'tap';
import { contradictions, dai, entry, eth, outcomes, read, type Payload } from '../../helpers/evm.js';

t.test('of every bit flipped with a new digest, only nonce, gas and fee within the bound pass', (t) => {
  const fields = {
    eth: [
      'chainId',
      'nonce',
      'maxPriorityFeePerGas',
      'maxFeePerGas',
      'gasLimit',
      'to',
      'value',
      'data',
      'accessList',
    ],
    dai: ['nonce', 'gasPrice', 'gasLimit', 'to', 'value', 'data', 'chainId', 'r', 's'],
  };
  const passing = (rawTx: Buffer, request: Payload, names: readonly string[]): readonly string[] => {
    const itemsOf = (bytes: Buffer): readonly unknown[] =>
      decodeRlp((bytes[0] ?? 0) < 0xc0 ? bytes.subarray(1) : bytes) as unknown[];
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
      names.forEach(
        (name, at) => JSON.stringify(items[at]) !== JSON.stringify(original[at]) && passed.add(name),
      );
      t.ok(result.reading.evm?.maxFee.lte(2 * Number(request['fee'])));
    }
    return [...passed].sort();
  };
  t.strictSame(passing(eth.rawTx, eth.request, fields.eth), [
    'gasLimit',
    'maxFeePerGas',
    'maxPriorityFeePerGas',
    'nonce',
  ]);
  t.strictSame(passing(dai.rawTx, dai.request, fields.dai), ['gasLimit', 'gasPrice', 'nonce']);
  t.end();
});

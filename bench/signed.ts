// The cost of reading what a request signs, compared with one RSA 2048 signature in the same run.
import { readFileSync } from 'node:fs';
import type { Payload } from '../cli/cosigner/request.js';
import { readSigned } from '../src/chain/read.js';
import { BTC, USDC } from './traffic/assets.js';
import { bitcoinTransfer, randomBitcoinTransfer } from './traffic/bitcoin.js';
import { TRAFFIC_CATALOG } from './traffic/catalog.js';
import { evmTransfer, randomEvmTransfer } from './traffic/evm.js';
import { createRandom } from './traffic/random.js';
import { compare, cpuMsPerCall } from './cpu.js';
import { atMost, type Check } from './limits.js';

/** A signature takes 0.21 ms on the machine that the limits in ms were set for. */
const SIGNATURE_MS = 0.21;
const CONSOLIDATION_INPUTS = 250;
const MAX_CONSOLIDATION_MS = 1000;

const sample = JSON.parse(readFileSync('cli/cosigner/samples/tx-eth-transfer.json', 'utf8')) as Payload;

function bitcoin(forms: 'segwit' | 'legacy', inputs: number): Payload {
  const options = {
    asset: BTC,
    forms,
    inputs,
    destinations: 1,
    changeTo: 'input',
    amountForm: 'net',
  } as const;
  return bitcoinTransfer(randomBitcoinTransfer(createRandom(1), options));
}

/** @param sign signs once with RSA 2048 */
export async function measureSigned(sign: () => unknown): Promise<readonly Check[]> {
  const requests: readonly (readonly [string, Payload, number])[] = [
    ['an EVM transaction', sample, 0.1],
    ['an EVM token transfer', evmTransfer(randomEvmTransfer(createRandom(1), USDC)), 0.1],
    ['a SegWit transaction with two inputs', bitcoin('segwit', 2), 0.15],
    ['a legacy transaction with two inputs', bitcoin('legacy', 2), 0.25],
  ];
  const checks: Check[] = [];
  for (const [what, payload, limitMs] of requests) {
    const bare: Payload = { ...payload, rawTx: undefined };
    const withRaw = await compare(reading(payload, true), 300, sign, 30);
    const without = await compare(reading(bare, false), 300, sign, 30);
    checks.push(
      atMost(
        `reading ${what}, beside the request itself, where a signature takes ${SIGNATURE_MS} ms`,
        (withRaw.ratio - without.ratio) * SIGNATURE_MS,
        limitMs,
        (ms) => `${ms.toFixed(3)} ms`,
      ),
    );
  }
  const consolidation = reading(bitcoin('legacy', CONSOLIDATION_INPUTS), true);
  checks.push(
    atMost(
      `reading a legacy transaction with ${CONSOLIDATION_INPUTS} inputs`,
      await cpuMsPerCall(consolidation, 3),
      MAX_CONSOLIDATION_MS,
      (ms) => `${ms.toFixed(0)} ms`,
    ),
  );
  return checks;
}

/** @throws {Error} if the request is not verified as expected: its cost would be that of another path */
function reading(payload: Payload, isVerified: boolean): () => unknown {
  const request = { kind: 'transaction', requestId: 'r', payload } as const;
  const { verified, problem } = readSigned(request, TRAFFIC_CATALOG);
  if (verified !== isVerified) throw new Error(`verified is ${verified}: ${problem}`);
  return () => readSigned(request, TRAFFIC_CATALOG);
}

// Runs the decoders of raw transactions on hostile requests. They must not fail, must be quick, and must not verify what
// other encoders do not confirm.
import fc from 'fast-check';
import { slowness } from '../../../test/helpers/cpu-time.js';
import { type Signed, readSigned } from '../../../src/chain/read.js';
import { codeOf } from '../../../src/protocol/error.js';
import { type CallbackRequest, parseRequest } from '../../../src/protocol/request.js';
import { createRandom } from '../../traffic/random.js';
import { type Case, createDecoderFamilies, type Family } from './families.js';

export interface DecoderTally {
  readonly title: string;
  sent: number;
  verified: number;
  refused: number;
  slowestMs: number;
  /** What was wrong, and the input that caused it. */
  readonly violations: string[];
}

export interface DecoderOptions {
  readonly count: number;
  readonly seed: number;
  readonly onFamily?: (tally: DecoderTally) => void;
}

/** Requests up to this size have the shorter limit, in bytes. */
const SMALL = 110_000;
const SMALL_MS = 50;
const LARGE_MS = 1000;
/** A slow result is measured again, because the machine may have been busy. */
const ATTEMPTS = 4;
const PRINTED = 3000;

/** @param count number of inputs, about @returns one tally for each family of inputs */
export function fuzzDecoders({ count, seed, onFamily }: DecoderOptions): readonly DecoderTally[] {
  return createDecoderFamilies(seed).map((family, i) => {
    const tally = fuzzFamily(family, Math.ceil(count * family.share), seed + i);
    onFamily?.(tally);
    return tally;
  });
}

function fuzzFamily({ title, makeCase }: Family, count: number, seed: number): DecoderTally {
  const tally: DecoderTally = { title, sent: 0, verified: 0, refused: 0, slowestMs: 0, violations: [] };
  for (const caseSeed of fc.sample(fc.noBias(fc.nat()), { numRuns: count, seed })) {
    const input = makeCase(createRandom(caseSeed));
    tally.sent++;
    const problem = runCase(input, tally);
    if (problem === undefined) continue;
    tally.violations.push(
      `${title}, case ${caseSeed}: ${problem}: ${JSON.stringify(input.payload).slice(0, PRINTED)}`,
    );
  }
  return tally;
}

function runCase(input: Case, tally: DecoderTally): string | undefined {
  const request = parse(input);
  if (request === undefined) return undefined;
  try {
    const { signed, ms } = measured(() => readSigned(request, input.catalog));
    tally.slowestMs = Math.max(tally.slowestMs, ms);
    if (signed.verified) tally.verified++;
    if (signed.refusal !== undefined) tally.refused++;
    const limit = limitOf(input);
    if (ms > limit) {
      const again = Array.from(
        { length: ATTEMPTS },
        () => measured(() => readSigned(request, input.catalog)).ms,
      );
      if (Math.min(...again) > limit) return `took ${Math.min(...again).toFixed()} ms`;
    }
    return input.inspect(signed);
  } catch (error) {
    return `failed with ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
  }
}

/** @returns `undefined` for a request of which the kind is unclear: it is not answered with a decision */
function parse({ payload }: Case): CallbackRequest | undefined {
  try {
    return parseRequest(payload, 'transaction');
  } catch (error) {
    if (codeOf(error) === 'malformed_request') return undefined;
    throw error;
  }
}

function limitOf({ payload }: Case): number {
  return (JSON.stringify(payload).length <= SMALL ? SMALL_MS : LARGE_MS) * slowness();
}

function measured(read: () => Signed): { readonly signed: Signed; readonly ms: number } {
  const start = performance.now();
  const signed = read();
  return { signed, ms: performance.now() - start };
}

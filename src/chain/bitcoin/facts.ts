// The facts about a transaction of Bitcoin or its kin, in units of its coin.
import type { Network } from '../address/network.js';
import type { BitcoinFacts, BitcoinInput, BitcoinOutput } from '../facts.js';
import { toAmount, toInteger } from '../units.js';
import { scriptToAddress } from './address.js';
import { sumOf, transactionIdOf, type SpentOutput } from './join.js';
import type { SortedOutput } from './outcome.js';

/** Transactions with more inputs or outputs have no such list as a fact. Fireblocks allows 250 inputs. */
const MAX_LIST = 1000;

/**
 * @param outputs in their order; absent if they are not known
 * @param network absent if it is not known, so that outputs have no addresses
 * @returns `undefined` if nothing is known
 */
export function toFacts(
  inputs: readonly SpentOutput[] | undefined,
  outputs: readonly SortedOutput[] | undefined,
  decimals: number,
  network?: Network,
): BitcoinFacts | undefined {
  if (outputs === undefined && inputs === undefined) return undefined;
  const change = changeOf(outputs);
  const fee = feeOf(inputs, outputs);
  return {
    ...(outputs !== undefined &&
      outputs.length <= MAX_LIST && {
        outputs: outputs.map((output) => toOutput(output, decimals, network)),
      }),
    ...(change !== undefined && { change: toAmount(change, decimals) }),
    ...(fee !== undefined && fee >= 0n && { fee: toAmount(fee, decimals) }),
    ...(inputs !== undefined &&
      inputs.length <= MAX_LIST && { inputs: inputs.map((input) => toInput(input, decimals)) }),
  };
}

/** An output that is neither a destination nor known change may be change. */
function changeOf(outputs?: readonly SortedOutput[]): bigint | undefined {
  if (outputs === undefined || outputs.some(({ purpose }) => purpose === 'unexplained')) return undefined;
  return outputs.reduce((sum, { purpose, value }) => (purpose === 'change' ? sum + value : sum), 0n);
}

/** @returns what the inputs have more than the outputs, in satoshis; `undefined` unless all of them are known */
export function feeOf(
  inputs: readonly SpentOutput[] | undefined,
  outputs: readonly SortedOutput[] | undefined,
): bigint | undefined {
  const total = sumOf(inputs);
  if (total === undefined || outputs === undefined) return undefined;
  return outputs.reduce((rest, { value }) => rest - value, total);
}

function toOutput(
  { script, value, purpose }: SortedOutput,
  decimals: number,
  network?: Network,
): BitcoinOutput {
  const address = network === undefined ? undefined : scriptToAddress(script, network);
  const amount = toAmount(value, decimals);
  return { ...(address !== undefined && { address }), amount, isChange: purpose === 'change' };
}

function toInput({ outpoint, value }: SpentOutput, decimals: number): BitcoinInput {
  const txId = transactionIdOf(outpoint);
  const index = toInteger(outpoint.readUInt32LE(32));
  return { txId, index, ...(value !== undefined && { amount: toAmount(value, decimals) }) };
}

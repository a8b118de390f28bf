// The most that a Solana transaction can spend on fees.
// https://solana.com/docs/core/fees
import { Decimal } from '../../protocol/decimal.js';
import { contradicts, HOLDS, unknown, type Finding } from '../finding.js';
import type { Signing } from '../signing.js';
import { toAmount, toUnits } from '../units.js';
import { isBuiltIn, isComputeBudget } from './instruction.js';
import type { Message } from './message.js';

/** Lamports. */
const FEE_PER_SIGNATURE = 5000n;
/** For each instruction, if the message sets no limit: https://solana.com/docs/core/fees/compute-budget (SIMD-0170). */
const DEFAULT_COMPUTE_UNITS = 200_000n;
/** The same for an instruction of a program that is built in. */
const BUILT_IN_COMPUTE_UNITS = 3000n;
const MAX_COMPUTE_UNITS = 1_400_000n;
const MICRO = 1_000_000n;
/** Decimal places of SOL. */
export const DECIMALS = 9;

/** In lamports; without the signatures that a program such as `Ed25519SigVerify…` checks. */
export function feeOf({ signatures, instructions }: Message): bigint {
  const budget = instructions.filter(isComputeBudget).map(({ data }) => data);
  const last = budget.filter((data) => data[0] === 2 && data.length === 5).at(-1);
  const builtIn = BigInt(instructions.filter(isBuiltIn).length);
  const others = BigInt(instructions.length) - builtIn;
  const limit =
    last === undefined
      ? others * DEFAULT_COMPUTE_UNITS + builtIn * BUILT_IN_COMPUTE_UNITS
      : BigInt(last.readUInt32LE(1));
  const price =
    budget
      .filter((data) => data[0] === 3 && data.length === 9)
      .at(-1)
      ?.readBigUInt64LE(1) ?? 0n;
  const units = limit < MAX_COMPUTE_UNITS ? limit : MAX_COMPUTE_UNITS;
  return BigInt(signatures) * FEE_PER_SIGNATURE + (price * units + MICRO - 1n) / MICRO;
}

/** @param isComplete whether all instructions could be read */
export function checkFee(message: Message, isComplete: boolean, { fee, catalog }: Signing): Finding {
  const shown = fee === undefined ? undefined : toUnits(fee, DECIMALS);
  if (fee === undefined || shown === undefined) return unknown('the request displays no fee in SOL');
  // Another account may pay the fee.
  if (shown === 0n) return unknown('the request displays a fee of 0');
  const most = feeOf(message);
  const { maxFeeFactor } = catalog.integrity;
  if (maxFeeFactor.times(new Decimal(shown.toString())).lessThan(most.toString())) {
    const spent = toAmount(most, DECIMALS).toFixed();
    return contradicts(`rawTx can spend ${spent} SOL on fees, but the request displays a fee of ${fee}`);
  }
  return isComplete ? HOLDS : unknown('an instruction of rawTx can’t be read, and may add to the fee');
}

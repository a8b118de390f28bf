// The outcome of comparing outputs with the displayed destinations, and the context of the comparison.
import type { Network } from '../address/network.js';
import type { Asset } from '../catalog.js';
import { contradicts, shorten, unknown, type Finding } from '../finding.js';
import { showAmount } from '../units.js';
import { scriptToAddress } from './address.js';
import type { Change } from './change.js';
import { showAddress, type Payee } from './display.js';
import type { TransactionOutput } from './transaction.js';

export interface Outcome {
  readonly recipient: Finding;
  readonly amount: Finding;
  readonly outputs?: readonly SortedOutput[];
}

/** An output, and what it is for. */
export interface SortedOutput extends TransactionOutput {
  readonly purpose: 'destination' | 'change' | 'unexplained';
}

export interface Context {
  readonly asset: Asset;
  readonly network: Network;
  readonly change: Change;
  /** The displayed fee, in satoshis. */
  readonly fee?: bigint;
}

/** @param paid in satoshis, as `displayed` */
export function amountContradicts(
  paid: bigint,
  displayed: bigint,
  { address }: Payee,
  { asset }: Context,
): Finding {
  return contradicts(
    `rawTx pays ${showAmount(paid, asset)} to ${showAddress(address)}, but the request displays ${showAmount(displayed, asset)}`,
  );
}

/** One output that is neither a destination nor known change. */
export function unexplained(output: TransactionOutput, { asset, network, change }: Context): Finding {
  const what = `rawTx pays ${showAmount(output.value, asset)} to ${describeScript(output.script, network)}, which is neither a destination nor known change`;
  if (!change.mayBeElsewhere) return contradicts(what);
  return unknown(`${what}; it may be the vault’s permanent address, which the policy can list under own`);
}

/** @returns the address, or else the script */
export function describeScript(script: Buffer, network: Network): string {
  return (
    scriptToAddress(script, network) ??
    `the script ${script.length === 0 ? '(empty)' : shorten(script.toString('hex', 0, 51), 100)}`
  );
}

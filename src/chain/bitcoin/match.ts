// Compares the outputs of a transaction with the displayed destinations, where the outputs are visible.
import { contradicts, HOLDS, unknown, worst, type Finding } from '../finding.js';
import { showAmount } from '../units.js';
import { showAddress, type Payee } from './display.js';
import {
  amountContradicts,
  describeScript,
  unexplained,
  type Context,
  type Outcome,
  type SortedOutput,
} from './outcome.js';
import type { TransactionOutput } from './transaction.js';

/** Outputs without a destination yet, by script and value. */
type Rest = Map<string, Map<bigint, number[]>>;

interface Matching {
  readonly outputs: readonly TransactionOutput[];
  readonly rest: Rest;
  readonly paid: Set<number>;
  readonly recipient: Finding[];
  readonly amount: Finding[];
}

/**
 * The outputs must be exactly the destinations, each with its amount or, once, with its amount less the displayed fee,
 * and at most one more, which is change.
 */
export function matchOutputs(
  outputs: readonly TransactionOutput[],
  payees: readonly Payee[],
  context: Context,
): Outcome {
  const matching: Matching = {
    outputs,
    rest: groupOutputs(outputs),
    paid: new Set(),
    recipient: [],
    amount: [],
  };
  const left = payees.filter((payee) => !payee.amounts.some((amount) => take(matching, payee, amount)));
  const afterGross = takeGross(matching, left, context);
  for (const payee of afterGross) takeOther(matching, payee, context);
  const sorted = sortOutputs(matching, context);
  const recipient = worst(matching.recipient);
  return { recipient, amount: worst(matching.amount), outputs: sorted };
}

function groupOutputs(outputs: readonly TransactionOutput[]): Rest {
  const rest: Rest = new Map();
  for (const [index, { script, value }] of outputs.entries()) {
    const key = script.toString('latin1');
    const byValue = rest.get(key) ?? new Map<bigint, number[]>();
    const indexes = byValue.get(value);
    if (indexes === undefined) byValue.set(value, [index]);
    else indexes.push(index);
    rest.set(key, byValue);
  }
  return rest;
}

/** Takes an output with this script and value. @returns whether there is one */
function take({ rest, paid }: Matching, { script }: Payee, value: bigint): boolean {
  const key = script.toString('latin1');
  const byValue = rest.get(key);
  const index = byValue?.get(value)?.pop();
  if (byValue === undefined || index === undefined) return false;
  paid.add(index);
  if (byValue.get(value)?.length === 0) byValue.delete(value);
  if (byValue.size === 0) rest.delete(key);
  return true;
}

/** One destination may get its amount less the fee (a gross transaction). @returns the payees that are left */
function takeGross(matching: Matching, payees: readonly Payee[], { fee }: Context): readonly Payee[] {
  if (fee === undefined || fee === 0n) return payees;
  const gross = payees.find(({ amounts, ...payee }) =>
    amounts.some((amount) => take(matching, { ...payee, amounts }, amount - fee)),
  );
  return payees.filter((payee) => payee !== gross);
}

/** Takes whichever output pays to the destination, with another amount than displayed. */
function takeOther(matching: Matching, payee: Payee, context: Context): void {
  const { address, amounts, script } = payee;
  const value = matching.rest.get(script.toString('latin1'))?.keys().next().value;
  if (value === undefined) {
    if (matching.recipient.length === 0) matching.recipient.push(missing(matching, payee, context));
    matching.amount.push(unknown(`rawTx does not pay ${showAddress(address)}`));
    return;
  }
  take(matching, payee, value);
  const [amount] = amounts;
  if (amount === undefined) {
    matching.amount.push(unknown(`the request displays no amount for ${showAddress(address)}`));
  } else if (context.fee === undefined && value < amount) {
    const paid = showAmount(value, context.asset);
    matching.amount.push(
      unknown(`rawTx pays ${paid}, and the request displays no fee that may have been taken from it`),
    );
  } else {
    matching.amount.push(amountContradicts(value, amount, payee, context));
  }
}

function missing({ outputs, paid }: Matching, { address }: Payee, { network, change }: Context): Finding {
  const open = outputs.filter((_, index) => !paid.has(index));
  const other = open.find(({ script }) => !change.has(script)) ?? open[0];
  const pays = other === undefined ? 'has no output for it' : `pays ${describeScript(other.script, network)}`;
  return contradicts(`rawTx ${pays}, but the request displays ${showAddress(address)}`);
}

function sortOutputs(matching: Matching, context: Context): readonly SortedOutput[] {
  const { outputs, paid, recipient } = matching;
  const sorted = outputs.map((output, index): SortedOutput => {
    const purpose = paid.has(index)
      ? 'destination'
      : context.change.has(output.script)
        ? 'change'
        : 'unexplained';
    return { ...output, purpose };
  });
  const rest = sorted.filter(({ purpose }) => purpose !== 'destination');
  const [first] = rest;
  if (first !== undefined && rest.length > 1) {
    const pays = rest.slice(0, 3).map(({ script }) => describeScript(script, context.network));
    recipient.push(
      contradicts(
        `rawTx has ${outputs.length} outputs, but the request displays ${paid.size} of them, and at most one more can be change: ${pays.join(', ')}`,
      ),
    );
  } else if (first?.purpose === 'unexplained') {
    recipient.push(unexplained(first, context));
  } else {
    recipient.push(HOLDS);
  }
  return sorted;
}

// Reads a transaction of Bitcoin or its kin: what is signed, and whether it agrees with the request.
import { Decimal } from '../../protocol/decimal.js';
import { networkOf } from '../address/network.js';
import type { Asset } from '../catalog.js';
import { NOTHING, type FamilyResult } from '../facts.js';
import { contradicts, HOLDS, unknown, type Finding, type Findings } from '../finding.js';
import type { Signing } from '../signing.js';
import { changeOf } from './change.js';
import { showAmount } from '../units.js';
import { readDisplay, type Display } from './display.js';
import { readEntries } from './entries.js';
import { feeOf, toFacts } from './facts.js';
import { joinEntries, sumOf, type Joined } from './join.js';
import { matchOutputs } from './match.js';
import type { Context, Outcome, SortedOutput } from './outcome.js';
import { rebuildOutputs } from './rebuild.js';

/**
 * Reads legacy preimages, whose outputs are visible and whose inputs' amounts are not, and BIP-143 preimages, whose
 * inputs have amounts and whose outputs are rebuilt from the displayed destinations. Other forms can't be known.
 * @param signing a request with `rawTx`. Without a known asset of Bitcoin or its kin nothing is read
 */
export function readBitcoin(signing: Signing): FamilyResult {
  const { asset } = signing;
  const network = asset === undefined ? undefined : networkOf(asset.chain);
  if (asset === undefined || network === undefined) return NOTHING;
  const display = readDisplay(signing, asset, network);
  const entries = readEntries(signing, network);
  const joined = joinEntries(entries);
  const change = changeOf(signing, joined.codes, network);
  const context: Context = { asset, network, change, ...(display.fee !== undefined && { fee: display.fee }) };
  const outcome = compare(signing, joined, display, context);
  const facts = toFacts(joined.inputs, outcome.outputs, asset.decimals, network);
  return {
    reading: {
      ...(display.chain.outcome === 'holds' && { chain: asset.chain }),
      ...(facts !== undefined && { bitcoin: facts }),
    },
    findings: {
      payload: entries.payload,
      chain: display.chain,
      ...judge(signing, joined, outcome, display, asset),
    },
  };
}

/** Compares the outputs, as far as they are known, with the destinations. */
function compare(signing: Signing, joined: Joined, { payees, problem }: Display, context: Context): Outcome {
  const { outputs, hashOutputs, inputs, unread } = joined;
  const isTransfer = signing.operation === 'TRANSFER' && signing.asset?.contract === undefined;
  if (!isTransfer || payees === undefined) {
    const finding = unknown(isTransfer ? problem : `what a ${signing.operation} pays is not displayed`);
    return {
      recipient: finding,
      amount: finding,
      ...(outputs && { outputs: outputs.map(withoutPurpose(context)) }),
    };
  }
  if (outputs !== undefined) return matchOutputs(outputs, payees, context);
  const total = sumOf(inputs);
  if (hashOutputs !== undefined && total !== undefined)
    return rebuildOutputs(hashOutputs, total, payees, context);
  const finding = unknown(unread ?? 'the inputs of rawTx are not known');
  return { recipient: finding, amount: finding };
}

function withoutPurpose({ change }: Context): (output: { value: bigint; script: Buffer }) => SortedOutput {
  return (output) => ({ ...output, purpose: change.has(output.script) ? 'change' : 'unexplained' });
}

function judge(signing: Signing, joined: Joined, outcome: Outcome, display: Display, asset: Asset): Findings {
  const { recipient, amount } = outcome;
  if (signing.operation !== 'TRANSFER' || asset.contract !== undefined) return { recipient, amount };
  const fee = checkFee(joined, outcome, display, asset, signing.catalog.integrity.maxFeeFactor);
  if (joined.contradiction !== undefined)
    return { recipient: contradicts(joined.contradiction), amount, fee };
  const unread = joined.unread ?? joined.unknownSigner;
  return { recipient: withUnread(recipient, unread), amount: withUnread(amount, unread), fee };
}

/** What the entries that could be read show is not confirmed by those that could not. */
function withUnread(finding: Finding, unread?: string): Finding {
  return unread !== undefined && finding.outcome === 'holds' ? unknown(unread) : finding;
}

/** Where all inputs are known: the fee that is paid is at most a multiple of the displayed one. */
function checkFee(
  { inputs }: Joined,
  { outputs }: Outcome,
  { fee }: Display,
  asset: Asset,
  maxFeeFactor: Decimal,
): Finding {
  const notKnown = unknown('the amounts of all inputs and outputs of rawTx are not known');
  // Legacy inputs, whose amounts are not known, add to the fee of the others.
  const paid = feeOf(
    inputs?.filter(({ value }) => value !== undefined),
    outputs,
  );
  if (paid === undefined) return notKnown;
  if (fee === undefined) return unknown('the request displays no fee');
  const limit = maxFeeFactor.times(fee.toString());
  if (new Decimal(paid.toString()).lessThanOrEqualTo(limit))
    return sumOf(inputs) === undefined ? notKnown : HOLDS;
  return contradicts(
    `rawTx pays a fee of ${showAmount(paid, asset)}, more than ${maxFeeFactor.toFixed()} times the displayed ${showAmount(fee, asset)}`,
  );
}

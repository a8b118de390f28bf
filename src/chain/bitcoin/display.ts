// What the request displays, as scripts and satoshis.
import type { Network } from '../address/network.js';
import type { Asset } from '../catalog.js';
import { contradicts, HOLDS, shorten, unknown, type Finding } from '../finding.js';
import type { Recipient, Signing } from '../signing.js';
import { toUnits } from '../units.js';
import { addressToScript } from './address.js';

/** A destination. */
export interface Payee {
  readonly address: string;
  readonly script: Buffer;
  /** What it may be paid, in satoshis, before a fee is taken from it; empty if no amount is displayed. */
  readonly amounts: readonly bigint[];
}

export interface Display {
  /** Absent if not all destinations are known. */
  readonly payees?: readonly Payee[];
  /** Why they are not known. */
  readonly problem: string;
  /** In satoshis. */
  readonly fee?: bigint;
  /** Whether the destinations' addresses are addresses of the asset's network. */
  readonly chain: Finding;
}

/** More outputs than a transaction of the size that nodes relay has (100,000 bytes). */
const MAX_DESTINATIONS = 3500;

/** Converts the displayed destinations and the fee; the fee is in units of the coin, as in the request. */
export function readDisplay(signing: Signing, asset: Asset, network: Network): Display {
  const recipients = recipientsOf(signing);
  if (recipients.length > MAX_DESTINATIONS) {
    const problem = `the request displays more than ${MAX_DESTINATIONS} destinations`;
    return { problem, chain: unknown(problem) };
  }
  const fee = signing.fee === undefined ? undefined : toUnits(signing.fee, asset.decimals);
  const decoded = recipients.map(({ address }) =>
    address === undefined ? undefined : addressToScript(address, network),
  );
  const chain = checkChain(recipients, decoded, network);
  const payees = recipients.flatMap(({ address = '', units }, index) => {
    const script = decoded[index];
    if (!(script instanceof Buffer)) return [];
    return [{ address, script, amounts: amountsOf(signing, recipients.length, units) }];
  });
  const isKnown = payees.length > 0 && payees.length === recipients.length;
  const problem = chain.outcome === 'holds' ? '' : chain.reason;
  return { ...(isKnown && { payees }), problem, ...(fee !== undefined && { fee }), chain };
}

/** A transfer without a list of destinations has one. */
function recipientsOf({ destinations, destAddress }: Signing): readonly Recipient[] {
  return destinations.length === 0 && destAddress !== undefined ? [{ address: destAddress }] : destinations;
}

function amountsOf({ units, requestedUnits }: Signing, count: number, own?: bigint): readonly bigint[] {
  if (own !== undefined) return [own];
  if (count > 1) return [];
  return [...new Set([units, requestedUnits])].filter((amount) => amount !== undefined);
}

function checkChain(
  recipients: readonly Recipient[],
  decoded: readonly (Buffer | 'foreign' | undefined)[],
  { chain }: Network,
): Finding {
  if (recipients.length === 0) return unknown('the request displays no destination');
  const foreign = recipients[decoded.indexOf('foreign')];
  if (foreign !== undefined) {
    return contradicts(
      `the asset is on ${chain}, but ${showAddress(foreign.address)} is an address of another network`,
    );
  }
  const unread = recipients[decoded.indexOf(undefined)];
  if (unread === undefined) return HOLDS;
  return unknown(
    unread.address === undefined
      ? 'a destination has no address'
      : `${showAddress(unread.address)} can’t be read as an address of ${chain}`,
  );
}

/** Nearly as written: no address of these chains is longer. */
export function showAddress(address = ''): string {
  return shorten(address, 100);
}

// The recipients that a request displays, and their token accounts.
import { canonicalAddress } from '../address/canonical.js';
import type { Recipient, Signing } from '../signing.js';
import type { Reading } from './instruction.js';
import { tokenAccountOf } from './token-account.js';

/** More accounts do not fit into a transaction. */
const MAX_RECIPIENTS = 40;

export interface Displayed {
  /** Empty if the request displays more than fit into a transaction. */
  readonly recipients: readonly Recipient[];
  /** Owners by their token accounts for the asset's mint, under the token programs that the message uses. */
  readonly owners: ReadonlyMap<string, string>;
}

export function displayedBy(signing: Signing, readings: readonly Reading[]): Displayed {
  const all = recipientsOf(signing);
  const recipients = all.length > MAX_RECIPIENTS ? [] : all;
  const mint = signing.asset?.contract;
  const programs = new Set(
    readings.map((reading) => (reading.kind === 'transfer' ? reading.transfer.program : undefined)),
  );
  const owners = new Map<string, string>();
  if (mint === undefined) return { recipients, owners };
  for (const address of new Set(recipients.map((recipient) => recipient.address))) {
    for (const program of programs) {
      if (address === undefined || program === undefined) continue;
      const account = createdFor(address, program, mint, readings) ?? tokenAccountOf(address, program, mint);
      if (account !== undefined) owners.set(account, address);
    }
  }
  return { recipients, owners };
}

/** Its address was derived when the instruction was read; a derivation takes 0.2 ms. */
function createdFor(
  owner: string,
  program: string,
  mint: string,
  readings: readonly Reading[],
): string | undefined {
  for (const reading of readings) {
    if (reading.kind !== 'creation') continue;
    const { creation } = reading;
    if (creation.owner === owner && creation.program === program && creation.mint === mint)
      return creation.account;
  }
  return undefined;
}

/** A request without destinations may display one address, and the amount of the whole. */
function recipientsOf({ destinations, destAddress, asset, units }: Signing): readonly Recipient[] {
  const chain = asset?.chain;
  if (destinations.length === 0) {
    return destAddress === undefined
      ? []
      : [{ address: canonicalAddress(destAddress, chain), ...some(units) }];
  }
  const whole = destinations.length === 1 ? units : undefined;
  return destinations.map((recipient) => ({
    ...(recipient.address === undefined ? {} : { address: canonicalAddress(recipient.address, chain) }),
    ...some(recipient.units ?? whole),
  }));
}

function some(units: bigint | undefined): { readonly units?: bigint } {
  return units === undefined ? {} : { units };
}

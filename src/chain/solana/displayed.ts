// The recipients that a request displays, and their token accounts.
import { canonicalAddress } from '../address/canonical.js';
import type { Recipient, Signing } from '../signing.js';
import type { Reading } from './instruction.js';
import { tokenAccountOf } from './token-account.js';

/** More accounts do not fit into a transaction. */
const MAX_RECIPIENTS = 40;

export interface Displayed {
  readonly recipients: readonly Recipient[];
  /** Owners by their token accounts for the asset's mint, under the token programs that the message uses. */
  readonly owners: ReadonlyMap<string, string>;
}

export function displayedBy(signing: Signing, readings: readonly Reading[]): Displayed {
  const recipients = recipientsOf(signing);
  const mint = signing.asset?.contract;
  const programs = new Set(
    readings.map((reading) => (reading.kind === 'transfer' ? reading.transfer.program : undefined)),
  );
  const owners = new Map<string, string>();
  if (mint === undefined || recipients.length > MAX_RECIPIENTS) return { recipients, owners };
  for (const address of new Set(recipients.map((recipient) => recipient.address))) {
    for (const program of programs) {
      if (address === undefined || program === undefined) continue;
      const account = tokenAccountOf(address, program, mint);
      if (account !== undefined) owners.set(account, address);
    }
  }
  return { recipients, owners };
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

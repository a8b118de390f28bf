// The facts of a Solana message.
import { assetOn, type Asset } from '../catalog.js';
import type { SolanaFacts } from '../facts.js';
import { toHex } from '../hex.js';
import type { Signing } from '../signing.js';
import { toAmount, toInteger } from '../units.js';
import type { Displayed } from './displayed.js';
import type { Movement, Reading } from './instruction.js';
import type { Message } from './message.js';

/** @param readings of the message's instructions, in order */
export function solanaFacts(
  message: Message,
  readings: readonly Reading[],
  displayed: Displayed,
  signing: Signing,
): SolanaFacts {
  const instructions = message.instructions.map(({ program, accounts, data }, index) => {
    const name = readings[index]?.name;
    return {
      program: program.address,
      ...(name === undefined ? {} : { name }),
      accounts: accounts.map(({ address }) => address),
      data: toHex(data),
    };
  });
  const transfers = readings.flatMap((reading) => {
    if (reading.kind !== 'transfer') return [];
    const { transfer } = reading;
    const { to, token } = receiver(transfer, readings, displayed, signing);
    const asset = assetOf(transfer, token, signing);
    return {
      ...(token === undefined ? {} : { token }),
      ...(asset === undefined ? {} : { asset: asset.id, amount: toAmount(transfer.units, asset.decimals) }),
      ...(transfer.authority === message.payer ? {} : { from: transfer.authority }),
      to,
      units: toInteger(transfer.units),
    };
  });
  return { instructions, transfers, complete: isComplete(readings) };
}

/** Whether everything that the instructions do is known. */
export function isComplete(readings: readonly Reading[]): boolean {
  return readings.every(({ kind }) => kind === 'harmless' || kind === 'transfer' || kind === 'creation');
}

interface Receiver {
  /** The owner of the token account, if it is known. */
  readonly to: string;
  readonly token?: string;
}

function receiver(
  { program, mint, to }: Movement,
  readings: readonly Reading[],
  { owners }: Displayed,
  { asset }: Signing,
): Receiver {
  if (program === undefined) return { to };
  const created = readings.find((reading) => reading.kind === 'creation' && reading.creation.account === to);
  if (created?.kind === 'creation') return { to: created.creation.owner, token: created.creation.mint };
  const owner = mint === undefined || mint === asset?.contract ? owners.get(to) : undefined;
  const token = owner === undefined ? mint : asset?.contract;
  return { to: owner ?? to, ...(token === undefined ? {} : { token }) };
}

function assetOf({ program }: Movement, token: string | undefined, signing: Signing): Asset | undefined {
  const chain = signing.asset?.chain;
  if (chain === undefined || (program !== undefined && token === undefined)) return undefined;
  return assetOn(signing.catalog, chain, token);
}

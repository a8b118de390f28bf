// Whether a Solana message makes the displayed transfers, and nothing else.
import type { Asset } from '../catalog.js';
import { contradicts, HOLDS, shorten, unknown, worst, type Finding } from '../finding.js';
import type { Recipient, Signing } from '../signing.js';
import { showAmount, toUnits } from '../units.js';
import type { Displayed } from './displayed.js';
import { DECIMALS } from './fee.js';
import type { Creation, Movement, Reading } from './instruction.js';
import type { Message } from './message.js';

interface TransferFindings {
  readonly recipient: Finding;
  readonly amount: Finding;
}

/** A displayed recipient, and the transfer to it. */
interface Pair {
  readonly recipient: Recipient;
  readonly transfer: Movement;
}

/** @param readings of the message's instructions, in order */
export function checkTransfer(
  message: Message,
  readings: readonly Reading[],
  displayed: Displayed,
  signing: Signing & { readonly asset: Asset },
): TransferFindings {
  const { asset } = signing;
  const others = readings.map((reading) => checkOther(reading, displayed, asset));
  if (message.instructions.some(({ program }) => program.isWritable)) {
    others.push(unknown('rawTx makes the account of a program writable'));
  }
  if (message.unusedAccount !== undefined) {
    others.push(unknown(`no instruction of rawTx uses its account ${message.unusedAccount}`));
  }
  if (!isDisplayed(displayed)) {
    const finding = unknown('the request does not display an address for each destination');
    const tokens = readings.map((reading) =>
      reading.kind === 'transfer' ? checkToken(reading.transfer, asset) : HOLDS,
    );
    return { recipient: worst([...others, ...tokens, finding]), amount: finding };
  }
  const { findings, pairs } = pairUp(readings, displayed, asset);
  const isPaid = displayed.recipients.length === pairs.length;
  const unpaid = isPaid ? HOLDS : unknown('rawTx does not pay all destinations');
  return {
    recipient: worst([...others, ...findings]),
    amount: worst([...checkAmounts(pairs, signing), unpaid]),
  };
}

function isDisplayed({ recipients }: Displayed): boolean {
  return recipients.length > 0 && recipients.every(({ address }) => address !== undefined);
}

/** Instructions other than transfers. */
function checkOther(reading: Reading, displayed: Displayed, asset: Asset): Finding {
  switch (reading.kind) {
    case 'harmless':
    case 'transfer':
      return HOLDS;
    case 'creation':
      return checkCreation(reading.creation, displayed, asset);
    case 'invalid':
      return contradicts(`the instruction ${reading.name} of rawTx is malformed: ${reading.problem}`);
    case 'other':
      return reading.isDangerous
        ? contradicts(`rawTx contains ${reading.name}, which the transfer of ${asset.id} does not need`)
        : unknown(`what ${reading.name} in rawTx does can’t be read`);
    case 'unknown':
      return unknown(
        `rawTx contains an instruction that can’t be read: ${reading.name ?? 'its method is not known'}`,
      );
  }
}

/** A recipient's token account may have to be created first, at the sender's cost. Either address may be displayed. */
function checkCreation({ owner, mint, account }: Creation, displayed: Displayed, asset: Asset): Finding {
  const { recipients } = displayed;
  if (mint === asset.contract) {
    if (recipients.some(({ address }) => address === owner || address === account)) return HOLDS;
    if (!isDisplayed(displayed)) return unknown(`rawTx creates a token account of ${owner}`);
  }
  return contradicts(
    `rawTx creates a token account of ${owner} for the mint ${mint}, but the request displays a transfer of ` +
      `${asset.id} to ${list(recipients)}`,
  );
}

/** Each transfer goes to a recipient of its own; one with the same amount is preferred. */
function pairUp(
  readings: readonly Reading[],
  displayed: Displayed,
  asset: Asset,
): { readonly findings: readonly Finding[]; readonly pairs: readonly Pair[] } {
  const unpaid = [...displayed.recipients];
  const pairs: Pair[] = [];
  const findings: Finding[] = [];
  for (const reading of readings) {
    if (reading.kind !== 'transfer') continue;
    const { transfer } = reading;
    const token = checkToken(transfer, asset);
    const address = displayed.owners.get(transfer.to) ?? transfer.to;
    const same = unpaid.filter((recipient) => recipient.address === address);
    const recipient = same.find(({ units }) => units === transfer.units) ?? same[0];
    if (token.outcome === 'contradicts' || recipient === undefined) {
      findings.push(token.outcome === 'contradicts' ? token : strayTransfer(transfer, displayed.recipients));
      continue;
    }
    unpaid.splice(unpaid.indexOf(recipient), 1);
    pairs.push({ recipient, transfer });
    // The token account of the recipient for the mint proves that it is the mint.
    findings.push(displayed.owners.has(transfer.to) ? HOLDS : token);
  }
  if (unpaid.length > 0) findings.push(unpaidFinding(unpaid, readings));
  return { findings, pairs };
}

/** Whether a transfer is one of the asset. */
function checkToken({ program, mint, name }: Movement, { id, contract }: Asset): Finding {
  if (contract === undefined) {
    return program === undefined
      ? HOLDS
      : contradicts(`rawTx contains ${name}, but the request displays a transfer of ${id}`);
  }
  if (program === undefined) {
    return contradicts(`rawTx contains ${name}, but the request displays a transfer of the token ${id}`);
  }
  if (mint === undefined) return unknown(`${name} in rawTx does not name the token`);
  return mint === contract
    ? HOLDS
    : contradicts(`rawTx transfers the token ${mint}, but the request displays ${id}, which is ${contract}`);
}

function strayTransfer({ to }: Movement, recipients: readonly Recipient[]): Finding {
  return contradicts(`rawTx pays ${to}, but the request displays ${list(recipients)}`);
}

/** An unknown program may pay them; of the known methods, only transfers do. */
function unpaidFinding(unpaid: readonly Recipient[], readings: readonly Reading[]): Finding {
  const reason = `rawTx does not pay ${list(unpaid)}, which the request displays`;
  const isReadable = readings.every(({ kind }) => kind !== 'unknown');
  return isReadable ? contradicts(reason) : unknown(reason);
}

/** The fee may be taken from the amount, once; only coins can pay it. */
function checkAmounts(
  pairs: readonly Pair[],
  { asset, fee }: Signing & { readonly asset: Asset },
): Finding[] {
  const shownFee = asset.contract === undefined ? toUnits(fee ?? '0', DECIMALS) : undefined;
  let isGross = false;
  return pairs.map(({ recipient, transfer }) => {
    if (recipient.units === undefined)
      return unknown('the request does not display the amount of each destination');
    if (transfer.decimals !== undefined && transfer.decimals !== asset.decimals) {
      return contradicts(`rawTx states ${transfer.decimals} decimals, but ${asset.id} has ${asset.decimals}`);
    }
    const displayed = recipient.units;
    const isNet = transfer.units === displayed;
    if (!isNet && !isGross && shownFee !== undefined && transfer.units === displayed - shownFee) {
      isGross = true;
      return HOLDS;
    }
    if (!isNet) {
      return contradicts(
        `rawTx pays ${showAmount(transfer.units, asset)} to ${recipient.address ?? transfer.to}, ` +
          `but the request displays ${showAmount(displayed, asset)}`,
      );
    }
    return transfer.hasFee ? unknown(`a fee is withheld from the amount of ${transfer.name}`) : HOLDS;
  });
}

/** Longer than any address of Solana. */
const MAX_ADDRESS = 60;

function list(recipients: readonly Recipient[]): string {
  const shown = recipients.slice(0, 3).map(({ address = '' }) => shorten(address, MAX_ADDRESS));
  return recipients.length > shown.length ? `${shown.join(', ')}, …` : shown.join(', ');
}

// The frame of a transaction request, as the Co-signer sends it: who pays whom, the amounts, and what is signed.
import type { Payload } from '../../cli/cosigner/request.js';
import { coinOf, type TrafficAsset } from './assets.js';
import type { Random } from './random.js';

/** Source or destination of a transfer, as Fireblocks names them. */
export interface Party {
  /** Such as `VAULT`, `EXCHANGE`, `UNMANAGED` or `ONE_TIME_ADDRESS`. */
  readonly type: string;
  /** Vault account or UUID; empty for a one-time address. */
  readonly id: string;
  readonly name?: string;
  readonly subType?: string;
}

export interface Frame {
  readonly requestId: string;
  readonly txId: string;
  readonly source: Party;
  readonly players: readonly string[];
  readonly note?: string;
}

/** One destination as displayed. */
export interface Displayed {
  readonly party: Party;
  /** `displayDstAddress`; absent where the request displays none. */
  readonly address?: string;
  /** `dstAddress`, which may be spelled differently; by default absent for a vault, else `address`. */
  readonly dstAddress?: string;
  readonly tag?: string;
  /** In the smallest units of the asset. */
  readonly units: bigint;
}

/** One element of `rawTx`. */
export interface Entry {
  readonly path: readonly number[];
  readonly rawTx?: Buffer;
  readonly payload: Buffer;
}

export interface Shown {
  readonly frame: Frame;
  /** Absent: the field is not sent, which means TRANSFER. */
  readonly operation?: string;
  readonly asset: TrafficAsset;
  readonly destinations?: readonly Displayed[];
  readonly units?: bigint;
  readonly requestedUnits?: bigint;
  /** In the smallest units of the chain's own coin. */
  readonly fee?: bigint;
  /** By default the address of the only destination. */
  readonly destAddress?: string;
  readonly entries?: readonly Entry[];
  readonly extraParameters?: Payload;
}

/**
 * How amounts are displayed. `net`: the fee is paid on top. The others take it from the amount ("gross"), and differ in
 * the field that shows the amount before it:
 * - `gross`: all of them.
 * - `gross-requested`: `requestedAmountStr` alone.
 * - `gross-amount`: `amountStr` and `requestedAmountStr`, while destinations show what they receive.
 */
export type AmountForm = 'net' | 'gross' | 'gross-requested' | 'gross-amount';
export const AMOUNT_FORMS: readonly AmountForm[] = ['net', 'gross', 'gross-requested', 'gross-amount'];

/** @param received what each destination receives @param fee is taken from the first destination where it is gross */
export function displayedUnits(
  form: AmountForm,
  received: readonly bigint[],
  fee: bigint,
): { readonly each: readonly bigint[]; readonly units: bigint; readonly requestedUnits: bigint } {
  const net = received.reduce((sum, units) => sum + units, 0n);
  const gross = net + fee;
  switch (form) {
    case 'net':
      return { each: received, units: net, requestedUnits: net };
    case 'gross':
      return {
        each: received.map((units, i) => units + (i === 0 ? fee : 0n)),
        units: gross,
        requestedUnits: gross,
      };
    case 'gross-requested':
      return { each: received, units: net, requestedUnits: gross };
    case 'gross-amount':
      return { each: received, units: gross, requestedUnits: gross };
  }
}

/** An amount with all its decimal places, as Fireblocks writes `amountStr`. */
export function fixed(units: bigint, decimals: number): string {
  const digits = units.toString().padStart(decimals + 1, '0');
  return decimals === 0 ? digits : `${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`;
}

/** The shortest form of an amount, as Fireblocks writes `requestedAmountStr`. */
export function shortest(units: bigint, decimals: number): string {
  const text = fixed(units, decimals);
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}

/** @returns a signing request */
export function transactionRequest(shown: Shown): Payload {
  const { frame, operation, asset, destinations, units, requestedUnits = units, fee, entries } = shown;
  const only = destinations?.length === 1 ? destinations[0] : undefined;
  const destAddress = shown.destAddress ?? only?.address;
  return {
    requestId: frame.requestId,
    txId: frame.txId,
    ...(operation !== undefined && { operation }),
    sourceType: frame.source.type,
    sourceId: frame.source.id,
    destType: only?.party.type ?? '',
    destId: only?.party.id ?? '',
    asset: asset.id,
    ...(units !== undefined && {
      amount: Number(shortest(units, asset.decimals)),
      amountStr: fixed(units, asset.decimals),
    }),
    ...(requestedUnits !== undefined && {
      requestedAmount: Number(shortest(requestedUnits, asset.decimals)),
      requestedAmountStr: shortest(requestedUnits, asset.decimals),
    }),
    ...(fee !== undefined && { fee: fixed(fee, coinOf(asset).decimals) }),
    ...(only && { destAddressType: addressType(only.party) }),
    ...(destAddress !== undefined && { destAddress }),
    ...(frame.note !== undefined && { note: frame.note }),
    ...(destinations && { destinations: destinations.map((each) => destination(each, asset)) }),
    ...(shown.extraParameters && { extraParameters: shown.extraParameters }),
    ...(entries && { rawTx: entries.map(entryJson) }),
    players: frame.players,
  };
}

function destination({ party, address, dstAddress, tag, units }: Displayed, asset: TrafficAsset): Payload {
  const shownTwice = dstAddress ?? (party.type === 'VAULT' ? undefined : address);
  return {
    amountNative: Number(shortest(units, asset.decimals)),
    amountNativeStr: shortest(units, asset.decimals),
    amountUSD: Number((Number(shortest(units, asset.decimals)) * asset.usd).toFixed(8)),
    ...(shownTwice !== undefined && { dstAddress: shownTwice }),
    dstAddressType: addressType(party),
    dstId: party.id,
    dstWalletId: '',
    dstName: party.name ?? '',
    dstSubType: party.subType ?? '',
    dstType: party.type,
    ...(address !== undefined && { displayDstAddress: address }),
    ...(tag !== undefined && { displayDstTag: tag }),
    action: 'ALLOW',
    actionInfo: { capturedRuleNum: 5, rulesSnapshotId: 8164, byGlobalPolicy: false, byRule: true },
  };
}

function addressType({ type }: Party): string {
  return type === 'ONE_TIME_ADDRESS' ? 'ONE_TIME' : 'WHITELISTED';
}

function entryJson({ path, rawTx, payload }: Entry): Payload {
  return {
    keyDerivationPath: `[ ${path.join(', ')} ]`,
    ...(rawTx && { rawTx: rawTx.toString('hex') }),
    payload: payload.toString('hex'),
  };
}

/** The approval that precedes a signing request: without fee, displayed addresses and raw transaction. */
export function approvalOf(signing: Payload): Payload {
  const { destinations } = signing;
  const approval = { ...signing };
  delete approval['fee'];
  delete approval['rawTx'];
  if (Array.isArray(destinations)) {
    approval['destinations'] = (destinations as Payload[]).map((shown) => {
      const rest = { ...shown };
      delete rest['displayDstAddress'];
      delete rest['displayDstTag'];
      return rest;
    });
  }
  return approval;
}

export function randomFrame(random: Random, source?: Party): Frame {
  const txId = random.uuid();
  return {
    txId,
    requestId: txId,
    source: source ?? { type: 'VAULT', id: String(random.int(0, 20)) },
    players: [random.uuid(), random.uuid(), random.uuid()],
  };
}

/** @param random chooses the kind of destination: an own vault, an exchange, a listed wallet or a one-time address */
export function randomParty(random: Random): Party {
  switch (random.int(0, 3)) {
    case 0:
      return { type: 'VAULT', id: String(random.int(0, 20)), name: 'Network Deposits' };
    case 1:
      return { type: 'EXCHANGE', id: random.uuid(), name: 'Kraken main', subType: 'KRAKEN' };
    case 2:
      return { type: 'UNMANAGED', id: random.uuid(), name: 'Acme settlement', subType: 'External' };
    default:
      return { type: 'ONE_TIME_ADDRESS', id: '' };
  }
}

// Checks that need no raw transaction: that what a request displays agrees with itself.
import { isObject } from '../protocol/request.js';
import { type Decimal, parseAmount } from '../protocol/decimal.js';
import { sameAddress } from './address/canonical.js';
import { contradicts, type Finding, HOLDS, unknown, worst } from './finding.js';
import { addressOf } from './prepare.js';
import type { Signing } from './signing.js';

type Payload = Readonly<Record<string, unknown>>;

/**
 * `display`: the addresses of a destination are one address, and for a transfer to one destination `destAddress` is
 * too, unless it is the token's contract.
 */
export function checkDisplay(payload: Payload, signing: Signing): Finding {
  const destinations = destinationsOf(payload);
  const findings = destinations.map((destination) =>
    compare(
      'displayDstAddress',
      addressOf(destination['displayDstAddress']),
      'dstAddress',
      addressOf(destination['dstAddress']),
      signing.asset?.chain,
    ),
  );
  const [only] = destinations;
  if (signing.operation === 'TRANSFER' && destinations.length === 1 && only !== undefined) {
    findings.push(checkDestAddress(only, signing));
  }
  return worst(findings);
}

function checkDestAddress(destination: Payload, { destAddress, asset }: Signing): Finding {
  if (
    destAddress !== undefined &&
    asset?.contract !== undefined &&
    sameAddress(destAddress, asset.contract, asset.chain)
  ) {
    return HOLDS;
  }
  const address = addressOf(destination['displayDstAddress']) ?? addressOf(destination['dstAddress']);
  return compare('destAddress', destAddress, 'its destination', address, asset?.chain);
}

function compare(
  name: string,
  value: string | undefined,
  otherName: string,
  other: string | undefined,
  chain: string | undefined,
): Finding {
  if (value === undefined || other === undefined || sameAddress(value, other, chain)) return HOLDS;
  if (chain === undefined) {
    return unknown(`${name} ${value} and ${otherName} ${other} differ, and the asset’s chain is not known`);
  }
  // X-addresses of the XRP Ledger contain the address and the tag; they are not decoded.
  if (chain.startsWith('xrp') && [value, other].some((text) => /^[XT]/.test(text))) {
    return unknown(`${name} ${value} and ${otherName} ${other} can’t be compared`);
  }
  return contradicts(`${name} is ${value}, but ${otherName} is ${other}`);
}

/**
 * Part of `amount`: the destinations of a transfer add up to `amountStr` or `requestedAmountStr`, each with or without
 * the fee. A token's fee is paid in another coin, so its sum is exact.
 */
export function checkSum(payload: Payload, { operation, asset }: Signing): Finding {
  if (operation !== 'TRANSFER') return unknown(`not checked for ${operation}`);
  const sum = sumOf(destinationsOf(payload).map((destination) => amountOf(destination['amountNativeStr'])));
  const totals = ['amountStr', 'requestedAmountStr'].flatMap((field) => amountOf(payload[field]) ?? []);
  if (sum === undefined || totals.length === 0) return unknown('no amounts are displayed');
  const fee = amountOf(payload['fee']);
  const feeIsInAsset = asset?.contract === undefined;
  const accepted = totals.flatMap((total) =>
    fee === undefined || !feeIsInAsset ? [total] : [total, total.plus(fee), total.minus(fee)],
  );
  if (accepted.some((total) => total.eq(sum))) return HOLDS;
  // An approval displays no fee; a gross transaction takes it from the amount, as an exchange does with its own fee.
  const mayLackFee = (fee === undefined && feeIsInAsset) || isFromExchange(payload);
  if (mayLackFee && totals.some((total) => sum.lt(total))) {
    return unknown('the destinations get less than the request, and the fee, if it is one, is not displayed');
  }
  return contradicts(
    `the destinations get ${sum.toFixed()}, but the request is for ${totals.map((total) => total.toFixed()).join(' or ')}`,
  );
}

/** The fee of an exchange is in the asset that it sends, also if that is a token. */
function isFromExchange({ sourceType }: Payload): boolean {
  return typeof sourceType === 'string' && sourceType.startsWith('EXCHANGE');
}

/** @returns `undefined` without amounts, or if one is missing */
function sumOf(amounts: readonly (Decimal | undefined)[]): Decimal | undefined {
  if (amounts.length === 0) return undefined;
  return amounts.reduce((sum, amount) =>
    sum === undefined || amount === undefined ? undefined : sum.plus(amount),
  );
}

function amountOf(value: unknown): Decimal | undefined {
  return typeof value === 'string' && value !== '' ? parseAmount(value) : undefined;
}

function destinationsOf({ destinations }: Payload): readonly Payload[] {
  return Array.isArray(destinations) ? destinations.filter(isObject) : [];
}

// Reads from a request what it displays and what it signs, for all checks.
import { DEFAULT_OPERATION, isObject, present, presentAddress } from '../protocol/request.js';
import { sameAddress } from './address/canonical.js';
import type { Asset, Catalog } from './catalog.js';
import { parseHex } from './hex.js';
import type { RawEntry, Recipient, Signing } from './signing.js';
import { toUnits } from './units.js';

type Payload = Readonly<Record<string, unknown>>;

export function prepareSigning(payload: Payload, catalog: Catalog): Signing {
  const assetId = stringOf(payload['asset']);
  const asset = assetId === undefined ? undefined : catalog.assets.get(assetId);
  const { destinations, rawTx, extraParameters } = payload;
  const operation = stringOf(payload['operation']) ?? DEFAULT_OPERATION;
  // Without a raw transaction, only the amount of a call is needed.
  const unitAsset = Array.isArray(rawTx) || operation === 'CONTRACT_CALL' ? asset : undefined;
  const units = unitsOf(payload['amountStr'], unitAsset);
  const requestedUnits = unitsOf(payload['requestedAmountStr'], unitAsset);
  const destAddress = addressOf(payload['destAddress']);
  const fee = stringOf(payload['fee']);
  return {
    operation,
    ...(asset !== undefined && { asset }),
    entries: Array.isArray(rawTx) ? rawTx.map(toEntry) : [],
    destinations: Array.isArray(destinations)
      ? destinations.map((entry) => toRecipient(entry, asset?.chain, unitAsset))
      : [],
    ...(destAddress !== undefined && { destAddress }),
    ...(units !== undefined && { units }),
    ...(requestedUnits !== undefined && { requestedUnits }),
    ...(fee !== undefined && { fee }),
    extraParameters: isObject(extraParameters) ? extraParameters : {},
    catalog,
  };
}

function toRecipient(
  destination: unknown,
  chain: string | undefined,
  unitAsset: Asset | undefined,
): Recipient {
  if (!isObject(destination)) return {};
  const units = unitsOf(destination['amountNativeStr'], unitAsset);
  const displayed = addressOf(destination['displayDstAddress']);
  const stored = addressOf(destination['dstAddress']);
  const address =
    displayed === undefined || stored === undefined || sameAddress(displayed, stored, chain)
      ? (displayed ?? stored)
      : undefined;
  return { ...(address !== undefined && { address }), ...(units !== undefined && { units }) };
}

function toEntry(value: unknown, index: number): RawEntry {
  if (!isObject(value)) return { problem: `rawTx[${index}] is not an object` };
  const rawTx = bytesOf(value['rawTx']);
  const payload = bytesOf(value['payload']);
  const keyDerivationPath = stringOf(value['keyDerivationPath']);
  const broken = rawTx === null ? 'rawTx' : payload === null ? 'payload' : undefined;
  return {
    ...(rawTx !== null && rawTx !== undefined && { rawTx }),
    ...(payload !== null && payload !== undefined && { payload }),
    ...(keyDerivationPath !== undefined && { keyDerivationPath }),
    ...(broken !== undefined && { problem: `rawTx[${index}].${broken} is not hex` }),
  };
}

/** @returns `undefined` if it is absent, `null` if it is not hex */
function bytesOf(value: unknown): Buffer | null | undefined {
  const text = present(value);
  if (text === undefined) return undefined;
  return typeof text === 'string' ? (parseHex(text) ?? null) : null;
}

function unitsOf(value: unknown, asset: Asset | undefined): bigint | undefined {
  return typeof value === 'string' && asset !== undefined ? toUnits(value, asset.decimals) : undefined;
}

function stringOf(value: unknown): string | undefined {
  const text = present(value);
  return typeof text === 'string' ? text : undefined;
}

/** An address as sent. */
export function addressOf(value: unknown): string | undefined {
  const text = presentAddress(value);
  return typeof text === 'string' ? text : undefined;
}

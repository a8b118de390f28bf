// Reads an EVM transaction: what is signed, and whether it agrees with the request.
import { keccak256 } from 'viem/utils';
import { canonicalAddress } from '../address/canonical.js';
import type { Asset, Catalog } from '../catalog.js';
import { familyOf } from '../chain.js';
import { type EvmFacts, type FamilyResult, NOTHING, payloadOnly, type Reading } from '../facts.js';
import { contradicts, type Finding, HOLDS, malformedBy, unknown, worst } from '../finding.js';
import { parseHex, toHex } from '../hex.js';
import type { RawEntry, Signing } from '../signing.js';
import { toAmount, toInteger } from '../units.js';
import { type Call, readCall, rootScope } from './call.js';
import { checkTransactions, coinDecimals, displayedContract, isEvmAddress } from './checks.js';
import { combine, payment } from './effects.js';
import { decodeTransaction, type EvmTransaction, isKnownForm } from './transaction.js';

/** Far above the one entry that a transaction has, so that checking all of them takes little time. */
const MAX_ENTRIES = 16;

/**
 * @param signing a request with `rawTx`. Without a known asset, the bytes are read only if their digest is the payload,
 *   and nothing contradicts
 */
export function readEvm(signing: Signing): FamilyResult {
  const { asset, entries } = signing;
  if (entries.length > MAX_ENTRIES) {
    const reason = `rawTx has ${entries.length} entries, but an EVM transaction has one signature`;
    return asset === undefined ? NOTHING : payloadOnly(contradicts(reason));
  }
  const inspected = entries.map(inspect);
  const payload = worst(inspected.map((entry) => entry.payload));
  const unread = inspected.find(({ transaction }) => transaction === undefined)?.unread;
  if (asset === undefined) {
    const isCertain = entries.length > 0 && unread === undefined && payload.outcome === 'holds';
    return isCertain ? { reading: read(inspected, signing).reading, findings: { payload } } : NOTHING;
  }
  // If it contradicts, rawTx does not say what is signed.
  if (payload.outcome === 'contradicts') return payloadOnly(payload);
  const transactions = inspected.flatMap(({ transaction }) => transaction ?? []);
  const { reading, malformed } = read(inspected, signing);
  return {
    reading,
    findings: {
      payload: malformed === undefined ? payload : contradicts(`rawTx is malformed: ${malformed}`),
      ...checkTransactions(transactions, { ...signing, asset }, unread),
    },
  };
}

interface Inspected {
  /** Absent if the form is unknown, or the bytes are malformed. */
  readonly transaction?: EvmTransaction;
  readonly payload: Finding;
  /** Why there is no transaction. */
  readonly unread?: string;
}

function inspect({ rawTx, payload }: RawEntry, index: number): Inspected {
  if (rawTx === undefined) {
    const unread = `rawTx[${index}] has no transaction`;
    return { payload: unknown(unread), unread };
  }
  const digest = checkDigest(rawTx, payload, index);
  try {
    const transaction = decodeTransaction(rawTx);
    if (transaction !== undefined) return { transaction, payload: digest };
  } catch (error) {
    const reason = `rawTx is malformed: ${malformedBy(error)}`;
    return { payload: contradicts(reason), unread: reason };
  }
  const start = rawTx.toString('hex', 0, 1);
  return {
    payload: digest,
    unread: `rawTx[${index}] (0x${start}…, ${rawTx.length} bytes) is of an unknown form`,
  };
}

/** The digest of the documented forms is Keccak-256 of all their bytes. What the digest of others is, is not known. */
function checkDigest(rawTx: Buffer, payload: Buffer | undefined, index: number): Finding {
  if (payload === undefined) return unknown(`rawTx[${index}] has no payload`);
  const digest = Buffer.from(keccak256(rawTx, 'bytes'));
  if (digest.equals(payload)) return HOLDS;
  const reason = `the digest of rawTx is ${toHex(digest)}, but the payload is ${toHex(payload.subarray(0, 32))}`;
  return isKnownForm(rawTx) ? contradicts(reason) : unknown(reason);
}

/** Facts say what is signed, so there are none of several transactions, or of one beside something unread. */
function read(inspected: readonly Inspected[], signing: Signing): { reading: Reading; malformed?: string } {
  const transaction = inspected.length === 1 ? inspected[0]?.transaction : undefined;
  if (transaction === undefined) return { reading: {} };
  const { asset, catalog } = signing;
  const { chainId, to, data, value } = transaction;
  const chain = chainId === undefined ? undefined : `evm/${chainId}`;
  const reading: Reading = {
    ...(chain !== undefined && { chain }),
    evm: factsOf(transaction, asset),
  };
  if (to === undefined) return { reading };
  try {
    const call = callOf({ chain: chain ?? asset?.chain ?? '', to, data, value }, catalog);
    return {
      reading: { ...reading, ...(showsCoins(signing) ? call : withCoins(call, transaction, signing)) },
    };
  } catch (error) {
    return { reading, malformed: malformedBy(error) };
  }
}

function factsOf(transaction: EvmTransaction, asset: Asset | undefined): EvmFacts {
  const { chainId, to, value, gasLimit, gasPrice, nonce, delegates } = transaction;
  const decimals = coinDecimals(asset);
  return {
    ...(chainId !== undefined && { chainId: toInteger(chainId) }),
    ...(to !== undefined && { to: canonicalAddress(to, EVM) }),
    value: toAmount(value, decimals),
    maxFee: toAmount(gasLimit * gasPrice, decimals),
    nonce: toInteger(nonce),
    delegates: delegates.map((address) => canonicalAddress(address, EVM)),
  };
}

/** Addresses have one form on all EVM chains. */
const EVM = 'evm/1';

function callOf(call: Call, catalog: Catalog): Pick<Reading, 'call'> {
  const facts = call.data.length === 0 ? undefined : readCall(call, catalog);
  return facts === undefined ? {} : { call: facts };
}

/**
 * Reads the call of a request without `rawTx` from `extraParameters.contractCallData`. Nothing confirms that it is what
 * will be signed, so no check holds.
 * @param signing a CONTRACT_CALL
 */
export function readContractCallData(signing: Signing): FamilyResult {
  const { asset, units, catalog } = signing;
  const text = signing.extraParameters['contractCallData'];
  const address = displayedContract(signing);
  if (typeof text !== 'string' || (asset !== undefined && familyOf(asset.chain) !== 'evm')) return NOTHING;
  const contradiction = (reason: string): FamilyResult =>
    asset === undefined ? NOTHING : payloadOnly(contradicts(reason));
  const data = parseHex(text);
  if (data === undefined) return contradiction('contractCallData is not hex');
  if (address === undefined) return NOTHING;
  const to = canonicalAddress(address, asset?.chain);
  if (!isEvmAddress(to)) return NOTHING;
  // A call that names a token as its asset may send coins too, and its amount is not theirs.
  const value = asset?.contract === undefined ? units : undefined;
  try {
    const reading = callOf({ chain: asset?.chain ?? '', to, data, value: value ?? 0n }, catalog);
    return { reading: value === undefined ? incomplete(reading) : reading, findings: {} };
  } catch (error) {
    return contradiction(`contractCallData is malformed: ${malformedBy(error)}`);
  }
}

/** Whether the coins that a call sends are displayed, so that a rule sees them in `tx.amount`. */
function showsCoins({ operation, asset }: Signing): boolean {
  return operation === 'CONTRACT_CALL' && asset !== undefined && asset.contract === undefined;
}

/** Coins that are sent with a call, but are not displayed, are one of its transfers. */
function withCoins(
  { call }: Pick<Reading, 'call'>,
  { value }: EvmTransaction,
  { asset, catalog }: Signing,
): Pick<Reading, 'call'> {
  if (call?.effects === undefined || value === 0n) return { ...(call !== undefined && { call }) };
  const scope = rootScope(catalog, call.contract, asset?.chain);
  const paid = payment(scope, undefined, call.contract, value);
  return incomplete({ call: { ...call, effects: combine([paid, call.effects]) } });
}

/** What the call does with coins is not known, or not displayed. */
function incomplete({ call }: Pick<Reading, 'call'>): Pick<Reading, 'call'> {
  if (call?.effects === undefined) return { ...(call !== undefined && { call }) };
  return { call: { ...call, effects: { ...call.effects, complete: false } } };
}

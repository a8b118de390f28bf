// What the handler finds in a made-up request.
import { parseUnits } from 'ethers';
import { NAMED_ASSETS } from '../../bench/traffic/assets.js';
import { doubleSha256 } from '../../bench/traffic/bitcoin-bytes.js';
import { TRAFFIC_CATALOG } from '../../bench/traffic/catalog.js';
import { keccak } from '../../bench/traffic/evm.js';
import type { Random } from '../../bench/traffic/random.js';
import { shortest } from '../../bench/traffic/request.js';
import type { Payload } from '../../cli/cosigner/request.js';
import type { Catalog, CheckName } from '../../src/chain/catalog.js';
import { readSigned, type Signed } from '../../src/chain/read.js';
import { parseRequest } from '../../src/protocol/request.js';

/** @param payload as sent: it is serialized and parsed, as a token's claims are */
export function readPayload(payload: Payload, catalog: Catalog = TRAFFIC_CATALOG): Signed {
  return readSigned(parseRequest(JSON.parse(JSON.stringify(payload))), catalog);
}

/** The names of the checks that contradict, in alphabetical order. */
export function contradictions({ findings }: Signed): readonly CheckName[] {
  return (Object.keys(findings) as CheckName[])
    .filter((check) => findings[check].outcome === 'contradicts')
    .sort();
}

/** What contradicts, with its reasons, for the message of a failed test. */
export function reasons({ findings, verified, problem }: Signed): readonly string[] {
  return [
    ...Object.entries(findings).flatMap(([check, finding]) =>
      finding.outcome === 'contradicts' ? [`${check}: ${finding.reason}`] : [],
    ),
    ...(verified || problem === undefined ? [] : [`not verified: ${problem}`]),
  ];
}

/** One change to a request that agrees with itself. */
export interface Change<T> {
  readonly name: string;
  /** One of these checks refuses the request. Empty: the chain can't show the change, so that it only must not verify. */
  readonly refusedBy: readonly CheckName[];
  readonly make: (intent: T, random: Random) => Payload;
}

type Bytes = (bytes: Buffer, index: number) => Buffer;

/** Changes `rawTx` of every entry, and recomputes the digests. */
export function resign(payload: Payload, change: Bytes): Payload {
  const digest = DIGESTS[familyOf(payload)];
  const entries = payload['rawTx'] as readonly Record<string, string>[];
  return {
    ...payload,
    rawTx: entries.map((entry, i) => {
      const rawTx = change(Buffer.from(entry['rawTx'] ?? '', 'hex'), i);
      return { ...entry, rawTx: rawTx.toString('hex'), payload: digest(rawTx).toString('hex') };
    }),
  };
}

export type Family = 'evm' | 'bitcoin' | 'solana';

/** The digest that a chain signs; the message itself on Solana. */
export const DIGESTS: Readonly<Record<Family, (bytes: Buffer) => Buffer>> = {
  evm: keccak,
  bitcoin: doubleSha256,
  solana: (message) => message,
};

export function familyOf(payload: Payload): Family {
  const chain = NAMED_ASSETS.find(({ id }) => id === payload['asset'])?.chain ?? 'evm/1';
  if (chain.startsWith('evm/')) return 'evm';
  return chain.startsWith('solana') ? 'solana' : 'bitcoin';
}

/** Changes one bit of the first payload that is signed. */
export function withOtherPayload(payload: Payload): Payload {
  const [first, ...rest] = payload['rawTx'] as readonly Record<string, string>[];
  const bytes = Buffer.from(first?.['payload'] ?? '', 'hex');
  bytes.writeUInt8(bytes.readUInt8(bytes.length - 1) ^ 1, bytes.length - 1);
  return { ...payload, rawTx: [{ ...first, payload: bytes.toString('hex') }, ...rest] };
}

/** Changes fields of the first destination. */
export function withDestination(payload: Payload, fields: Payload): Payload {
  const [first, ...rest] = payload['destinations'] as readonly Payload[];
  return { ...payload, destinations: [{ ...first, ...fields }, ...rest] };
}

/** Displays the first destination twice, and the sum of both. */
export function withDoubledDestination(payload: Payload, decimals: number): Payload {
  const [first = {}, ...rest] = payload['destinations'] as readonly Payload[];
  const destinations = [first, first, ...rest];
  const units = destinations.reduce(
    (sum, { amountNativeStr }) => sum + parseUnits(String(amountNativeStr), decimals),
    0n,
  );
  return {
    ...payload,
    destinations,
    amountStr: shortest(units, decimals),
    requestedAmountStr: shortest(units, decimals),
  };
}

export const withTrailingByte: Bytes = (bytes) => Buffer.concat([bytes, Buffer.from([0])]);

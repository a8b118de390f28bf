// Reads all entries of `rawTx`, and checks that each digest is what is signed.
import type { Network } from '../address/network.js';
import { contradicts, HOLDS, unknown, worst, type Finding } from '../finding.js';
import { doubleSha256 } from '../hash.js';
import type { RawEntry, Signing } from '../signing.js';
import { requiredSighash, sighashName } from './sighash-type.js';
import {
  findScript,
  readPreimage,
  skeletonOf,
  type LegacyPreimage,
  type Preimage,
  type Skeleton,
  type WitnessPreimage,
} from './preimage.js';
import { isMultisig, signerOf } from './script.js';
import type { Transaction } from './transaction.js';

export interface Entries {
  readonly payload: Finding;
  /** Of the legacy entries: the transaction, and the signed inputs with their scripts, in the order of the entries. */
  readonly transaction?: Transaction;
  readonly legacy: readonly { readonly input: number; readonly code: Buffer }[];
  readonly witness: readonly WitnessPreimage[];
  /** Why an entry could not be read. */
  readonly unread?: string;
  /** Why an input's script does not say who signs it. */
  readonly unknownSigner?: string;
  /** Why the entries can't be signed together, or do not bind all outputs. */
  readonly contradiction?: string;
}

interface Draft {
  transaction?: Transaction;
  skeleton?: Skeleton;
  readonly legacy: { input: number; code: Buffer }[];
  readonly witness: WitnessPreimage[];
  readonly payloads: Finding[];
  /** By derivation path: the signer of the script. */
  readonly signers: Map<string, Buffer>;
  unread?: string;
  unknownSigner?: string;
  contradiction?: string;
}

/** More inputs than a transaction of the size that nodes relay has (100,000 bytes). Fireblocks allows 250. */
const MAX_ENTRIES = 2500;

/**
 * Reads all entries. The first legacy preimage is parsed, and the others are compared with it byte for byte, so that
 * 250 of them (7 MB) take 30 ms.
 */
export function readEntries({ entries, operation }: Signing, network: Network): Entries {
  if (entries.length > MAX_ENTRIES) {
    const unread = `rawTx has more than ${MAX_ENTRIES} entries`;
    return { payload: unknown(unread), legacy: [], witness: [], unread };
  }
  const draft: Draft = { legacy: [], witness: [], payloads: [], signers: new Map() };
  entries.forEach((entry, index) => {
    addEntry(draft, entry, { index, isTransfer: operation === 'TRANSFER', network });
  });
  const { payloads, legacy, witness, transaction, unread, unknownSigner, contradiction } = draft;
  return {
    payload: entries.length === 0 ? unknown('the request has no rawTx') : worst(payloads),
    legacy,
    witness,
    ...(transaction !== undefined && { transaction }),
    ...(unread !== undefined && { unread }),
    ...(unknownSigner !== undefined && { unknownSigner }),
    ...(contradiction !== undefined && { contradiction }),
  };
}

interface Context {
  readonly index: number;
  readonly isTransfer: boolean;
  readonly network: Network;
}

function addEntry(draft: Draft, entry: RawEntry, { index, isTransfer, network }: Context): void {
  const { rawTx, payload } = entry;
  if (rawTx === undefined) {
    draft.payloads.push(unknown(`rawTx[${index}] has no transaction`));
    draft.unread ??= `rawTx[${index}] has no transaction`;
    return;
  }
  const digest = doubleSha256(rawTx);
  const isSigned = payload?.equals(digest) === true;
  const same = draft.skeleton === undefined ? undefined : findScript(rawTx, draft.skeleton);
  const preimage = same ?? readPreimage(rawTx, isSigned && isTransfer);
  if ('reason' in preimage) {
    draft.unread ??= `rawTx[${index}]: ${preimage.reason}`;
    draft.payloads.push(unreadablePayload(preimage, isSigned));
    return;
  }
  draft.payloads.push(isSigned ? HOLDS : otherDigest(index, digest, payload));
  if ('form' in preimage) addPreimage(draft, preimage, rawTx, { index, isTransfer, network });
  else draft.legacy.push(preimage);
  checkSigner(draft, entry, preimage.code, index);
}

/** A key has one hash in all scripts, so entries with the same derivation path have the same signer. */
function checkSigner(draft: Draft, { keyDerivationPath }: RawEntry, code: Buffer, index: number): void {
  if (signerOf(code) === undefined && !isMultisig(code)) {
    draft.unknownSigner ??= `entry ${index} of rawTx spends a script of an unknown form`;
  }
  if (keyDerivationPath === undefined) return;
  const signer = signerOf(code) ?? code;
  const other = draft.signers.get(keyDerivationPath);
  if (other === undefined) draft.signers.set(keyDerivationPath, signer);
  else if (!other.equals(signer)) {
    draft.contradiction ??= `rawTx[${index}] has another script than an entry before it with the same key`;
  }
}

function unreadablePayload(
  { form, reason }: Extract<Preimage, { reason: string }>,
  isSigned: boolean,
): Finding {
  if (form === 'malformed') return contradicts(reason);
  return isSigned ? HOLDS : unknown(reason);
}

function otherDigest(index: number, digest: Buffer, payload?: Buffer): Finding {
  if (payload === undefined) return unknown(`rawTx[${index}] has no payload`);
  const signed = payload.toString('hex', 0, 64);
  return contradicts(
    `the digest of rawTx is ${digest.toString('hex')}, but the payload is ${signed} (rawTx[${index}])`,
  );
}

function addPreimage(
  draft: Draft,
  preimage: LegacyPreimage | WitnessPreimage,
  rawTx: Buffer,
  { index, network }: Context,
): void {
  const required = requiredSighash(network);
  if (preimage.sighash !== required) {
    draft.contradiction ??= `rawTx[${index}] is signed with ${sighashName(preimage.sighash)}, but only ${sighashName(required)} binds all outputs`;
  }
  if (preimage.form === 'witness') {
    draft.witness.push(preimage);
    if (network.segwit === undefined && network.cash === undefined) {
      draft.contradiction ??= `rawTx[${index}] is a SegWit preimage, but ${network.chain} has no SegWit`;
    }
    return;
  }
  if (network.cash !== undefined) {
    draft.contradiction ??= `rawTx[${index}] is a legacy preimage, but ${network.chain} signs those of BIP-143`;
  }
  const { input, code, transaction } = preimage;
  if (draft.transaction === undefined) {
    draft.transaction = transaction;
    draft.skeleton = skeletonOf(rawTx, preimage);
  } else {
    draft.contradiction ??= `rawTx[${index}] signs another transaction than the entries before it`;
  }
  draft.legacy.push({ input, code });
}

// Computes what is signed for the inputs of a PSBT, with SIGHASH_ALL: legacy, SegWit version 0 and taproot.
import { MalformedError } from '../finding.js';
import { doubleSha256, sha256 } from '../hash.js';
import { compactSize, hash160, uint32, uint64 } from './bytes.js';
import { SIGHASH_ALL, SIGHASH_FORKID } from './sighash-type.js';
import type { Psbt, PsbtInput } from './psbt-format.js';
import { payToKeyHash, scriptHashOf, witnessProgramOf } from './script.js';
import {
  encodeOutput,
  INPUT_LENGTH,
  OUTPOINT_LENGTH,
  type Transaction,
  type TransactionOutput,
} from './transaction.js';

/** Limits the hashing of legacy preimages, each of which holds the whole transaction. */
const MAX_LEGACY_BYTES = 20_000_000;
const SIGHASH_DEFAULT = 0x00;
const TAPROOT_TAG = sha256(Buffer.from('TapSighash'));

export interface InputSighash {
  /** In the order of bytes as signed. Taproot has two types that bind everything; for the other inputs it is one. */
  readonly digests: readonly Buffer[];
  /** Whether the digests are of the amount that is spent, too. */
  readonly bindsAmount: boolean;
  /** Why there may be other digests that can't be computed. */
  readonly unknown?: string;
  /** The input's signature hash type, if it does not bind all inputs and outputs. */
  readonly otherType?: number;
}

/** What all inputs have in common. */
interface Shared {
  readonly transaction: Transaction;
  readonly spent: readonly (TransactionOutput | undefined)[];
  /** SHA-256 of all outpoints, sequence numbers and outputs. */
  readonly prevouts: Buffer;
  readonly sequences: Buffer;
  readonly outputs: Buffer;
  /** The double SHA-256 of the same. */
  readonly double: { readonly prevouts: Buffer; readonly sequences: Buffer; readonly outputs: Buffer };
  /** The transaction without scripts of inputs. */
  readonly plain: Buffer;
  /** Whether all inputs have BIP-143 preimages with SIGHASH_FORKID, as on Bitcoin Cash. */
  readonly usesForkId: boolean;
  legacyBytes: number;
  taproot?: readonly Buffer[];
}

/** @throws {MalformedError} if a script is not the one that the spent output pays to */
export function sighashesOf({ transaction, inputs }: Psbt, usesForkId: boolean): readonly InputSighash[] {
  const encoded = Buffer.concat(transaction.outputs.map(encodeOutput));
  const prevouts = sha256(Buffer.concat(transaction.inputs.map(({ outpoint }) => outpoint)));
  const sequences = sha256(Buffer.concat(transaction.inputs.map(({ sequence }) => uint32(sequence))));
  const outputs = sha256(encoded);
  const shared: Shared = {
    transaction,
    spent: inputs.map(({ spent }) => spent),
    prevouts,
    sequences,
    outputs,
    double: { prevouts: sha256(prevouts), sequences: sha256(sequences), outputs: sha256(outputs) },
    plain: encodePlain(transaction, encoded),
    usesForkId,
    legacyBytes: 0,
  };
  return inputs.map((input, index) => sighashOf(input, index, shared));
}

function encodePlain({ version, inputs, outputs, locktime }: Transaction, encodedOutputs: Buffer): Buffer {
  return Buffer.concat([
    uint32(version),
    compactSize(inputs.length),
    ...inputs.flatMap(({ outpoint, sequence }) => [outpoint, Buffer.of(0), uint32(sequence)]),
    compactSize(outputs.length),
    encodedOutputs,
    uint32(locktime),
  ]);
}

function sighashOf(input: PsbtInput, index: number, shared: Shared): InputSighash {
  const { spent, sighash } = input;
  if (spent === undefined) return notKnown(`input ${index} does not have the output that it spends`);
  const witness = shared.usesForkId ? undefined : witnessProgramOf(spent.script);
  if (witness?.version === 1 && witness.program.length === 32) return taproot(input, index, shared);
  const required = shared.usesForkId ? SIGHASH_ALL | SIGHASH_FORKID : SIGHASH_ALL;
  if (sighash !== undefined && sighash !== required)
    return { digests: [], bindsAmount: false, otherType: sighash };
  const code = codeOf(input, index, spent, shared.usesForkId);
  if (typeof code === 'string') return notKnown(code);
  if (code.isLegacy && !shared.usesForkId) return legacy(code.script, index, shared);
  return { digests: [bip143(code.script, index, spent.value, required, shared)], bindsAmount: true };
}

function notKnown(unknown: string): InputSighash {
  return { digests: [], bindsAmount: false, unknown };
}

interface ScriptCode {
  readonly script: Buffer;
  readonly isLegacy: boolean;
}

/** @returns a string if the code is not known: the reason */
function codeOf(
  { redeemScript, witnessScript }: PsbtInput,
  index: number,
  spent: TransactionOutput,
  usesForkId: boolean,
): ScriptCode | string {
  const hash = scriptHashOf(spent.script);
  if (hash !== undefined && redeemScript === undefined) return `input ${index} has no redeem script`;
  const script = (hash === undefined ? undefined : redeemScript) ?? spent.script;
  if (hash !== undefined && !hash160(script).equals(hash)) {
    throw new MalformedError(`the redeem script of input ${index} is not the one that it spends`);
  }
  const witness = usesForkId ? undefined : witnessProgramOf(script);
  if (witness === undefined) return { script, isLegacy: true };
  const { version, program } = witness;
  if (version !== 0) return `input ${index} has version ${version} of SegWit`;
  if (program.length === 20) return { script: payToKeyHash(program), isLegacy: false };
  if (witnessScript === undefined) return `input ${index} has no witness script`;
  if (!sha256(witnessScript).equals(program)) {
    throw new MalformedError(`the witness script of input ${index} is not the one that it spends`);
  }
  return { script: witnessScript, isLegacy: false };
}

function legacy(script: Buffer, index: number, shared: Shared): InputSighash {
  const { plain, transaction } = shared;
  const length = compactSize(script.length);
  shared.legacyBytes += plain.length + script.length;
  if (shared.legacyBytes > MAX_LEGACY_BYTES) return notKnown('the psbt is too large');
  const place = 4 + compactSize(transaction.inputs.length).length + index * INPUT_LENGTH + OUTPOINT_LENGTH;
  const parts = [plain.subarray(0, place), length, script, plain.subarray(place + 1), uint32(SIGHASH_ALL)];
  return { digests: [doubleSha256(Buffer.concat(parts))], bindsAmount: false };
}

function bip143(script: Buffer, index: number, value: bigint, type: number, shared: Shared): Buffer {
  const { transaction, double } = shared;
  const input = transaction.inputs[index];
  return doubleSha256(
    Buffer.concat([
      uint32(transaction.version),
      double.prevouts,
      double.sequences,
      input?.outpoint ?? Buffer.alloc(0),
      compactSize(script.length),
      script,
      uint64(value),
      uint32(input?.sequence ?? 0),
      double.outputs,
      uint32(transaction.locktime),
      uint32(type),
    ]),
  );
}

/** BIP-341, for a signature by the output's key. */
function taproot({ sighash, hasTaprootScripts }: PsbtInput, index: number, shared: Shared): InputSighash {
  const types = sighash === undefined ? [SIGHASH_DEFAULT, SIGHASH_ALL] : [sighash];
  if (types.some((type) => type !== SIGHASH_DEFAULT && type !== SIGHASH_ALL)) {
    return { digests: [], bindsAmount: false, ...(sighash !== undefined && { otherType: sighash }) };
  }
  const hashes = taprootHashes(shared);
  if (hashes === undefined) return notKnown('not all inputs have the output that they spend');
  const { transaction, prevouts, sequences, outputs } = shared;
  const digests = types.map((type) =>
    sha256(
      Buffer.concat([
        TAPROOT_TAG,
        TAPROOT_TAG,
        Buffer.of(0, type),
        uint32(transaction.version),
        uint32(transaction.locktime),
        prevouts,
        ...hashes,
        sequences,
        outputs,
        Buffer.of(0),
        uint32(index),
      ]),
    ),
  );
  return {
    digests,
    bindsAmount: true,
    ...(hasTaprootScripts && { unknown: `input ${index} may be signed by a script of taproot` }),
  };
}

/** SHA-256 of the amounts and of the scripts of all outputs that are spent. */
function taprootHashes(shared: Shared): readonly Buffer[] | undefined {
  if (shared.taproot !== undefined) return shared.taproot;
  const spent = shared.spent.filter((output) => output !== undefined);
  if (spent.length < shared.spent.length) return undefined;
  const scripts = spent.flatMap(({ script }) => [compactSize(script.length), script]);
  shared.taproot = [
    sha256(Buffer.concat(spent.map(({ value }) => uint64(value)))),
    sha256(Buffer.concat(scripts)),
  ];
  return shared.taproot;
}

// What Bitcoin and its kin sign: sighash preimages as the original protocol and BIP-143 define them, written out by hand,
// and scripts and addresses from bitcoinjs-lib.
import { createHash } from 'node:crypto';
import { type Network, networks, payments, Transaction } from 'bitcoinjs-lib';
import { bech32m } from '@scure/base';

/** How an input's key or a destination is paid. */
export type ScriptForm = 'p2pkh' | 'p2wpkh' | 'p2sh-p2wpkh';
export const SCRIPT_FORMS: readonly ScriptForm[] = ['p2pkh', 'p2wpkh', 'p2sh-p2wpkh'];

export interface Input {
  /** As explorers show it. */
  readonly txId: string;
  readonly index: number;
  readonly sat: bigint;
  readonly keyHash: Buffer;
  readonly form: ScriptForm;
  readonly path: readonly number[];
  readonly sequence: number;
}

export interface Output {
  readonly script: Buffer;
  readonly address: string;
  readonly sat: bigint;
}

export interface BitcoinTransaction {
  readonly version: number;
  readonly inputs: readonly Input[];
  readonly outputs: readonly Output[];
  readonly locktime: number;
}

const SIGHASH_ALL = 1;
/** Bitcoin Cash: SIGHASH_ALL with FORKID, which signs as BIP-143 has it. */
const SIGHASH_FORKID = 0x41;

const kin = (pubKeyHash: number, scriptHash: number, bech32 = ''): Network => ({
  ...networks.bitcoin,
  pubKeyHash,
  scriptHash,
  bech32,
});

const NETWORKS: Readonly<Record<string, Network>> = {
  bitcoin: networks.bitcoin,
  'bitcoin/testnet': networks.testnet,
  litecoin: kin(0x30, 0x32, 'ltc'),
  dogecoin: kin(0x1e, 0x16),
  bitcoincash: kin(0x00, 0x05),
};

function networkOf(chain: string): Network {
  const network = NETWORKS[chain];
  if (network === undefined) throw new Error(`no network ${chain}`);
  return network;
}

export function doubleSha256(bytes: Uint8Array): Buffer {
  return sha256(sha256(bytes));
}

function sha256(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest();
}

/** The script and address that pay a key in one of its forms. */
export function payTo(chain: string, form: ScriptForm, keyHash: Buffer, sat: bigint): Output {
  const network = networkOf(chain);
  const payment =
    form === 'p2pkh'
      ? payments.p2pkh({ hash: keyHash, network })
      : form === 'p2wpkh'
        ? payments.p2wpkh({ hash: keyHash, network })
        : payments.p2sh({ redeem: { output: witnessProgram(keyHash), network }, network });
  return { sat, script: Buffer.from(payment.output ?? []), address: payment.address ?? '' };
}

/** @param key the 32 bytes of a Taproot output (BIP-341), whose address is bech32m (BIP-350) */
export function payToTaproot(chain: string, key: Buffer, sat: bigint): Output {
  const address = bech32m.encode(networkOf(chain).bech32, [1, ...bech32m.toWords(key)]);
  return { sat, script: Buffer.concat([Buffer.from([0x51, 0x20]), key]), address };
}

/** @param hash SHA-256 of the witness script */
export function payToWitnessScript(chain: string, hash: Buffer, sat: bigint): Output {
  const payment = payments.p2wsh({ hash, network: networkOf(chain) });
  return { sat, script: Buffer.from(payment.output ?? []), address: payment.address ?? '' };
}

function witnessProgram(keyHash: Buffer): Buffer {
  return Buffer.concat([Buffer.from([0x00, 0x14]), keyHash]);
}

/** The P2PKH script of a key: what legacy inputs and, as BIP-143 has it, SegWit inputs sign with. */
export function scriptCode(keyHash: Buffer): Buffer {
  return Buffer.concat([Buffer.from('76a914', 'hex'), keyHash, Buffer.from('88ac', 'hex')]);
}

const uint32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
};

const uint64 = (value: bigint): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(value);
  return bytes;
};

function varint(value: number): Buffer {
  if (value < 0xfd) return Buffer.from([value]);
  const bytes = Buffer.from([0xfd, 0, 0]);
  bytes.writeUInt16LE(value, 1);
  return bytes;
}

const withLength = (bytes: Buffer): Buffer => Buffer.concat([varint(bytes.length), bytes]);

const outpoint = ({ txId, index }: Input): Buffer =>
  Buffer.concat([Buffer.from(txId, 'hex').reverse(), uint32(index)]);

const output = ({ sat, script }: Output): Buffer => Buffer.concat([uint64(sat), withLength(script)]);

/** The preimage of a legacy input: the whole transaction with this input's script, then the sighash type. */
function legacyPreimage({ version, inputs, outputs, locktime }: BitcoinTransaction, at: number): Buffer {
  return Buffer.concat([
    uint32(version),
    varint(inputs.length),
    ...inputs.map((input, i) =>
      Buffer.concat([
        outpoint(input),
        withLength(i === at ? scriptCode(input.keyHash) : Buffer.alloc(0)),
        uint32(input.sequence),
      ]),
    ),
    varint(outputs.length),
    ...outputs.map(output),
    uint32(locktime),
    uint32(SIGHASH_ALL),
  ]);
}

/** What the preimages of all SegWit inputs of a transaction share. */
interface SharedHashes {
  readonly prevouts: Buffer;
  readonly sequences: Buffer;
  readonly outputs: Buffer;
}

function sharedHashes({ inputs, outputs }: BitcoinTransaction): SharedHashes {
  return {
    prevouts: doubleSha256(Buffer.concat(inputs.map(outpoint))),
    sequences: doubleSha256(Buffer.concat(inputs.map(({ sequence }) => uint32(sequence)))),
    outputs: doubleSha256(Buffer.concat(outputs.map(output))),
  };
}

/** The preimage of a SegWit v0 input (BIP-143), and of all inputs of Bitcoin Cash. */
function witnessPreimage(
  { version, locktime }: BitcoinTransaction,
  input: Input,
  { prevouts, sequences, outputs }: SharedHashes,
  sighashType: number,
): Buffer {
  return Buffer.concat([
    uint32(version),
    prevouts,
    sequences,
    outpoint(input),
    withLength(scriptCode(input.keyHash)),
    uint64(input.sat),
    uint32(input.sequence),
    outputs,
    uint32(locktime),
    uint32(sighashType),
  ]);
}

/** What each input signs, in order. */
export function preimages(chain: string, transaction: BitcoinTransaction): readonly Buffer[] {
  const shared = sharedHashes(transaction);
  return transaction.inputs.map((input, i) => {
    if (chain === 'bitcoincash') return witnessPreimage(transaction, input, shared, SIGHASH_FORKID);
    return input.form === 'p2pkh'
      ? legacyPreimage(transaction, i)
      : witnessPreimage(transaction, input, shared, SIGHASH_ALL);
  });
}

/** The digests that bitcoinjs-lib computes for the same transaction. */
export function libraryDigests({
  version,
  inputs,
  outputs,
  locktime,
}: BitcoinTransaction): readonly Buffer[] {
  const transaction = new Transaction();
  transaction.version = version;
  transaction.locktime = locktime;
  for (const { txId, index, sequence } of inputs) {
    transaction.addInput(Buffer.from(txId, 'hex').reverse(), index, sequence);
  }
  for (const { script, sat } of outputs) transaction.addOutput(script, sat);
  return inputs.map(({ form, keyHash, sat }, i) =>
    Buffer.from(
      form === 'p2pkh'
        ? transaction.hashForSignature(i, scriptCode(keyHash), SIGHASH_ALL)
        : transaction.hashForWitnessV0(i, scriptCode(keyHash), sat, SIGHASH_ALL),
    ),
  );
}

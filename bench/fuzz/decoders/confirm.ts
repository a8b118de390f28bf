// Independent confirmation of what the handler verified: the displayed intent is encoded again with other libraries, and
// must give the bytes that are signed. Only the fields that a request does not display are taken from those bytes.
import { PublicKey, VersionedMessage } from '@solana/web3.js';
import { Transaction as BitcoinLibraryTransaction } from 'bitcoinjs-lib';
import { decodeRlp, encodeRlp, getBytes, toBeHex, Transaction as EvmTransaction } from 'ethers';
import { type BitcoinTransaction, type Input, preimages } from '../../traffic/bitcoin-bytes.js';
import { transactionOf, type BitcoinTransfer } from '../../traffic/bitcoin.js';
import {
  messageBytes,
  solanaFee,
  type SolanaTransfer,
  TOKEN_2022_PROGRAM,
  TOKEN_PROGRAM,
} from '../../traffic/solana.js';

/** @returns whether these bytes, one for each entry of `rawTx`, sign what the request displays */
export type Confirm = (entries: readonly Buffer[]) => boolean;

const MAX_FEE_FACTOR = 2n;

export interface EvmTarget {
  readonly chain: string;
  readonly to: string;
  readonly value: bigint;
  readonly data: string;
  /** The fee that the request shows, in wei. */
  readonly fee: bigint;
}

/** The fields of each type of transaction, in their order; 0 is legacy, with EIP-155. */
const FIELDS: Readonly<Record<number, string>> = {
  0: 'nonce price gas to value data chainId zero zero',
  1: 'chainId nonce price gas to value data accessList',
  2: 'chainId nonce tip price gas to value data accessList',
  4: 'chainId nonce tip price gas to value data accessList authorizations',
};
const TYPE_LIMIT = 0x80;
const INTEGERS = ['nonce', 'tip', 'price', 'gas'];

/** Taken from the bytes: type, nonce, gas, fees within the bound, access list and authorizations. */
export function confirmEvm({ chain, to, value, data, fee }: EvmTarget): Confirm {
  const displayed = new Map([
    ['chainId', toBeHex(BigInt(chain.slice('evm/'.length)))],
    ['to', to.toLowerCase()],
    ['value', value === 0n ? '0x' : toBeHex(value)],
    ['data', data],
    ['zero', '0x'],
  ]);
  return ([bytes, ...others]) => {
    const type = bytes?.[0] ?? 0;
    if (bytes === undefined || others.length > 0) return false;
    const prefix = type < TYPE_LIMIT ? bytes.subarray(0, 1) : Buffer.alloc(0);
    const names = FIELDS[type < TYPE_LIMIT ? type : 0]?.split(' ') ?? [];
    // Access lists and authorizations have the right structure, or this throws.
    const { gasLimit, maxFeePerGas, gasPrice } = EvmTransaction.from(`0x${bytes.toString('hex')}`);
    const fields = decodeRlp(bytes.subarray(prefix.length));
    if (!Array.isArray(fields) || fields.length !== names.length) return false;
    const isCanonical = names.every(
      (name, i) => !INTEGERS.includes(name) || !String(fields[i]).startsWith('0x00'),
    );
    const rebuilt = encodeRlp(names.map((name, i) => displayed.get(name) ?? fields[i] ?? '0x'));
    const isWithinBound = gasLimit * (maxFeePerGas ?? gasPrice ?? 0n) <= MAX_FEE_FACTOR * fee;
    return isCanonical && isWithinBound && Buffer.concat([prefix, getBytes(rebuilt)]).equals(bytes);
  };
}

/**
 * Taken from the bytes: version, locktime, and each input's outpoint, sequence and own key. With a legacy input, whose
 * amount is not visible, what the change gets and the amounts of the other inputs as well.
 */
export function confirmBitcoin(transfer: BitcoinTransfer): Confirm {
  const { chain } = transfer.asset;
  return (entries) => {
    const [first] = entries;
    if (first === undefined || entries.length !== transfer.inputs.length) return false;
    const legacy = transfer.inputs.findIndex((input) => !isWitness(chain, input));
    const shown = transactionOf({ ...transfer, ...undisplayedChange(transfer, entries[legacy]) });
    const rebuilt: BitcoinTransaction = {
      ...shown,
      version: first.readUInt32LE(0),
      locktime: first.readUInt32LE(first.length - 8),
      inputs: shown.inputs.map((input, i) => ({
        ...input,
        ...undisplayed(entries[i] ?? Buffer.alloc(0), i, isWitness(chain, input)),
        ...(legacy !== -1 && isWitness(chain, input) && { sat: entries[i]?.readBigUInt64LE(AMOUNT) ?? 0n }),
      })),
    };
    return preimages(chain, rebuilt).every((bytes, i) => entries[i]?.equals(bytes));
  };
}

/** Whether what is signed has the form of BIP-143. */
function isWitness(chain: string, { form }: Input): boolean {
  return chain === 'bitcoincash' || form !== 'p2pkh';
}

type Undisplayed = Pick<Input, 'txId' | 'index' | 'sequence' | 'keyHash'>;

/** Where the outpoint and the key of a BIP-143 preimage begin, and how many bytes from its end the sequence does. */
const OUTPOINT = 68;
const KEY = OUTPOINT + 36 + 4;
const SEQUENCE_FROM_END = 44;
/** Where the amount of such an input is, behind the script of its key. */
const AMOUNT = KEY + 22;
/** Where the key is in a script that pays it. */
const KEY_IN_SCRIPT = 3;

function undisplayed(bytes: Buffer, at: number, witness: boolean): Undisplayed {
  if (witness) {
    return {
      txId: reversed(bytes.subarray(OUTPOINT, OUTPOINT + 32)),
      index: bytes.readUInt32LE(OUTPOINT + 32),
      keyHash: Buffer.from(bytes.subarray(KEY, KEY + 20)),
      sequence: bytes.readUInt32LE(bytes.length - SEQUENCE_FROM_END),
    };
  }
  const input = legacyTransaction(bytes).ins[at];
  if (input === undefined) throw new RangeError('no such input');
  return {
    txId: reversed(input.hash),
    index: input.index,
    keyHash: Buffer.from(input.script.subarray(KEY_IN_SCRIPT, KEY_IN_SCRIPT + 20)),
    sequence: input.sequence,
  };
}

function undisplayedChange(
  { change, changeAt }: BitcoinTransfer,
  legacy: Buffer | undefined,
): Pick<BitcoinTransfer, 'change'> {
  const output = legacy && legacyTransaction(legacy).outs[changeAt];
  return change && output ? { change: { ...change, sat: output.value } } : {};
}

const legacyTransaction = (preimage: Buffer): BitcoinLibraryTransaction =>
  BitcoinLibraryTransaction.fromBuffer(preimage.subarray(0, -4));

const reversed = (hash: Uint8Array): string => Buffer.from(hash).reverse().toString('hex');

const COMPUTE_BUDGET = 'ComputeBudget111111111111111111111111111111';

/** Taken from the bytes: the sender's key and token account, the blockhash, and the compute budget within the bound of the fee. */
export function confirmSolana(transfer: SolanaTransfer): Confirm {
  return ([bytes, ...others]) => {
    if (bytes === undefined || others.length > 0) return false;
    const message = VersionedMessage.deserialize(bytes);
    const budget = budgetOf(message);
    const rebuilt = {
      ...transfer,
      from: message.staticAccountKeys[0]?.toBase58() ?? '',
      fromAccount: tokenSource(message),
      blockhash: message.recentBlockhash,
      ...(transfer.budget && budget && { budget }),
    };
    return (
      solanaFee(rebuilt) <= MAX_FEE_FACTOR * (transfer.fee ?? solanaFee(transfer)) &&
      messageBytes(rebuilt).equals(bytes)
    );
  };
}

function budgetOf(message: VersionedMessage): SolanaTransfer['budget'] {
  const program = message.staticAccountKeys.findIndex((key) => key.equals(new PublicKey(COMPUTE_BUDGET)));
  const data = message.compiledInstructions
    .filter(({ programIdIndex }) => programIdIndex === program)
    .map((instruction) => Buffer.from(instruction.data));
  const limit = data.find((each) => each.length === 5 && each[0] === 2);
  const price = data.find((each) => each.length === 9 && each[0] === 3);
  if (limit === undefined || price === undefined) return undefined;
  return { units: limit.readUInt32LE(1), microLamports: price.readBigUInt64LE(1) };
}

/** The first account of the instruction that transfers a token: the only one that moves tokens. */
function tokenSource({ compiledInstructions, staticAccountKeys }: VersionedMessage): string | undefined {
  const programs = [TOKEN_PROGRAM, TOKEN_2022_PROGRAM].map((key) => key.toBase58());
  const transfer = compiledInstructions.find(({ programIdIndex }) =>
    programs.includes(staticAccountKeys[programIdIndex]?.toBase58() ?? ''),
  );
  return staticAccountKeys[transfer?.accountKeyIndexes[0] ?? -1]?.toBase58();
}

/** An encoder that can't read the bytes does not confirm them. */
export function isConfirmed(confirm: Confirm, entries: readonly Buffer[]): boolean {
  try {
    return confirm(entries);
  } catch {
    return false;
  }
}

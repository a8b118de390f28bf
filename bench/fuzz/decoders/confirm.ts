// Independent confirmation of what the handler verified: the displayed intent is encoded again with other libraries, and
// must give the bytes that are signed. Only the fields that a request does not display are taken from those bytes.
import { PublicKey, VersionedMessage } from '@solana/web3.js';
import { Transaction as BitcoinLibraryTransaction } from 'bitcoinjs-lib';
import { Transaction as EvmTransaction } from 'ethers';
import { type BitcoinTransaction, type Input, preimages } from '../../traffic/bitcoin-bytes.js';
import { transactionOf, type BitcoinTransfer } from '../../traffic/bitcoin.js';
import { messageBytes, solanaFee, type SolanaTransfer } from '../../traffic/solana.js';

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

/** Taken from the bytes: type, nonce, gas, fees within the bound, access list and authorizations. */
export function confirmEvm({ chain, to, value, data, fee }: EvmTarget): Confirm {
  return ([bytes, ...others]) => {
    if (bytes === undefined || others.length > 0) return false;
    const hex = `0x${bytes.toString('hex')}`;
    const signed = EvmTransaction.from(hex);
    const rebuilt = signed.clone();
    rebuilt.chainId = BigInt(chain.slice('evm/'.length));
    rebuilt.to = to.toLowerCase();
    rebuilt.value = value;
    rebuilt.data = data;
    const price = signed.maxFeePerGas ?? signed.gasPrice ?? 0n;
    return signed.gasLimit * price <= MAX_FEE_FACTOR * fee && rebuilt.unsignedSerialized === hex;
  };
}

/** Taken from the bytes: version, locktime, and each input's outpoint and sequence. */
export function confirmBitcoin(transfer: BitcoinTransfer): Confirm {
  const shown = transactionOf(transfer);
  return (entries) => {
    const [first] = entries;
    if (first === undefined || entries.length !== shown.inputs.length) return false;
    const rebuilt: BitcoinTransaction = {
      ...shown,
      version: first.readUInt32LE(0),
      locktime: first.readUInt32LE(first.length - 8),
      inputs: shown.inputs.map((input, i) => ({ ...input, ...undisplayed(input, i, entries) })),
    };
    return preimages(transfer.asset.chain, rebuilt).every((bytes, i) => entries[i]?.equals(bytes));
  };
}

/** Where the outpoint of a BIP-143 preimage begins, and how many bytes from its end the sequence does. */
const OUTPOINT = 68;
const SEQUENCE_FROM_END = 44;

/** What a request does not display of an input. */
function undisplayed(
  { form }: Input,
  at: number,
  entries: readonly Buffer[],
): Pick<Input, 'txId' | 'index' | 'sequence'> {
  const bytes = entries[at] ?? Buffer.alloc(0);
  if (form !== 'p2pkh') {
    return {
      txId: Buffer.from(bytes.subarray(OUTPOINT, OUTPOINT + 32))
        .reverse()
        .toString('hex'),
      index: bytes.readUInt32LE(OUTPOINT + 32),
      sequence: bytes.readUInt32LE(bytes.length - SEQUENCE_FROM_END),
    };
  }
  const input = BitcoinLibraryTransaction.fromBuffer(bytes.subarray(0, -4)).ins[at];
  if (input === undefined) throw new RangeError('no such input');
  return {
    txId: Buffer.from(input.hash).reverse().toString('hex'),
    index: input.index,
    sequence: input.sequence,
  };
}

const COMPUTE_BUDGET = 'ComputeBudget111111111111111111111111111111';

/** Taken from the bytes: the blockhash, and the compute budget within the bound of the fee. */
export function confirmSolana(transfer: SolanaTransfer): Confirm {
  return ([bytes, ...others]) => {
    if (bytes === undefined || others.length > 0) return false;
    const message = VersionedMessage.deserialize(bytes);
    const budget = budgetOf(message);
    const rebuilt = {
      ...transfer,
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

/** An encoder that can't read the bytes does not confirm them. */
export function isConfirmed(confirm: Confirm, entries: readonly Buffer[]): boolean {
  try {
    return confirm(entries);
  } catch {
    return false;
  }
}

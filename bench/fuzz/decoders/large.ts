// Large requests, which must not take long: of about 100 KB, and of about the largest size that is received.
import { Interface } from 'ethers';
import type { Payload } from '../../../cli/cosigner/request.js';
import { BTC, ETH, SOL } from '../../traffic/assets.js';
import { doubleSha256 } from '../../traffic/bitcoin-bytes.js';
import { bitcoinTransfer, psbtRequest, randomBitcoinTransfer } from '../../traffic/bitcoin.js';
import { randomCall } from '../../traffic/calls.js';
import {
  contractCall,
  evmAddress,
  evmTransfer,
  keccak,
  randomEvmTransfer,
  tokenTransferData,
} from '../../traffic/evm.js';
import type { Random } from '../../traffic/random.js';
import { transactionRequest, type Shown } from '../../traffic/request.js';
import { randomSolanaTransfer, solanaTransfer } from '../../traffic/solana.js';
import { randomTypedMessage, typedMessage } from '../../traffic/typed.js';
import { nestedLists } from './mutate.js';

/** A larger PSBT takes too long to make. */
const PSBT_BYTES = 300_000;

type Large = (random: Random, bytes: number) => Payload;

const abi = new Interface(['function multicall(bytes[] data)']);

export const LARGE: Readonly<Record<string, Large>> = {
  'a contract call of random bytes': (random, bytes) =>
    contractCall({ ...randomCall(random), data: hex(block(random, bytes / 4)), showsData: undefined }),
  'a multicall of many transfers': (random, bytes) => {
    const transfer = tokenTransferData(evmAddress(random), 1n);
    const data = abi.encodeFunctionData('multicall', [Array<string>(Math.floor(bytes / 800)).fill(transfer)]);
    return contractCall({ ...randomCall(random), data, showsData: undefined });
  },
  'a transfer with much data': (random, bytes) =>
    evmTransfer({ ...randomEvmTransfer(random, ETH), data: hex(block(random, bytes / 2)) }),
  'nested lists': (_, bytes) => rawRequest(ETH, Buffer.concat([Buffer.from([2]), nestedLists(bytes / 6)])),
  'lists of empty lists': (_, bytes) => rawRequest(ETH, listOf(Buffer.alloc(bytes / 2, 0xc0))),
  'a legacy consolidation': (random, bytes) => legacy(random, Math.floor(Math.sqrt(bytes / 82)), 1),
  'legacy inputs with many destinations': (random, bytes) => legacy(random, 2, Math.floor(bytes / 900)),
  'many destinations whose order is not known': (random, bytes) => {
    const transfer = randomBitcoinTransfer(random, {
      ...{ asset: BTC, forms: 'segwit', inputs: 3, change: 'input', form: 'net' },
      destinations: Math.min(60, Math.floor(bytes / 900)),
    });
    return bitcoinTransfer(transfer, { ...transfer, destinations: shuffled(random, transfer.destinations) });
  },
  'many SegWit inputs': (random, bytes) =>
    bitcoinTransfer(
      randomBitcoinTransfer(random, {
        ...{ asset: BTC, forms: 'segwit', change: 'input', destinations: 2 },
        inputs: Math.floor(bytes / 700),
      }),
    ),
  'a preimage of empty inputs': (_, bytes) =>
    rawRequest(
      BTC,
      Buffer.concat([Buffer.from('01000000fe', 'hex'), uint32(bytes / 82), Buffer.alloc(bytes / 2)]),
    ),
  'a PSBT with many inputs': (random, bytes) =>
    psbtRequest(
      randomBitcoinTransfer(random, {
        ...{ asset: BTC, forms: 'segwit', destinations: 1 },
        // bitcoinjs-lib takes the square of the time.
        inputs: Math.floor(Math.min(bytes, PSBT_BYTES) / 800),
      }),
    ),
  'a Solana message of zeros': (random, bytes) => {
    const message = Buffer.concat([Buffer.from('0100010302', 'hex'), Buffer.alloc(bytes / 4)]);
    return { ...solanaTransfer(randomSolanaTransfer(random, SOL)), ...rawEntry(message, message) };
  },
  'typed data with a long list': (random, bytes) => {
    const types = { EIP712Domain: [], Order: [{ name: 'items', type: 'uint256[]' }] };
    const message = { items: Array<number>(Math.floor(bytes / 4)).fill(111) };
    return withContent(random, { types, primaryType: 'Order', domain: {}, message });
  },
  'typed data with a long string': (random, bytes) => {
    const types = { EIP712Domain: [], Note: [{ name: 'text', type: 'string' }] };
    return withContent(random, {
      ...{ types, primaryType: 'Note', domain: {} },
      message: { text: 'é'.repeat(bytes / 2) },
    });
  },
  'typed data with many types': (random, bytes) => {
    const count = Math.floor(bytes / 60);
    const types = Object.fromEntries(
      Array.from({ length: count }, (_, i) => [
        `T${i}`,
        [{ name: 'a', type: i === count - 1 ? 'uint256' : `T${i + 1}` }],
      ]),
    );
    return withContent(random, {
      types: { EIP712Domain: [], ...types },
      primaryType: 'T0',
      domain: {},
      message: { a: {} },
    });
  },
};

/** A typed message whose digest is another: ethers takes too long to compute it. */
function withContent(random: Random, content: Payload): Payload {
  return {
    ...typedMessage(randomTypedMessage(random)),
    extraParameters: { rawMessageData: { messages: [{ type: 'EIP712', content }] } },
  };
}

function legacy(random: Random, inputs: number, destinations: number): Payload {
  return bitcoinTransfer(
    randomBitcoinTransfer(random, { asset: BTC, forms: 'legacy', inputs, destinations, change: 'input' }),
  );
}

function rawRequest(asset: Shown['asset'], rawTx: Buffer): Payload {
  const party = { type: 'VAULT', id: '0' };
  const frame = { requestId: 'r', txId: 'r', source: party, players: [] };
  const request = transactionRequest({
    ...{ frame, asset, operation: 'TRANSFER', units: 1n, fee: 1n },
    destinations: [{ party, address: '0x5dC69B1Fbb13Bafd09af88a782F0F285772Ad5f8', units: 1n }],
  });
  return { ...request, ...rawEntry(rawTx, asset === ETH ? keccak(rawTx) : doubleSha256(rawTx)) };
}

function rawEntry(rawTx: Buffer, payload: Buffer): Payload {
  const entry = { rawTx: rawTx.toString('hex'), payload: payload.toString('hex') };
  return { rawTx: [{ keyDerivationPath: '[ 44, 0, 0, 0, 0 ]', ...entry }] };
}

const hex = (bytes: Buffer): string => `0x${bytes.toString('hex')}`;

/** Random bytes, repeated because making them one by one is slow. */
function block(random: Random, size: number): Buffer {
  return Buffer.alloc(size, random.bytes(1021));
}

function listOf(bytes: Buffer): Buffer {
  return Buffer.concat([
    Buffer.from([2, 0xfa, bytes.length >> 16, (bytes.length >> 8) & 0xff, bytes.length & 0xff]),
    bytes,
  ]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(Math.floor(value));
  return bytes;
}

function shuffled<T>(random: Random, list: readonly T[]): readonly T[] {
  return list
    .map((item) => ({ item, at: random.int(0, 1_000_000) }))
    .sort((one, other) => one.at - other.at)
    .map(({ item }) => item);
}

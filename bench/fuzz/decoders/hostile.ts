// Hostile typed data, call data, PSBTs and request fields, which no library would write.
import { AbiCoder, Interface, ZeroAddress } from 'ethers';
import type { Payload } from '../../../cli/cosigner/request.js';
import { BTC, ETH, USDC } from '../../traffic/assets.js';
import { psbtRequest, randomBitcoinTransfer } from '../../traffic/bitcoin.js';
import { randomCall } from '../../traffic/calls.js';
import { contractCall, evmAddress, evmTransfer, randomEvmTransfer } from '../../traffic/evm.js';
import type { Random } from '../../traffic/random.js';
import { randomTypedMessage, typedMessage } from '../../traffic/typed.js';
import { mutate } from './mutate.js';

const DEEP = 3000;
const LONG = 60_000;

const nested = (depth: number, leaf: unknown): unknown => {
  let value = leaf;
  for (let level = 0; level < depth; level++) value = level % 2 ? [value] : { a: value };
  return value;
};

/** Values that no field expects. */
const ODD: readonly ((random: Random) => unknown)[] = [
  () => null,
  () => '',
  () => -1,
  () => 1e300,
  () => '1e400',
  () => '-5',
  () => '0x',
  () => `0x${'f'.repeat(65)}`,
  () => '9'.repeat(300),
  () => 'z'.repeat(LONG),
  () => [],
  () => ({}),
  () => true,
  () => '__proto__',
  () => '\u0000\ud800',
  () => nested(DEEP, 1),
  () => Array<string>(5000).fill('0x00'),
  () => JSON.parse('{"__proto__":{"a":1},"constructor":{"prototype":1}}') as unknown,
  (random) => random.bytes(random.int(0, 70)).toString('hex'),
  (random) => evmAddress(random),
  (random) => random.int(0, 1_000_000),
  (random) => String(random.int(0, 1_000_000)),
];

export const oddValue = (random: Random): unknown => random.pick(ODD)(random);

/** Types that a struct may not have, or that take a decoder far. */
const TYPES = [
  ...['uint', 'uint257', 'uint0', 'int7', 'bytes33', 'bytes0', 'address payable', 'function', 'tuple', ''],
  ...[
    'uint256[]',
    'uint256[2]',
    'uint256[999999999]',
    'uint256[][][][][][][][]',
    'Node',
    'Node[]',
    'Missing',
  ],
  ...['string', 'bytes', 'bytes32', 'bool', 'address', '__proto__', 'constructor', 'toString', 'uint256[-1]'],
  `uint256${'[]'.repeat(2000)}`,
];

type Change = (content: Record<string, unknown>, random: Random) => void;

const TYPED_CHANGES: readonly Change[] = [
  ({ types }, random) => {
    if (isObject(types)) types[random.pick(Object.keys(types))] = [{ name: 'a', type: random.pick(TYPES) }];
  },
  (content, random) => void Object.assign(content, recursive(random)),
  (content, random) => {
    content[random.pick(['types', 'domain', 'message', 'primaryType'])] = oddValue(random);
  },
  (content, random) => changeLeaf(content, random, oddValue(random)),
  (content, random) => {
    const { types } = content;
    content['primaryType'] = random.pick([...(isObject(types) ? Object.keys(types) : []), ...TYPES]);
  },
];

/** Typed data with odd types, recursive structs and odd values; some of it as a string. */
export function hostileTypedMessage(random: Random): Payload {
  const message = typedMessage(randomTypedMessage(random));
  const content = structuredClone(contentOf(message));
  for (let time = random.int(0, 3); time > 0; time--) random.pick(TYPED_CHANGES)(content, random);
  if (random.chance(0.9)) return withContent(message, content);
  return withContent(message, random.pick([JSON.stringify(content), oddValue(random)]));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && Object.keys(value).length > 0;
}

/** A struct that contains itself, or that doubles with every level. */
function recursive(random: Random): Payload {
  if (random.chance(0.5)) {
    const types = {
      EIP712Domain: [],
      Node: [
        { name: 'a', type: 'Node' },
        { name: 'b', type: 'Node[]' },
      ],
    };
    return { types, primaryType: 'Node', domain: {}, message: nested(random.int(1, DEEP), {}) };
  }
  const depth = random.int(2, 400);
  const types = Object.fromEntries(
    Array.from({ length: depth }, (_, i) => [
      `T${i}`,
      i === depth - 1
        ? [{ name: 'a', type: 'uint256' }]
        : ['a', 'b'].map((name) => ({ name, type: `T${i + 1}` })),
    ]),
  );
  return {
    types: { EIP712Domain: [], ...types },
    primaryType: 'T0',
    domain: {},
    message: shared(Math.min(depth, 14)),
  };
}

function shared(depth: number): unknown {
  return depth === 0 ? 1 : { a: shared(depth - 1), b: depth > 7 ? {} : shared(depth - 1) };
}

function contentOf({ extraParameters }: Payload): Record<string, unknown> {
  const { rawMessageData } = extraParameters as { rawMessageData: { messages: { content: Payload }[] } };
  return rawMessageData.messages[0]?.content ?? {};
}

function withContent(message: Payload, content: unknown): Payload {
  return { ...message, extraParameters: { rawMessageData: { messages: [{ type: 'EIP712', content }] } } };
}

/** Replaces one value somewhere below. */
function changeLeaf(root: Record<string, unknown>, random: Random, value: unknown): void {
  let node = root;
  for (;;) {
    const keys = Object.keys(node);
    if (keys.length === 0) return;
    const key = random.pick(keys);
    const child = node[key];
    if (typeof child !== 'object' || child === null || random.chance(0.15)) {
      node[key] = value;
      return;
    }
    node = child as Record<string, unknown>;
  }
}

const abi = new Interface([
  'function multicall(bytes[] data)',
  'function transfer(address to, uint256 amount)',
  'function execTransaction(address to, uint256 value, bytes data, uint8 operation, uint256 safeTxGas, uint256 baseGas, uint256 gasPrice, address gasToken, address refundReceiver, bytes signatures)',
  'function aggregate3((address target, bool allowFailure, bytes callData)[] calls)',
]);

/** Calls in calls, lists that all point at one place, and mutated call data. The transaction signs the same data. */
export function hostileCall(random: Random): Payload {
  const call = randomCall(random);
  const data = random.pick([
    () => wrapped(random, random.int(1, 60)),
    () => pointers(random),
    () => `0x${mutate(Buffer.from(call.data.slice(2), 'hex'), random, random.bytes(64)).toString('hex')}`,
    () =>
      `${random.pick(['0xac9650d8', '0xa9059cbb', '0x6a761202', '0x82ad56cb'])}${random.bytes(random.int(0, 400)).toString('hex')}`,
  ])();
  return contractCall({ ...call, data, showsData: undefined });
}

function wrapped(random: Random, depth: number): string {
  let data = abi.encodeFunctionData('transfer', [evmAddress(random), 1]);
  // Few are large, because ethers takes longer to encode them than they take to be read.
  const size = random.chance(0.05) ? LONG : 3000;
  for (let level = 0; level < depth && data.length < size; level++) {
    const inner = data;
    data = random.pick([
      () => abi.encodeFunctionData('multicall', [Array<string>(random.int(1, 3)).fill(inner)]),
      () =>
        abi.encodeFunctionData('execTransaction', [
          ZeroAddress,
          0,
          inner,
          1,
          0,
          0,
          0,
          ZeroAddress,
          ZeroAddress,
          '0x',
        ]),
      () =>
        abi.encodeFunctionData('aggregate3', [
          [{ target: ZeroAddress, allowFailure: true, callData: inner }],
        ]),
    ])();
  }
  return data;
}

/** `bytes[]` whose elements all start at one offset, so that reading it takes the square of its size. */
function pointers(random: Random): string {
  const count = random.int(2, random.chance(0.05) ? 1500 : 60);
  const offset = (32 * count).toString(16).padStart(64, '0');
  const inner = abi.encodeFunctionData('multicall', [[]]).slice(2).repeat(random.int(1, 20));
  const tail = AbiCoder.defaultAbiCoder()
    .encode(['bytes'], [`0x${inner}`])
    .slice(66);
  return `0xac9650d8${'20'.padStart(64, '0')}${count.toString(16).padStart(64, '0')}${offset.repeat(count)}${tail}`;
}

/** A RAW request whose PSBT is mutated, and the PSBT before it was. */
export function hostilePsbt(random: Random): { readonly payload: Payload; readonly original: Buffer } {
  const make = (): Payload =>
    psbtRequest(randomBitcoinTransfer(random, { asset: BTC, forms: random.pick(['segwit', 'nested']) }));
  const payload = make();
  const [original, other] = [psbtOf(payload), psbtOf(make())];
  const psbt = mutate(original, random, other).toString('base64');
  const extraParameters = { ...(payload['extraParameters'] as Payload), psbt };
  return { payload: { ...payload, extraParameters }, original };
}

function psbtOf({ extraParameters }: Payload): Buffer {
  return Buffer.from(String((extraParameters as Payload)['psbt']), 'base64');
}

/** A request with odd values in any of its fields. */
export function hostileFields(random: Random): Payload {
  const payload = structuredClone(
    random.pick([
      () => evmTransfer(randomEvmTransfer(random, random.pick([ETH, USDC]))),
      () => typedMessage(randomTypedMessage(random)),
      () => psbtRequest(randomBitcoinTransfer(random, { asset: BTC, forms: 'segwit' })),
    ])(),
  );
  for (let time = 0; time < random.int(1, 4); time++) changeLeaf(payload, random, oddValue(random));
  return { ...payload, requestId: 'r' };
}

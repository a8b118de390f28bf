// TYPED_MESSAGE and RAW requests. Digests of typed data (EIP-712) are computed with ethers.
import { hashMessage, TypedDataEncoder, type TypedDataField } from 'ethers';
import type { Payload } from '../../cli/cosigner/request.js';
import { DAI, ETH, USDC } from './assets.js';
import { evmAddress } from './evm.js';
import type { Random } from './random.js';
import { type Frame, randomFrame, transactionRequest } from './request.js';

export interface TypedData {
  readonly types: Readonly<Record<string, readonly TypedDataField[]>>;
  readonly primaryType: string;
  readonly domain: Payload;
  readonly message: Payload;
}

export interface TypedMessage {
  readonly frame: Frame;
  readonly content: TypedData;
  /** What `rawTx[].rawTx` holds, which is not documented: nothing, or the bytes that are hashed. */
  readonly rawTx?: 'preimage';
}

const field = (text: string): readonly TypedDataField[] =>
  text.split(', ').map((pair) => {
    const [type = '', name = ''] = pair.split(' ');
    return { type, name };
  });

const DOMAIN = field('string name, string version, uint256 chainId, address verifyingContract');
const DOMAIN_WITHOUT_VERSION = field('string name, uint256 chainId, address verifyingContract');
const PERMIT2 = '0x000000000022D473030F116dDEE9F6B43aC78BA3';
const DEADLINE = 1_790_000_000;

/** @param signed what is hashed, if not what the request displays */
export function typedMessage(shown: TypedMessage, signed: TypedMessage = shown): Payload {
  const { frame, content, rawTx } = shown;
  const preimage = bytesOf(encoderInput(signed.content, 'encode'));
  return transactionRequest({
    frame,
    operation: 'TYPED_MESSAGE',
    asset: ETH,
    units: 0n,
    extraParameters: { rawMessageData: { messages: [{ type: 'EIP712', content }] } },
    fee: 0n,
    entries: [
      {
        path: [44, 60, Number(frame.source.id), 0, 0],
        ...(rawTx && { rawTx: preimage }),
        payload: bytesOf(encoderInput(signed.content, 'hash')),
      },
    ],
  });
}

const bytesOf = (hex: string): Buffer => Buffer.from(hex.slice(2), 'hex');

/** The digest of typed data, or the 66 bytes that it is the hash of. */
export function encoderInput({ types, domain, message }: TypedData, what: 'hash' | 'encode'): string {
  const own = Object.fromEntries(
    Object.entries(types)
      .filter(([name]) => name !== 'EIP712Domain')
      .map(([name, fields]) => [name, [...fields]]),
  );
  return TypedDataEncoder[what](domain, own, message);
}

/** Each gives typed data as wallets and protocols ask for it. */
export const TYPED_DATA: Readonly<Record<string, (random: Random) => TypedData>> = {
  permit: (random) => ({
    types: {
      EIP712Domain: DOMAIN,
      Permit: field('address owner, address spender, uint256 value, uint256 nonce, uint256 deadline'),
    },
    primaryType: 'Permit',
    domain: { name: 'USD Coin', version: '2', chainId: 1, verifyingContract: USDC.contract },
    message: {
      owner: evmAddress(random),
      spender: evmAddress(random),
      value: random.bigint(1n, 10n ** 12n).toString(),
      nonce: random.int(0, 9),
      deadline: DEADLINE,
    },
  }),
  permit2: (random) => ({
    types: {
      EIP712Domain: DOMAIN_WITHOUT_VERSION,
      PermitSingle: field('PermitDetails details, address spender, uint256 sigDeadline'),
      PermitDetails: field('address token, uint160 amount, uint48 expiration, uint48 nonce'),
    },
    primaryType: 'PermitSingle',
    domain: { name: 'Permit2', chainId: '1', verifyingContract: PERMIT2 },
    message: {
      details: { token: DAI.contract, amount: '0x2386f26fc10000', expiration: DEADLINE, nonce: 0 },
      spender: evmAddress(random),
      sigDeadline: String(DEADLINE),
    },
  }),
  order: (random) => ({
    types: {
      EIP712Domain: DOMAIN,
      Order: field('address maker, Item[] items, bytes32 salt, bytes extra, bool isLive, int64 delta'),
      Item: field('string name, address token, uint256 amount'),
    },
    primaryType: 'Order',
    domain: { name: 'Exchange', version: '1', chainId: '0x1', verifyingContract: evmAddress(random) },
    message: {
      maker: evmAddress(random).toLowerCase(),
      items: Array.from({ length: random.int(0, 4) }, (_, i) => ({
        name: `item ${i} ✓`,
        token: evmAddress(random),
        amount: random.bigint(1n, 10n ** 12n).toString(),
      })),
      salt: `0x${random.bytes(32).toString('hex')}`,
      extra: `0x${random.bytes(random.int(0, 90)).toString('hex')}`,
      isLive: random.chance(0.5),
      delta: -random.int(0, 1000),
    },
  }),
  login: (random) => ({
    types: { EIP712Domain: field('string name'), Login: field('string statement, uint256 nonce') },
    primaryType: 'Login',
    domain: { name: 'Venue' },
    message: { statement: 'Sign in', nonce: random.int(1, 1_000_000) },
  }),
};

/** @param name one of `TYPED_DATA`; by default any */
export function randomTypedMessage(random: Random, name?: string): TypedMessage {
  const build = TYPED_DATA[name ?? random.pick(Object.keys(TYPED_DATA))];
  if (build === undefined) throw new Error(`no typed data ${name}`);
  return {
    frame: randomFrame(random),
    content: build(random),
    ...(random.chance(0.3) && { rawTx: 'preimage' }),
  };
}

/** A text in the form of EIP-191 (`personal_sign`), which Fireblocks also calls a typed message. */
export function personalMessage(random: Random): Payload {
  const frame = randomFrame(random);
  const text = Buffer.from(`Sign in to venue.example at ${random.int(1, 1000)}`);
  return transactionRequest({
    frame,
    operation: 'TYPED_MESSAGE',
    asset: ETH,
    units: 0n,
    fee: 0n,
    extraParameters: {
      rawMessageData: { messages: [{ type: 'ETH_MESSAGE', content: text.toString('hex') }] },
    },
    entries: [{ path: [44, 60, Number(frame.source.id), 0, 0], payload: bytesOf(hashMessage(text)) }],
  });
}

/** A RAW request that signs a digest of which nothing else is known. */
export function rawDigest(random: Random): Payload {
  const frame = randomFrame(random);
  const digest = random.bytes(32);
  return transactionRequest({
    frame,
    operation: 'RAW',
    asset: ETH,
    units: 0n,
    fee: 0n,
    extraParameters: {
      rawMessageData: { messages: [{ content: digest.toString('hex') }], algorithm: 'MPC_ECDSA_SECP256K1' },
    },
    entries: [{ path: [44, 60, Number(frame.source.id), 0, 0], payload: digest }],
  });
}

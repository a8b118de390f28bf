// Single changes to requests on EVM chains, each with the check that refuses it.
import { AbiCoder, decodeRlp, encodeRlp, Interface } from 'ethers';
import { DAI, USDC } from '../../bench/traffic/assets.js';
import {
  contractCall,
  evmAddress,
  type EvmCall,
  evmTransfer,
  type EvmTransfer,
  tokenTransferData,
} from '../../bench/traffic/evm.js';
import type { Payload } from '../../cli/cosigner/request.js';
import {
  type Change,
  resign,
  withDestination,
  withDoubledDestination,
  withOtherPayload,
  withTrailingByte,
} from './traffic.js';

const TOKEN = new Interface([
  'function transferFrom(address from, address to, uint256 amount)',
  'function approve(address spender, uint256 amount)',
]);

/** Changes to transfers of the coin and of tokens alike. */
export const TRANSFER_CHANGES: readonly Change<EvmTransfer>[] = [
  {
    name: 'another amount in rawTx',
    refusedBy: ['amount'],
    make: (x) => evmTransfer(x, { ...x, units: x.units + 1n }),
  },
  {
    name: 'a larger amount displayed',
    refusedBy: ['amount'],
    make: (x) => evmTransfer({ ...x, units: x.units + 1n }, x),
  },
  {
    name: 'an amount a million times larger in rawTx',
    refusedBy: ['amount'],
    make: (x) => evmTransfer(x, { ...x, units: x.units * 1_000_000n + 1n }),
  },
  {
    name: 'another recipient in rawTx',
    refusedBy: ['recipient'],
    make: (x, random) => evmTransfer(x, { ...x, to: evmAddress(random) }),
  },
  {
    name: 'another recipient displayed',
    refusedBy: ['recipient'],
    make: (x, random) => evmTransfer({ ...x, to: evmAddress(random), dstAddress: undefined }, x),
  },
  {
    name: 'a recipient that differs in the last digit',
    refusedBy: ['recipient'],
    make: (x) => evmTransfer(x, { ...x, to: lastDigitChanged(x.to) }),
  },
  {
    name: 'another chain in rawTx',
    refusedBy: ['chain'],
    make: (x) => evmTransfer(x, { ...x, asset: { ...x.asset, chain: 'evm/5' } }),
  },
  { name: 'another payload', refusedBy: ['payload'], make: (x) => withOtherPayload(evmTransfer(x)) },
  { name: 'a trailing byte', refusedBy: ['payload'], make: (x) => resign(evmTransfer(x), withTrailingByte) },
  {
    name: 'a missing byte',
    refusedBy: ['payload'],
    make: (x) => resign(evmTransfer(x), (bytes) => bytes.subarray(0, -1)),
  },
  {
    name: 'a value with a leading zero',
    refusedBy: ['payload'],
    make: (x) => resign(evmTransfer(x), withLeadingZero),
  },
  {
    name: 'a fee above the bound',
    refusedBy: ['fee'],
    make: (x) => evmTransfer(x, { ...x, gas: { ...x.gas, price: x.gas.price * 3n } }),
  },
  {
    name: 'the destination displayed twice',
    refusedBy: ['recipient', 'amount'],
    make: (x) => withDoubledDestination(evmTransfer(x), x.asset.decimals),
  },
  {
    name: 'a displayed address that differs from the stored one',
    refusedBy: ['display'],
    make: (x, random) => withDestination(evmTransfer(x), { dstAddress: evmAddress(random) }),
  },
  {
    name: 'a destAddress that differs from the destination',
    refusedBy: ['display'],
    make: (x, random) => ({ ...evmTransfer(x), destAddress: evmAddress(random) }),
  },
  {
    name: 'a second transaction that pays a stranger',
    refusedBy: ['recipient', 'amount', 'payload'],
    make: (x, random) => {
      const entries = [x, { ...x, to: evmAddress(random) }].flatMap(
        (each) => evmTransfer(each)['rawTx'] as readonly unknown[],
      );
      return { ...evmTransfer(x), rawTx: entries };
    },
  },
];

export const COIN_CHANGES: readonly Change<EvmTransfer>[] = [
  {
    name: 'data beside a transfer of the coin',
    refusedBy: ['recipient'],
    make: (x, random) => evmTransfer(x, { ...x, data: tokenTransferData(evmAddress(random), 1n) }),
  },
  {
    name: 'a token transfer displayed as a transfer of the coin',
    refusedBy: ['recipient'],
    make: (x) => evmTransfer(x, { ...x, asset: { ...DAI, chain: x.asset.chain } }),
  },
];

export const TOKEN_CHANGES: readonly Change<EvmTransfer>[] = [
  {
    name: 'the contract of another token',
    refusedBy: ['recipient'],
    make: (x) =>
      evmTransfer(x, {
        ...x,
        asset: { ...x.asset, contract: (x.asset.id === 'DAI' ? USDC : DAI).contract ?? '' },
      }),
  },
  {
    name: 'a value beside the token',
    refusedBy: ['recipient', 'amount'],
    make: (x) => evmTransfer(x, { ...x, value: 1n }),
  },
  {
    name: 'a dirty word in the call data',
    refusedBy: ['payload', 'recipient'],
    make: (x) =>
      evmTransfer(x, {
        ...x,
        data: tokenTransferData(x.to, x.units).replace('0xa9059cbb00', '0xa9059cbb01'),
      }),
  },
  {
    name: 'a trailing byte in the call data',
    refusedBy: ['payload', 'recipient'],
    make: (x) => evmTransfer(x, { ...x, data: `${tokenTransferData(x.to, x.units)}00` }),
  },
  {
    name: 'a trailing word in the call data',
    refusedBy: ['payload', 'recipient'],
    make: (x) =>
      evmTransfer(x, {
        ...x,
        data: tokenTransferData(x.to, x.units) + AbiCoder.defaultAbiCoder().encode(['uint256'], [1]).slice(2),
      }),
  },
  {
    name: 'approve instead of transfer',
    refusedBy: ['recipient'],
    make: (x) => evmTransfer(x, { ...x, data: TOKEN.encodeFunctionData('approve', [x.to, x.units]) }),
  },
  {
    name: 'transferFrom instead of transfer',
    refusedBy: ['recipient'],
    make: (x, random) =>
      evmTransfer(x, {
        ...x,
        data: TOKEN.encodeFunctionData('transferFrom', [evmAddress(random), x.to, x.units]),
      }),
  },
  {
    name: 'no call data',
    refusedBy: ['recipient', 'amount'],
    make: (x) => evmTransfer(x, { ...x, data: '0x' }),
  },
];

export const CALL_CHANGES: readonly Change<EvmCall>[] = [
  {
    name: 'another contract in rawTx',
    refusedBy: ['recipient'],
    make: (x, random) => contractCall(x, { ...x, contract: evmAddress(random) }),
  },
  {
    name: 'another value in rawTx',
    refusedBy: ['amount'],
    make: (x) => contractCall(x, { ...x, value: x.value + 1n }),
  },
  {
    name: 'other call data in rawTx',
    refusedBy: ['recipient'],
    make: (x) =>
      contractCall(
        { ...x, showsData: 'bare' },
        { ...x, data: `${x.data.slice(0, -1)}${otherDigit(x.data)}` },
      ),
  },
  {
    name: 'another chain in rawTx',
    refusedBy: ['chain'],
    make: (x) => contractCall(x, { ...x, asset: { ...x.asset, chain: 'evm/10' } }),
  },
  { name: 'another payload', refusedBy: ['payload'], make: (x) => withOtherPayload(contractCall(x)) },
  { name: 'a trailing byte', refusedBy: ['payload'], make: (x) => resign(contractCall(x), withTrailingByte) },
  {
    name: 'a fee above the bound',
    refusedBy: ['fee'],
    make: (x) => contractCall(x, { ...x, gas: { ...x.gas, limit: x.gas.limit * 3n } }),
  },
];

export const STAKING_CHANGES: readonly Change<EvmCall>[] = CALL_CHANGES.filter(({ refusedBy }) =>
  ['payload', 'chain'].includes(refusedBy[0] ?? ''),
);

function lastDigitChanged(address: string): string {
  const lower = address.toLowerCase();
  return `${lower.slice(0, -1)}${otherDigit(lower)}`;
}

const otherDigit = (hex: string): string => (hex.endsWith('0') ? '1' : '0');

/** Writes the number before the data with a zero byte in front, which RLP forbids. */
function withLeadingZero(bytes: Buffer): Buffer {
  const typed = (bytes[0] ?? 0) < 0x80;
  const fields = decodeRlp(typed ? bytes.subarray(1) : bytes) as string[];
  const at = typed ? 1 : 0;
  fields[at] = `0x00${(fields[at] ?? '').slice(2)}`;
  const encoded = Buffer.from(encodeRlp(fields).slice(2), 'hex');
  return typed ? Buffer.concat([bytes.subarray(0, 1), encoded]) : encoded;
}

/** A payload whose bytes are those of a contract creation. */
export function creation(payload: Payload): Payload {
  return resign(payload, (bytes) => {
    const typed = (bytes[0] ?? 0) < 0x80;
    const fields = decodeRlp(typed ? bytes.subarray(1) : bytes) as string[];
    const at = fields.findIndex((field) => field.length === 42);
    fields[at] = '0x';
    const encoded = Buffer.from(encodeRlp(fields).slice(2), 'hex');
    return typed ? Buffer.concat([bytes.subarray(0, 1), encoded]) : encoded;
  });
}

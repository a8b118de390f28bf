// Calls encoded by ethers, an encoder that is independent of the decoder under test.
import { Interface } from 'ethers';
import type { Asset, Catalog } from '../../../src/chain/catalog.js';
import { DEFAULT_CATALOG } from '../../../src/chain/default-catalog.js';
import { readCall } from '../../../src/chain/evm/call.js';
import type { CallFacts, Effects } from '../../../src/chain/facts.js';

export const CHAIN = 'evm/1';
export const USDC = '0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48';
export const ROUTER = '0x1111111254eeb25477b68fb85ed929f73a960582';
export const ALICE = '0x00000000000000000000000000000000000a11ce';
export const BOB = '0x0000000000000000000000000000000000000b0b';
export const SAFE = '0x5afe5afe5afe5afe5afe5afe5afe5afe5afe5afe';
export const UNKNOWN = '0x0123456789012345678901234567890123456789';
export const ZERO = '0x0000000000000000000000000000000000000000';
export const MAX_UINT256 = (1n << 256n) - 1n;

const TOKEN: Asset = { id: 'USDC', chain: CHAIN, contract: USDC, decimals: 6 };

export const CATALOG: Catalog = {
  ...DEFAULT_CATALOG,
  assets: new Map([...DEFAULT_CATALOG.assets, ['USDC', TOKEN]]),
};

/** @param signature with names, or the types only */
export function encode(signature: string, ...values: readonly unknown[]): string {
  const abi = new Interface([`function ${signature}`]);
  return abi.encodeFunctionData(signature.slice(0, signature.indexOf('(')), values);
}

export function read(to: string, data: string, catalog = CATALOG): CallFacts | undefined {
  return readCall({ chain: CHAIN, to, data: fromHex(data), value: 0n }, catalog);
}

/** A readable form of the effects: `token from>to units`, where `.` is the sender. */
export function effectsOf(to: string, data: string, catalog = CATALOG) {
  return summarize(read(to, data, catalog)?.effects);
}

export function summarize(effects: Effects | undefined) {
  return (
    effects && {
      transfers: effects.transfers.map(({ token, from, to, units }) => {
        return `${token ?? 'coin'} ${from ?? '.'}>${to} ${units.toFixed()}`;
      }),
      approvals: effects.approvals.map(({ token, spender, units, unlimited }) => {
        return `${token} ${spender} ${units.toFixed()}${unlimited ? ' unlimited' : ''}`;
      }),
      complete: effects.complete,
    }
  );
}

export function fromHex(hex: string): Buffer {
  return Buffer.from(hex.slice(2), 'hex');
}

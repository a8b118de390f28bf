// Requests of which little can be checked: chains whose raw transactions are not documented, withdrawals from exchanges,
// assets that the policy does not name, and types of transactions that are not known.
import type { Payload } from '../../cli/cosigner/request.js';
import { tonAddress, tronAddress, xrpAddress } from './addresses.js';
import { ETH, SHIB_UNNAMED, TON, type TrafficAsset, TRX, USDC, XRP } from './assets.js';
import { evmAddress, evmTransfer, randomEvmTransfer } from './evm.js';
import type { Random } from './random.js';
import { type Displayed, randomFrame, randomParty, transactionRequest } from './request.js';

type Spelling = Pick<Displayed, 'address' | 'dstAddress' | 'tag'>;

const SPELLINGS: Readonly<Record<string, (random: Random) => Spelling>> = {
  xrp: (random) => ({ address: xrpAddress(random.bytes(20)), tag: String(random.int(1, 999_999)) }),
  tron: (random) => {
    const { base58, hex } = tronAddress(random.bytes(20));
    return { address: base58, dstAddress: random.pick([base58, hex]) };
  },
  ton: (random) => {
    const { raw, bounceable, nonBounceable } = tonAddress(random.bytes(32));
    return { address: bounceable, dstAddress: random.pick([raw, nonBounceable, bounceable]) };
  },
};

/** A transfer of XRP with a tag, of TRX or of TON, mostly without a raw transaction. */
export function otherChainTransfer(
  random: Random,
  asset: TrafficAsset = random.pick([XRP, TRX, TON]),
): Payload {
  const spell = SPELLINGS[asset.chain];
  if (spell === undefined) throw new Error(`no addresses of ${asset.chain}`);
  const units = random.bigint(1n, 10n ** 10n);
  // A form that is not documented, such as Tron's protocol buffers.
  const undocumented = { path: [44, 195, 0, 0, 0], rawTx: random.bytes(140), payload: random.bytes(32) };
  return transactionRequest({
    frame: randomFrame(random),
    operation: 'TRANSFER',
    asset,
    destinations: [{ party: randomParty(random), units, ...spell(random) }],
    units,
    fee: 10n,
    ...(random.chance(0.3) && { entries: [undocumented] }),
  });
}

/** The exchange signs by itself: there is no raw transaction. */
export function exchangeWithdrawal(random: Random): Payload {
  const address = evmAddress(random);
  const units = random.bigint(1n, 10n ** 11n);
  return transactionRequest({
    frame: randomFrame(random, { type: 'EXCHANGE', id: random.uuid() }),
    asset: USDC,
    destinations: [{ party: { type: 'VAULT', id: '3', name: 'Treasury' }, address, units }],
    units,
    fee: 0n,
  });
}

/** A token that the policy does not name. */
export function unnamedTokenTransfer(random: Random): Payload {
  return evmTransfer(randomEvmTransfer(random, SHIB_UNNAMED));
}

/** A transaction type that is not known, such as 0x71 of zkSync. */
export function unknownTypeTransfer(random: Random): Payload {
  const address = evmAddress(random);
  const units = random.bigint(1n, 10n ** 17n);
  return transactionRequest({
    frame: randomFrame(random),
    operation: 'TRANSFER',
    asset: ETH,
    destinations: [{ party: randomParty(random), address, units }],
    units,
    fee: 10n ** 15n,
    entries: [
      {
        path: [44, 60, 0, 0, 0],
        rawTx: Buffer.concat([Buffer.from([0x71, 0xf8, 0x7f]), random.bytes(127)]),
        payload: random.bytes(32),
      },
    ],
  });
}

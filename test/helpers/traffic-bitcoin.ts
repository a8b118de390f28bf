// Single changes to transfers of Bitcoin, each with the check that refuses it.
import { BTC_TEST } from '../../bench/traffic/assets.js';
import { bitcoinTransfer, type BitcoinTransfer, feeOf, randomOutput } from '../../bench/traffic/bitcoin.js';
import {
  type Change,
  resign,
  withDoubledDestination,
  withOtherPayload,
  withTrailingByte,
} from './traffic.js';

/** Adds satoshis to what the change gets. */
function withChange(x: BitcoinTransfer, sat: bigint): BitcoinTransfer {
  return { ...x, ...(x.change && { change: { ...x.change, sat: x.change.sat + sat } }) };
}

/** Pays satoshis more to the first destination. */
function withPaid(x: BitcoinTransfer, sat: bigint): BitcoinTransfer {
  return {
    ...x,
    destinations: x.destinations.map((each, i) => (i === 0 ? { ...each, sat: each.sat + sat } : each)),
  };
}

/** For all script forms. The transfer has change, and some input's path ends in 0. */
export const BITCOIN_CHANGES: readonly Change<BitcoinTransfer>[] = [
  {
    name: 'one satoshi more for the destination, less for the change',
    refusedBy: ['amount', 'recipient'],
    make: (x) => bitcoinTransfer(x, withChange(withPaid(x, 1n), -1n)),
  },
  {
    name: 'a larger amount displayed',
    refusedBy: ['amount', 'recipient'],
    make: (x) => bitcoinTransfer({ ...withPaid(x, 1n), fee: feeOf(x) }, x),
  },
  {
    name: 'another recipient in rawTx',
    refusedBy: ['recipient'],
    make: (x, random) =>
      bitcoinTransfer(x, {
        ...x,
        destinations: x.destinations.map(({ sat }) => randomOutput(random, x.asset.chain, sat)),
      }),
  },
  {
    name: 'another recipient displayed',
    refusedBy: ['recipient'],
    make: (x, random) =>
      bitcoinTransfer(
        { ...x, destinations: x.destinations.map(({ sat }) => randomOutput(random, x.asset.chain, sat)) },
        x,
      ),
  },
  {
    name: 'an output more',
    refusedBy: ['recipient'],
    make: (x, random) =>
      bitcoinTransfer(x, {
        ...withChange(x, -546n),
        destinations: [...x.destinations, randomOutput(random, x.asset.chain, 546n)],
      }),
  },
  {
    name: 'an output more of nothing',
    refusedBy: ['recipient'],
    make: (x, random) =>
      bitcoinTransfer(x, {
        ...x,
        destinations: [...x.destinations, randomOutput(random, x.asset.chain, 0n)],
      }),
  },
  {
    name: 'an output less',
    refusedBy: ['recipient', 'amount'],
    make: (x) => bitcoinTransfer(x, { ...x, destinations: x.destinations.slice(1) }),
  },
  {
    name: 'the destination paid twice',
    refusedBy: ['recipient', 'amount'],
    make: (x) => {
      const [first, ...rest] = x.destinations.map((each) => ({ ...each, sat: each.sat / 2n }));
      const shown = { ...x, destinations: first ? [first, ...rest] : [] };
      return bitcoinTransfer(shown, { ...shown, destinations: first ? [first, first, ...rest] : [] });
    },
  },
  {
    name: 'the destination displayed twice',
    refusedBy: ['recipient', 'amount'],
    make: (x) => withDoubledDestination(bitcoinTransfer(x), x.asset.decimals),
  },
  {
    name: 'change to a stranger',
    refusedBy: ['recipient'],
    make: (x, random) =>
      bitcoinTransfer(x, {
        ...x,
        ...(x.change && { change: randomOutput(random, x.asset.chain, x.change.sat) }),
      }),
  },
  {
    name: 'addresses of another network',
    refusedBy: ['chain'],
    make: (x) => bitcoinTransfer({ ...x, asset: BTC_TEST }, x),
  },
  { name: 'another payload', refusedBy: ['payload'], make: (x) => withOtherPayload(bitcoinTransfer(x)) },
  {
    name: 'a trailing byte',
    refusedBy: ['payload'],
    make: (x) => resign(bitcoinTransfer(x), withTrailingByte),
  },
  {
    name: 'a missing byte',
    refusedBy: ['payload'],
    make: (x) => resign(bitcoinTransfer(x), (bytes) => bytes.subarray(0, -1)),
  },
  {
    name: 'an input without its entry',
    refusedBy: ['payload', 'recipient', 'amount'],
    make: (x) => {
      const payload = bitcoinTransfer(x);
      return { ...payload, rawTx: (payload['rawTx'] as readonly unknown[]).slice(1) };
    },
  },
  {
    name: 'an entry twice instead of another',
    refusedBy: ['payload', 'recipient', 'amount'],
    make: (x) => {
      const payload = bitcoinTransfer(x);
      const [first, , ...rest] = payload['rawTx'] as readonly unknown[];
      return { ...payload, rawTx: [first, first, ...rest] };
    },
  },
  {
    name: 'an entry of another transaction',
    refusedBy: ['payload', 'recipient', 'amount'],
    make: (x) => {
      const payload = bitcoinTransfer(x);
      const other = bitcoinTransfer({ ...x, locktime: x.locktime + 1 });
      const [first] = other['rawTx'] as readonly unknown[];
      return { ...payload, rawTx: [first, ...(payload['rawTx'] as readonly unknown[]).slice(1)] };
    },
  },
  {
    name: 'a signature that leaves the outputs open (SIGHASH_NONE)',
    refusedBy: [],
    make: (x) =>
      resign(bitcoinTransfer(x), (bytes) =>
        Buffer.concat([bytes.subarray(0, -4), Buffer.from([2, 0, 0, 0])]),
      ),
  },
];

/** What only inputs with known amounts can show. */
export const FEE_CHANGES: readonly Change<BitcoinTransfer>[] = [
  {
    name: 'one satoshi more of fee in rawTx',
    refusedBy: ['amount', 'fee', 'recipient'],
    make: (x) => bitcoinTransfer(x, withChange(x, -1n)),
  },
  {
    name: 'one satoshi more of fee displayed',
    refusedBy: ['amount', 'fee', 'recipient'],
    make: (x) => bitcoinTransfer({ ...x, form: 'net', fee: feeOf(x) + 1n }, x),
  },
  {
    name: 'an input less in rawTx',
    refusedBy: ['amount', 'fee', 'recipient', 'payload'],
    make: (x) => bitcoinTransfer({ ...x, fee: feeOf(x) }, { ...x, inputs: x.inputs.slice(0, -1) }),
  },
];

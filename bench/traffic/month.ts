// A month of made-up but realistic traffic of one workspace: what a treasury of a trading company asks its API user to
// approve and sign. Nothing in it contradicts itself, so nothing in it may be refused as a contradiction.
import type { Payload } from '../../cli/cosigner/request.js';
import {
  BCH,
  BTC,
  DOGE,
  ETH,
  LTC,
  MATIC,
  SOL,
  SOL_PYUSD,
  SOL_USDC,
  DAI,
  USDC,
  USDC_POLYGON,
} from './assets.js';
import {
  bitcoinTransfer,
  psbtRequest,
  randomBitcoinTransfer,
  randomVault,
  type VaultKeys,
} from './bitcoin.js';
import { payTo, SCRIPT_FORMS } from './bitcoin-bytes.js';
import { randomCall, randomStaking } from './calls.js';
import { contractCall, evmTransfer, randomEvmTransfer } from './evm.js';
import {
  exchangeWithdrawal,
  otherChainTransfer,
  unknownTypeTransfer,
  unnamedTokenTransfer,
} from './others.js';
import { createRandom, type Random } from './random.js';
import { approvalOf } from './request.js';
import { randomSolanaTransfer, solanaStaking, solanaTransfer } from './solana.js';
import { personalMessage, randomTypedMessage, rawDigest, typedMessage } from './typed.js';

export interface MonthRequest {
  /** When it arrives, in ms since 1970. */
  readonly at: number;
  /** Such as `bitcoin rebalancing`. */
  readonly kind: string;
  readonly stage: 'approval' | 'signing';
  /** Whether the Co-signer sends an earlier request again, after a RETRY. */
  readonly isRetry: boolean;
  readonly payload: Payload;
}

interface World {
  readonly random: Random;
  readonly vaults: readonly VaultKeys[];
}

interface Kind {
  readonly name: string;
  /** Transactions of a hundred. */
  readonly share: number;
  readonly make: (world: World) => Payload | readonly Payload[];
}

const KINDS: readonly Kind[] = [
  { name: 'ether', share: 12, make: ({ random }) => evmTransfer(randomEvmTransfer(random, ETH)) },
  {
    name: 'token',
    share: 20,
    make: ({ random }) => evmTransfer(randomEvmTransfer(random, random.pick([USDC, DAI]))),
  },
  {
    name: 'polygon',
    share: 7,
    make: ({ random }) => evmTransfer(randomEvmTransfer(random, random.pick([MATIC, USDC_POLYGON]))),
  },
  { name: 'batch', share: 2, make: ({ random }) => batch(random) },
  {
    name: 'bitcoin',
    share: 13,
    make: ({ random }) => bitcoinTransfer(randomBitcoinTransfer(random, { asset: BTC })),
  },
  { name: 'bitcoin rebalancing', share: 6, make: rebalancing },
  { name: 'bitcoin consolidation', share: 1, make: consolidation },
  {
    name: 'kin of bitcoin',
    share: 3,
    make: ({ random }) =>
      bitcoinTransfer(randomBitcoinTransfer(random, { asset: random.pick([LTC, DOGE, BCH]) })),
  },
  { name: 'solana', share: 7, make: ({ random }) => solanaTransfer(randomSolanaTransfer(random, SOL)) },
  {
    name: 'solana token',
    share: 6,
    make: ({ random }) => solanaTransfer(randomSolanaTransfer(random, random.pick([SOL_USDC, SOL_PYUSD]))),
  },
  { name: 'other chains', share: 6, make: ({ random }) => otherChainTransfer(random) },
  { name: 'exchange withdrawal', share: 4, make: ({ random }) => exchangeWithdrawal(random) },
  { name: 'contract call', share: 6, make: ({ random }) => contractCall(randomCall(random)) },
  { name: 'staking', share: 2, make: staking },
  { name: 'typed message', share: 3, make: ({ random }) => typedMessage(randomTypedMessage(random)) },
  { name: 'raw', share: 2, make: raw },
];

const HUNDRED = KINDS.flatMap((kind) => Array<Kind>(kind.share).fill(kind));
const START = Date.UTC(2026, 8, 1);
const DAY_MS = 86_400_000;
const DAYS = 30;
const RETRY_MS = 180_000;
const VAULTS = 12;

export interface MonthOptions {
  readonly seed?: number;
  /** How many requests to give, about: a transaction has one to five of them. */
  readonly requests?: number;
}

/** Requests in the order in which they arrive within each transaction; the same for the same seed. */
export function* month({ seed = 1, requests = 5000 }: MonthOptions = {}): Generator<MonthRequest> {
  const world = createWorld(seed);
  const { random } = world;
  let given = 0;
  while (given < requests) {
    const { name, make } = random.pick(HUNDRED);
    const made = make(world);
    const at = START + Math.floor((given / requests) * DAYS * DAY_MS);
    for (const signing of Array.isArray(made) ? (made as readonly Payload[]) : [made as Payload]) {
      for (const request of stagesOf(random, signing)) {
        given++;
        yield { at: at + request.delay, kind: name, ...request };
      }
    }
  }
}

function createWorld(seed: number): World {
  const random = createRandom(seed);
  return { random, vaults: Array.from({ length: VAULTS }, () => randomVault(random)) };
}

/** The permanent addresses of the vaults, in every form, to which rebalancing sends its change. */
export function permanentAddresses({ seed = 1 }: MonthOptions = {}): readonly string[] {
  return createWorld(seed).vaults.flatMap((vault) =>
    SCRIPT_FORMS.map((form) => payTo(BTC.chain, form, vault.keyHash(0), 0n).address),
  );
}

type Stage = Omit<MonthRequest, 'at' | 'kind'> & { readonly delay: number };

/** Most transactions are approved and then signed; some requests come again after a RETRY, with the same id. */
function* stagesOf(random: Random, signing: Payload): Generator<Stage> {
  const stages = random.chance(0.5) ? (['approval', 'signing'] as const) : (['signing'] as const);
  for (const [i, stage] of stages.entries()) {
    const payload = stage === 'approval' ? approvalOf(signing) : signing;
    const times = random.chance(0.06) ? random.int(2, 4) : 1;
    for (let time = 0; time < times; time++) {
      yield { stage, payload, isRetry: time > 0, delay: i * 5000 + time * RETRY_MS };
    }
  }
}

/** Several requests of one batched transaction: each `requestId` has a suffix that `txId` lacks. */
function batch(random: Random): readonly Payload[] {
  const txId = random.uuid();
  const asset = random.pick([ETH, USDC]);
  return Array.from({ length: random.int(2, 6) }, (_, i) => {
    const transfer = randomEvmTransfer(random, asset);
    return evmTransfer({ ...transfer, frame: { ...transfer.frame, txId, requestId: `${txId}-${i}` } });
  });
}

/** From one own vault to another, with the change to the permanent address of the source. */
function rebalancing({ random, vaults }: World): Payload {
  const source = random.pick(vaults);
  const transfer = randomBitcoinTransfer(
    random,
    { asset: BTC, destinations: 1, change: 'permanent' },
    source,
  );
  const parties = [{ type: 'VAULT', id: String(random.pick(vaults).account), name: 'Cold storage' }];
  return bitcoinTransfer({ ...transfer, parties });
}

function consolidation({ random, vaults }: World): Payload {
  const forms = random.pick(['segwit', 'legacy', 'mixed'] as const);
  const size = { inputs: random.int(20, 60), destinations: 1, change: 'none', form: 'gross' } as const;
  return bitcoinTransfer(randomBitcoinTransfer(random, { asset: BTC, forms, ...size }, random.pick(vaults)));
}

function staking({ random }: World): Payload {
  return random.chance(0.5) ? contractCall(randomStaking(random)) : solanaStaking(random);
}

function raw({ random }: World): Payload {
  switch (random.int(0, 4)) {
    case 0:
      return personalMessage(random);
    case 1:
      return rawDigest(random);
    case 2:
      return unnamedTokenTransfer(random);
    case 3:
      return unknownTypeTransfer(random);
    default:
      return psbtRequest(randomBitcoinTransfer(random, { asset: BTC, forms: 'segwit' }));
  }
}

// For generated requests on each chain: what agrees is not refused, and every single change is refused by its check.
// The requests are encoded with ethers, bitcoinjs-lib and @solana/web3.js, which the handler does not use.
import fc from 'fast-check';
import t, { type Test } from 'tap';
import {
  BCH,
  BTC,
  DAI,
  DOGE,
  ETH,
  LTC,
  MATIC,
  SOL,
  SOL_PYUSD,
  SOL_USDC,
  USDC,
  USDC_POLYGON,
} from '../../bench/traffic/assets.js';
import {
  bitcoinTransfer,
  type BitcoinTransfer,
  type InputForms,
  psbtRequest,
  randomBitcoinTransfer,
  randomVault,
  type TransferOptions,
} from '../../bench/traffic/bitcoin.js';
import { payTo, SCRIPT_FORMS } from '../../bench/traffic/bitcoin-bytes.js';
import { TRAFFIC_CATALOG } from '../../bench/traffic/catalog.js';
import { CALLS, randomCall, randomStaking } from '../../bench/traffic/calls.js';
import { contractCall, evmTransfer, randomEvmTransfer } from '../../bench/traffic/evm.js';
import { createRandom, type Random } from '../../bench/traffic/random.js';
import { AMOUNT_FORMS, approvalOf } from '../../bench/traffic/request.js';
import { randomSolanaTransfer, solanaTransfer } from '../../bench/traffic/solana.js';
import { randomTypedMessage, TYPED_DATA, typedMessage } from '../../bench/traffic/typed.js';
import type { Payload } from '../../cli/cosigner/request.js';
import type { Catalog } from '../../src/chain/catalog.js';
import { type Change, contradictions, readPayload, reasons, withOtherPayload } from '../helpers/traffic.js';
import { BITCOIN_CHANGES, FEE_CHANGES } from '../helpers/traffic-bitcoin.js';
import {
  CALL_CHANGES,
  COIN_CHANGES,
  creation,
  STAKING_CHANGES,
  TOKEN_CHANGES,
  TRANSFER_CHANGES,
} from '../helpers/traffic-evm.js';
import { SOLANA_CHANGES, SPL_CHANGES } from '../helpers/traffic-solana.js';

const RUNS = 15;

type Make<T> = (random: Random) => T;

/** @param check is run with random values; what it throws or returns as a string fails the test */
function forAll(t: Test, check: (random: Random) => string | undefined): void {
  const result = fc.check(
    fc.property(fc.nat(), (seed) => {
      const problem = check(createRandom(seed));
      if (problem !== undefined) throw new Error(problem);
    }),
    { numRuns: RUNS, endOnFailure: true },
  );
  const error = result.errorInstance;
  t.notOk(result.failed, error instanceof Error ? error.message : 'holds for all');
  t.end();
}

const describe = (payload: Payload, catalog?: Catalog): string =>
  `${JSON.stringify(reasons(readPayload(payload, catalog)))}\n${JSON.stringify(payload)}`;

/** What agrees does not contradict, at the approval and when it is signed; when signed it is verified. */
function agrees(
  name: string,
  make: Make<Payload>,
  { verified = true, catalog = TRAFFIC_CATALOG } = {},
): void {
  t.test(`does not refuse what agrees: ${name}`, (t) => {
    forAll(t, (random) => {
      const payload = make(random);
      for (const each of [payload, approvalOf(payload)]) {
        if (contradictions(readPayload(each, catalog)).length > 0) return describe(each, catalog);
      }
      return readPayload(payload, catalog).verified === verified ? undefined : describe(payload, catalog);
    });
  });
}

function refuses<T>(name: string, make: Make<T>, changes: readonly Change<T>[]): void {
  for (const change of changes) {
    const by =
      change.refusedBy.length === 0 ? 'does not verify' : `refuses by ${change.refusedBy.join(' or ')}`;
    t.test(`${by}: ${name}, ${change.name}`, (t) => {
      forAll(t, (random) => {
        const payload = change.make(make(random), random);
        const { refusal, verified } = readPayload(payload);
        const isRefused = change.refusedBy.some((check) => check === refusal?.check);
        if (verified || (change.refusedBy.length > 0 && !isRefused)) {
          return `${refusal?.reason ?? 'not refused'} ${describe(payload)}`;
        }
        return undefined;
      });
    });
  }
}

for (const asset of [ETH, MATIC]) {
  agrees(`a transfer of ${asset.id}`, (random) => evmTransfer(randomEvmTransfer(random, asset)));
  refuses(asset.id, (random) => randomEvmTransfer(random, asset), [...TRANSFER_CHANGES, ...COIN_CHANGES]);
}
for (const asset of [USDC, DAI, USDC_POLYGON]) {
  agrees(`a transfer of ${asset.id}`, (random) => evmTransfer(randomEvmTransfer(random, asset)));
}
refuses('USDC', (random) => randomEvmTransfer(random, USDC), [...TRANSFER_CHANGES, ...TOKEN_CHANGES]);
refuses('ETH', (random) => creation(evmTransfer({ ...randomEvmTransfer(random, ETH), form: 'net' })), [
  { name: 'the creation of a contract', refusedBy: ['recipient'], make: (payload) => payload },
]);

for (const name of Object.keys(CALLS)) {
  agrees(`a contract call, ${name}`, (random) => contractCall(randomCall(random, name)));
}
agrees('a contract call in a transaction that delegates, which no request displays', delegatingCall, {
  verified: false,
});
refuses('a contract call', (random) => randomCall(random, 'swap'), CALL_CHANGES);
agrees('staking', (random) => contractCall(randomStaking(random)), { verified: false });
refuses('staking', randomStaking, STAKING_CHANGES);

function delegatingCall(random: Random): Payload {
  const call = randomCall(random);
  return contractCall({ ...call, gas: { ...call.gas, type: 4 } });
}

const FORMS: readonly InputForms[] = ['segwit', 'legacy', 'nested', 'mixed'];
for (const forms of FORMS) {
  for (const change of ['none', 'input'] as const) {
    const options: TransferOptions = { asset: BTC, forms, change };
    agrees(`Bitcoin, ${forms} inputs, change: ${change}`, bitcoin(options));
  }
  const make: Make<BitcoinTransfer> = (random) =>
    randomBitcoinTransfer(random, {
      asset: BTC,
      forms,
      change: 'input',
      pathsEndInZero: true,
      inputs: random.int(2, 4),
    });
  refuses(`Bitcoin, ${forms} inputs`, make, BITCOIN_CHANGES);
  if (forms !== 'legacy') refuses(`Bitcoin, ${forms} inputs`, make, forms === 'mixed' ? [] : FEE_CHANGES);
}
for (const form of AMOUNT_FORMS) agrees(`Bitcoin, amounts ${form}`, bitcoin({ asset: BTC, form }));
for (const changeForm of SCRIPT_FORMS) {
  agrees(
    `Bitcoin, change to an input's key as ${changeForm}`,
    bitcoin({ asset: BTC, change: 'input', changeForm }),
  );
}
for (const asset of [LTC, DOGE]) agrees(asset.id, bitcoin({ asset }));
agrees('Bitcoin, eight destinations', bitcoin({ asset: BTC, forms: 'legacy', destinations: 8 }));
agrees('Bitcoin, change to the permanent address, which no input has', permanentChange().make, {
  verified: false,
});
agrees('Bitcoin, change to an address that is listed', permanentChange().make, {
  catalog: permanentChange().catalog,
});

function bitcoin(options: TransferOptions): Make<Payload> {
  return (random) => bitcoinTransfer(randomBitcoinTransfer(random, options));
}

/** One vault, so that its permanent addresses can be listed. */
function permanentChange(): { readonly make: Make<Payload>; readonly catalog: Catalog } {
  const vault = randomVault(createRandom(5));
  const own = SCRIPT_FORMS.map((form) => payTo(BTC.chain, form, vault.keyHash(0), 0n).address);
  const options = { asset: BTC, change: 'permanent', pathsEndInZero: false } as const;
  return {
    make: (random) => bitcoinTransfer(randomBitcoinTransfer(random, options, vault)),
    catalog: { ...TRAFFIC_CATALOG, own },
  };
}

for (const asset of [SOL, SOL_USDC, SOL_PYUSD]) {
  agrees(`a transfer of ${asset.id}`, (random) => solanaTransfer(randomSolanaTransfer(random, asset)));
}
refuses('SOL', (random) => randomSolanaTransfer(random, SOL), SOLANA_CHANGES);
refuses('SOL_USDC', (random) => randomSolanaTransfer(random, SOL_USDC), [...SOLANA_CHANGES, ...SPL_CHANGES]);

t.test('does not contradict Bitcoin Cash, whose digests have a form of their own', (t) => {
  forAll(t, (random) => {
    const payload = bitcoinTransfer(randomBitcoinTransfer(random, { asset: BCH }));
    return contradictions(readPayload(payload)).length === 0 ? undefined : describe(payload);
  });
});

for (const name of Object.keys(TYPED_DATA)) {
  t.test(`confirms the digest of a typed message: ${name}`, (t) => {
    forAll(t, (random) => {
      const payload = typedMessage(randomTypedMessage(random, name));
      const signed = readPayload(payload);
      const isRight = signed.findings.payload.outcome === 'holds' && contradictions(signed).length === 0;
      return isRight ? undefined : describe(payload);
    });
  });
}
refuses('a typed message', (random) => randomTypedMessage(random), [
  { name: 'another payload', refusedBy: ['payload'], make: (x) => withOtherPayload(typedMessage(x)) },
  {
    name: 'another message',
    refusedBy: ['payload'],
    make: (x, random) => typedMessage(x, { ...randomTypedMessage(random, 'permit'), frame: x.frame }),
  },
  {
    name: 'another domain',
    refusedBy: ['payload', 'chain'],
    make: (x) =>
      typedMessage(x, { ...x, content: { ...x.content, domain: { ...x.content.domain, name: 'Other' } } }),
  },
]);

t.test('confirms that RAW messages are signature hashes of their PSBT', (t) => {
  forAll(t, (random) => {
    const forms = random.pick(['segwit', 'nested'] as const);
    const payload = psbtRequest(randomBitcoinTransfer(random, { asset: BTC, forms }));
    return readPayload(payload).findings.payload.outcome === 'holds' ? undefined : describe(payload);
  });
});
refuses(
  'a PSBT',
  (random) => randomBitcoinTransfer(random, { asset: BTC, forms: 'segwit', change: 'input' }),
  [
    {
      name: 'digests of a transaction that pays others',
      refusedBy: ['payload'],
      make: (x, random) =>
        psbtRequest(
          x,
          randomBitcoinTransfer(random, { asset: BTC, forms: 'segwit', inputs: x.inputs.length }),
        ),
    },
  ],
);

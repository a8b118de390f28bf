// The published vectors as full requests, with the intents that other encoders build the same bytes from.
import { readFileSync } from 'node:fs';
import { Transaction } from 'bitcoinjs-lib';
import { getAddress } from 'ethers';
import {
  type Confirm,
  confirmBitcoin,
  confirmEvm,
  confirmSolana,
} from '../../bench/fuzz/decoders/confirm.js';
import { BTC, DAI, SOL } from '../../bench/traffic/assets.js';
import { type BitcoinTransfer, bitcoinTransfer } from '../../bench/traffic/bitcoin.js';
import { payTo } from '../../bench/traffic/bitcoin-bytes.js';
import { TRAFFIC_CATALOG, toAsset } from '../../bench/traffic/catalog.js';
import { tokenTransferData } from '../../bench/traffic/evm.js';
import { type Entry, type Frame, transactionRequest } from '../../bench/traffic/request.js';
import { type SolanaTransfer, solanaTransfer } from '../../bench/traffic/solana.js';
import { type Payload, samplePayload } from '../../cli/cosigner/request.js';
import type { Catalog } from '../../src/chain/catalog.js';
import { ROOT } from './paths.js';

export interface Vector {
  readonly name: string;
  readonly payload: Payload;
  readonly catalog: Catalog;
  /** As the file has it: `true`, or `payload only`. */
  readonly verified: unknown;
  readonly confirm: Confirm;
}

interface Fixture {
  readonly rawTx?: readonly Readonly<Record<'keyDerivationPath' | 'rawTx' | 'payload', string>>[];
  readonly extraParameters?: Payload;
  readonly payload?: string;
  readonly expect: { readonly verified: unknown };
}

const FRAME: Frame = {
  requestId: '9c794cee-7e27-46c9-9e9a-ed68295ff06b',
  txId: '9c794cee-7e27-46c9-9e9a-ed68295ff06b',
  source: { type: 'VAULT', id: '0' },
  players: [],
};
const PARTY = { type: 'ONE_TIME_ADDRESS', id: '' };
const never: Confirm = () => false;

function fixture(name: string): Fixture {
  return JSON.parse(readFileSync(`${ROOT}test/fixtures/rawtx/${name}.json`, 'utf8')) as Fixture;
}

function entriesOf({ rawTx = [] }: Fixture): readonly Entry[] {
  return rawTx.map((entry) => ({
    path: JSON.parse(entry.keyDerivationPath) as number[],
    rawTx: Buffer.from(entry.rawTx, 'hex'),
    payload: Buffer.from(entry.payload, 'hex'),
  }));
}

function vector(
  name: string,
  build: (
    entries: readonly Entry[],
    file: Fixture,
  ) => { readonly payload: Payload; readonly confirm?: Confirm },
  catalog = TRAFFIC_CATALOG,
): Vector {
  const file = fixture(name);
  const { payload, confirm = never } = build(entriesOf(file), file);
  return {
    name,
    catalog,
    confirm,
    payload: { ...payload, ...withRawTx(file) },
    verified: file.expect.verified,
  };
}

const withRawTx = ({ rawTx }: Fixture): Payload => (rawTx ? { rawTx } : {});

const TO = '0x5dC69B1Fbb13Bafd09af88a782F0F285772Ad5f8';
const TOKEN_TO = getAddress('0x5322b34c88ed0691971bf52a7047448f0f4efc84');

/** DAI is on chain id 52 in the published vector. */
const CHAIN_52: Catalog = {
  ...TRAFFIC_CATALOG,
  assets: new Map([...TRAFFIC_CATALOG.assets, ['DAI', toAsset({ ...DAI, chain: 'evm/52' })]]),
};

/** The most that the vector spends: its gas limit times its gas price. */
const ERC20_FEE = 0x130b9n * 0x09c7652400n;

const SOLANA: SolanaTransfer = {
  frame: FRAME,
  party: PARTY,
  asset: SOL,
  from: '6eoo7i1khGhVm8tLBMAdq4ax2FxkKP4G7mCcfHyr3STN',
  to: '56B334QvCDMSirsmtEJGfanZm8GqeQarrSjdAb2MbeNM',
  units: 42n,
  blockhash: '11111111111111111111111111111111',
  version: 'legacy',
  form: 'net',
};

export const VECTORS: readonly Vector[] = [
  vector('evm-eip1559-transfer', () => ({
    payload: samplePayload('transaction'),
    confirm: confirmEvm({ chain: 'evm/1', to: TO, value: 10n ** 16n, data: '0x', fee: 597_803_762_241_000n }),
  })),
  vector(
    'evm-legacy-erc20-transfer',
    (entries) => ({
      payload: transactionRequest({
        ...{ frame: FRAME, operation: 'TRANSFER', asset: DAI, entries },
        destinations: [{ party: PARTY, address: TOKEN_TO, units: 2n * 10n ** 18n }],
        units: 2n * 10n ** 18n,
        fee: ERC20_FEE,
      }),
      confirm: confirmEvm({
        ...{ chain: 'evm/52', to: DAI.contract ?? '', value: 0n, fee: ERC20_FEE },
        data: tokenTransferData(TOKEN_TO, 2n * 10n ** 18n),
      }),
    }),
    CHAIN_52,
  ),
  vector('btc-legacy-sighash-two-inputs', (entries) => {
    const transfer = legacyTransfer(entries);
    return { payload: bitcoinTransfer(transfer), confirm: confirmBitcoin(transfer) };
  }),
  vector('btc-segwit-bip143-p2wpkh', (entries) => ({
    payload: transactionRequest({
      ...{ frame: FRAME, operation: 'TRANSFER', asset: BTC, entries, fee: 10_000n },
      destinations: [
        { party: PARTY, address: '1Cu32FVupVCgHkMMRJdYJugxwo2Aprgk7H', units: 112_340_000n },
        { party: PARTY, address: '16TZ8J6Q5iZKBWizWzFAYnrsaox5Z5aBRV', units: 223_450_000n },
      ],
      units: 335_790_000n,
    }),
  })),
  vector('solana-system-transfer', () => ({
    payload: solanaTransfer(SOLANA),
    confirm: confirmSolana(SOLANA),
  })),
  vector('evm-eip712-mail', (_, file) => ({ payload: rawRequest('TYPED_MESSAGE', 'ETH', file) })),
  vector('btc-psbt-two-inputs', (_, file) => ({ payload: rawRequest('RAW', 'BTC_TEST', file) })),
];

/** Both inputs have one key; their amounts are not visible. */
function legacyTransfer(entries: readonly Entry[]): BitcoinTransfer {
  const keyHash = Buffer.from('95f6fbf9976938f6bffc646adf8b54a8f70620eb', 'hex');
  const bytes = entries[0]?.rawTx ?? Buffer.alloc(0);
  const transaction = Transaction.fromBuffer(bytes.subarray(0, -4));
  return {
    ...{ frame: FRAME, parties: [PARTY], asset: BTC, form: 'net', fee: 4164n },
    ...{ version: transaction.version, locktime: transaction.locktime, changeAt: 1 },
    inputs: transaction.ins.map(({ hash, index, sequence }) => ({
      ...{ index, sequence, keyHash, sat: 0n, form: 'p2pkh', path: [44, 0, 0, 0, 0] },
      txId: Buffer.from(hash).reverse().toString('hex'),
    })),
    destinations: [
      payTo('bitcoin', 'p2pkh', Buffer.from('8ca80d9b17cdba4b0f9b117c92852ca04a697839', 'hex'), 87_600n),
    ],
    change: payTo('bitcoin', 'p2wpkh', keyHash, 84_267n),
  };
}

function rawRequest(operation: string, asset: string, { extraParameters = {} }: Fixture): Payload {
  return {
    ...{ requestId: FRAME.requestId, txId: FRAME.txId, operation, asset, extraParameters },
    ...{ sourceType: 'VAULT', sourceId: '0', amountStr: '0', fee: '0' },
  };
}

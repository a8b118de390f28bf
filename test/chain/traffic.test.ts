// A month of made-up traffic, and the generator that makes it: legitimate requests never contradict themselves.
import t from 'tap';
import { TRAFFIC_CATALOG } from '../../bench/traffic/catalog.js';
import { BTC, DOGE, LTC } from '../../bench/traffic/assets.js';
import { agreesWithLibrary, randomBitcoinTransfer } from '../../bench/traffic/bitcoin.js';
import { month, type MonthRequest, permanentAddresses } from '../../bench/traffic/month.js';
import { createRandom } from '../../bench/traffic/random.js';
import type { Catalog } from '../../src/chain/catalog.js';
import { contradictions, readPayload, reasons } from '../helpers/traffic.js';

const MONTH = [...month()];
const KINDS = [...new Set(MONTH.map(({ kind }) => kind))];
/** So many wrong requests are printed. */
const PRINTED = 3;

for (const kind of KINDS) {
  t.test(`refuses nothing in a month of traffic: ${kind}`, (t) => {
    t.strictSame(
      refused(
        MONTH.filter((request) => request.kind === kind),
        TRAFFIC_CATALOG,
      ),
      [],
    );
    t.end();
  });
}

t.test('refuses nothing if the permanent addresses are listed under "own"', (t) => {
  const catalog = { ...TRAFFIC_CATALOG, own: permanentAddresses() };
  t.strictSame(
    refused(
      MONTH.filter(({ kind }) => kind.includes('bitcoin')),
      catalog,
    ),
    [],
  );
  t.end();
});

t.test('verifies rebalancing to the permanent address only if it is listed under "own"', (t) => {
  const rebalancing = MONTH.filter(
    ({ kind, stage }) => kind === 'bitcoin rebalancing' && stage === 'signing',
  );
  const verified = (own: readonly string[]): number =>
    rebalancing.filter(({ payload }) => readPayload(payload, { ...TRAFFIC_CATALOG, own }).verified).length;
  t.equal(verified(permanentAddresses()), rebalancing.length);
  t.ok(verified([]) < rebalancing.length);
  t.end();
});

t.test('gives the same month for the same seed', (t) => {
  const first = (seed: number): string => JSON.stringify([...month({ seed, requests: 50 })]);
  t.equal(first(7), first(7));
  t.not(first(7), first(8));
  t.end();
});

t.test('writes the preimages of Bitcoin as bitcoinjs-lib hashes them', (t) => {
  const random = createRandom(1);
  for (const asset of [BTC, LTC, DOGE]) {
    const transfers = Array.from({ length: 40 }, () => randomBitcoinTransfer(random, { asset }));
    t.ok(transfers.every(agreesWithLibrary), asset.id);
  }
  t.end();
});

function refused(requests: readonly MonthRequest[], catalog: Catalog): readonly unknown[] {
  return requests
    .map(({ payload }) => ({ payload, signed: readPayload(payload, catalog) }))
    .filter(({ signed }) => signed.refusal !== undefined || contradictions(signed).length > 0)
    .slice(0, PRINTED)
    .map(({ payload, signed }) => ({
      reasons: reasons(signed),
      payload: JSON.stringify(payload).slice(0, 3000),
    }));
}

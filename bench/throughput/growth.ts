// How much throughput falls as one parameter grows: the number of rules or Co-signer keys, or the request size.
import { type Payload, samplePayload } from '../../cli/cosigner/request.js';
import { atMost, percent } from '../limits.js';
import { type Effort, type Section, USUAL_CONNECTIONS } from './effort.js';
import { PAYOUT_USER, policyYaml, realisticRules } from './policies.js';
import { measureInTurns, medianOf } from './rounds.js';
import { type Target, type Targets, type Variation, withRunning } from './targets.js';

interface Growth {
  readonly title: string;
  readonly unit: string;
  /** Amounts to measure; the first is the baseline. */
  readonly amounts: readonly number[];
  /** The only amount in a short run. */
  readonly shortAmount: number;
  readonly variation: (amount: number) => Variation;
  /** Maximum share of the throughput that may be lost at an amount. */
  readonly maxCost?: Readonly<Record<number, number>>;
}

export const GROWTHS: readonly Growth[] = [
  {
    title: 'Cost of rules: the ten worked rules from the policy guide, then one limit per asset',
    unit: 'rules',
    amounts: [1, 10, 100, 1000],
    shortAmount: 100,
    variation: (count) => ({
      policy: policyYaml(realisticRules(count), 10),
      payload: () => ({ ...samplePayload('transaction'), signerId: PAYOUT_USER }),
    }),
    maxCost: { 100: 0.05, 1000: 0.3 },
  },
  {
    title: 'Cost of several Co-signer keys, with requests from each in turn',
    unit: 'Co-signer keys',
    amounts: [1, 2, 5],
    shortAmount: 5,
    variation: (cosigners) => ({ cosigners }),
    maxCost: { 5: 0.15 },
  },
  {
    title: 'Cost of larger requests',
    unit: 'KB',
    amounts: [2, 50, 500],
    shortAmount: 50,
    variation: (kilobytes) => ({
      payload: () => payloadOfSize(kilobytes),
      tokens: kilobytes > 100 ? 4 : 50,
    }),
  },
];

export async function measureGrowth(
  { createHandler }: Targets,
  effort: Effort,
  { title, unit, variation, maxCost = {}, ...growth }: Growth,
): Promise<Section> {
  const amounts = effort.growthRounds > 1 ? growth.amounts : [growth.shortAmount];
  const targets: Target[] = [];
  for (const amount of amounts) {
    const name = `${amount} ${amount === 1 ? unit.replace(/s$/, '') : unit}`;
    targets.push(await createHandler(name, variation(amount)));
  }
  const series = await withRunning(targets, (running) =>
    measureInTurns(running, {
      rounds: effort.growthRounds,
      connections: [USUAL_CONNECTIONS],
      seconds: 1,
      warmUp: effort.warmUp,
    }),
  );
  const throughputs = series.map((each) => medianOf(each, (round) => round.perSecond));
  const costs = throughputs.map((perSecond) => 1 - perSecond / (throughputs[0] ?? NaN));
  return {
    table: {
      title,
      head: ['', 'requests/s', 'p99 ms', 'CPU ms/request', 'RSS MB', 'change in throughput'],
      rows: series.map((each, index) => [
        each.target.name,
        (throughputs[index] ?? NaN).toFixed(0),
        medianOf(each, (round) => round.p99Ms).toFixed(1),
        medianOf(each, (round) => round.cpuMs).toFixed(2),
        medianOf(each, (round) => round.rssMb).toFixed(0),
        index === 0 ? '' : percent(-(costs[index] ?? NaN)),
      ]),
    },
    checks: amounts.flatMap((amount, index) => {
      const limit = maxCost[amount];
      return limit === undefined
        ? []
        : [atMost(`throughput lost with ${amount} ${unit}`, costs[index] ?? NaN, limit, percent)];
    }),
    series,
  };
}

/** The published transaction, padded to the size with raw transactions. */
function payloadOfSize(kilobytes: number): Payload {
  const payload = samplePayload('transaction');
  const missing = kilobytes * 1024 - JSON.stringify(payload).length;
  const rawTx = {
    keyDerivationPath: '[ 44, 60, 0, 0, 0 ]',
    rawTx: '02f8'.repeat(240),
    payload: 'a3'.repeat(32),
  };
  const count = Math.max(0, Math.round(missing / JSON.stringify(rawTx).length));
  return { ...payload, rawTx: [...(payload['rawTx'] as unknown[]), ...Array<unknown>(count).fill(rawTx)] };
}

// Compares this handler, for both algorithms, with what OpenSSL can do on all cores, with a bare handler, and with the
// reference.
import type { AnswerAlgorithm } from '../../src/protocol/key.js';
import { median, medianRatio } from '../measure.js';
import type { Table } from '../table.js';
import { ALGORITHMS, type Comparison, comparisonLimits, type Measured } from './comparison-limits.js';
import type { Effort, Section } from './effort.js';
import { measureOpenssl, type OpensslLimit } from './openssl.js';
import { measureInTurns, medianOf, perSecond, type Series } from './rounds.js';
import { type Target, type Targets, withRunning } from './targets.js';

export async function compareThroughput(targets: Targets, effort: Effort): Promise<Section> {
  const openssl: Readonly<Record<AnswerAlgorithm, OpensslLimit>>[] = [];
  const all = await createAll(targets);
  const series = await withRunning(all, (running) =>
    measureInTurns(running, {
      ...effort,
      beforeRound: async () => void openssl.push(await measureOpenssl(1)),
    }),
  );
  const named = (name: string): readonly Series[] => series.filter(({ target }) => target.name === name);
  const measured = (algorithm: AnswerAlgorithm): Measured => ({
    ours: named(oursName(algorithm)),
    bare: named(bareName(algorithm)),
    openssl: openssl.map((limits) => limits[algorithm]),
  });
  const comparison: Comparison = {
    RS256: measured('RS256'),
    ES256: measured('ES256'),
    reference: named(REFERENCE),
  };
  return { table: tableOf(comparison), checks: comparisonLimits(comparison), series };
}

const REFERENCE = 'reference, RS256';
const oursName = (algorithm: AnswerAlgorithm): string => `this handler, ${algorithm}`;
const bareName = (algorithm: AnswerAlgorithm): string => `bare node:http, ${algorithm}`;

async function createAll({
  createHandler,
  createBare,
  createReference,
}: Targets): Promise<readonly Target[]> {
  const created: Target[] = [];
  for (const algorithm of ALGORITHMS) {
    created.push(await createHandler(oursName(algorithm), { algorithm }));
    created.push(await createBare(bareName(algorithm), algorithm));
  }
  return [...created, await createReference(REFERENCE)];
}

function tableOf(comparison: Comparison): Table {
  const row = (series: Series, bare: Series | undefined, openssl: readonly OpensslLimit[]): string[] => [
    series.target.name,
    String(series.connections),
    medianOf(series, (round) => round.perSecond).toFixed(0),
    medianOf(series, (round) => round.p50Ms).toFixed(1),
    medianOf(series, (round) => round.p99Ms).toFixed(1),
    medianOf(series, (round) => round.cpuMs).toFixed(3),
    medianOf(series, (round) => round.rssMb).toFixed(0),
    share(perSecond(series), bare === undefined ? [] : perSecond(bare)),
    share(
      perSecond(series),
      openssl.map((limit) => limit.perSecond),
    ),
  ];
  const rows = comparison.reference.flatMap((reference, index) => [
    ...ALGORITHMS.flatMap((algorithm) => {
      const { ours, bare, openssl } = comparison[algorithm];
      return [ours[index], bare[index]].flatMap((series) =>
        series === undefined ? [] : [row(series, bare[index], openssl)],
      );
    }),
    row(reference, comparison.RS256.bare[index], comparison.RS256.openssl),
  ]);
  return {
    title: 'Throughput, latency and cost per request',
    head: [
      ...['', 'connections', 'requests/s', 'p50 ms', 'p99 ms', 'CPU ms/request', 'RSS MB'],
      ...['vs. bare', 'vs. OpenSSL'],
    ],
    rows: [...rows, ...ALGORITHMS.map((algorithm) => opensslRow(algorithm, comparison[algorithm].openssl))],
  };
}

function opensslRow(algorithm: AnswerAlgorithm, limits: readonly OpensslLimit[]): readonly string[] {
  return [
    ...[`OpenSSL, all cores, ${algorithm}`, '', median(limits.map((limit) => limit.perSecond)).toFixed(0)],
    ...['', '', median(limits.map(({ cpuMs }) => cpuMs)).toFixed(3), '', '', '100 %'],
  ];
}

function share(values: readonly number[], others: readonly number[]): string {
  return `${(medianRatio(values, others) * 100).toFixed(0)} %`;
}

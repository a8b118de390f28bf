// Compares this handler with the reference, and with what OpenSSL can sign and verify on all cores.
import { atLeast, atMost, type Check, megabytes, percent, times } from '../limits.js';
import { median, medianRatio } from '../measure.js';
import type { Table } from '../table.js';
import { type Effort, type Section, USUAL_CONNECTIONS } from './effort.js';
import { measureOpenssl, type OpensslLimit } from './openssl.js';
import { measureInTurns, medianOf, type Series } from './rounds.js';
import { type Targets, withRunning } from './targets.js';

const MIN_REFERENCE_RATIO = 5.5;
const MIN_OPENSSL_SHARE = 0.5;
const MAX_P99_SHARE = 0.25;
const MAX_CPU_RATIO = 1.6;
const MAX_RSS_MB = 128;

interface Comparison {
  /** By number of connections. */
  readonly ours: readonly Series[];
  readonly reference: readonly Series[];
  /** One measurement per round. */
  readonly openssl: readonly OpensslLimit[];
}

export async function compareThroughput(
  { createHandler, createReference }: Targets,
  effort: Effort,
): Promise<Section> {
  const targets = [await createHandler('this handler'), await createReference('reference')];
  const openssl: OpensslLimit[] = [];
  const series = await withRunning(targets, (running) =>
    measureInTurns(running, {
      ...effort,
      beforeRound: async () => void openssl.push(await measureOpenssl(1)),
    }),
  );
  const comparison = {
    ours: series.filter((_, index) => index % 2 === 0),
    reference: series.filter((_, index) => index % 2 === 1),
    openssl,
  };
  return { table: tableOf(comparison), checks: checksOf(comparison), series };
}

function tableOf({ ours, reference, openssl }: Comparison): Table {
  const limits = openssl.map((limit) => limit.perSecond);
  const row = (series: Series, against: Series): readonly string[] => [
    series.target.name,
    String(series.connections),
    medianOf(series, (round) => round.perSecond).toFixed(0),
    medianOf(series, (round) => round.p50Ms).toFixed(1),
    medianOf(series, (round) => round.p99Ms).toFixed(1),
    medianOf(series, (round) => round.cpuMs).toFixed(2),
    medianOf(series, (round) => round.rssMb).toFixed(0),
    times(medianRatio(perSecond(series), perSecond(against))),
    percent(medianRatio(perSecond(series), limits)),
  ];
  const rows = ours.flatMap((series, index) => {
    const against = reference[index] ?? series;
    return [row(series, against), row(against, against)];
  });
  const usual = atUsualConnections(reference);
  const opensslRow = [
    ...['OpenSSL, all cores', '', median(limits).toFixed(0), '', ''],
    median(openssl.map(({ cpuMs }) => cpuMs)).toFixed(2),
    ...['', times(medianRatio(limits, perSecond(usual))), '100 %'],
  ];
  return {
    title: 'Throughput, latency and cost per request',
    head: [
      ...['', 'connections', 'requests/s', 'p50 ms', 'p99 ms', 'CPU ms/request', 'RSS MB'],
      ...['vs. reference', 'vs. OpenSSL'],
    ],
    rows: [...rows, opensslRow],
  };
}

function checksOf(comparison: Comparison): readonly Check[] {
  const { openssl } = comparison;
  const ours = atUsualConnections(comparison.ours);
  const reference = atUsualConnections(comparison.reference);
  const p99 = ({ rounds }: Series): readonly number[] => rounds.map(({ p99Ms }) => p99Ms);
  const cpu = ours.rounds.map(({ cpuMs }) => cpuMs);
  const rss = comparison.ours.flatMap(({ rounds }) => rounds.map(({ rssMb }) => rssMb));
  return [
    atLeast(
      'throughput, compared with the reference',
      medianRatio(perSecond(ours), perSecond(reference)),
      MIN_REFERENCE_RATIO,
      times,
    ),
    atLeast(
      'throughput, compared with OpenSSL',
      medianRatio(
        perSecond(ours),
        openssl.map((limit) => limit.perSecond),
      ),
      MIN_OPENSSL_SHARE,
      percent,
    ),
    atMost(
      'p99, compared with the reference',
      medianRatio(p99(ours), p99(reference)),
      MAX_P99_SHARE,
      percent,
    ),
    atMost(
      'CPU per request, compared with one signature and one verification',
      medianRatio(
        cpu,
        openssl.map(({ cpuMs }) => cpuMs),
      ),
      MAX_CPU_RATIO,
      times,
    ),
    atMost('RSS under load', Math.max(...rss), MAX_RSS_MB, megabytes),
  ];
}

function perSecond({ rounds }: Series): readonly number[] {
  return rounds.map((round) => round.perSecond);
}

function atUsualConnections(series: readonly Series[]): Series {
  const found = series.find(({ connections }) => connections === USUAL_CONNECTIONS);
  if (found === undefined) throw new Error(`nothing was measured at ${USUAL_CONNECTIONS} connections`);
  return found;
}

// The limits of the comparison, at the usual number of connections.
import { atLeast, atMost, type Check, megabytes, percent } from '../limits.js';
import { medianRatio } from '../measure.js';
import type { AnswerAlgorithm } from '../../src/protocol/key.js';
import type { OpensslLimit } from './openssl.js';
import type { Round } from './round.js';
import { medianOf, perSecond, type Series } from './rounds.js';
import { USUAL_CONNECTIONS } from './effort.js';

const MIN_OPENSSL_SHARE = 0.65;
const MIN_BARE_SHARE = 0.8;
const MAX_CPU_RATIO = 1.35;
const MAX_P99_RATIO = 1.2;
const MIN_ES256_GAIN = 1.6;
const MAX_ES256_CPU_SHARE = 0.5;
const MAX_RSS_MB = 100;

export const ALGORITHMS = ['RS256', 'ES256'] as const satisfies readonly AnswerAlgorithm[];

/** What was measured for one algorithm. */
export interface Measured {
  /** By number of connections. */
  readonly ours: readonly Series[];
  readonly bare: readonly Series[];
  /** One measurement per round. */
  readonly openssl: readonly OpensslLimit[];
}

export interface Comparison extends Readonly<Record<AnswerAlgorithm, Measured>> {
  /** The example in Fireblocks' documentation, which signs with RS256. */
  readonly reference: readonly Series[];
}

export function comparisonLimits({ RS256, ES256 }: Comparison): readonly Check[] {
  const ours = atUsualConnections(RS256.ours);
  const withEs256 = atUsualConnections(ES256.ours);
  const rss = [ours, withEs256].map((series) => medianOf(series, (round) => round.rssMb));
  return [
    atLeast(
      'RS256 throughput, compared with OpenSSL',
      medianRatio(
        perSecond(ours),
        RS256.openssl.map((limit) => limit.perSecond),
      ),
      MIN_OPENSSL_SHARE,
      percent,
    ),
    comparedWithBare('RS256', RS256),
    atMost(
      'RS256 CPU per request, compared with one signature and one verification',
      medianRatio(
        figures(ours, 'cpuMs'),
        RS256.openssl.map(({ cpuMs }) => cpuMs),
      ),
      MAX_CPU_RATIO,
      twoDigits,
    ),
    atMost(
      'RS256 p99, compared with the bare handler',
      medianRatio(figures(ours, 'p99Ms'), figures(atUsualConnections(RS256.bare), 'p99Ms')),
      MAX_P99_RATIO,
      twoDigits,
    ),
    comparedWithBare('ES256', ES256),
    atLeast(
      'ES256 throughput, compared with RS256',
      medianRatio(perSecond(withEs256), perSecond(ours)),
      MIN_ES256_GAIN,
      twoDigits,
    ),
    atMost(
      'ES256 CPU per request, compared with RS256',
      medianRatio(figures(withEs256, 'cpuMs'), figures(ours, 'cpuMs')),
      MAX_ES256_CPU_SHARE,
      percent,
    ),
    atMost('RSS under load', Math.max(...rss), MAX_RSS_MB, megabytes),
  ];
}

function comparedWithBare(algorithm: string, { ours, bare }: Measured): Check {
  return atLeast(
    `${algorithm} throughput, compared with the bare handler`,
    medianRatio(perSecond(atUsualConnections(ours)), perSecond(atUsualConnections(bare))),
    MIN_BARE_SHARE,
    percent,
  );
}

function figures({ rounds }: Series, figure: keyof Round): readonly number[] {
  return rounds.map((round) => round[figure]);
}

function twoDigits(ratio: number): string {
  return `${ratio.toFixed(2)}x`;
}

function atUsualConnections(series: readonly Series[]): Series {
  const found = series.find(({ connections }) => connections === USUAL_CONNECTIONS);
  if (found === undefined) throw new Error(`nothing was measured at ${USUAL_CONNECTIONS} connections`);
  return found;
}

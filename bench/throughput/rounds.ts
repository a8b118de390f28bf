// Alternating rounds of load, so that a temporarily busier machine does not favour one target.
import { median } from '../measure.js';
import { showProgress } from '../progress.js';
import { measureRound, type Round } from './round.js';
import type { RunningTarget, Target } from './targets.js';

/** All rounds of one target at one number of connections. */
export interface Series {
  readonly target: Target;
  readonly connections: number;
  readonly rounds: readonly Round[];
}

interface Turns {
  readonly rounds: number;
  readonly connections: readonly number[];
  /** Duration of a round. */
  readonly seconds: number;
  /** Whether each target gets a warm-up round first. */
  readonly warmUp: boolean;
  readonly beforeRound?: () => Promise<void>;
}

/** Measures every target at every number of connections, in alternating order. */
export async function measureInTurns(
  running: readonly RunningTarget[],
  { rounds, connections, seconds, warmUp, beforeRound }: Turns,
): Promise<readonly Series[]> {
  const series = connections.flatMap((count) =>
    running.map((target) => ({ target, connections: count, rounds: [] as Round[] })),
  );
  const usual = connections[Math.floor(connections.length / 2)] ?? 1;
  if (warmUp) for (const target of running) await measureRound(target, usual, seconds);
  for (let index = 0; index < rounds; index++) {
    await beforeRound?.();
    for (const each of index % 2 === 0 ? series : series.toReversed()) {
      const round = await measureRound(each.target, each.connections, seconds);
      each.rounds.push(round);
      showProgress(
        `${each.target.name}, ${each.connections} connections: ${round.perSecond.toFixed(0)} requests/s`,
      );
    }
  }
  return series;
}

/** Median of one figure over all rounds. */
export function medianOf(series: Series, read: (round: Round) => number): number {
  return median(series.rounds.map(read));
}

export function perSecond({ rounds }: Series): readonly number[] {
  return rounds.map((round) => round.perSecond);
}

/** Describes the rounds in which a response was wrong or missing. */
export function problemsOf({ target, connections, rounds }: Series): readonly string[] {
  return rounds
    .filter(({ wrong }) => wrong > 0)
    .map(({ wrong }) => `${target.name}, ${connections} connections: ${wrong} wrong or missing answers`);
}

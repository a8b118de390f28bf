// The number and duration of rounds, and the result of a measurement.
import type { Check } from '../limits.js';
import type { Table } from '../table.js';
import type { Series } from './rounds.js';

export interface Effort {
  readonly connections: readonly number[];
  /** Rounds for the comparison with the reference. */
  readonly rounds: number;
  /** Rounds that measure the effect of one parameter. */
  readonly growthRounds: number;
  /** Duration of a comparison round. */
  readonly seconds: number;
  /** Rounds with a quarter of a core. */
  readonly quarterCoreRounds: number;
  readonly boots: number;
  /** Whether each target gets a warm-up round first. */
  readonly warmUp: boolean;
}

export const FULL: Effort = {
  connections: [1, 16, 64],
  rounds: 7,
  growthRounds: 11,
  quarterCoreRounds: 5,
  seconds: 2,
  boots: 11,
  warmUp: true,
};

/** Verifies responses under load; its figures are not meaningful. */
export const SHORT: Effort = {
  connections: [16],
  rounds: 1,
  growthRounds: 1,
  quarterCoreRounds: 1,
  seconds: 1,
  boots: 1,
  warmUp: false,
};

/** Number of connections at which the limits are checked. */
export const USUAL_CONNECTIONS = 16;

export interface Section {
  readonly table: Table;
  readonly checks: readonly Check[];
  readonly series: readonly Series[];
}

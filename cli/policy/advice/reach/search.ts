// The search: narrows down, tries likely values, and otherwise goes through the cases one by one, within a limit on the work.
import { type Branch, branchesOf, type Goal, narrow, possible, type Propagator, simplify } from './solve.js';
import type { State } from './state.js';

/** `exhausted`: there are no such values. `undecided`: they were not found within the limit. */
export type SearchResult = 'found' | 'exhausted' | 'undecided';

export interface SearchOptions {
  readonly goals: readonly Goal[];
  readonly propagators: readonly Propagator[];
  /** Variables that must have one value each in the end. */
  readonly labelled: readonly number[];
  /** Given one value for each variable. @returns whether they will do; otherwise, the search goes on */
  readonly accept: (state: State) => boolean;
  /** Maximum number of conditions that are looked at. */
  readonly limit: number;
}

/** A goal, and the cases that it is divided into. */
interface Divided {
  readonly goal: Goal;
  readonly branches: readonly Branch[];
}

/** So many goals are compared to find the one with the fewest cases. */
const MAX_COMPARED = 24;
/** So many unacceptable results are looked at. */
const MAX_REFUSED = 200;

export class Search {
  readonly #options: SearchOptions;
  #work = 0;
  #refused = 0;

  constructor(options: SearchOptions) {
    this.#options = options;
  }

  run(start: State): SearchResult {
    const isFound = this.#explore(start, this.#options.goals);
    if (isFound) return 'found';
    return this.#isOver() || this.#refused > 0 ? 'undecided' : 'exhausted';
  }

  #isOver(): boolean {
    return this.#work > this.#options.limit || this.#refused > MAX_REFUSED;
  }

  /** @returns whether acceptable values were found */
  #explore(state: State, goals: readonly Goal[]): boolean {
    const pending = this.#propagate(state, goals);
    if (pending === undefined || this.#isOver()) return false;
    if (this.#tryLikely(state, pending)) return true;
    const divided = this.#divide(state, pending);
    if (divided === undefined) return this.#label(state, pending);
    const { goal, branches } = divided;
    const others = pending.filter((each) => each !== goal);
    for (const { restrict, goals: added } of branches) {
      if (this.#isOver()) return false;
      const next = state.copy();
      if (restrict?.(next) === false) continue;
      if (this.#explore(next, [...added, ...others])) return true;
    }
    return false;
  }

  /** @returns the goals that are not reached in all remaining cases; `undefined` if one can't be reached */
  #propagate(state: State, goals: readonly Goal[]): readonly Goal[] | undefined {
    let pending = goals;
    do {
      state.resetChange();
      const open: Goal[] = [];
      for (const goal of pending) {
        this.#work++;
        const outcomes = possible(goal.condition, state);
        if ((outcomes & goal.wanted) === 0) return undefined;
        if (outcomes === goal.wanted) continue;
        if (!narrow(goal.condition, goal.wanted, state)) return undefined;
        open.push(...simplify(goal, state));
      }
      if (!this.#options.propagators.every((propagate) => propagate(state))) return undefined;
      pending = open;
    } while (state.isChanged() && !this.#isOver());
    return pending;
  }

  /** Gives each variable a value that rules seldom mention: most conditions are then settled at once. */
  #tryLikely(state: State, pending: readonly Goal[]): boolean {
    return PROFILES.some((profile) => {
      const guess = state.copy();
      for (const { id } of state.problem.variables.all) {
        if (!guess.isSingle(id) && !guess.assign(id, profile(id, guess))) return false;
      }
      if (!this.#options.propagators.every((propagate) => propagate(guess))) return false;
      const isReached = pending.every(({ condition, wanted }) => {
        this.#work++;
        return possible(condition, guess) === wanted;
      });
      return isReached && this.#isAccepted(guess);
    });
  }

  #isAccepted(state: State): boolean {
    if (this.#options.accept(state)) return true;
    this.#refused++;
    return false;
  }

  /** The goal that has the fewest cases. */
  #divide(state: State, pending: readonly Goal[]): Divided | undefined {
    let fewest: Divided | undefined;
    let compared = 0;
    for (const goal of pending) {
      const branches = branchesOf(goal, state);
      if (branches.length === 0) continue;
      if (fewest === undefined || branches.length < fewest.branches.length) fewest = { goal, branches };
      if (fewest.branches.length <= 2 || ++compared >= MAX_COMPARED) break;
    }
    return fewest;
  }

  /** All goals are reached: finds values that can occur together. */
  #label(state: State, pending: readonly Goal[]): boolean {
    const variable = this.#options.labelled.find((id) => !state.isSingle(id));
    if (variable === undefined) return this.#accept(state);
    for (const place of state.membersOf(variable)) {
      if (this.#isOver()) return false;
      const next = state.copy();
      if (next.assign(variable, place) && this.#explore(next, pending)) return true;
    }
    return false;
  }

  #accept(state: State): boolean {
    const complete = state.copy();
    for (const { id } of state.problem.variables.all) {
      if (!complete.isSingle(id)) complete.assign(id, lastPresent(id, complete));
    }
    return this.#isAccepted(complete);
  }
}

type Profile = (variable: number, state: State) => number;

/** The last values are those that no rule mentions, and the largest amounts. */
const lastPresent: Profile = (variable, state) => {
  const values = state.problem.valuesOf(variable);
  const members = state.membersOf(variable);
  const isSmall = ['length', 'object'].includes(state.problem.variables.all[variable]?.sort ?? '');
  const present = members.filter((place) => values[place] !== undefined);
  return (isSmall ? present[0] : present.at(-1)) ?? members[0] ?? 0;
};

const smallAmounts: Profile = (variable, state) => {
  const isDecimal = state.problem.variables.all[variable]?.sort === 'decimal';
  const members = state.membersOf(variable);
  return isDecimal ? (members[1] ?? members[0] ?? 0) : lastPresent(variable, state);
};

/** An absent fact is the last value. */
const absent: Profile = (variable, state) => state.membersOf(variable).at(-1) ?? 0;

const PROFILES: readonly Profile[] = [lastPresent, smallAmounts, absent];

// Finds values for all variables so that conditions are true or false as wanted, or finds that there are none.
import { bitsWhere } from './bits.js';
import { ANY, type Condition, ERROR, FALSE, outcomeOf, TRUE, type Wanted } from './condition.js';
import type { State } from './state.js';

export interface Goal {
  readonly condition: Condition;
  readonly wanted: Wanted;
}

/** Rules out values that can't occur together. @returns whether any are left */
export type Propagator = (state: State) => boolean;

/** The outcomes that a condition can still have. */
export function possible(condition: Condition, state: State): number {
  switch (condition.kind) {
    case 'constant':
      return condition.outcome;
    case 'atom':
      return state.possible(condition);
    case 'and':
    case 'or':
      return possibleOfParts(condition.parts, state, condition.kind === 'and' ? FALSE : TRUE);
    case 'count':
      return possibleCount(condition.parts, condition.test, state);
    case 'cases': {
      let found = 0;
      for (const length of state.valuesOf(condition.length)) {
        found |= possibleOfCase(condition, length, state);
        if (found === ANY) break;
      }
      return found;
    }
  }
}

function possibleOfCase({ cases }: Condition & { kind: 'cases' }, length: unknown, state: State): number {
  const each = typeof length === 'number' ? cases.get(length) : undefined;
  return each === undefined ? ERROR : possible(each, state);
}

/** @param decisive the outcome of a part that ends the evaluation */
function possibleOfParts(parts: readonly Condition[], state: State, decisive: Wanted): number {
  const neutral = opposite(decisive);
  let found = 0;
  for (const part of parts) {
    const outcomes = possible(part, state);
    found |= outcomes & (decisive | ERROR);
    if ((outcomes & neutral) === 0) return found;
  }
  return found | neutral;
}

function possibleCount(parts: readonly Condition[], test: (count: number) => boolean, state: State): number {
  let [least, most, found] = [0, 0, 0];
  for (const part of parts) {
    const outcomes = possible(part, state);
    found |= outcomes & ERROR;
    if ((outcomes & (TRUE | FALSE)) === 0) return ERROR;
    if ((outcomes & FALSE) === 0) least++;
    if ((outcomes & TRUE) !== 0) most++;
  }
  for (let count = least; count <= most; count++) found |= outcomeOf(test(count));
  return found;
}

export function opposite(wanted: Wanted): Wanted {
  return wanted === TRUE ? FALSE : TRUE;
}

/** Rules out values with which a condition can't be as wanted. @returns whether any are left */
export function narrow(condition: Condition, wanted: Wanted, state: State): boolean {
  switch (condition.kind) {
    case 'constant':
      return condition.outcome === wanted;
    case 'atom':
      return state.narrow(condition, wanted);
    case 'and':
    case 'or': {
      const decisive = condition.kind === 'and' ? FALSE : TRUE;
      if (wanted !== decisive) return condition.parts.every((part) => narrow(part, wanted, state));
      const places = decidingPlaces(condition.parts, decisive, state);
      const [only] = places;
      if (only === undefined) return false;
      return places.length > 1 || assertDecides(condition.parts, only, decisive, state);
    }
    case 'count':
      return (possible(condition, state) & wanted) !== 0;
    case 'cases': {
      const fits = (length: unknown): boolean => (possibleOfCase(condition, length, state) & wanted) !== 0;
      if (!state.keep(condition.length, fits)) return false;
      if (!state.isSingle(condition.length)) return true;
      const [length] = state.valuesOf(condition.length);
      const each = typeof length === 'number' ? condition.cases.get(length) : undefined;
      return each !== undefined && narrow(each, wanted, state);
    }
  }
}

/** The parts that can be the one that ends the evaluation. */
function decidingPlaces(parts: readonly Condition[], decisive: Wanted, state: State): readonly number[] {
  const places: number[] = [];
  for (const [place, part] of parts.entries()) {
    const outcomes = possible(part, state);
    if ((outcomes & decisive) !== 0) places.push(place);
    if ((outcomes & opposite(decisive)) === 0) break;
  }
  return places;
}

function assertDecides(parts: readonly Condition[], place: number, decisive: Wanted, state: State): boolean {
  return parts
    .slice(0, place + 1)
    .every((part, index) => narrow(part, index === place ? decisive : opposite(decisive), state));
}

/** One of the cases that a goal is divided into: what rules out values, and the goals that take the place of it. */
export interface Branch {
  readonly restrict?: (state: State) => boolean;
  readonly goals: readonly Goal[];
}

/** The goals that are reached together if, and only if, this one is. */
export function simplify(goal: Goal, state: State): readonly Goal[] {
  const { condition, wanted } = goal;
  switch (condition.kind) {
    case 'and':
    case 'or': {
      const decisive = condition.kind === 'and' ? FALSE : TRUE;
      const all = condition.parts.length;
      const [place, ...others] =
        wanted === decisive ? decidingPlaces(condition.parts, decisive, state) : [all];
      // If no part can decide, the goal can't be reached, which shows when it is looked at again.
      if (place === undefined || others.length > 0) return [goal];
      return decidedAt(condition.parts, place, decisive).flatMap((part) => simplify(part, state));
    }
    case 'cases': {
      const [length] = state.isSingle(condition.length) ? state.valuesOf(condition.length) : [];
      const each = typeof length === 'number' ? condition.cases.get(length) : undefined;
      return each === undefined ? [goal] : simplify({ condition: each, wanted }, state);
    }
    default:
      return [goal];
  }
}

/** The parts up to one that ends the evaluation, or all of them. */
function decidedAt(parts: readonly Condition[], place: number, decisive: Wanted): readonly Goal[] {
  return parts
    .slice(0, place + 1)
    .map((condition, index) => ({ condition, wanted: index === place ? decisive : opposite(decisive) }));
}

/** The cases to distinguish for a goal that can't be simplified; empty if there are none. */
export function branchesOf(goal: Goal, state: State): readonly Branch[] {
  const { condition, wanted } = goal;
  switch (condition.kind) {
    case 'constant':
      return [];
    case 'atom': {
      const variable = state.mostCertain(condition);
      return variable === undefined ? [] : halves(variable, goal, state);
    }
    case 'and':
    case 'or': {
      const decisive = condition.kind === 'and' ? FALSE : TRUE;
      return decidingPlaces(condition.parts, decisive, state).map((place) => ({
        goals: decidedAt(condition.parts, place, decisive),
      }));
    }
    case 'count':
      return branchesOfCount(condition, wanted);
    case 'cases':
      return state.isSingle(condition.length) ? [] : halves(condition.length, goal, state);
  }
}

/** The first part is true or false; the others are counted. */
function branchesOfCount({ parts, test }: Condition & { kind: 'count' }, wanted: Wanted): readonly Branch[] {
  const [first, ...rest] = parts;
  if (first === undefined) return [];
  return [TRUE, FALSE].map((outcome) => ({
    goals: [
      { condition: first, wanted: outcome as Wanted },
      {
        condition: {
          kind: 'count',
          parts: rest,
          test: outcome === TRUE ? (count: number) => test(count + 1) : test,
        },
        wanted,
      },
    ],
  }));
}

function halves(variable: number, goal: Goal, state: State): readonly Branch[] {
  const members = state.membersOf(variable);
  const middle = members[members.length >>> 1] ?? 0;
  const size = state.problem.valuesOf(variable).length;
  const [lower, upper] = [
    bitsWhere(size, (place) => place < middle),
    bitsWhere(size, (place) => place >= middle),
  ];
  const isLength = state.problem.variables.all[variable]?.sort === 'length';
  const order = isLength ? [lower, upper] : [upper, lower];
  return order.map((half) => ({ restrict: (next) => next.restrict(variable, half), goals: [goal] }));
}

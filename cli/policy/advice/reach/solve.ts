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

/** Makes one assumption; together, the branches of a goal cover all cases. */
type Branch = (state: State) => boolean;

/** The cases to tell apart for a goal; empty if none can be. */
export function branchesOf(condition: Condition, wanted: Wanted, state: State): readonly Branch[] {
  switch (condition.kind) {
    case 'constant':
      return [];
    case 'atom': {
      const variable = state.mostCertain(condition);
      return variable === undefined ? [] : halves(variable, state);
    }
    case 'and':
    case 'or': {
      const decisive = condition.kind === 'and' ? FALSE : TRUE;
      const places = wanted === decisive ? decidingPlaces(condition.parts, decisive, state) : [];
      if (places.length > 1) {
        return places.map((place) => (next) => assertDecides(condition.parts, place, decisive, next));
      }
      const until = places[0] ?? condition.parts.length - 1;
      return firstBranches(condition.parts.slice(0, until + 1), state, (index) =>
        index === places[0] ? decisive : opposite(decisive),
      );
    }
    case 'count': {
      const open = condition.parts.find((part) => !isDecided(possible(part, state)));
      if (open === undefined) return [];
      return [TRUE, FALSE].map((outcome) => (next) => narrow(open, outcome as Wanted, next));
    }
    case 'cases': {
      if (!state.isSingle(condition.length)) return halves(condition.length, state);
      const [length] = state.valuesOf(condition.length);
      const each = typeof length === 'number' ? condition.cases.get(length) : undefined;
      return each === undefined ? [] : branchesOf(each, wanted, state);
    }
  }
}

function isDecided(outcomes: number): boolean {
  return outcomes === TRUE || outcomes === FALSE || outcomes === ERROR;
}

function firstBranches(
  parts: readonly Condition[],
  state: State,
  wantedAt: (index: number) => Wanted,
): readonly Branch[] {
  for (const [index, part] of parts.entries()) {
    if (isDecided(possible(part, state))) continue;
    const branches = branchesOf(part, wantedAt(index), state);
    if (branches.length > 0) return branches;
  }
  return [];
}

function halves(variable: number, state: State): readonly Branch[] {
  const members = state.membersOf(variable);
  const middle = members[members.length >>> 1] ?? 0;
  const size = state.problem.valuesOf(variable).length;
  const [lower, upper] = [bitsWhere(size, (place) => place < middle), bitsWhere(size, (place) => place >= middle)];
  return [(next) => next.restrict(variable, upper), (next) => next.restrict(variable, lower)];
}


// A rule's condition as the solver sees it: comparisons joined by "and" and "or". Each part can be true, false, or an
// error, because a rule that reads an absent fact can't be evaluated.

/** Sets of outcomes, as bits. */
export const TRUE = 1;
export const FALSE = 2;
export const ERROR = 4;
export const ANY = TRUE | FALSE | ERROR;

/** What a condition is to be. */
export type Wanted = typeof TRUE | typeof FALSE;

/** One value that a variable can have. `undefined` stands for an absent fact. */
export type Value = unknown;

export interface Atom {
  readonly kind: 'atom';
  /** Ids of the variables that it reads. */
  readonly reads: readonly number[];
  /** @param valueOf the value of a variable @returns the outcomes that are possible with these values */
  readonly outcomes: (valueOf: (variable: number) => Value) => number;
}

export type Condition =
  | Atom
  /** Evaluated from left to right, up to the first that decides. */
  | { readonly kind: 'and' | 'or'; readonly parts: readonly Condition[] }
  /** All parts are evaluated; the number of those that are true decides. */
  | {
      readonly kind: 'count';
      readonly parts: readonly Condition[];
      readonly test: (count: number) => boolean;
    }
  /** Depends on the number of entries of a list, which is the value of a variable; an error for all others. */
  | { readonly kind: 'cases'; readonly length: number; readonly cases: ReadonlyMap<number, Condition> }
  | { readonly kind: 'constant'; readonly outcome: number };

export const ALWAYS: Condition = { kind: 'constant', outcome: TRUE };
export const NEVER: Condition = { kind: 'constant', outcome: FALSE };
export const FAILS: Condition = { kind: 'constant', outcome: ERROR };

export function and(...parts: readonly Condition[]): Condition {
  return join('and', parts);
}

export function or(...parts: readonly Condition[]): Condition {
  return join('or', parts);
}

function join(kind: 'and' | 'or', parts: readonly Condition[]): Condition {
  const flat = parts.flatMap((part) => (part.kind === kind ? part.parts : [part]));
  const [only] = flat;
  if (flat.length === 1 && only !== undefined) return only;
  return flat.length === 0 ? (kind === 'and' ? ALWAYS : NEVER) : { kind, parts: flat };
}

export function not(condition: Condition): Condition {
  switch (condition.kind) {
    case 'atom':
      return { ...condition, outcomes: (valueOf) => opposite(condition.outcomes(valueOf)) };
    case 'and':
    case 'or':
      return { kind: condition.kind === 'and' ? 'or' : 'and', parts: condition.parts.map(not) };
    case 'count':
      return { ...condition, test: (count) => !condition.test(count) };
    case 'cases':
      return {
        ...condition,
        cases: new Map([...condition.cases].map(([length, each]) => [length, not(each)])),
      };
    case 'constant':
      return { kind: 'constant', outcome: opposite(condition.outcome) };
  }
}

function opposite(outcomes: number): number {
  return (outcomes & ERROR) | ((outcomes & TRUE) << 1) | ((outcomes & FALSE) >> 1);
}

export function outcomeOf(isTrue: boolean): Wanted {
  return isTrue ? TRUE : FALSE;
}

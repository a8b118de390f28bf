// Conditions on single facts, for what is true of every request.
import { type Atom, type Condition, or, outcomeOf, type Value } from './condition.js';
import type { Variables } from './variables.js';

/** @returns `undefined` if no rule reads the fact */
export function is(variables: Variables, name: string, test: (value: Value) => boolean): Atom | undefined {
  const variable = variables.find(name);
  if (variable === undefined) return undefined;
  const { id } = variable;
  return { kind: 'atom', reads: [id], outcomes: (valueOf) => outcomeOf(test(valueOf(id))) };
}

const isPresent = (value: Value): boolean => value !== undefined;

export function has(variables: Variables, name: string): Atom | undefined {
  return is(variables, name, isPresent);
}

/** One or the other, if the facts are read at all. */
export function either(...parts: readonly (Condition | undefined)[]): readonly Condition[] {
  const known = parts.filter((part) => part !== undefined);
  return known.length < parts.length ? [] : [or(...known)];
}

// A comparison, as a part of a condition.
import { type ASTNode, serialize } from '@marcbachmann/cel-js';
import { EITHER } from './comparison.js';
import { type Condition, ERROR, outcomeOf } from './condition.js';
import type { Scope } from './paths.js';
import type { ValueOf } from './term.js';

interface Part {
  readonly node: ASTNode;
  readonly scope: Scope;
  readonly reads: readonly number[];
  readonly isUncertain: boolean;
}

/** A comparison. Where its outcome is not known, that of the same text is the same in all rules. */
export function atom(part: Part, outcomes: (valueOf: ValueOf) => number): Condition {
  const { node, scope, isUncertain } = part;
  const { variables, bindings } = scope;
  const reads = [...new Set(part.reads)];
  const only = reads.length === 1 ? variables.all[reads[0] ?? 0] : undefined;
  if (only?.sort === 'time') {
    variables.mentionsOf('now').time.comparisons.push((now) => outcomes(() => now));
  }
  if (!isUncertain) return { kind: 'atom', reads, outcomes };
  const places = [...bindings].map(([name, place]) => `${name}=${place.name}`);
  const { id } = variables.of(JSON.stringify([serialize(node), ...places]), 'free');
  return {
    kind: 'atom',
    reads: [...reads, id],
    outcomes(valueOf) {
      const possible = outcomes(valueOf);
      if ((possible & EITHER) !== EITHER) return possible;
      return (possible & ERROR) | outcomeOf(valueOf(id) === true);
    },
  };
}

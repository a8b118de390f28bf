// The rules of one kind, ready for searches.
import type { Policy, Rule } from '../../../../src/policy/evaluate/rules.js';
import type { Kind } from '../../../../src/protocol/request.js';
import { amountPropagators, amountVariables } from './amounts.js';
import { compile } from './compile.js';
import { and, type Condition, FALSE, outcomeOf, TRUE } from './condition.js';
import { addRelated, correlations } from './correlations.js';
import type { Scope } from './paths.js';
import { Search, type SearchResult } from './search.js';
import { type Goal, possible, type Propagator } from './solve.js';
import { Problem, State } from './state.js';
import { Variables } from './variables.js';

export interface ReadRule {
  readonly rule: Rule;
  readonly condition: Condition;
}

export class Analysis {
  readonly scope: Scope;
  readonly rules: readonly ReadRule[];
  readonly #problem: Problem;
  readonly #correlations: readonly Goal[];
  readonly #propagators: readonly Propagator[];
  readonly #labelled: readonly number[];

  constructor(policy: Policy, kind: Kind) {
    const variables = new Variables(policy);
    this.scope = { variables, bindings: new Map() };
    const rules = policy.rulesFor[kind];
    // Read twice: the first time shows which values are compared with facts, and how long lists must be.
    for (const { ast } of rules) compile(ast, this.scope);
    if (kind === 'transaction' && rules.some(({ action }) => action === 'IGNORE'))
      variables.of('tx.stage', 'string');
    addRelated(variables);
    variables.forgetComparisons();
    this.rules = rules.map((rule) => ({ rule, condition: compile(rule.ast, this.scope) }));
    this.#problem = new Problem(variables);
    this.#correlations = correlations(variables);
    this.#propagators = amountPropagators(variables);
    this.#labelled = amountVariables(variables);
  }

  /** When a rule decides. A signing request can't be ignored. */
  matching({ rule, condition }: ReadRule): Condition {
    const stage = this.scope.variables.find('tx.stage');
    if (rule.action !== 'IGNORE' || rule.for !== 'transaction' || stage === undefined) return condition;
    return and(condition, {
      kind: 'atom',
      reads: [stage.id],
      outcomes: (valueOf) => outcomeOf(valueOf(stage.id) !== 'signing'),
    });
  }

  /** No fact about what is signed is there. */
  nothingSigned(): readonly Goal[] {
    return this.scope.variables.all.flatMap(({ id, name }): Goal[] => {
      const isVerified = name === 'tx.raw.verified';
      if (!isVerified && !/^tx\.(?:call|evm|btc|solana|typedData|raw\.chain)$/.test(name)) return [];
      const outcomes = (valueOf: (variable: number) => unknown): number =>
        outcomeOf(valueOf(id) === (isVerified ? false : undefined));
      return [{ condition: { kind: 'atom', reads: [id], outcomes }, wanted: TRUE }];
    });
  }

  search(goals: readonly Goal[], limit: number, accept: (state: State) => boolean): SearchResult {
    const search = new Search({
      goals: [...goals, ...this.#correlations],
      propagators: this.#propagators,
      labelled: this.#labelled,
      accept,
      limit,
    });
    return search.run(new State(this.#problem));
  }

  /** Whether it is certain that no request has all of these. */
  isImpossible(goals: readonly Goal[], limit: number): boolean {
    return this.search(goals, limit, () => true) === 'exhausted';
  }

  /**
   * Whether a request reaches a rule. Earlier rules are only looked at when they stand in the way of a request that was
   * found without them, so that a thousand rules take seconds.
   * @param extra more goals
   * @param blocking given values with which the rule matches: the rule that decides instead, `undefined` if none does, and
   *   `null` if these values are of no use
   */
  reach(
    place: number,
    { extra = [], limit, blocking }: ReachOptions,
  ): { readonly result: SearchResult; readonly blockers: readonly ReadRule[] } {
    const target = this.rules[place];
    const blockers: ReadRule[] = [];
    if (target === undefined) return { result: 'undecided', blockers };
    const matches: Goal = { condition: this.matching(target), wanted: TRUE };
    for (let round = 0; round < MAX_ROUNDS; round++) {
      let blocker: ReadRule | undefined;
      const result = this.search([matches, ...extra, ...blockers.map(isFalse)], limit, (state) => {
        const found = blocking(state, place);
        if (found === null) return false;
        blocker = found;
        return true;
      });
      if (result !== 'found' || blocker === undefined) return { result, blockers };
      if (blockers.includes(blocker)) return { result: 'undecided', blockers };
      blockers.push(blocker);
    }
    return { result: 'undecided', blockers };
  }

  /** The first rule before a place that is not false with these values. */
  blockerAt(state: State, place: number): ReadRule | undefined {
    return this.rules.slice(0, place).find(({ condition }) => (possible(condition, state) & FALSE) === 0);
  }
}

export interface ReachOptions {
  readonly extra?: readonly Goal[];
  /** Maximum number of conditions that are looked at in one search. */
  readonly limit: number;
  readonly blocking: (state: State, place: number) => ReadRule | null | undefined;
}

/** Maximum number of earlier rules that are looked at for one rule. */
const MAX_ROUNDS = 300;

export function isFalse({ condition }: ReadRule): Goal {
  return { condition, wanted: FALSE };
}

// Policies and requests for tests.
import { parsePolicy } from '../../src/policy/parse/file.js';
import { PolicyError, type PolicyProblem } from '../../src/policy/parse/problem.js';
import { decideBy, type Policy, type RuleDecision } from '../../src/policy/evaluate/rules.js';
import type { ListEntry } from '../../src/policy/language/named-list.js';
import type { CallbackRequest, Kind } from '../../src/protocol/request.js';

export type Payload = Record<string, unknown>;

/** A request of the given kind, whatever its payload indicates. */
export function request(payload: Payload, kind: Kind = 'transaction'): CallbackRequest {
  return { kind, requestId: 'r-1', payload: { requestId: 'r-1', ...payload } };
}

export interface PolicyParts {
  readonly kind?: Kind;
  readonly action?: string;
  readonly lists?: Readonly<Record<string, readonly ListEntry[]>>;
  readonly tables?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Other top-level keys, such as `assets`. */
  readonly policy?: Readonly<Record<string, unknown>>;
  readonly otherwise?: string;
  readonly onError?: string;
}

/** A policy with one rule, whose id is `rule`; by default it approves. */
export function policyOf(when: string, parts: PolicyParts = {}): Policy {
  const {
    kind = 'transaction',
    action = 'approve',
    lists = {},
    tables = {},
    policy = {},
    otherwise = 'reject',
    onError = 'retry',
  } = parts;
  const rules = [{ id: 'rule', for: kind, when, action }];
  // JSON is valid YAML.
  return parsePolicy(
    JSON.stringify({ version: 1, lists, tables, ...policy, rules, otherwise, onError }),
    'test.yaml',
  );
}

/** The decision made by a policy with one rule. */
export function decide(
  when: string,
  payload: Payload,
  parts: PolicyParts & { now?: Date } = {},
): RuleDecision {
  return decideBy(policyOf(when, parts), request(payload, parts.kind), parts.now ?? new Date(0));
}

/** @returns whether the rule matches, or why it can't be evaluated */
export function evaluate(
  when: string,
  payload: Payload,
  parts: PolicyParts & { now?: Date } = {},
): boolean | string {
  const { ruleError, rule } = decide(when, payload, parts);
  return ruleError ?? rule === 'rule';
}

export function problemsOf(text: string): readonly PolicyProblem[] {
  try {
    parsePolicy(text, 'test.yaml');
  } catch (error) {
    if (error instanceof PolicyError) return error.problems;
    throw error;
  }
  return [];
}

/** The problem messages for a policy with one rule. */
export function messagesAbout(when: string, parts: PolicyParts = {}): readonly string[] {
  try {
    policyOf(when, parts);
  } catch (error) {
    if (error instanceof PolicyError) return error.problems.map(({ message }) => message);
    throw error;
  }
  return [];
}

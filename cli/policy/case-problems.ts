// Finds test cases that do not test what they seem to: misspelled fields and rules, and a time that nobody said.
import type { Policy, Rule, RuleDecision } from '../../src/policy/evaluate/rules.js';
import { CHANGED, INTEGRITY, OTHERWISE } from '../../src/policy/evaluate/rules.js';
import { LIMIT_PREFIX } from '../../src/policy/limits/limit.js';
import { nearest } from '../../src/policy/language/nearest.js';
import { nodesIn } from '../../src/policy/language/nodes.js';
import { rememberedFacts } from '../../src/policy/language/remembered.js';
import { isObject, present } from '../../src/protocol/request.js';
import type { Case, CaseProblem } from './case-file.js';
import { unknownField } from './payload-fields.js';
import { undocumentedReads } from './unlogged.js';

const ANNOUNCED_IN_VAIN = 'announces transactions in "expected", but no rule of the policy reads tx.expected';

/** @param decisions by case, in the same order */
export function problemsOf(
  policy: Policy,
  cases: readonly Case[],
  decisions: readonly RuleDecision[],
): readonly CaseProblem[] {
  const reads = undocumentedReads(policy);
  const firstLines = new Map<string, number>();
  return cases.flatMap((testCase, index) => {
    const { name, line, request, before, set, now, announced, expected } = testCase;
    const first = firstLines.get(name);
    if (first === undefined) firstLines.set(name, line);
    const tried = now === undefined ? (decisions[index]?.tried ?? []) : [];
    const inTime = policy.rules.find((rule) => tried.includes(rule.id) && readsTime(policy, rule, testCase));
    const messages: readonly (readonly [number, string | undefined])[] = [
      [line, first === undefined ? undefined : `the case in line ${first} has the same name`],
      ...set.map(
        (each) => [each.line, unknownField(each.path, { ...request, payload: before }, reads)] as const,
      ),
      [expected.line, unknownRule(policy, testCase)],
      [line, announced.length > 0 && !policy.readsExpected ? ANNOUNCED_IN_VAIN : undefined],
      ...peopleProblems(policy, testCase, decisions[index]).map((message) => [line, message] as const),
      ...limitProblems(policy, testCase, decisions[index]).map((message) => [line, message] as const),
      [
        line,
        inTime === undefined
          ? undefined
          : `the rule ${inTime.id} reads the time: add now: 2026-03-02T10:00:00Z, or another time, to the case or above the cases`,
      ],
    ];
    return messages.flatMap(([at, message]) => (message === undefined ? [] : [{ line: at, name, message }]));
  });
}

function unknownRule(
  { rules, limits }: Policy,
  { request: { kind }, expected: { rule } }: Case,
): string | undefined {
  const others = [OTHERWISE, INTEGRITY, CHANGED, ...policyLimits(limits)];
  if (rule === undefined || others.includes(rule)) return undefined;
  const found = rules.find(({ id }) => id === rule);
  if (found?.for === kind) return undefined;
  if (found !== undefined)
    return `expects the rule ${rule}, which is for ${found.for} requests; this one is for ${kind}`;
  const near = nearest(rule, [...rules.map(({ id }) => id), ...others]);
  return `expects the rule ${rule}, which the policy does not have${near === undefined ? '' : `; did you mean "${near}"?`}`;
}

function policyLimits(limits: Policy['limits']): readonly string[] {
  return limits.map(({ name }) => `${LIMIT_PREFIX}${name}`);
}

/** People who do not approve anything, and decisions about what is not held. */
function peopleProblems(
  { approvers }: Policy,
  { people, earlier }: Case,
  decision: RuleDecision | undefined,
): readonly string[] {
  const known = [...approvers.keys()];
  const named = [people, ...earlier.map((each) => each.people)].flatMap((each) => [...(each?.keys() ?? [])]);
  const unknown = [...new Set(named)].filter((key) => !approvers.has(key));
  if (unknown.length > 0) {
    return unknown.map((key) => {
      const near = nearest(key, known);
      return `says what ${key} decides, who is no approver of the policy${near === undefined ? '' : `; did you mean "${near}"?`}`;
    });
  }
  return people === undefined || decision?.hold !== undefined || decision?.tried.length === 0
    ? []
    : ['says what people decide, but no rule holds this request'];
}

/** Limits whose counters a case sets, and that the policy does not have or that do not concern the request. */
function limitProblems(
  policy: Policy,
  { limits }: Case,
  decision: RuleDecision | undefined,
): readonly string[] {
  const names = policy.limits.map(({ name }) => name);
  return [...limits.keys()].flatMap((name) => {
    if (decision?.limits?.[name] !== undefined) return [];
    if (names.includes(name)) {
      return decision?.tried.length === 0
        ? []
        : [`sets limits.${name}, which does not concern this request or can't be evaluated for it`];
    }
    const near = nearest(name, names);
    return [
      `sets limits.${name}, which the policy does not have${near === undefined ? '' : `; did you mean "${near}"?`}`,
    ];
  });
}

/** Whether a rule reads the time: by `now`, or because an announced transaction or the initiator's proof expires. */
function readsTime(
  { holds }: Policy,
  { ast, hold }: Rule,
  { request: { payload }, announced }: Case,
): boolean {
  const { notInitiator = [] } = holds.get(hold ?? '') ?? {};
  const remembered = [...rememberedFacts(ast), ...(notInitiator.length > 0 ? ['tx.initiator'] : [])];
  const { extraParameters } = payload;
  const expiring = new Set([
    ...(announced.some(({ expires }) => expires !== undefined) ? ['tx.expected'] : []),
    ...(isObject(extraParameters) && present(extraParameters['extraSignature']) ? ['tx.initiator'] : []),
  ]);
  return (
    remembered.some((fact) => expiring.has(fact)) ||
    [...nodesIn(ast)].some((node) => node.op === 'id' && node.args === 'now')
  );
}

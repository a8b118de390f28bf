// Finds rules that approve before a rule that would reject or hold the same request.
import type { Policy, Rule } from '../../../src/policy/evaluate/rules.js';
import { nodesIn } from '../../../src/policy/language/nodes.js';
import { type Finding, type Subject } from './finding.js';
import { pathsOf, type TruePath } from './paths.js';
import { comparisonsOf, memberOf, nameOf, valuesIn } from './terms.js';

export function orderHabits({ policy }: Subject): readonly Finding[] {
  return policy.rules.flatMap((rule, index) => {
    if (rule.action === 'APPROVE') return [];
    // What people approve is approved, too.
    const before = rule.action === 'REJECT' ? ['APPROVE', 'HOLD'] : ['APPROVE'];
    const earlier = policy.rules
      .slice(0, index)
      .find(
        (other) => before.includes(other.action) && other.for === rule.for && overlaps(other, rule, policy),
      );
    if (earlier === undefined) return [];
    const [does, whom] = earlier.action === 'HOLD' ? ['asks people', ' by them'] : ['approves', ''];
    return [
      {
        code: 'approved-before',
        path: ['rules', index, 'id'],
        message: `rule ${earlier.id} comes first and ${does}: a request that this rule is to ${rule.action.toLowerCase()} may be approved${whom} before`,
        advice: `move this rule above ${earlier.id}: put rules that reject or hold first`,
      },
    ];
  });
}

function overlaps(approving: Rule, blocking: Rule, policy: Policy): boolean {
  const approved = pathsOf(approving.ast) ?? [];
  const blocked = (pathsOf(blocking.ast) ?? []).filter((path) => path.some(blocks));
  return blocked.some((path) => approved.some((other) => !areDisjoint(other, path, policy)));
}

/** Facts that sort requests; a rule about these alone handles the rest, and may come last. */
const SORTING =
  /^(?:tx\.(?:operation|asset|stage|sourceType|sourceId|destType|destAddressType)|config\.type)\b/;

/** Whether a literal is a reason to reject, such as a list or the time. */
function blocks({ node }: TruePath[number]): boolean {
  if (node.op === 'call') return false;
  const name = nameOf(node);
  return !SORTING.test(name) && !/\b(?:amount|amountUsd|requestedAmount|units)\b/.test(name);
}

/** Whether no request can be on both paths, as far as single comparisons show. */
function areDisjoint(one: TruePath, other: TruePath, policy: Policy): boolean {
  return one.some((left) => other.some((right) => contradict(left, right, policy)));
}

function contradict(left: TruePath[number], right: TruePath[number], policy: Policy): boolean {
  if (nameOf(left.node) === nameOf(right.node)) return left.holds !== right.holds;
  // A rule for the rest: it rejects what is not on the list that the other one approves.
  const lists = [...listsIn(right)];
  if (lists.length > 0 && listsIn(left).some((list) => lists.includes(list))) return true;
  return (
    [left, right].some((literal, place) => {
      const fact = comparedFact(literal);
      if (fact === undefined) return false;
      const isFact = (node: Parameters<typeof nameOf>[0]): boolean => nameOf(node) === fact;
      const values = valuesIn(literal, isFact, policy);
      const others = valuesIn(place === 0 ? right : left, isFact, policy);
      return values !== undefined && others !== undefined && !values.some((value) => others.includes(value));
    }) ||
    excludes(left, right, policy) ||
    excludes(right, left, policy)
  );
}

/** `tx.asset == "ETH"` and `!(tx.asset in ["ETH", "BTC"])` */
function excludes(positive: TruePath[number], negative: TruePath[number], policy: Policy): boolean {
  const fact = comparedFact(negative);
  if (fact === undefined) return false;
  const isFact = (node: Parameters<typeof nameOf>[0]): boolean => nameOf(node) === fact;
  const allowed = valuesIn(positive, isFact, policy);
  const excluded = valuesIn({ ...negative, holds: !negative.holds }, isFact, policy);
  return (
    allowed !== undefined &&
    excluded !== undefined &&
    allowed.length > 0 &&
    allowed.every((value) => excluded.includes(value))
  );
}

/** The fact that a literal compares, if there is one. */
function comparedFact(literal: TruePath[number]): string | undefined {
  const { node } = literal;
  if (node.op === 'in') return nameOf(node.args[0]);
  const fact = comparisonsOf(literal).find(({ left }) => left.op === '.' || left.op === '[]')?.left;
  return fact === undefined ? undefined : nameOf(fact);
}

function listsIn({ node }: TruePath[number]): readonly string[] {
  return [...nodesIn(node)].flatMap((part) => memberOf(part, 'lists') ?? []);
}

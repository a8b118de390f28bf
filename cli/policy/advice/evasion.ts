// Finds rules that reject, and that one more destination evades.
import { type Finding, inCondition, type PlacedRule, type Subject } from './finding.js';
import { pathsOf, type TruePath } from './paths.js';
import { isSingle, nameOf, named, typeOf, valuesIn } from './terms.js';

const LISTS = /^tx\.(?:destinations|(?:call|typedData|solana)\.(?:transfers|approvals)|btc\.outputs)$/;

export function evasionHabits({ policy }: Subject): readonly Finding[] {
  return policy.rules.flatMap((rule, index) => {
    if (rule.action !== 'REJECT' || rule.for !== 'transaction') return [];
    const found = new Map<number, Finding>();
    for (const path of pathsOf(rule.ast) ?? []) {
      for (const literal of path) {
        const finding = evadable(literal, path, { rule, index }, policy);
        if (finding !== undefined) found.set(literal.node.start, finding);
      }
    }
    return [...found.values()];
  });
}

function evadable(
  literal: TruePath[number],
  path: TruePath,
  placed: PlacedRule,
  policy: Subject['policy'],
): Finding | undefined {
  const { node, holds } = literal;
  if (node.op === 'rcall' && holds && node.args[0] === 'all' && LISTS.test(nameOf(node.args[1]))) {
    const collection = nameOf(node.args[1]);
    if (isSingle(path, collection)) return undefined;
    return inCondition(placed, node.start, {
      code: 'all-in-reject',
      message: `this rejects only if all of ${collection} are so: one more that is not gets the request past it`,
      advice: `write ${collection}.exists(…) instead of .all(…)`,
    });
  }
  const fact = ['tx.destAddress', 'tx.destId'].find(
    (name) => valuesIn(literal, named(name), policy) !== undefined,
  );
  const isCall = path.some((each) =>
    valuesIn(each, named('tx.operation'), policy)?.every((operation) => operation === 'CONTRACT_CALL'),
  );
  const isFirst =
    holds &&
    node.op === 'in' &&
    /^tx\.destinations\[\d+\]/.test(nameOf(node.args[0])) &&
    typeOf(node.args[1]) === 'List';
  if ((fact === undefined && !isFirst) || isCall || isSingle(path, 'tx.destinations')) return undefined;
  return inCondition(placed, node.start, {
    code: 'first-destination-only',
    message: `${fact ?? nameOf(node).split(' ')[0]} is one destination; with several, the others are not compared${fact === undefined ? '' : ', and this fact is absent'}`,
    advice:
      'write has(tx.destinations) && tx.destinations.exists(d, has(d.address) && d.address in lists.blocked)',
  });
}

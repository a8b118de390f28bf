// Finds `ignore` where a signing request can get it: the protocol has no such answer.
import { type Finding, inCondition, type Subject } from './finding.js';
import { pathsOf, type TruePath } from './paths.js';
import { comparisonsOf, nameOf, named, stringOf, valuesIn } from './terms.js';

export function stageHabits(subject: Subject): readonly Finding[] {
  return [...ignoringRules(subject), ...ignoringOtherwise(subject)];
}

function ignoringRules({ policy }: Subject): readonly Finding[] {
  return policy.rules.flatMap((rule, index) => {
    if (rule.action !== 'IGNORE' || rule.for !== 'transaction') return [];
    const open = (pathsOf(rule.ast) ?? []).filter((path) => !isApprovalOnly(path, policy));
    if (open.length === 0) return [];
    return [
      inCondition({ rule, index }, rule.ast.start, {
        code: 'ignore-at-signing',
        message: `a signing request can't be ignored: if this rule matches one, the answer is onError (${policy.onError.toLowerCase()})`,
        advice: 'begin with tx.stage == "approval" && …, or use action: retry',
      }),
    ];
  });
}

function ignoringOtherwise({ policy }: Subject): readonly Finding[] {
  if (policy.otherwise !== 'IGNORE') return [];
  const catchesSigning = policy.rulesFor.transaction.some(({ ast, action }) => {
    if (action === 'IGNORE') return false;
    return (pathsOf(ast) ?? []).some((path) => path.every((literal) => isSigning(literal)));
  });
  if (catchesSigning) return [];
  return [
    {
      code: 'ignore-at-signing',
      path: ['otherwise'],
      message: `a signing request that no rule matches can't be ignored: the answer is onError (${policy.onError.toLowerCase()})`,
      advice: 'write otherwise: reject, and a rule with tx.stage == "approval" and action: ignore',
    },
  ];
}

const isStage = named('tx.stage');

/** Whether no signing request is on a path. */
export function isApprovalOnly(path: TruePath, policy: Subject['policy']): boolean {
  return path.some((literal) => {
    const values = valuesIn(literal, isStage, policy);
    if (values !== undefined) return values.every((value) => value === 'approval');
    return comparisonsOf(literal).some(
      ({ relation, left, right }) => relation === '!=' && isStage(left) && stringOf(right) === 'signing',
    );
  });
}

function isSigning(literal: TruePath[number]): boolean {
  return comparisonsOf(literal).some(
    ({ relation, left, right }) =>
      nameOf(left) === 'tx.stage' &&
      ((relation === '==' && stringOf(right) === 'signing') ||
        (relation === '!=' && stringOf(right) === 'approval')),
  );
}

// Finds what rules that approve leave open.
import type { ASTNode } from '@marcbachmann/cel-js';
import type { Policy } from '../../../../src/policy/evaluate/rules.js';
import { DEFAULT_OPERATION } from '../../../../src/protocol/request.js';
import { type Finding, inCondition, type PlacedRule, type Subject } from '../finding.js';
import { knownOperation } from '../known-values.js';
import { pathsOf, type TruePath } from '../paths.js';
import { named, nameOf, reads, valuesIn } from '../terms.js';
import type { Approval, Gap } from './gap.js';
import { amountGaps } from './amount.js';
import { assetGaps, assetsOn } from './asset.js';
import { callGaps } from './call.js';
import { configurationGaps } from './configuration.js';
import { destinationGaps } from './destinations.js';
import { messageGaps, programGaps, rawGaps } from './message.js';

export function approvingHabits({ policy }: Subject): readonly Finding[] {
  return policy.rules.flatMap((rule, index) =>
    rule.action === 'APPROVE' ? habitsOf({ rule, index }, policy) : [],
  );
}

function habitsOf(placed: PlacedRule, policy: Policy): readonly Finding[] {
  const { rule } = placed;
  const paths = pathsOf(rule.ast);
  if (paths === undefined) {
    return [
      inCondition(placed, rule.ast.start, {
        code: 'too-many-ways',
        message:
          'this condition can be true in more than 2000 ways, so it is not checked for what it leaves open',
        advice: 'write several rules with shorter conditions',
      }),
    ];
  }
  const open = paths.map((path) => ({ path, gaps: gapsOf(path, placed, policy) }));
  const shared = sharedBy(paths);
  const times = new Map<string, number>();
  for (const { code } of open.flatMap(({ gaps }) => gaps)) times.set(code, (times.get(code) ?? 0) + 1);
  const found = new Map<string, Finding>();
  for (const { path, gaps } of open) {
    for (const gap of gaps) {
      const isEverywhere = (times.get(gap.code) ?? 0) >= paths.length;
      const offset = isEverywhere ? rule.ast.start : ownOffset(path, shared);
      const key = `${gap.code} ${offset}`;
      if (!found.has(key)) found.set(key, inCondition(placed, offset, gap));
    }
  }
  return [...found.values()];
}

/** Where the part of a way begins that not all have. */
function ownOffset(path: TruePath, shared: ReadonlySet<ASTNode>): number {
  const own = path.find(({ node }) => !shared.has(node));
  return (own ?? path[0])?.node.start ?? 0;
}

/** The parts that all ways have. */
function sharedBy(paths: readonly TruePath[]): ReadonlySet<ASTNode> {
  const times = new Map<ASTNode, number>();
  for (const path of paths) {
    for (const node of new Set(path.map((literal) => literal.node)))
      times.set(node, (times.get(node) ?? 0) + 1);
  }
  return new Set([...times].flatMap(([node, count]) => (count === paths.length ? [node] : [])));
}

function gapsOf(path: TruePath, { rule }: PlacedRule, policy: Policy): readonly Gap[] {
  if (path.length === 0) {
    return [
      {
        code: 'approves-everything',
        message: `this rule approves every ${rule.for === 'transaction' ? 'transaction' : 'change of the workspace'} that gets here`,
        advice: 'name what makes the request harmless: see "A rule that approves" in POLICY.md',
      },
    ];
  }
  if (isKnown(path, policy)) return [];
  const approval: Approval = { path, policy, assets: assetsOn(path, policy), rule };
  if (rule.for === 'configuration') return configurationGaps(approval);
  const operations = operationsOn(path, policy);
  if (operations === undefined) return [OPEN_OPERATION, ...gapsFor(probableOperation(path), approval)];
  return operations.flatMap((operation) => gapsFor(knownOperation(operation), approval));
}

/** Whether your own system named the whole transaction: it announced or signed it. */
function isKnown(path: TruePath, policy: Policy): boolean {
  return path.some(
    (literal) =>
      (literal.holds && nameOf(literal.node) === 'tx.expected.matches') ||
      valuesIn(literal, named('tx.initiator'), policy) !== undefined,
  );
}

/** What a rule without an operation seems to be about. */
function probableOperation(path: TruePath): string {
  if (reads(path, 'tx.call')) return 'CONTRACT_CALL';
  return reads(path, 'tx.typedData') ? 'TYPED_MESSAGE' : DEFAULT_OPERATION;
}

function gapsFor(operation: string, approval: Approval): readonly Gap[] {
  switch (operation) {
    case 'CONTRACT_CALL':
      return callGaps(approval);
    case 'TYPED_MESSAGE':
      return messageGaps(approval);
    case 'RAW':
      return rawGaps(approval);
    case 'PROGRAM_CALL':
      return programGaps(approval);
    case 'TRANSFER':
    case 'MINT':
      return [...assetGaps(approval), ...destinationGaps(approval), ...amountGaps(approval)];
    case 'ENABLE_ASSET':
      return assetGaps(approval);
    default:
      // Staking and the like have no destinations of their own.
      return [...assetGaps(approval), ...amountGaps(approval)];
  }
}

const OPEN_OPERATION: Gap = {
  code: 'operation-open',
  message: 'this rule approves any operation, also contract calls, messages and raw signatures',
  advice: 'add tx.operation == "TRANSFER" && …',
};

function operationsOn(path: TruePath, policy: Policy): readonly string[] | undefined {
  const known = path.flatMap((literal) => {
    const values = valuesIn(literal, named('tx.operation'), policy);
    return values === undefined ? [] : [values];
  });
  return known.length === 0
    ? undefined
    : known.reduce((one, other) => one.filter((each) => other.includes(each)));
}

// Finds what rules that approve leave open.
import type { Policy } from '../../../../src/policy/evaluate/rules.js';
import { DEFAULT_OPERATION } from '../../../../src/protocol/request.js';
import { type Finding, inCondition, type PlacedRule, type Subject } from '../finding.js';
import { knownOperation } from '../known-values.js';
import { pathsOf, type TruePath } from '../paths.js';
import { named, reads, valuesIn } from '../terms.js';
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
  const open = paths.map((path) => gapsOf(path, placed, policy));
  const found = new Map<string, Finding>();
  for (const [place, gaps] of open.entries()) {
    for (const gap of gaps) {
      const isEverywhere = open.every((others) => others.some(({ code }) => code === gap.code));
      const offset = isEverywhere ? rule.ast.start : ownOffset(paths, place);
      const key = `${gap.code} ${offset}`;
      if (!found.has(key)) found.set(key, inCondition(placed, offset, gap));
    }
  }
  return [...found.values()];
}

/** Where the part begins that only this way has. */
function ownOffset(paths: readonly TruePath[], place: number): number {
  const path = paths[place] ?? [];
  const own = path.find(
    ({ node }) => !paths.every((other) => other.some((literal) => literal.node === node)),
  );
  return (own ?? path[0])?.node.start ?? 0;
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
  const approval: Approval = { path, policy, assets: assetsOn(path, policy) };
  if (rule.for === 'configuration') return configurationGaps(approval);
  const operations = operationsOn(path, policy);
  if (operations === undefined) return [OPEN_OPERATION, ...gapsFor(probableOperation(path), approval)];
  return operations.flatMap((operation) => gapsFor(knownOperation(operation), approval));
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

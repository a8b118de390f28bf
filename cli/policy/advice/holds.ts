// Finds holds that come too late for the chain. What else is odd about holds, the parser warns of.
import { nodesIn } from '../../../src/policy/language/nodes.js';
import type { Policy } from '../../../src/policy/evaluate/rules.js';
import { assetsOn } from './approve/asset.js';
import { type Finding, inCondition, type Subject } from './finding.js';
import { pathsOf, type TruePath } from './paths.js';
import { isApprovalOnly } from './stages.js';
import { stringOf } from './terms.js';

export function holdHabits({ policy, document }: Subject): readonly Finding[] {
  const usesSolana = mentionsSolana({ policy, document });
  return policy.rules.flatMap((rule, index) => {
    if (rule.action !== 'HOLD' || rule.for !== 'transaction') return [];
    const isLate = (path: TruePath): boolean => {
      if (isApprovalOnly(path, policy)) return false;
      const assets = assetsOn(path, policy);
      return assets === undefined ? usesSolana : assets.some((asset) => isOnSolana(asset, policy));
    };
    if (!(pathsOf(rule.ast) ?? [[]]).some(isLate)) return [];
    return [
      inCondition({ rule, index }, rule.ast.start, {
        code: 'hold-at-signing',
        message:
          'a Solana transaction expires about a minute after it was made, sooner than people decide: held at the signing, it fails, unless people have approved it at the approval',
        advice:
          'hold Solana assets at the approval: begin with tx.stage == "approval" && …, and let a later rule decide about their signing',
      }),
    ];
  });
}

function isOnSolana(asset: string, { catalog }: Policy): boolean {
  const chain = catalog.assets.get(asset)?.chain ?? '';
  return chain === 'solana' || chain.startsWith('solana/');
}

/** SOL is built in, so what a policy says itself shows whether it is for Solana. */
function mentionsSolana({ policy, document }: Subject): boolean {
  const { assets } = (document.value ?? {}) as { readonly assets?: unknown };
  const written = typeof assets === 'object' && assets !== null ? Object.keys(assets) : [];
  const keys = [...policy.tables.values()].flatMap((table) => [...table.keys()]);
  const literals = policy.rules.flatMap(({ ast }) =>
    [...nodesIn(ast)].flatMap((node) => stringOf(node) ?? []),
  );
  return [...written, ...keys, ...literals].some((asset) => isOnSolana(asset, policy));
}

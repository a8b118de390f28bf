// Whether a rule that approves limits the asset.
import type { Policy } from '../../../../src/policy/evaluate/rules.js';
import type { Literal, TruePath } from '../paths.js';
import { everyEntryOn, memberOf, named, nameOf, tablesKeyedBy, valuesIn } from '../terms.js';
import { type Approval, type Gap, limitFor, tableHint } from './gap.js';

export function assetGaps({ path, policy, assets }: Approval): readonly Gap[] {
  if (assets !== undefined) return [];
  // A list whose entries all name an asset limits it as well.
  const isListed = everyEntryOn(path).some(
    ({ paths, entry }) =>
      paths.length > 0 && paths.every((one) => one.some((literal) => namesAsset(literal, entry, policy))),
  );
  if (isListed) return [];
  return [
    {
      code: 'asset-open',
      message:
        'this rule approves any asset: an amount that is small in one asset is a fortune in another, and addresses on other chains may belong to somebody else',
      advice: `add && tx.asset in ["ETH", "USDC"], or a limit by asset: && tx.amount <= ${limitFor('tx.asset', policy, 'maxPerTransaction')}${tableHint(policy, 'maxPerTransaction')}`,
    },
  ];
}

/** `d in lists.payees`, if each entry of the list names its asset. */
function namesAsset({ node, holds }: Literal, entry: string, { lists }: Policy): boolean {
  if (node.op !== 'in' || !holds || nameOf(node.args[0]) !== entry) return false;
  const entries = lists.get(memberOf(node.args[1], 'lists') ?? '') ?? [];
  return entries.length > 0 && entries.every((each) => typeof each !== 'string' && each.asset !== undefined);
}

/** The assets to which a path limits a transaction. */
export function assetsOn(path: TruePath, policy: Policy): readonly string[] | undefined {
  const isAsset = named('tx.asset');
  const known = path.flatMap((literal) => {
    const values = valuesIn(literal, isAsset, policy);
    const tables = tablesKeyedBy(literal, isAsset).map((name) => [
      ...(policy.tables.get(name)?.keys() ?? []),
    ]);
    return values === undefined ? tables : [values, ...tables];
  });
  if (known.length === 0) return undefined;
  return known.reduce((one, other) => one.filter((asset) => other.includes(asset)));
}

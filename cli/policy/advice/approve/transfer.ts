// Whether a rule that approves transfers limits the asset, every destination and the amount.
import { familyOf } from '../../../../src/chain/chain.js';
import type { TruePath } from '../paths.js';
import {
  type EveryEntry,
  everyEntryOn,
  isLimited,
  isSingle,
  nameOf,
  named,
  reads,
  tablesKeyedBy,
  typeOf,
  valuesIn,
} from '../terms.js';
import { type Approval, type Gap, limitFor, listOfAddresses, tableHint } from './gap.js';

/** Lists with everything that a transfer pays: as displayed, or as signed. */
const PAID = ['tx.destinations', 'tx.btc.outputs', 'tx.call.transfers', 'tx.solana.transfers'];

export function assetGaps({ path, policy, assets }: Approval): readonly Gap[] {
  if (assets !== undefined) return [];
  // A list whose entries all name an asset limits it as well.
  if (
    everyEntryOn(path).some(
      ({ paths, entry }) => paths.length > 0 && paths.every((one) => one.some(namesAsset(entry))),
    )
  ) {
    return [];
  }
  function namesAsset(entry: string) {
    return ({ node, holds }: TruePath[number]): boolean => {
      if (node.op !== 'in' || !holds || nameOf(node.args[0]) !== entry) return false;
      const entries = policy.lists.get(nameOf(node.args[1]).replace(/^lists\./, '')) ?? [];
      return (
        entries.length > 0 && entries.every((each) => typeof each !== 'string' && each.asset !== undefined)
      );
    };
  }
  return [
    {
      code: 'asset-open',
      message:
        'this rule approves any asset: an amount that is small in one asset is a fortune in another, and addresses on other chains may belong to somebody else',
      advice: `add && tx.asset in ["ETH", "USDC"], or a limit by asset: && tx.amount <= ${limitFor('tx.asset', policy, 'maxPerTransaction')}${tableHint(policy, 'maxPerTransaction')}`,
    },
  ];
}

type Bound = 'whole' | 'address' | 'none';

export function destinationGaps(approval: Approval): readonly Gap[] {
  const { path, policy } = approval;
  const list = listOfAddresses(policy);
  const every = `tx.destinations.all(d, d in ${list})`;
  const bounds = entriesOn(path).map((entries) => boundOf(entries, approval));
  if (bounds.includes('whole')) return [];
  if (bounds.includes('address')) {
    return [
      {
        code: 'tag-open',
        message:
          'this rule compares the address and not the tag: with another tag, the money goes to another customer of the same exchange',
        advice: `write d in ${addressListOn(path) ?? list} instead of comparing d.address; an entry can have a tag: { address: …, tag: "12345", asset: XRP }`,
      },
    ];
  }
  return [{ code: 'destinations-open', message: openDestinations(path), advice: `add && ${every}` }];
}

function openDestinations(path: TruePath): string {
  const rest = 'the rule approves transfers to destinations that it does not name';
  for (const [fact, reason] of ONLY_DESTINATION) {
    if (reads(path, fact)) return `${fact} ${reason}: ${rest}`;
  }
  if (path.some(({ node, holds }) => holds && node.op === 'rcall' && /^exists/.test(node.args[0]))) {
    return `exists() is true if one destination is listed, and the others can be anybody's: ${rest}`;
  }
  if (path.some(({ node }) => nameOf(node).includes('tx.destinations['))) {
    return `one destination of several is compared, and the others can be anybody's: ${rest}`;
  }
  if (everyEntryOn(path).some(({ collection }) => collection === 'tx.destinations')) {
    return `the type, the name or the amount of a destination does not say whose it is: ${rest}`;
  }
  return `this rule does not say who is paid: ${rest}`;
}

/** Facts about the only destination. */
const ONLY_DESTINATION = [
  ['tx.destAddress', 'is absent if there are several destinations, and says nothing about a tag'],
  ['tx.destId', 'is absent if there are several destinations, and says nothing about an address or a tag'],
  ['tx.destType', 'does not say whose the destination is'],
  ['tx.destAddressType', 'does not say whose the destination is'],
] as const;

/** Everything that a path says of each entry of a list of what is paid. */
function entriesOn(path: TruePath): readonly EveryEntry[] {
  const every = everyEntryOn(path).filter(({ collection }) => PAID.includes(collection));
  const single = PAID.filter((collection) => isSingle(path, collection)).map((collection) => ({
    ...{ collection, entry: `${collection}[0]` },
    paths: [path],
  }));
  return [...every, ...single];
}

function boundOf({ collection, entry, paths }: EveryEntry, approval: Approval): Bound {
  const bounds = paths.map((path) =>
    collection === 'tx.destinations'
      ? destinationBound(path, entry, approval)
      : paidBound(path, entry, approval),
  );
  if (bounds.length === 0 || bounds.includes('none')) return 'none';
  return bounds.includes('address') ? 'address' : 'whole';
}

function destinationBound(path: TruePath, entry: string, { policy, assets }: Approval): Bound {
  const limits = (fact: string): boolean =>
    path.some((literal) => valuesIn(literal, named(fact), policy) !== undefined);
  const isWhole = path.some(
    ({ node, holds }) =>
      holds && node.op === 'in' && nameOf(node.args[0]) === entry && typeOf(node.args[1]) === 'List',
  );
  if (isWhole || limits(`${entry}.id`) || limits(`${entry}.walletId`)) return 'whole';
  if (!limits(`${entry}.address`)) return 'none';
  const hasNoTag = path.some(({ node, holds }) => !holds && nameOf(node) === `has(${entry}.tag)`);
  const canHaveTag =
    assets === undefined || assets.some((asset) => hasTags(policy.catalog.assets.get(asset)?.chain));
  return hasNoTag || limits(`${entry}.tag`) || !canHaveTag ? 'whole' : 'address';
}

/** An output of a Bitcoin transaction, or a transfer of tokens. */
function paidBound(path: TruePath, entry: string, { policy }: Approval): Bound {
  const isBound = path.some(
    (literal) =>
      (literal.holds && nameOf(literal.node) === `${entry}.isChange`) ||
      valuesIn(literal, named(`${entry}.address`, `${entry}.to`), policy) !== undefined,
  );
  return isBound ? 'whole' : 'none';
}

/** The list that the address of a destination is looked up in. */
function addressListOn(path: TruePath): string | undefined {
  const literals = everyEntryOn(path).flatMap(({ paths }) => paths.flat());
  for (const { node } of [...path, ...literals]) {
    if (node.op === 'in' && /\.address$/.test(nameOf(node.args[0])) && typeOf(node.args[1]) === 'List') {
      return nameOf(node.args[1]);
    }
  }
  return undefined;
}

/** Chains on which an address can be shared, and a tag or memo says whose the money is. */
const TAGGED = ['xrp', 'stellar', 'cosmos', 'ton', 'algorand'];

function hasTags(chain: string | undefined): boolean {
  return chain === undefined || TAGGED.includes(familyOf(chain));
}

export function amountGaps(approval: Approval): readonly Gap[] {
  const { path, policy } = approval;
  if (path.some((literal) => isLimited(literal, named('tx.amount')))) return [];
  if (entriesOn(path).some(({ paths, entry }) => isLimitedOn(paths, `${entry}.amount`))) return [];
  const limit = `tx.amount <= ${limitFor('tx.asset', policy, 'maxPerTransaction')}`;
  const advice = `add && ${limit}${tableHint(policy, 'maxPerTransaction')}`;
  const isInUsd =
    path.some((literal) => isLimited(literal, named('tx.amountUsd'))) ||
    entriesOn(path).some(({ paths, entry }) => isLimitedOn(paths, `${entry}.amountUsd`));
  if (isInUsd) {
    return [
      {
        code: 'amount-in-usd-only',
        message:
          'the only limit is in US dollars, so it depends on the price that Fireblocks sends; with a wrong price, any amount is approved',
        advice,
      },
    ];
  }
  const reason = reads(path, 'tx.requestedAmount')
    ? 'tx.requestedAmount is what was asked for; tx.amount is what is paid'
    : reads(path, 'tx.amount')
      ? 'this rule compares the amount and sets no upper limit'
      : 'this rule approves any amount';
  return [{ code: 'amount-open', message: `${reason}: one request can empty the vault`, advice }];
}

function isLimitedOn(paths: readonly TruePath[], amount: string): boolean {
  return paths.length > 0 && paths.every((path) => path.some((literal) => isLimited(literal, named(amount))));
}

/** The assets to which a path limits a transaction. */
export function assetsOn(path: TruePath, policy: Approval['policy']): readonly string[] | undefined {
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

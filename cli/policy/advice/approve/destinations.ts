// Whether a rule that approves limits every destination, with its tag.
import { familyOf } from '../../../../src/chain/chain.js';
import type { TruePath } from '../paths.js';
import { type EveryEntry, everyEntryOn, nameOf, named, reads, typeOf, valuesIn } from '../terms.js';
import { type Approval, type Gap, listOfAddresses } from './gap.js';
import { entriesOn } from './paid.js';

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
  if (path.some(({ node, holds }) => holds && node.op === 'rcall' && node.args[0].startsWith('exists'))) {
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
    if (node.op === 'in' && nameOf(node.args[0]).endsWith('.address') && typeOf(node.args[1]) === 'List') {
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

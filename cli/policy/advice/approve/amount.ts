// Whether a rule that approves limits the amount from above.
import type { Rule } from '../../../../src/policy/evaluate/rules.js';
import type { Limit } from '../../../../src/policy/limits/limit.js';
import type { TruePath } from '../paths.js';
import { isLimited, named, nameOf, reads } from '../terms.js';
import { type Approval, type Gap, limitFor, tableHint } from './gap.js';
import { entriesOn } from './paid.js';

export function amountGaps(approval: Approval): readonly Gap[] {
  const { path, policy } = approval;
  if (path.some((literal) => isLimited(literal, named('tx.amount')))) return [];
  const isLimitedInEach = entriesOn(path).some(({ paths, entry }) =>
    isLimitedOn(
      // Change comes back.
      paths.filter((each) => !each.some(({ node, holds }) => holds && nameOf(node) === `${entry}.isChange`)),
      `${entry}.amount`,
    ),
  );
  if (isLimitedInEach || policy.limits.some((each) => coversAmount(each, approval.rule))) return [];
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
    ? 'tx.requestedAmount is the requested amount; tx.amount is what is paid'
    : reads(path, 'tx.amount')
      ? 'this rule compares the amount and sets no upper limit'
      : 'this rule approves any amount';
  return [{ code: 'amount-open', message: `${reason}: one request can empty the vault`, advice }];
}

/** Whether a limit over time counts the amounts of each asset that the rule approves. */
function coversAmount({ when, amount, per }: Limit, rule: Rule): boolean {
  return (
    amount?.source === 'tx.amount' &&
    per.some(({ source }) => source === 'tx.asset') &&
    (when === undefined || rule.when.split('&&').some((part) => part.trim() === when.source))
  );
}

function isLimitedOn(paths: readonly TruePath[], amount: string): boolean {
  return paths.length > 0 && paths.every((path) => path.some((literal) => isLimited(literal, named(amount))));
}

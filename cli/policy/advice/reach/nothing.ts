// Only a destination that gets nothing may be worth nothing, in US dollars.
import { DEFAULT_OPERATION } from '../../../../src/protocol/request.js';
import { and, type Condition, not, or, outcomeOf, type Value } from './condition.js';
import { compareIntervals, isInterval, isPoint } from './interval.js';
import { either, has, is } from './known.js';
import type { Variables } from './variables.js';

export function ofNothing(variables: Variables): readonly Condition[] {
  const isFree = [...variables.policy.catalog.assets.values()].some(({ price }) => price?.isZero() === true);
  const single = is(variables, 'tx.destinations', (count) => count === 1);
  if (isFree || single === undefined) return [];
  const total = is(variables, 'tx.amountUsd', isZero);
  const values = variables.all.filter(({ pattern }) => pattern === 'tx.destinations[].amountUsd');
  return [
    ...ofOne(variables, total, single),
    ...ofOne(variables, is(variables, 'tx.destinations[0].amountUsd', isZero), single),
    ...values.flatMap(({ name }) => {
      const nothing = is(variables, name, isZero);
      return either(
        nothing && not(nothing),
        single,
        is(variables, name.replace('amountUsd', 'amount'), isZero),
      );
    }),
    ...ofSeveral(variables, total, single),
  ];
}

/** If they are worth nothing together, each of them gets nothing. */
function ofSeveral(
  variables: Variables,
  total: Condition | undefined,
  single: Condition,
): readonly Condition[] {
  const amounts = variables.all.filter(({ pattern }) => pattern === 'tx.destinations[].amount');
  return amounts.flatMap(({ name }) => {
    const index = Number(/\[(\d+)\]/.exec(name)?.[1]);
    const isThere = is(variables, 'tx.destinations', (count) => typeof count === 'number' && count > index);
    return either(total && not(total), single, isThere && not(isThere), is(variables, name, isZero));
  });
}

/** The amount of the only destination is that of the transaction, unless it has its own. */
function ofOne(
  variables: Variables,
  nothing: Condition | undefined,
  single: Condition,
): readonly Condition[] {
  const own = is(variables, 'tx.destinations[0].amount', (value) => value === undefined || isZero(value));
  const amount = is(variables, 'tx.amount', (value) => value === undefined || isZero(value));
  const transfer = is(variables, 'tx.operation', (operation) => operation === DEFAULT_OPERATION);
  const isUnread = nothing === undefined || amount === undefined || transfer === undefined;
  return [
    ...either(nothing && not(nothing), not(single), own),
    ...(isUnread ? [] : [or(not(nothing), not(single), amount, and(transfer, ...isRequested(variables)))]),
  ];
}

/** An `amountStr` of 0 is shown as what is requested, if that is more. */
function isRequested(variables: Variables): readonly Condition[] {
  const own = has(variables, 'tx.destinations[0].amount');
  const [amount, requested] = [variables.find('tx.amount'), variables.find('tx.requestedAmount')];
  const isSame: readonly Condition[] =
    amount === undefined || requested === undefined
      ? []
      : [
          {
            kind: 'atom',
            reads: [amount.id, requested.id],
            outcomes(valueOf) {
              const [one, other] = [valueOf(amount.id), valueOf(requested.id)];
              if (!isInterval(one) || !isInterval(other)) return outcomeOf(false);
              return outcomeOf([0, undefined].includes(compareIntervals(one, other)));
            },
          },
        ];
  return [...(own === undefined ? [] : [not(own)]), ...isSame];
}

function isZero(value: Value): boolean {
  return isInterval(value) && isPoint(value) && value.low.isZero();
}

// Facts that depend on each other in every request, such as `tx.stage` and `tx.fee`.
import { DEFAULT_OPERATION } from '../../../../src/protocol/request.js';
import { isAddressText } from './addresses.js';
import { ALWAYS, type Condition, and, FALSE, not, or, outcomeOf, TRUE } from './condition.js';
import { compareIntervals, isInterval } from './interval.js';
import { either, has, is } from './known.js';
import { lengthsOf } from './mentions.js';
import { addressContext } from './register.js';
import { ofNothing } from './nothing.js';
import type { Goal } from './solve.js';
import type { Variables } from './variables.js';

/** What is true of every request. */
export function correlations(variables: Variables): readonly Goal[] {
  const conditions = [
    // Otherwise, it is taken for a transaction.
    ...either(has(variables, 'config.type'), has(variables, 'config.extraInfo')),
    ...ofStage(variables),
    ...ofSingleDestination(variables),
    ...ofUsd(variables),
    ...ofNothing(variables),
    ...ofRequested(variables),
    ...ofSigned(variables),
  ];
  return conditions.map((condition) => ({ condition, wanted: TRUE }));
}

/**
 * Facts that are needed to see how the others depend on each other. To be called between reading the rules and looking
 * at the values of facts.
 */
export function addRelated(variables: Variables): void {
  if (variables.find('tx.amountUsd') !== undefined) variables.of('tx.destinations', 'length');
  const isSum = ['tx.amount', 'tx.requestedAmount'].every((name) => variables.find(name) !== undefined);
  if (variables.find('tx.destinations') === undefined && !isSum) return;
  variables.of('tx.operation', 'string');
  variables.mentionsOf('tx.operation').strings.add(DEFAULT_OPERATION);
}

/** At the approval stage, there is neither a fee nor a displayed address. */
function ofStage(variables: Variables): readonly Condition[] {
  const signing = is(variables, 'tx.stage', (stage) => stage === 'signing');
  const fee = has(variables, 'tx.fee');
  if (signing === undefined || fee === undefined) return [];
  const displayed = anyEntry(variables, 'address', (fact) => fact);
  return [
    ...either(signing, not(fee)),
    ...(displayed === undefined ? [] : either(not(signing), fee, displayed)),
  ];
}

/**
 * Whether a destination has, or lacks, a fact.
 * @returns `undefined` if the destinations are not read
 */
function anyEntry(
  variables: Variables,
  fact: string,
  test: (presence: Condition) => Condition,
): Condition | undefined {
  const list = variables.find('tx.destinations');
  const there = has(variables, 'tx.destinations');
  if (list === undefined || there === undefined) return undefined;
  if (variables.find(`tx.destinations[0].${fact}`) === undefined) return there;
  const cases = new Map(
    lengthsOf(variables.mentionsOf('tx.destinations')).map((count) => {
      const tests = Array.from({ length: count }, (_, index) =>
        has(variables, `tx.destinations[${index}].${fact}`),
      );
      const known = tests.filter((each) => each !== undefined);
      // What is not read can be anything.
      return [count, known.length < count ? ALWAYS : or(...known.map(test))] as const;
    }),
  );
  return and(there, { kind: 'cases', length: list.id, cases });
}

/** With several destinations, the facts of the only one are absent. */
function ofSingleDestination(variables: Variables): readonly Condition[] {
  const several = is(variables, 'tx.destinations', (count) => typeof count === 'number' && count > 1);
  const facts = ['destType', 'destId', 'destAddress', 'destAddressType'].map((name) =>
    has(variables, `tx.${name}`),
  );
  return [
    ...facts.flatMap((fact) =>
      fact === undefined || several === undefined ? [] : either(not(several), not(fact)),
    ),
    ...ofDestAddress(variables),
  ];
}

/** `destAddress` of a transfer to one destination is its address, unless it is the token's contract. */
function ofDestAddress(variables: Variables): readonly Condition[] {
  const [dest, address] = [variables.find('tx.destAddress'), variables.find('tx.destinations[0].address')];
  const single = is(variables, 'tx.destinations', (count) => count === 1);
  const transfer = is(variables, 'tx.operation', (operation) => operation === DEFAULT_OPERATION);
  if (dest === undefined || address === undefined || single === undefined || transfer === undefined)
    return [];
  const contracts = [...variables.policy.catalog.assets.values()].flatMap(({ contract }) => contract ?? []);
  const context = addressContext({ variables, bindings: new Map() });
  const same: Condition = {
    kind: 'atom',
    reads: [dest.id, address.id, ...context.reads],
    outcomes(valueOf) {
      const [one, other] = [valueOf(dest.id), valueOf(address.id)];
      if (!isAddressText(one)) return TRUE;
      const isContract = contracts.some((contract) => context.equal(one.address, contract, valueOf));
      return outcomeOf(
        isContract || (isAddressText(other) && context.equal(one.address, other.address, valueOf)),
      );
    },
  };
  return [or(not(transfer), not(single), same)];
}

/** The value in US dollars is the sum of those of the destinations. */
function ofUsd(variables: Variables): readonly Condition[] {
  const total = has(variables, 'tx.amountUsd');
  const list = variables.find('tx.destinations');
  const there = has(variables, 'tx.destinations');
  if (total === undefined || list === undefined || there === undefined) return [];
  if (variables.find('tx.destinations[0].amountUsd') === undefined) return either(not(total), there);
  const all = new Map(
    lengthsOf(variables.mentionsOf('tx.destinations')).map((count) => {
      const values = Array.from({ length: count }, (_, index) =>
        has(variables, `tx.destinations[${index}].amountUsd`),
      );
      const known = values.filter((value) => value !== undefined);
      return [
        count,
        known.length < count
          ? or(total, not(total))
          : or(and(total, ...known), and(not(total), or(...known.map(not)))),
      ] as const;
    }),
  );
  const sum: Condition = { kind: 'cases', length: list.id, cases: all };
  return [or(and(not(there), not(total)), and(there, sum))];
}

/** Without the amounts of its destinations, a transfer is taken to pay what is requested. */
function ofRequested(variables: Variables): readonly Condition[] {
  const [amount, requested] = [variables.find('tx.amount'), variables.find('tx.requestedAmount')];
  const transfer = is(variables, 'tx.operation', (operation) => operation === DEFAULT_OPERATION);
  const none = is(variables, 'tx.destinations', (count) => count === undefined);
  if (amount === undefined || requested === undefined || transfer === undefined || none === undefined)
    return [];
  const isUnknown = anyEntry(variables, 'amount', (fact) => not(fact)) ?? none;
  const isEnough: Condition = {
    kind: 'atom',
    reads: [amount.id, requested.id],
    outcomes(valueOf) {
      const [one, other] = [valueOf(amount.id), valueOf(requested.id)];
      if (!isInterval(one) || !isInterval(other)) return TRUE;
      return compareIntervals(one, other) === -1 ? FALSE : TRUE;
    },
  };
  const hasAmounts = variables.find('tx.destinations[0].amount') !== undefined;
  return [
    or(not(transfer), not(none), isEnough),
    ...(hasAmounts ? [or(not(transfer), none, not(isUnknown), isEnough)] : []),
  ];
}

/** What is signed depends on the operation. */
function ofSigned(variables: Variables): readonly Condition[] {
  const verified = is(variables, 'tx.raw.verified', (value) => value === true);
  const problem = has(variables, 'tx.raw.problem');
  const typed = has(variables, 'tx.typedData');
  const message = is(variables, 'tx.operation', (operation) => operation === 'TYPED_MESSAGE');
  const others = ['tx.call', 'tx.evm', 'tx.btc', 'tx.solana'].map((name) => has(variables, name));
  return [
    ...(verified === undefined || problem === undefined
      ? []
      : [or(and(verified, not(problem)), and(not(verified), problem))]),
    ...(typed === undefined || message === undefined ? [] : either(not(typed), message)),
    ...others.flatMap((other) =>
      other === undefined || message === undefined ? [] : either(not(other), not(message)),
    ),
  ];
}

// Finds limits that do not limit, and limits that keep more from being approved than their author may expect.
import type { ASTNode } from '@marcbachmann/cel-js';
import { nodesIn } from '../../../src/policy/language/nodes.js';
import type { Limit } from '../../../src/policy/limits/limit.js';
import type { Finding, Subject } from './finding.js';
import { nameOf } from './terms.js';

/** Facts that differ from transaction to transaction, or that whoever asks can choose freely. */
const UNBOUNDED = ['tx.requestId', 'tx.txId', 'tx.externalTxId', 'tx.customerRefId', 'tx.note'];

/** How long the Co-signer asks again after a RETRY, by default. */
const RETRY_MS = 3_600_000;

export function limitHabits({ policy }: Subject): readonly Finding[] {
  return policy.limits.flatMap((limit) => [
    ...zeroMaximum(limit),
    ...unboundedKeys(limit),
    ...absentPrices(limit),
    ...shortWindow(limit),
  ]);
}

function zeroMaximum({ name, max }: Limit): readonly Finding[] {
  if (max.otherwise?.isZero() !== true) return [];
  return [
    {
      code: 'limit-zero',
      path: ['limits', name, 'max'],
      message: `nothing fits into a limit of 0: every transaction that limits.${name} counts is refused`,
      advice: 'write a maximum; to refuse transactions, write a rule that rejects them',
    },
  ];
}

function unboundedKeys({ name, per }: Limit): readonly Finding[] {
  return per.flatMap(({ ast }, index) => {
    const fact = factsIn(ast).find((each) => UNBOUNDED.includes(each));
    if (fact === undefined) return [];
    return [
      {
        code: 'limit-unbounded',
        path: ['limits', name, 'per', index],
        message: `${fact} may be another one in every request, so that each has a counter of its own: limits.${name} limits nothing`,
        advice: 'write facts that many transactions share, such as tx.sourceId or tx.asset',
      },
    ];
  });
}

/** `amount: tx.amountUsd`, where nothing says what happens to a transaction without a price. */
function absentPrices({ name, amount, when }: Limit): readonly Finding[] {
  if (amount === undefined || !factsIn(amount.ast).some((fact) => fact.endsWith('.amountUsd'))) return [];
  const isGuarded = [when, amount].some((part) => part !== undefined && hasGuard(part.ast));
  if (isGuarded) return [];
  return [
    {
      code: 'limit-without-price',
      path: ['limits', name, 'amount'],
      message: `tx.amountUsd is absent where Fireblocks has no price, as for many tokens and contract calls: limits.${name} then can't be evaluated, and nothing without a price is approved`,
      advice:
        'keep it if that is what you want; otherwise give the assets a price under assets:, or write when: has(tx.amountUsd), and another limit for what has no price',
    },
  ];
}

function shortWindow({ name, window }: Limit): readonly Finding[] {
  if (window.type !== 'sliding' || window.ms >= RETRY_MS) return [];
  return [
    {
      code: 'limit-short',
      path: ['limits', name, 'window'],
      message: `the Co-signer asks again for an hour after a RETRY, so that what limits.${name} holds back fits a few minutes later`,
      advice: 'write a window of an hour or more, or keep it if the limit is for the rate alone',
    },
  ];
}

/** The facts in an expression, such as `tx.asset`. */
function factsIn(ast: ASTNode): readonly string[] {
  return [...nodesIn(ast)].flatMap((node) => (node.op === '.' ? [nameOf(node)] : []));
}

function hasGuard(ast: ASTNode): boolean {
  return [...nodesIn(ast)].some(
    (node) => node.op === 'call' && node.args[0] === 'has' && factsIn(node).includes('tx.amountUsd'),
  );
}

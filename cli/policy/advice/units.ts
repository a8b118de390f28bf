// Finds amounts that are compared with something in another unit: fees are in the chain's coin.
import { type ASTNode, serialize } from '@marcbachmann/cel-js';
import { nodesIn } from '../../../src/policy/language/nodes.js';
import type { Policy } from '../../../src/policy/evaluate/rules.js';
import { assetsOn } from './approve/asset.js';
import { type Finding, forEachNode, inCondition, type PlacedRule, type Subject } from './finding.js';
import { pathsOf, type TruePath } from './paths.js';
import { comparisonsOf, isFixed, memberOf, nameOf } from './terms.js';

const FEES = ['tx.fee', 'tx.evm.maxFee', 'tx.btc.fee'];
const AMOUNT = /^(?:\w+\.)*(?:amount|requestedAmount)$/;
const USD = /^(?:\w+\.)*amountUsd$/;

export function unitHabits(subject: Subject): readonly Finding[] {
  const amountTables = tablesForAmounts(subject);
  return [
    ...forEachNode(subject, (node, placed) =>
      mixedUnits(node, placed, amountTables).filter(
        ({ code }) => code !== 'fee-of-other-asset' || !isOfCoins(placed, subject.policy),
      ),
    ),
    ...subject.policy.rules.flatMap((rule, index) => feesOfAnyAsset({ rule, index }, subject.policy)),
  ];
}

/** Whether a rule is about coins only, whose fees are in the same unit. */
function isOfCoins({ rule }: PlacedRule, policy: Policy): boolean {
  const { assets } = policy.catalog;
  const isCoin = (id: string): boolean => assets.has(id) && assets.get(id)?.contract === undefined;
  return pathsOf(rule.ast)?.every((path) => assetsOn(path, policy)?.every(isCoin) === true) === true;
}

const isFee = (node: ASTNode): boolean => FEES.includes(nameOf(node));
const isAmount = (node: ASTNode): boolean => AMOUNT.test(nameOf(node));
const isUsd = (node: ASTNode): boolean => USD.test(nameOf(node));

const has = (node: ASTNode, isWanted: (part: ASTNode) => boolean): boolean =>
  [...nodesIn(node)].some((part) => (part.op === '.' || part.op === '[]') && isWanted(part));

function mixedUnits(
  node: ASTNode,
  placed: PlacedRule,
  amountTables: ReadonlySet<string>,
): readonly Finding[] {
  if (node.op === '+' || node.op === '-') {
    const [left, right] = node.args;
    const isMixed = (has(left, isFee) && has(right, isAmount)) || (has(right, isFee) && has(left, isAmount));
    return isMixed
      ? [mixed(placed, node, 'a fee is in the chain’s coin, and an amount in units of the asset')]
      : [];
  }
  const [comparison] = comparisonsOf({ node, holds: true });
  if (comparison === undefined) return [];
  const { left, right } = comparison;
  const pairs = [
    [left, right],
    [right, left],
  ] as const;
  for (const [one, other] of pairs) {
    if (has(one, isFee) && (has(other, isAmount) || has(other, isUsd))) {
      return [
        mixed(
          placed,
          node,
          `a fee is in the chain's coin (a token's fee in ETH, say), and ${serialize(other)} is not`,
        ),
      ];
    }
    const table = [...nodesIn(other)]
      .flatMap((part) => memberOf(part, 'tables') ?? [])
      .find((name) => amountTables.has(name));
    if (has(one, isFee) && table !== undefined) {
      return [
        mixed(
          placed,
          node,
          `a fee is in the chain's coin, and tables.${table} also limits amounts, which are in units of the asset`,
        ),
      ];
    }
    if (has(one, isUsd) && has(other, isAmount) && !has(one, isAmount)) {
      return [
        inCondition(placed, node.start, {
          code: 'mixed-units',
          message: `${serialize(one)} is in US dollars, and ${serialize(other)} is in units of the asset`,
          advice:
            'compare each with a limit of its own: tx.amount <= tables.maxPerTransaction[tx.asset] && tx.amountUsd <= decimal("5000")',
        }),
      ];
    }
  }
  return [];
}

function mixed(placed: PlacedRule, node: ASTNode, message: string): Finding {
  return inCondition(placed, node.start, {
    code: 'fee-of-other-asset',
    message: `${message}: they can’t be compared or added`,
    advice:
      "compare fees with a table of their own: tx.fee > tables.maxFee[tx.asset], in the coin of each asset's chain",
  });
}

/** Tables that an amount is compared with. */
function tablesForAmounts(subject: Subject): ReadonlySet<string> {
  const tables = new Set<string>();
  forEachNode(subject, (node) => {
    for (const { left, right } of comparisonsOf({ node, holds: true })) {
      if (!has(left, isAmount) || has(left, isFee)) continue;
      for (const part of nodesIn(right)) {
        const table = memberOf(part, 'tables');
        if (table !== undefined) tables.add(table);
      }
    }
    return [];
  });
  return tables;
}

/** `tx.fee > decimal("0.01")` without an asset. */
function feesOfAnyAsset(placed: PlacedRule, policy: Policy): readonly Finding[] {
  for (const path of pathsOf(placed.rule.ast) ?? []) {
    if (assetsOn(path, policy) !== undefined) continue;
    const fee = path.find((literal) => comparesFee(literal));
    if (fee === undefined) continue;
    return [
      inCondition(placed, fee.node.start, {
        code: 'fee-of-any-asset',
        message:
          'the same limit for the fees of all chains: 0.01 BTC is much, and 0.01 XRP is next to nothing',
        advice: 'write tx.fee > tables.maxFee[tx.asset], or add tx.asset == "ETH" && …',
      }),
    ];
  }
  return [];
}

function comparesFee(literal: TruePath[number]): boolean {
  return comparisonsOf(literal).some(
    ({ left, right }) =>
      isFee(left) &&
      isFixed(right) &&
      !has(right, ({ op, args }) => op === '[]' && nameOf(args[1]) === 'tx.asset') &&
      nameOf(right) !== 'decimal("0")',
  );
}

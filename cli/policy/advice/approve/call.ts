// Whether a rule that approves contract calls limits the contract, the method, its arguments and the coins.
import type { ASTNode } from '@marcbachmann/cel-js';
import type { TruePath } from '../paths.js';
import {
  comparisonsOf,
  type EveryEntry,
  everyEntryOn,
  isFixed,
  isLimited,
  limitOf,
  nameOf,
  named,
  tablesKeyedBy,
  valuesIn,
} from '../terms.js';
import { type Approval, type Gap, limitFor, listOfAddresses } from './gap.js';

const METHOD = ['tx.call.signature', 'tx.call.method', 'tx.call.selector'];

export function callGaps(approval: Approval): readonly Gap[] {
  return [
    ...contractGaps(approval),
    ...methodGaps(approval),
    ...argumentGaps(approval),
    ...effectGaps(approval, 'tx.call'),
    ...coinGaps(approval),
  ];
}

function contractGaps({ path, policy }: Approval): readonly Gap[] {
  const isContract = named('tx.call.contract', 'tx.destAddress', 'tx.evm.to');
  const isNamed =
    path.some((literal) => valuesIn(literal, isContract, policy) !== undefined) ||
    everyEntryOn(path).some(({ collection, entry, paths }) => {
      const facts =
        collection === 'tx.destinations' ? [entry, `${entry}.address`] : [`${entry}.token`, `${entry}.asset`];
      return (
        paths.length > 0 && paths.every((each) => each.some((literal) => isOneOf(literal, facts, policy)))
      );
    });
  if (isNamed) return [];
  return [
    {
      code: 'contract-open',
      message:
        'this rule approves calls of any contract: the caller chooses the code that runs with your assets',
      advice: 'add && tx.call.contract in lists.contracts, with the contracts that you use under lists',
    },
  ];
}

/** Whether a literal limits one of the facts, directly or as the key of a table. */
function isOneOf(literal: TruePath[number], facts: readonly string[], policy: Approval['policy']): boolean {
  const isFact = named(...facts);
  return valuesIn(literal, isFact, policy) !== undefined || tablesKeyedBy(literal, isFact).length > 0;
}

function methodGaps({ path, policy }: Approval): readonly Gap[] {
  if (path.some((literal) => valuesIn(literal, named(...METHOD), policy) !== undefined)) return [];
  return [
    {
      code: 'method-open',
      message:
        'this rule approves any method of the contract: transfer and approve on a known token move your tokens to anybody',
      advice: 'add && tx.call.signature == "transfer(address,uint256)", or the method that you mean',
    },
  ];
}

function argumentGaps({ path, policy }: Approval): readonly Gap[] {
  const signatures = path.flatMap((literal) => valuesIn(literal, named('tx.call.signature'), policy) ?? []);
  const hasNone = signatures.length > 0 && signatures.every((signature) => signature.endsWith('()'));
  if (hasNone || path.some(limitsArgument) || effectsOn(path, 'tx.call').length > 0) return [];
  const list = listOfAddresses(policy);
  return [
    {
      code: 'arguments-open',
      message:
        'this rule does not limit what the call does: who gets the tokens, or may take them, is in the arguments',
      advice: `add && tx.call.transfers.all(t, t.to in ${list} && t.amount <= ${limitFor('t.asset', policy, 'maxPerTransaction')}), or compare tx.call.args`,
    },
  ];
}

/** A comparison of an argument with something fixed. */
function limitsArgument(literal: TruePath[number]): boolean {
  const isArgument = (node: ASTNode): boolean => nameOf(node).includes('tx.call.args');
  const { node, holds } = literal;
  if (node.op === 'in') return holds && isArgument(node.args[0]);
  return comparisonsOf(literal).some(
    ({ relation, left, right }) => relation !== '!=' && isArgument(left) && isFixed(right),
  );
}

type Effects = 'tx.call' | 'tx.typedData' | 'tx.solana';

/** What a path says of all transfers and approvals. */
function effectsOn(path: TruePath, owner: Effects): readonly EveryEntry[] {
  return everyEntryOn(path).filter(({ collection }) =>
    [`${owner}.transfers`, `${owner}.approvals`].includes(collection),
  );
}

/** Transfers must name the recipient and the amount, approvals the spender and the amount. */
export function effectGaps(approval: Approval, owner: Effects): readonly Gap[] {
  const effects = effectsOn(approval.path, owner);
  return [
    ...transferGaps(approval, `${owner}.transfers`, effects),
    ...approvalGaps(approval, `${owner}.approvals`, effects, givesApproval(approval, owner)),
  ];
}

function transferGaps(
  { policy }: Approval,
  collection: string,
  effects: readonly EveryEntry[],
): readonly Gap[] {
  const transfers = effects.filter((each) => each.collection === collection);
  if (transfers.length === 0) return [];
  const isSaid = saidBy(transfers);
  const hasRecipient = isSaid(
    (entry, literal) => valuesIn(literal, named(`${entry}.to`), policy) !== undefined,
  );
  const hasAmount = isSaid((entry, literal) =>
    isLimited(literal, named(`${entry}.amount`, `${entry}.units`)),
  );
  return [
    ...(hasRecipient
      ? []
      : [
          {
            code: 'recipient-open',
            message: 'this rule approves transfers of tokens to anybody',
            advice: `write ${collection}.all(t, t.to in ${listOfAddresses(policy)} && …)`,
          },
        ]),
    ...(hasAmount
      ? []
      : [
          {
            code: 'token-amount-open',
            message: 'this rule approves transfers of any amount of tokens',
            advice: `write ${collection}.all(t, … && t.amount <= ${limitFor('t.asset', policy, 'maxPerTransaction')})`,
          },
        ]),
  ];
}

function approvalGaps(
  { path, policy }: Approval,
  collection: string,
  effects: readonly EveryEntry[],
  isApproval: boolean,
): readonly Gap[] {
  const approvals = effects.filter((each) => each.collection === collection);
  if (approvals.length === 0 && !isApproval) return [];
  const isSaid = saidBy(approvals);
  const args =
    (pattern: RegExp): ((node: ASTNode) => boolean) =>
    (node) =>
      pattern.test(nameOf(node));
  const hasSpender =
    isSaid((entry, literal) => valuesIn(literal, named(`${entry}.spender`), policy) !== undefined) ||
    path.some(
      (literal) =>
        valuesIn(literal, args(/^tx\.call\.args(\.(spender|operator|to)|\[0\])$/), policy) !== undefined,
    );
  const hasAmount =
    isSaid((entry, literal) => isLimited(literal, named(`${entry}.amount`, `${entry}.units`))) ||
    path.some((literal) => isLimited(literal, args(/^(decimal\()?tx\.call\.args(\.\w+|\[1\])\)?$/)));
  return [
    ...(hasSpender
      ? []
      : [
          {
            code: 'spender-open',
            message: 'this rule lets anybody be approved, who can then take the tokens without asking you',
            advice: `write ${collection}.all(a, a.spender in lists.spenders && …)`,
          },
        ]),
    ...(hasAmount
      ? []
      : [
          {
            code: 'approval-unlimited',
            message:
              'this rule approves a spender for any amount: whoever is approved can take all tokens later, without asking you',
            advice: `write ${collection}.all(a, … && !a.unlimited && a.amount <= ${limitFor('a.asset', policy, 'maxApproval')})`,
          },
        ]),
  ];
}

/** Whether one of several loops says something on each of its ways. */
function saidBy(loops: readonly EveryEntry[]) {
  return (isSaid: (entry: string, literal: TruePath[number]) => boolean): boolean =>
    loops.some(
      ({ entry, paths }) =>
        paths.length > 0 && paths.every((path) => path.some((literal) => isSaid(entry, literal))),
    );
}

/** Whether the method is one that approves a spender. */
function givesApproval({ path, policy }: Approval, owner: Effects): boolean {
  if (owner !== 'tx.call') return false;
  const methods = path.flatMap((literal) => valuesIn(literal, named(...METHOD), policy) ?? []);
  return methods.some((method) =>
    /^(approve|increase\w*|permit\w*|setApproval\w*)(\(|$)|^0x095ea7b3$/i.test(method),
  );
}

/** Coins that are sent with the call. */
function coinGaps({ path, policy, assets }: Approval): readonly Gap[] {
  const limits = path.flatMap((literal) => limitOf(literal, named('tx.amount', 'tx.evm.value')) ?? []);
  if (limits.length === 0) {
    return [
      {
        code: 'coins-open',
        message: 'this rule does not limit tx.amount: a call can send all coins of the vault along',
        advice: 'add && tx.amount == decimal("0"), or a limit',
      },
    ];
  }
  const isNone = limits.some((limit) => nameOf(limit) === 'decimal("0")');
  const hasChain = path.some(
    (literal) => valuesIn(literal, named('tx.raw.chain', 'tx.evm.chainId'), policy) !== undefined,
  );
  if (isNone || assets !== undefined || hasChain) return [];
  return [
    {
      code: 'asset-open',
      message:
        'this rule limits the coins of a call and not which coins: the same number is worth more on another chain',
      advice: 'add && tx.asset == "ETH", or && tx.amount == decimal("0")',
    },
  ];
}

// Whether a rule that approves typed messages, raw signatures or Solana programs limits what is signed.
import type { TruePath } from '../paths.js';
import { comparisonsOf, everyEntryOn, isFixed, nameOf, named, valuesIn } from '../terms.js';
import { effectGaps } from './call.js';
import type { Approval, Gap } from './gap.js';

export function messageGaps(approval: Approval): readonly Gap[] {
  const { path, policy } = approval;
  const hasType = path.some(
    (literal) => valuesIn(literal, named('tx.typedData.primaryType'), policy) !== undefined,
  );
  return [
    ...(hasType ? [] : [OPEN_TYPE]),
    ...(saysWhatIsSigned(path, 'tx.typedData') ? [] : [OPEN_MESSAGE]),
    ...effectGaps(approval, 'tx.typedData'),
  ];
}

const OPEN_TYPE: Gap = {
  code: 'primary-type-open',
  message:
    'this rule approves any typed message: a permit, an order or a Safe transaction moves money like a transfer',
  advice: 'add && tx.typedData.primaryType == "Permit", or the type that you mean',
};

const OPEN_MESSAGE: Gap = {
  code: 'message-open',
  message: 'this rule does not limit what the message permits, and a typed message has no destinations',
  advice:
    'add && tx.typedData.complete && tx.typedData.approvals.all(a, a.spender in lists.spenders && !a.unlimited && a.amount <= tables.maxApproval[a.asset]), or compare tx.typedData.message',
};

export function rawGaps({ path }: Approval): readonly Gap[] {
  const isKnown = ['tx.extraParameters', 'tx.typedData', 'tx.call', 'tx.btc', 'tx.solana'].some((owner) =>
    saysWhatIsSigned(path, owner),
  );
  const isVerified = path.some(({ node, holds }) => holds && nameOf(node) === 'tx.raw.verified');
  if (isKnown || isVerified) return [];
  return [
    {
      code: 'raw-open',
      message: 'RAW signs any bytes, also a transfer of everything, and this rule does not look at them',
      advice: 'do not approve RAW: write tx.operation == "TRANSFER", and action: reject for RAW',
    },
  ];
}

export function programGaps({ path }: Approval): readonly Gap[] {
  if (saysWhatIsSigned(path, 'tx.solana')) return [];
  return [
    {
      code: 'program-open',
      message: 'this rule approves calls of any program, with any instructions',
      advice:
        'add && tx.solana.complete && tx.solana.instructions.all(i, i.program in lists.programs) and limits for tx.solana.transfers',
    },
  ];
}

/** Whether something of an object is compared with something fixed. */
function saysWhatIsSigned(path: TruePath, owner: string): boolean {
  const isInside = (name: string): boolean => name.includes(`${owner}.`) && !name.endsWith('primaryType');
  return (
    everyEntryOn(path).some(({ collection }) => isInside(collection)) ||
    path.some(
      (literal) =>
        (literal.holds && literal.node.op === 'in' && isInside(nameOf(literal.node.args[0]))) ||
        comparisonsOf(literal).some(
          ({ relation, left, right }) => relation !== '!=' && isInside(nameOf(left)) && isFixed(right),
        ),
    )
  );
}

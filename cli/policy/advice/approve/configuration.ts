// Whether a rule that approves changes of the workspace limits their type, and what they change.
import { comparisonsOf, isFixed, nameOf, named, valuesIn } from '../terms.js';
import type { Approval, Gap } from './gap.js';
import { listOfAddresses } from './gap.js';

/** Types that give money a new way out. */
const WITH_ADDRESS = ['UNMANAGED_WALLET', 'EXCHANGE', 'FIAT_ACCOUNT'];

/** Types that change who decides. */
const GOVERNANCE = [
  ...['ADD_USER', 'RE_ENROLL_DEVICE', 'CHANGE_QUORUM_THRESHOLD', 'POLICY_CHANGE', 'POLICY_APPROVAL'],
  ...['UPDATE_APPROVAL_GROUP_MAPPING', 'USERS_GROUP_APPROVAL'],
];

export function configurationGaps({ path, policy }: Approval): readonly Gap[] {
  const types = path.flatMap((literal) => {
    const values = valuesIn(literal, named('config.type'), policy);
    return values === undefined ? [] : [values];
  });
  const [first] = types;
  if (first === undefined) {
    return [
      {
        code: 'type-open',
        message:
          'this rule approves changes of any type: new users, new approval groups, another policy of the workspace',
        advice: 'add config.type == "UNMANAGED_WALLET" && …, or the type that you mean',
      },
    ];
  }
  const known = types.reduce((one, other) => one.filter((type) => other.includes(type)), first);
  const comparesInfo = path.some(
    (literal) =>
      (literal.holds && literal.node.op === 'in' && isInfo(nameOf(literal.node.args[0]))) ||
      (literal.holds && literal.node.op === 'rcall' && isInfo(nameOf(literal.node.args[1]))) ||
      comparisonsOf(literal).some(
        ({ relation, left, right }) => relation === '==' && isInfo(nameOf(left)) && isFixed(right),
      ),
  );
  if (
    known.some((type) => GOVERNANCE.includes(type)) &&
    path.every(({ node }) => nameOf(node).includes('config.type'))
  ) {
    return [
      {
        code: 'governance-open',
        message:
          'this rule approves changes of who may decide in the workspace: with them, every other rule can be evaded',
        advice:
          'write action: ignore, so that people decide, or name who may ask for it: && config.signerId in lists.admins',
      },
    ];
  }
  if (comparesInfo || !known.some((type) => WITH_ADDRESS.includes(type))) return [];
  return [
    {
      code: 'wallet-open',
      message: 'this rule adds any address to the workspace: money can be sent there afterwards',
      advice: `add && !has(config.extraInfo.tag) && config.extraInfo.address in ${listOfAddresses(policy)}`,
    },
  ];
}

function isInfo(name: string): boolean {
  return name.startsWith('config.extraInfo.address') || name.startsWith('config.extraInfo.accountId');
}

// What the stacks allow: the security group rules as a graph, and the permissions of roles.
import type { StackName } from '../../infra/names.js';
import { parameterName } from '../../infra/stacks/references.js';
import type { Json } from './settings.js';
import { listOf, type Statement, type Synthesized, toText } from './stacks.js';

/** One line for each connection that both groups' rules allow, and for each that only one group has a rule for. */
export function connections(stacks: Synthesized): readonly string[] {
  const name = groupNames(stacks);
  const port = ({ IpProtocol, FromPort, ToPort }: Json) =>
    `${toText(IpProtocol)} ${FromPort === ToPort ? toText(FromPort) : `${toText(FromPort)}-${toText(ToPort)}`}`;
  const egress = stacks.resources('AWS::EC2::SecurityGroupEgress').map(({ Properties: rule }) => {
    const to = rule['DestinationSecurityGroupId'];
    const peer = to === undefined ? toText(rule['CidrIp'] ?? rule['DestinationPrefixListId']) : name(to);
    return `${name(rule['GroupId'])} -> ${peer} ${port(rule)}`;
  });
  const ingress = stacks.resources('AWS::EC2::SecurityGroupIngress').map(({ Properties: rule }) => {
    const from = rule['SourceSecurityGroupId'];
    const peer = from === undefined ? toText(rule['CidrIp'] ?? rule['SourcePrefixListId']) : name(from);
    return `${peer} -> ${name(rule['GroupId'])} ${port(rule)}`;
  });
  return [
    ...egress.filter((connection) => ingress.includes(connection)),
    ...egress
      .filter((connection) => !ingress.includes(connection))
      .map((connection) => `${connection} (out only)`),
    ...ingress
      .filter((connection) => !egress.includes(connection))
      .map((connection) => `${connection} (in only)`),
  ].sort();
}

/** Returns a function that looks up a group's name, whether it is in the same template or in that of another stack. */
export function groupNames({ stacks }: Synthesized): (reference: unknown) => string {
  const outputs = new Map(
    stacks.flatMap(({ name, json }) =>
      Object.entries(json.Outputs ?? {}).map(
        ([output, { Value }]) => [parameterName(name, output), toText(Value)] as const,
      ),
    ),
  );
  return (reference) => {
    const text = toText(reference);
    const attribute = outputs.get(text.slice(1, -1)) ?? text;
    return /^<([A-Za-z]+?)[0-9A-F]{8}\.GroupId>$/.exec(attribute)?.[1] ?? attribute;
  };
}

/** @param role beginning of the role's logical id */
export function statementsOf(stacks: Synthesized, role: string, stack: StackName): readonly Statement[] {
  return stacks
    .resources('AWS::IAM::Policy', stack)
    .filter(({ Properties }) => listOf(Properties['Roles']).some((one) => toText(one).startsWith(`<${role}`)))
    .flatMap(({ Properties }) => (Properties['PolicyDocument'] as { Statement: Statement[] }).Statement);
}

/** Each permission of a role, as `action resource`; what is denied begins with `not `. */
export function permissions(stacks: Synthesized, role: string, stack: StackName): readonly string[] {
  return statementsOf(stacks, role, stack)
    .flatMap(({ Effect, Action, Resource }) => {
      const effect = Effect === 'Allow' ? '' : 'not ';
      return listOf(Action).flatMap((action) =>
        listOf(Resource).map((one) => `${effect}${action} ${toText(one)}`),
      );
    })
    .sort();
}

/** A call that a role might make. */
export interface Call {
  readonly action: string;
  /** ARN, or its end. */
  readonly resource: string;
  /** What the call is about: the partition keys of DynamoDB, the encryption context of KMS. */
  readonly context?: Readonly<Record<string, string | readonly string[]>>;
}

/** Whether the statements allow the call, with the rules of IAM: a denial wins, and what is not allowed is denied. */
export function isAllowed(statements: readonly Statement[], call: Call): boolean {
  const matching = statements.filter((statement) => appliesTo(statement, call));
  return (
    matching.some(({ Effect }) => Effect === 'Allow') && !matching.some(({ Effect }) => Effect === 'Deny')
  );
}

function appliesTo({ Action, Resource, Condition = {} }: Statement, call: Call): boolean {
  return (
    listOf(Action).includes(call.action) &&
    listOf(Resource).some((resource) => like(toText(resource), call.resource)) &&
    Object.entries(Condition).every(([operator, keys]) =>
      Object.entries(keys as Json).every(([key, wanted]) =>
        holds(operator, listOf(wanted).map(toText), call.context?.[key]),
      ),
    )
  );
}

/** @throws for an operator that the stacks do not use */
function holds(operator: string, wanted: readonly string[], given: string | readonly string[] = []): boolean {
  const values = listOf(given);
  const matches = (value: string): boolean => wanted.some((pattern) => like(pattern, value));
  switch (operator) {
    case 'StringEquals':
      return values.some((value) => wanted.includes(value));
    case 'ForAllValues:StringLike':
      return values.every(matches);
    case 'ForAnyValue:StringNotLike':
      return values.some((value) => !matches(value));
    case 'Null':
      return (values.length === 0) === (wanted[0] === 'true');
    default:
      throw new Error(`${operator} is not evaluated here`);
  }
}

/** Compares as IAM does: `*` stands for any characters. */
function like(pattern: string, value: string): boolean {
  const parts = pattern.split('*').map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`).test(value);
}

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

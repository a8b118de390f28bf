// What a stack needs, and CloudFormation does not do: roles of AWS services, a log group that is left over, and the
// default security group of the VPC.
import { closeGroup, isOpen } from '../../aws/default-group.js';
import { DeployError } from '../../aws/error.js';
import { deleteLeftOver, isLeftOver } from '../../aws/leftover-log.js';
import { createLinkedRole, missingRoles } from '../../aws/linked-roles.js';
import { awsCommand } from '../../aws/printed-commands.js';
import { hasProtectable, setProtection, unprotectedTypes } from '../../aws/protection.js';
import type { Change, DeploymentRun, Report, Step } from '../step.js';
import { isKeptLog } from '../kept-log.js';
import type { Template, TemplateBody } from '../templates.js';

/** Work beside a stack. It can be done again. */
export interface Companion {
  /** @returns one line for each change; none if there is nothing to do */
  inspect(stack: Change): Promise<readonly string[]>;
  apply(report: Report): Promise<void>;
}

/** The seconds that IAM takes until a new role can be used everywhere. */
const ROLE_PROPAGATION_MS = 15_000;

/**
 * @returns the step, with what is done before and after it as part of its change. What is done after it is done again
 * whenever the step changes something
 */
export function withCompanions(
  step: Step,
  { before, after }: { readonly before: readonly Companion[]; readonly after: readonly Companion[] },
): Step {
  const due = new Set<Companion | Step>();
  return {
    name: step.name,
    async inspect() {
      const change = await step.inspect();
      if (change.action !== 'none') due.add(step);
      const lines: string[] = [];
      for (const companion of [...before, ...after]) {
        const found = await companion.inspect(change);
        if (found.length > 0) due.add(companion);
        lines.push(...found);
      }
      if (lines.length === 0) return change;
      const details = [...change.details, ...lines];
      const isUpdate = change.action === 'none' || change.action === 'update';
      return isUpdate
        ? { action: 'update', summary: `update: ${details.length} to change`, details }
        : { ...change, details };
    },
    async apply(report) {
      // An update can undo what followed an earlier one, or replace what it was done to.
      const following = due.has(step) ? after : after.filter((part) => due.has(part));
      for (const part of [...before, step].filter((part) => due.has(part))) await part.apply(report);
      for (const part of following) await part.apply(report);
    },
  };
}

/** The services that need a role for a type of resource. */
const ROLES: Readonly<Record<string, string>> = {
  'AWS::ECS::Cluster': 'ecs.amazonaws.com',
  'AWS::ElasticLoadBalancingV2::LoadBalancer': 'elasticloadbalancing.amazonaws.com',
  'AWS::ApplicationAutoScaling::ScalableTarget': 'ecs.application-autoscaling.amazonaws.com',
};

/** The roles that ECS and the load balancer need; before the first stack, because a role can't be used at once. */
export function linkedRoles({ session, templates, selected, notes }: DeploymentRun): Companion {
  const services = Object.entries(ROLES).flatMap(([type, service]) =>
    templates.some(({ body }) => body.includes(type)) ? [service] : [],
  );
  let missing: readonly string[] = [];
  return {
    async inspect() {
      const found = await missingRoles(session, services);
      if (found === undefined) {
        notes.push(
          `The credentials lack iam:ListRoles: if this account has never used ECS, its first cluster may fail. Then run the command again.`,
        );
      }
      missing = found ?? [];
      return missing.map((service) => `create: the service-linked role for ${service}`);
    },
    async apply(report) {
      for (const service of missing) {
        report(`service-linked role for ${service}`);
        await createLinkedRole(session, service);
      }
      if (selected[0] === 'callback') await session.sleep(ROLE_PROPAGATION_MS);
    },
  };
}

/** The log group that Container Insights has written again after the stack was deleted. What prod has kept is used. */
export function leftOverLog({ session, deployed }: DeploymentRun, { body }: Template): Companion {
  const name = session.names.logGroups.containerInsights;
  return {
    async inspect({ action }) {
      if (action !== 'create' && action !== 'recreate') return [];
      if (!(await isLeftOver(session))) return [];
      const { Resources = {} } = JSON.parse(body) as TemplateBody;
      const group = Object.values(Resources).find(
        ({ Properties = {} }) => Properties['LogGroupName'] === name,
      );
      if (group !== undefined && (await isKeptLog(session, group, deployed))) return [];
      if (!session.production) return [`delete: log group ${name}, left over from an earlier deployment`];
      throw new DeployError(
        'NAMES_TAKEN',
        `the log group ${name} is left over from an earlier deployment, and its name is taken`,
        `if nobody needs what it holds: ${awsCommand(session, `logs delete-log-group --log-group-name ${name}`)}`,
      );
    },
    async apply(report) {
      if (!session.production && (await deleteLeftOver(session))) report(`log group ${name} deleted`);
    },
  };
}

/** The default security group of the VPC that is created. That of an existing VPC is not ours. */
export function defaultGroup({ session, deployed }: DeploymentRun, template: Template): Companion {
  const groupId = () => deployed.get(template.name)?.outputs['DefaultSecurityGroup'];
  return {
    async inspect({ action }) {
      if (!template.body.includes('"DefaultSecurityGroup"')) return [];
      const id = action === 'recreate' ? undefined : groupId();
      return id === undefined || (await isOpen(session, id))
        ? ['close: the default security group of the VPC']
        : [];
    },
    async apply(report) {
      const id = groupId();
      if (id === undefined) return;
      await closeGroup(session, id);
      report(`default security group ${id} closed`);
    },
  };
}

/** The protection of prod's load balancer and Co-signer against deletion, which a first creation must not have yet. */
export function deletionProtection(
  { session, deployed }: DeploymentRun,
  template: Template,
): readonly Companion[] {
  if (!session.production || !hasProtectable(template.body)) return [];
  const stack = () => deployed.get(template.name);
  return [
    {
      async inspect({ action }) {
        const current = action === 'create' || action === 'recreate' ? undefined : stack();
        if (current === undefined) return ['protect: what is in use against deletion'];
        return (await unprotectedTypes(session, current)).map((type) => `protect: ${type} against deletion`);
      },
      async apply(report) {
        const current = stack();
        if (current === undefined) return;
        await setProtection(session, current, true);
        report('protected against deletion');
      },
    },
  ];
}

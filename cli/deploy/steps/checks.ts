// Checks of the account before a stack is created: whether its zones offer what the stack needs, and whether its
// hostname is free. They change nothing.
import { DeployError, isAwsError } from '../../aws/error.js';
import { privateZone, publicZone } from '../../aws/hosted-zones.js';
import { endpointZones, instanceZones, regionZones } from '../../aws/zones.js';
import { ENVIRONMENT_NAMES, namesOf } from '../../../infra/names.js';
import type { Session } from '../../aws/session.js';
import { describeStack } from '../../aws/stack.js';
import type { TemplateBody } from '../templates.js';
import type { Change, DeploymentRun } from '../step.js';
import type { Template } from '../templates.js';
import type { Companion } from './companions.js';

function check(inspect: (change: Change) => Promise<void>): Companion {
  return {
    async inspect(change) {
      await inspect(change);
      return [];
    },
    apply: () => Promise.resolve(),
  };
}

function resourcesIn({ Resources = {} }: TemplateBody, type: string) {
  return Object.values(Resources).filter(({ Type }) => Type === type);
}

const bodyOf = ({ body }: Template): TemplateBody => JSON.parse(body) as TemplateBody;
const isCreated = ({ action }: Change): boolean => action === 'create' || action === 'recreate';

/** The zones of the endpoints that the template creates. */
export function endpointsCheck({ session }: DeploymentRun, template: Template): Companion {
  return check(async ({ action }) => {
    const services = resourcesIn(bodyOf(template), 'AWS::EC2::VPCEndpoint').flatMap(({ Properties = {} }) =>
      Properties['VpcEndpointType'] === 'Interface' && typeof Properties['ServiceName'] === 'string'
        ? [Properties['ServiceName']]
        : [],
    );
    if (action === 'none' || services.length === 0) return;
    const { ec2 } = session.aws;
    const { availabilityZones, network } = session.settings;
    const [zones, byService] = await Promise.all([regionZones(ec2), endpointZones(ec2, services)]);
    const used = availabilityZones.slice(0, network.endpointZones);
    for (const service of services) {
      const offered = byService.get(service) ?? [];
      const lacking = used.filter((zone) => !offered.includes(zone));
      if (lacking.length === 0) continue;
      const good = zones.filter((zone) => services.every((one) => byService.get(one)?.includes(zone)));
      throw unusable(
        `${lacking.join(' and ')} ${lacking.length === 1 ? 'has' : 'have'} no endpoint for ${service}`,
        good,
      );
    }
  });
}

/** The zone of the instance that the template creates, which is in the first subnet. */
export function instanceCheck({ session }: DeploymentRun, template: Template): Companion {
  return check(async (change) => {
    const [instance] = resourcesIn(bodyOf(template), 'AWS::EC2::Instance');
    const type = instance?.Properties?.['InstanceType'];
    if (typeof type !== 'string' || !isCreated(change)) return;
    const [zone] = session.settings.availabilityZones;
    const offered = await instanceZones(session.aws.ec2, type);
    if (!offered.includes(zone)) {
      throw unusable(
        `${zone} does not offer ${type}, which the stack ${template.name} needs in the first zone`,
        offered,
      );
    }
  });
}

function unusable(problem: string, zones: readonly string[]): DeployError {
  return new DeployError(
    'ZONE_UNUSABLE',
    problem,
    zones.length === 0
      ? 'choose another region'
      : `choose "availabilityZones" from ${zones.join(', ')}, with the subnets of an existing VPC to match`,
  );
}

/**
 * The private zone hides all other names of a public zone with the same name from the VPC. A deployed hostname is not
 * checked again.
 */
export function hostNameCheck(
  { session, notes, deployedTemplates }: DeploymentRun,
  template: Template,
): Companion {
  const { settings } = session;
  const { hostName, network } = settings;
  return check(async (change) => {
    if (change.action === 'none') return;
    if (change.action === 'update') {
      const zones = resourcesIn(deployedTemplates.get(template.name) ?? {}, 'AWS::Route53::HostedZone');
      if (zones.some(({ Properties = {} }) => String(Properties['Name']).replace(/\.$/, '') === hostName))
        return;
    }
    try {
      const shadowed = await publicZone(session, hostName);
      if (shadowed !== undefined && !(await isEmulatedPrivateZone(session))) {
        throw taken(
          `is the name of the public zone ${shadowed}, whose other names would not resolve in the VPC any more`,
        );
      }
      const existing = 'vpcId' in network ? await privateZone(session, hostName, network.vpcId) : undefined;
      if (existing !== undefined)
        throw taken(`is the name of the private zone ${existing}, which the VPC has already`);
    } catch (error) {
      if (!isAwsError(error, 'AccessDenied', 'AccessDeniedException')) throw error;
      notes.push(
        `The credentials lack route53:ListHostedZonesByName or route53:ListHostedZonesByVPC: whether a zone is named ${hostName} was not checked.`,
      );
    }
  });

  function taken(problem: string): DeployError {
    return new DeployError(
      'HOST_NAME_TAKEN',
      `"hostName" ${hostName} ${problem}`,
      `choose a name below it, such as callback.${hostName}`,
    );
  }
}

/** Emulators make public zones of the private ones in stacks, so another environment's would be taken for a public zone. */
async function isEmulatedPrivateZone({ aws, emulated, environment, settings }: Session): Promise<boolean> {
  if (!emulated) return false;
  const others = ENVIRONMENT_NAMES.filter((name) => name !== environment);
  const stacks = others.map((name) =>
    describeStack(aws.cloudformation, `${namesOf(settings.projectName, name).prefix}-callback`),
  );
  return (await Promise.all(stacks)).some((stack) => stack !== undefined);
}

// The availability zones that offer what the stacks need: some zones lack services that the rest of the region has.
import {
  DescribeAvailabilityZonesCommand,
  DescribeVpcEndpointServicesCommand,
  type EC2Client,
  paginateDescribeInstanceTypeOfferings,
} from '@aws-sdk/client-ec2';

/** The interface endpoints that some choice of settings creates. */
export const ENDPOINT_SERVICES = ['ssm', 'ecr.api', 'ecr.dkr', 'logs', 'ssmmessages', 'sns'] as const;
/** The instances that some choice of settings creates: the Co-signer's host. */
export const INSTANCE_TYPES = ['c5.xlarge'] as const;

/** @returns the region's own zones, sorted; local and wavelength zones are left out */
export async function regionZones(ec2: EC2Client): Promise<readonly string[]> {
  const { AvailabilityZones = [] } = await ec2.send(
    new DescribeAvailabilityZonesCommand({
      Filters: [
        { Name: 'state', Values: ['available'] },
        { Name: 'zone-type', Values: ['availability-zone'] },
      ],
    }),
  );
  return AvailabilityZones.flatMap(({ ZoneName }) => ZoneName ?? []).sort();
}

/** @param services such as `com.amazonaws.eu-west-1.ssm` @returns the zones of each service that exists in the region */
export async function endpointZones(
  ec2: EC2Client,
  services: readonly string[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  const zones = new Map<string, readonly string[]>();
  let token: string | undefined;
  do {
    const { ServiceDetails = [], NextToken } = await ec2.send(
      new DescribeVpcEndpointServicesCommand({ NextToken: token }),
    );
    for (const { ServiceName = '', ServiceType = [], AvailabilityZones = [] } of ServiceDetails) {
      const isInterface = ServiceType.some((type) => type.ServiceType === 'Interface');
      if (isInterface && services.includes(ServiceName)) zones.set(ServiceName, AvailabilityZones);
    }
    token = NextToken;
  } while (token !== undefined && token !== '');
  return zones;
}

/** @param type such as `c5.xlarge` */
export async function instanceZones(ec2: EC2Client, type: string): Promise<readonly string[]> {
  const zones: string[] = [];
  for await (const { InstanceTypeOfferings = [] } of paginateDescribeInstanceTypeOfferings(
    { client: ec2 },
    { LocationType: 'availability-zone', Filters: [{ Name: 'instance-type', Values: [type] }] },
  )) {
    zones.push(...InstanceTypeOfferings.flatMap(({ Location }) => Location ?? []));
  }
  return zones.sort();
}

/** @returns the zones that offer all that any choice of settings needs */
export async function usableZones(ec2: EC2Client, region: string): Promise<readonly string[]> {
  const services = ENDPOINT_SERVICES.map((service) => `com.amazonaws.${region}.${service}`);
  const [zones, byService, ...byType] = await Promise.all([
    regionZones(ec2),
    endpointZones(ec2, services),
    ...INSTANCE_TYPES.map((type) => instanceZones(ec2, type)),
  ]);
  const needed = [...services.map((service) => byService.get(service) ?? []), ...byType];
  return zones.filter((zone) => needed.every((offered) => offered.includes(zone)));
}

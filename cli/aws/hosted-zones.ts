// Hosted zones in Route 53 that have the name of the private zone that is created.
import { ListHostedZonesByNameCommand, ListHostedZonesByVPCCommand } from '@aws-sdk/client-route-53';
import type { Session } from './session.js';

type Client = Pick<Session, 'aws' | 'region'>;

/** @returns the id of the account's public zone of that name */
export async function publicZone({ aws }: Client, name: string): Promise<string | undefined> {
  const { HostedZones = [] } = await aws.route53.send(new ListHostedZonesByNameCommand({ DNSName: name }));
  // Zones with other names follow.
  const zone = HostedZones.find(({ Name, Config }) => Name === `${name}.` && Config?.PrivateZone !== true);
  return zone?.Id?.replace('/hostedzone/', '');
}

/** @returns the id of the private zone of that name that the VPC has already */
export async function privateZone(
  { aws, region }: Client,
  name: string,
  vpcId: string,
): Promise<string | undefined> {
  let token: string | undefined;
  do {
    const { HostedZoneSummaries = [], NextToken } = await aws.route53.send(
      new ListHostedZonesByVPCCommand({
        VPCId: vpcId,
        VPCRegion: region as 'us-east-1',
        ...(token !== undefined && { NextToken: token }),
      }),
    );
    const zone = HostedZoneSummaries.find(({ Name }) => Name === `${name}.`);
    if (zone !== undefined) return zone.HostedZoneId;
    token = NextToken;
  } while (token !== undefined);
  return undefined;
}

// The settings of a first deployment: the example, for the region that is asked for.
import { readFileSync, writeFileSync } from 'node:fs';
import { DescribeAvailabilityZonesCommand, DescribeManagedPrefixListsCommand } from '@aws-sdk/client-ec2';
import { EXAMPLE_FILE, SETTINGS_FILE } from '../../infra/settings.js';
import { clientsFor } from './clients.js';
import { DeployError } from './error.js';

/**
 * Writes the settings file.
 * @param region absent: that of the environment or of the profile; if there is none, the example's
 * @returns what was done
 */
export async function makeSettings(region?: string): Promise<string> {
  const example = JSON.parse(readFileSync(EXAMPLE_FILE, 'utf8')) as Record<string, unknown>;
  const wanted = region ?? (await defaultRegion()) ?? String(example['region']);
  const settings = wanted === example['region'] ? example : { ...example, ...(await regionSettings(wanted)) };
  writeFileSync(SETTINGS_FILE, `${JSON.stringify(settings, null, 2)}\n`, { flag: 'wx' });
  return `${SETTINGS_FILE} was made from ${EXAMPLE_FILE}, for ${wanted}: look it over, it is yours`;
}

async function defaultRegion(): Promise<string | undefined> {
  try {
    return await clientsFor().sts.config.region();
  } catch {
    return undefined;
  }
}

/** Two zones, and the prefix list of S3. */
async function regionSettings(region: string) {
  const { ec2 } = clientsFor(region);
  const [{ AvailabilityZones = [] }, { PrefixLists = [] }] = await Promise.all([
    ec2.send(
      new DescribeAvailabilityZonesCommand({
        Filters: [
          { Name: 'state', Values: ['available'] },
          { Name: 'zone-type', Values: ['availability-zone'] },
        ],
      }),
    ),
    ec2.send(
      new DescribeManagedPrefixListsCommand({
        Filters: [{ Name: 'prefix-list-name', Values: [`com.amazonaws.${region}.s3`] }],
      }),
    ),
  ]);
  const availabilityZones = AvailabilityZones.flatMap(({ ZoneName }) => ZoneName ?? [])
    .sort()
    .slice(0, 2);
  const s3PrefixListId = PrefixLists[0]?.PrefixListId;
  if (availabilityZones.length < 2 || s3PrefixListId === undefined) {
    throw new DeployError(
      'REGION_UNUSABLE',
      `${region} has not two zones and a prefix list of S3 for this account`,
      'check the name of the region, and that the account has turned it on',
    );
  }
  return { region, availabilityZones, s3PrefixListId };
}

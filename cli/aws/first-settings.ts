// Creates the settings for a first deployment: the example settings, adapted to the region.
import { readFileSync, writeFileSync } from 'node:fs';
import { DescribeManagedPrefixListsCommand } from '@aws-sdk/client-ec2';
import { EXAMPLE_FILE, SETTINGS_FILE } from '../../infra/settings.js';
import { clientsFor } from './clients.js';
import { DeployError } from './error.js';
import { usableZones } from './zones.js';

/**
 * Writes the settings file.
 * @param region defaults to the region from the AWS environment or profile, then to the one in the example file
 * @returns a note for the operator
 * @throws {DeployError} if the region has too few availability zones
 */
export async function createSettings(region?: string): Promise<string> {
  const example = JSON.parse(readFileSync(EXAMPLE_FILE, 'utf8')) as Record<string, unknown>;
  const chosen = region ?? (await defaultRegion()) ?? String(example['region']);
  const settings = chosen === example['region'] ? example : { ...example, ...(await regionSettings(chosen)) };
  writeFileSync(SETTINGS_FILE, `${JSON.stringify(settings, null, 2)}\n`, { flag: 'wx' });
  return `${SETTINGS_FILE} was created from ${EXAMPLE_FILE} for ${chosen}: review it`;
}

async function defaultRegion(): Promise<string | undefined> {
  try {
    return await clientsFor().sts.config.region();
  } catch {
    return undefined;
  }
}

/** Looks up two availability zones that offer what the stacks need, and the prefix lists of S3 and DynamoDB. */
async function regionSettings(region: string) {
  const { ec2 } = clientsFor(region);
  const prefixList = (service: 's3' | 'dynamodb'): string => `com.amazonaws.${region}.${service}`;
  const [zones, { PrefixLists = [] }] = await Promise.all([
    usableZones(ec2, region),
    ec2.send(
      new DescribeManagedPrefixListsCommand({
        Filters: [{ Name: 'prefix-list-name', Values: [prefixList('s3'), prefixList('dynamodb')] }],
      }),
    ),
  ]);
  const availabilityZones = zones.slice(0, 2);
  const idOf = (service: 's3' | 'dynamodb'): string | undefined =>
    PrefixLists.find(({ PrefixListName }) => PrefixListName === prefixList(service))?.PrefixListId;
  const s3PrefixListId = idOf('s3');
  const dynamodbPrefixListId = idOf('dynamodb');
  if (availabilityZones.length < 2 || s3PrefixListId === undefined || dynamodbPrefixListId === undefined) {
    throw new DeployError(
      'REGION_UNUSABLE',
      `${region} does not offer this account two availability zones with all services that are needed, and the prefix lists of S3 and DynamoDB`,
      'check the name of the region, and that it is enabled for the account',
    );
  }
  return { region, availabilityZones, s3PrefixListId, dynamodbPrefixListId };
}

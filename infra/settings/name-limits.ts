// Finds names that AWS would refuse: bucket names that are too long, and prefixes that are reserved.
import { bucketName, type EnvironmentName } from '../names.js';
import type { JsonObject } from './json.js';

/** Amazon S3, "Bucket naming rules". */
const LONGEST_BUCKET_NAME = 63;
const ACCOUNT_DIGITS = '0'.repeat(12);
/** Reserved by S3 for buckets, and by Systems Manager for parameters. */
const RESERVED_PREFIXES = ['amzn-s3-demo-', 'aws', 'ssm', 'sthree-', 'xn--'];

/**
 * The other names have room: the longest have 28 of the 32 characters for load balancers and target groups.
 * @param settings not yet validated against the schema
 * @returns one line for each problem
 */
export function nameProblems(settings: JsonObject, environment: EnvironmentName): string[] {
  const { projectName, region, cosigner } = settings;
  if (typeof projectName !== 'string' || typeof region !== 'string') return [];
  const reserved = RESERVED_PREFIXES.filter((prefix) => projectName.startsWith(prefix));
  const purpose = cosigner === true ? 'cosigner' : 'archive';
  const { length } = bucketName({ prefix: `${projectName}-${environment}` }, purpose, ACCOUNT_DIGITS, region);
  const room = projectName.length + LONGEST_BUCKET_NAME - length;
  return [
    ...reserved.map((prefix) => `projectName must not begin with ${prefix}, which AWS reserves`),
    ...(length > LONGEST_BUCKET_NAME
      ? [
          `projectName must have at most ${room} characters, for ${environment} in ${region}: S3 allows ${LONGEST_BUCKET_NAME} for the bucket ${projectName}-${environment}-${purpose}-<account>-${region}, which would have ${length}`,
        ]
      : []),
  ];
}

// Policies in an emulated account: the policy bucket, the service's log, and what is stored.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  CreateLogStreamCommand,
  PutLogEventsCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import {
  CreateBucketCommand,
  GetObjectCommand,
  ListObjectVersionsCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { type EnvironmentName, namesOf, policyBucket } from '../../infra/names.js';
import { accountAt, clientOptions } from './aws.js';
import { ROOT } from './paths.js';
import { REGION, type Workspace } from './operator.js';

const ACCOUNT = '123456789012';

/** The example, for environments without a console: what it holds for people has to be tried again. */
export const EXAMPLE_POLICY = readFileSync(join(ROOT, 'examples/local-policy.yaml'), 'utf8')
  .replace(/# Who approves[^]*?(?=rules:)/, '')
  .replace(
    /action: hold\n +hold: large/,
    'action: retry\n    reason: Large transfers wait until someone has reviewed them.',
  );
/** The same policy with a lower limit: one of its test cases fails. */
export const STRICTER_POLICY = EXAMPLE_POLICY.replace('decimal("10000")', 'decimal("5000")');
/** A policy with the same rules that no parameter can hold. */
export const LARGE_POLICY = `${EXAMPLE_POLICY}${'# A long comment.\n'.repeat(600)}`;
/** A list for the example, in a file of its own. */
export const VAULTS = '# Network deposits\n0x5dC69B1Fbb13Bafd09af88a782F0F285772Ad5f8\n';

/** The example with its vaults in that list. @param reference such as `from: lists/vaults.txt` */
export function withVaults(reference: string): string {
  return EXAMPLE_POLICY.replace(/ {2}vaults:\n.*\n/, `  vaults: { ${reference} }\n`);
}

/** Setting for the test cases of these policies. */
export const CASES = { policyCases: join(ROOT, 'test/fixtures/policy-change.cases.yaml') };

export interface PolicyAccount {
  readonly parameter: string;
  readonly candidate: string;
  readonly bucket: string;
  /** Creates the bucket as the deployment does. */
  createBucket(): Promise<void>;
  /** Everything that a change of the policy may change. */
  state(): Promise<PolicyState>;
  object(key: string): Promise<string | undefined>;
  putObject(key: string, content: string): Promise<void>;
  /** Stores lines in the service's log. */
  log(lines: readonly string[]): Promise<void>;
}

export interface PolicyState {
  /** Value and version of the parameters. */
  readonly policy: readonly [value: string | undefined, version: number | undefined];
  readonly candidate: readonly [value: string | undefined, version: number | undefined];
  /** Keys of all versions of all objects. */
  readonly objects: readonly string[];
}

export function policyAccount(endpoint: string, environment: EnvironmentName = 'dev'): PolicyAccount {
  const names = namesOf('fireblocks', environment);
  const bucket = policyBucket(names, ACCOUNT, REGION);
  const s3 = new S3Client({ ...clientOptions(endpoint), forcePathStyle: true });
  const logs = new CloudWatchLogsClient(clientOptions(endpoint));
  const account = accountAt(endpoint);
  const stored = async (name: string) => {
    const { Value, Version } = (await account.parameter(name)) ?? {};
    return [Value, Version] as const;
  };
  return {
    parameter: names.parameters.policy,
    candidate: names.parameters.policyCandidate,
    bucket,
    async createBucket() {
      await s3.send(
        new CreateBucketCommand({
          Bucket: bucket,
          CreateBucketConfiguration: { LocationConstraint: REGION },
        }),
      );
      await s3.send(
        new PutBucketVersioningCommand({
          Bucket: bucket,
          VersioningConfiguration: { Status: 'Enabled' },
        }),
      );
    },
    async state() {
      const { Versions = [] } = await s3
        .send(new ListObjectVersionsCommand({ Bucket: bucket }))
        .catch(() => ({ Versions: [] }));
      return {
        policy: await stored(names.parameters.policy),
        candidate: await stored(names.parameters.policyCandidate),
        objects: Versions.map(({ Key = '' }) => Key).sort(),
      };
    },
    async object(key) {
      try {
        const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
        return await Body?.transformToString();
      } catch {
        return undefined;
      }
    },
    async putObject(key, content) {
      await s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: content }));
    },
    async log(lines) {
      const place = { logGroupName: names.logGroups.service, logStreamName: 'task' };
      await logs.send(new CreateLogGroupCommand({ logGroupName: place.logGroupName }));
      await logs.send(new CreateLogStreamCommand(place));
      const logEvents = lines.map((message) => ({ timestamp: Date.now(), message }));
      await logs.send(new PutLogEventsCommand({ ...place, logEvents }));
    },
  };
}

/** Writes a policy to the workspace. */
export function writePolicy({ directory }: Workspace, text: string, file = 'policy.yaml'): void {
  writeFileSync(join(directory, file), text);
}

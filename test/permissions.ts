// Runs after the tests: whether the published operator's policies allow every call that the operator commands made, and
// nothing else. What the policies allow and no command called is reported after the suite that runs all commands.
// Recorded are the commands in test/deploy, and the deployment in test/system: only these run with the names of a
// deployment. In test/system/emergency.test.ts, `policy -- stop --local` and `resume --local` write a file and call no AWS;
// test/deploy/stop.test.ts runs both for an environment. The commands for the store in test/system have tables that belong
// to no environment; test/deploy/store.test.ts runs them with a deployment's.
import { ENVIRONMENT_NAMES } from '../infra/names.js';
import type { Call } from './helpers/iam.js';
import { readOperatorCalls } from './helpers/operator-calls.js';
import { compare, fillIn, partsOf, publishedPolicies } from './helpers/published.js';

/** Set by test/run.js if all commands ran, so that a permission that was not needed is one too many. */
const isComplete = process.env['ALL_COMMANDS_RAN'] === 'true';
/** Fewer calls mean that the tests no longer record them. */
const MIN_CALLS = 50;

/** The operator's commands run for this account in all tests. */
const ACCOUNT = '123456789012';
/** The second one finds the names of the first taken. */
const PROJECTS = ['fireblocks', 'other'];

/** Calls that are denied on purpose, by the end of what they are about. */
const DENIED: Readonly<Record<string, string>> = {
  '/jwt/callback-private-key': 'an administrator decrypts a key that was stored without these commands, once',
};

/** What the policies allow and the tests do not call, by the reason. */
const NOT_CALLED: Readonly<Record<string, readonly string[]>> = {
  'a container engine pushes the image with --build local': [
    'Images: ecr:BatchCheckLayerAvailability',
    'Images: ecr:BatchGetImage',
    'Images: ecr:CompleteLayerUpload',
    'Images: ecr:GetDownloadUrlForLayer',
    'Images: ecr:InitiateLayerUpload',
    'Images: ecr:PutImage',
    'Images: ecr:UploadLayerPart',
    'Look: ecr:GetAuthorizationToken',
  ],
  "the emulator's default groups have no rule for incoming traffic": [
    'DefaultGroup: ec2:RevokeSecurityGroupIngress',
  ],
  "the emulator's stacks make no bucket policies": ['EmptyBuckets: s3:DeleteBucketPolicy'],
  'SSM encrypts parameters of more than 4 KB with a data key': ['WriteParameters: kms:GenerateDataKey'],
  'test/cli/store and test/cli/audit accept and read archives, with other names': [
    'Archive: arn:aws:s3:::PROJECT-ENVIRONMENT-archive-ACCOUNT-REGION/archive/*',
    'Archive: s3:GetObject',
    'Archive: s3:PutObject',
  ],
};

const statements = publishedPolicies('operator').flatMap((policy) => policy.statements);
const recorded = readOperatorCalls();
const used = new Set(Object.values(NOT_CALLED).flat());
const problems = new Set(recorded.flatMap(({ problem }) => problem ?? []));

/** By region, the calls and the operations that make them. */
const byRegion = new Map<string, Map<string, { call: Call; operation: string }>>();
for (const { operation, region, calls } of recorded) {
  const known = byRegion.get(region) ?? new Map<string, { call: Call; operation: string }>();
  byRegion.set(region, known);
  for (const call of calls) known.set(JSON.stringify(call), { call, operation });
}

for (const [region, known] of byRegion) {
  const calls = [...known.values()];
  // A call is about one environment.
  const allowed = new Set<number>();
  const places = PROJECTS.flatMap((PROJECT) =>
    ENVIRONMENT_NAMES.map((ENVIRONMENT) => ({ ACCOUNT, PROJECT, REGION: region, ENVIRONMENT })),
  );
  for (const placeholders of places) {
    const filled = calls.map(({ call }) => fillIn(call, placeholders));
    const comparison = compare(statements, placeholders, filled);
    for (const part of comparison.used) used.add(part);
    for (const [index, call] of filled.entries()) if (!comparison.denied.includes(call)) allowed.add(index);
  }
  for (const [index, { call, operation }] of calls.entries()) {
    if (allowed.has(index) || isDeniedOnPurpose(call)) continue;
    problems.add(
      `${operation} needs ${call.action} on ${call.resource} ${JSON.stringify(call.context ?? {})}: add it to infra/policies/operator*.json, and to docs/permissions.md`,
    );
  }
}

if (isComplete) {
  for (const part of partsOf(statements).filter((one) => !used.has(one))) {
    problems.add(
      `no command needs ${part}: remove it from infra/policies/operator*.json, or say in test/permissions.ts why no test calls it`,
    );
  }
  if (recorded.length < MIN_CALLS) problems.add(`only ${recorded.length} calls were recorded`);
}
console.log(
  problems.size === 0
    ? `# the operator's policies allow all ${recorded.length} different calls of the commands`
    : [...problems].sort().join('\n'),
);
if (problems.size > 0) process.exitCode = 1;

function isDeniedOnPurpose({ action, context = {} }: Call): boolean {
  return (
    action === 'kms:Decrypt' &&
    Object.values(context).some((value) =>
      Object.keys(DENIED).some(
        (end) => typeof value === 'string' && value.replace(/:\d+$/, '').endsWith(end),
      ),
    )
  );
}

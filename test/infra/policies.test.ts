// The published policies: the operator's are compared with recorded calls by test/permissions.ts. CloudFormation's allow
// what the handlers of the resource types in the templates call, for the names in the templates, and nothing else.
import t from 'tap';
import { namesOf } from '../../infra/names.js';
import { type Call, isAllowed, type Statement } from '../helpers/iam.js';
import { compare, fillIn, partsOf, type Placeholders, publishedPolicies } from '../helpers/published.js';
import { CHOICES, COMBINATIONS, EXAMPLE } from '../helpers/settings.js';
import { type Resource, synthesize } from '../helpers/stacks.js';
import { FUNCTION_TYPES } from './policies/function-types.js';
import { NETWORK_TYPES } from './policies/network-types.js';
import { passRole, type ResourceType } from './policies/resource-type.js';
import { SERVICE_TYPES } from './policies/service-types.js';

/** Limit of IAM for a managed policy, which does not count white space. */
const MAX_CHARACTERS = 6144;
const LONGEST: Placeholders = {
  ACCOUNT: '123456789012',
  REGION: 'ap-southeast-1',
  PROJECT: 'abcdefghijklmnopqrst',
  ENVIRONMENT: 'staging',
};
/** Room in the name of a role for the stack's: CloudFormation adds two hyphens and 13 characters, and IAM accepts 64. */
const STACK_NAME_CHARACTERS = 64 - 2 - 13;

const ENVIRONMENTS = ['dev', 'prod'] as const;
const TYPES: Readonly<Record<string, ResourceType>> = {
  ...FUNCTION_TYPES,
  ...NETWORK_TYPES,
  ...SERVICE_TYPES,
};
const cloudFormation = publishedPolicies('cloudformation').flatMap(({ statements }) => statements);
const operator = publishedPolicies('operator').flatMap(({ statements }) => statements);

interface Found {
  readonly resource: Resource;
  readonly id: string;
  readonly stackName: string;
  readonly placeholders: Placeholders;
}

const found: readonly Found[] = ENVIRONMENTS.flatMap((environment) =>
  // The types are the same in all environments; the last combination has the most resources.
  [
    ...COMBINATIONS.slice(environment === 'dev' ? 0 : -1).map(({ changes }) => changes),
    CHOICES.lambda,
    CHOICES.api,
  ].flatMap((changes) =>
    synthesize(environment, changes).stacks.flatMap(({ stackName, json }) =>
      Object.entries(json.Resources).map(([id, resource]) => ({
        resource,
        id,
        stackName,
        placeholders: {
          ACCOUNT: '123456789012',
          REGION: String(EXAMPLE['region']),
          PROJECT: String(EXAMPLE['projectName']),
          ENVIRONMENT: environment,
        },
      })),
    ),
  ),
);

t.test('every policy fits in a managed policy, with the longest names', (t) => {
  const policies = [...publishedPolicies('operator'), ...publishedPolicies('cloudformation')];
  t.equal(policies.length, 8);
  for (const { name, text } of policies) {
    const characters = JSON.stringify(fillIn(JSON.parse(text), LONGEST)).length;
    t.ok(characters <= MAX_CHARACTERS, `${name} has ${characters} characters`);
  }
  t.end();
});

t.test('every statement has a name, and its actions are sorted and not repeated', (t) => {
  for (const { Sid, Action } of [...operator, ...cloudFormation]) {
    t.match(Sid, /^[A-Za-z]+$/);
    const actions = [Action].flat();
    t.strictSame(actions, [...new Set(actions)].sort(), String(Sid));
    t.notOk(actions.includes('*'));
  }
  t.end();
});

t.test('each resource type of the templates has a row, and no row is left over', (t) => {
  t.strictSame(Object.keys(TYPES).sort(), [...new Set(found.map(({ resource }) => resource.Type))].sort());
  t.end();
});

t.test("CloudFormation's role may do what the templates need, and nothing else", (t) => {
  const used = new Set<string>();
  for (const environment of ENVIRONMENTS) {
    const here = found.filter(({ placeholders }) => placeholders.ENVIRONMENT === environment);
    const calls = [...new Map(here.flatMap(callsFor).map((call) => [JSON.stringify(call), call])).values()];
    const comparison = compare(cloudFormation, here[0]?.placeholders ?? LONGEST, calls);
    t.strictSame(comparison.denied, [], 'add it to infra/policies/cloudformation-*.json');
    for (const part of comparison.used) used.add(part);
  }
  const unused = partsOf(cloudFormation).filter((part) => !used.has(part));
  t.strictSame(unused, [], 'no resource type needs it');
  t.end();
});

t.test('it reads nothing that is stored, and changes no role but those of the stacks', (t) => {
  const policies = fillIn(cloudFormation, LONGEST);
  const may = (action: string, resource: string, context = {}): boolean =>
    isAllowed(policies, { action, resource, context });
  const { parameters, table } = namesOf(LONGEST.PROJECT, 'staging');
  const prefix = `${LONGEST.PROJECT}-staging`;
  const here = `${LONGEST.REGION}:${LONGEST.ACCOUNT}`;
  t.notOk(may('ssm:GetParameter', `arn:aws:ssm:${here}:parameter${parameters.callbackPrivateKey}`));
  t.notOk(may('dynamodb:Scan', `arn:aws:dynamodb:${here}:table/${table}`));
  t.notOk(may('s3:GetObject', `arn:aws:s3:::${prefix}-archive-${LONGEST.ACCOUNT}-${LONGEST.REGION}/a`));
  t.notOk(may('kms:Decrypt', `arn:aws:kms:${here}:key/any`));
  t.ok(may('iam:PutRolePolicy', `arn:aws:iam::${LONGEST.ACCOUNT}:role/${prefix}-image-BuildRole`));
  for (const role of [`cloudformation-${prefix}`, `operator-${prefix}`, 'Administrator']) {
    t.notOk(may('iam:PutRolePolicy', `arn:aws:iam::${LONGEST.ACCOUNT}:role/${role}`), role);
  }
  const { context } = passRole('glue');
  t.notOk(may('iam:PassRole', `arn:aws:iam::${LONGEST.ACCOUNT}:role/${prefix}-image-BuildRole`, context));
  t.end();
});

t.test(
  'the names of roles begin with project and environment, even where CloudFormation shortens them',
  (t) => {
    const prefix = `${LONGEST.PROJECT}-${LONGEST.ENVIRONMENT}`.length;
    for (const { id } of found.filter(({ resource }) => resource.Type === 'AWS::IAM::Role')) {
      t.ok(STACK_NAME_CHARACTERS - id.length >= prefix, id);
    }
    t.end();
  },
);

t.test("the operator's policies do not decrypt the handler's private key", (t) => {
  const policies = fillIn(operator, LONGEST);
  const decrypt = (name: string): Call => ({
    action: 'kms:Decrypt',
    resource: `arn:aws:kms:${LONGEST.REGION}:${LONGEST.ACCOUNT}:key/any`,
    context: {
      'kms:EncryptionContext:PARAMETER_ARN': `arn:aws:ssm:${LONGEST.REGION}:${LONGEST.ACCOUNT}:parameter${name}`,
    },
  });
  const { callbackPrivateKey, ...others } = namesOf(LONGEST.PROJECT, 'staging').parameters;
  t.notOk(isAllowed(policies, decrypt(callbackPrivateKey)));
  const administrator: Statement = { Effect: 'Allow', Action: '*', Resource: '*' };
  t.notOk(isAllowed([...policies, administrator], decrypt(callbackPrivateKey)), 'whatever else is allowed');
  for (const name of Object.values(others)) t.ok(isAllowed(policies, decrypt(name)), name);
  t.end();
});

/** What CloudFormation calls for a resource, with the placeholders filled in. */
function callsFor({ resource, stackName, placeholders }: Found): readonly Call[] {
  const type = TYPES[resource.Type];
  if (type === undefined) return [];
  const arn = type.arn(resource.Properties, stackName);
  const calls = [...type.read, ...type.write].map((action) => ({ action, resource: arn }));
  return fillIn([...calls, ...(type.also ?? [])], placeholders);
}

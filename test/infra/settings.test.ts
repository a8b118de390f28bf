import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { ENVIRONMENT_NAMES } from '../../infra/names.js';
import { checkSettings, EXAMPLE_FILE, readSettings, SettingsError } from '../../infra/settings.js';
import { ROOT } from '../helpers/cli.js';
import { CHOICES, EXAMPLE, type Json } from '../helpers/stacks.js';

function problems(json: unknown, environment: (typeof ENVIRONMENT_NAMES)[number] = 'dev'): readonly string[] {
  try {
    checkSettings(json, environment);
    return [];
  } catch (error) {
    if (error instanceof SettingsError) return error.problems;
    throw error;
  }
}

t.test('the example can be used as it is, in every environment', (t) => {
  for (const environment of ENVIRONMENT_NAMES) {
    t.doesNotThrow(() => readSettings(environment, join(ROOT, EXAMPLE_FILE)));
  }
  t.match(checkSettings(EXAMPLE, 'dev'), {
    projectName: 'fireblocks',
    hostName: 'callback.internal',
    network: { cidr: '10.0.0.0/16', endpointZones: 1 },
    cosigner: false,
    desiredCount: 1,
    architecture: 'x86_64',
  });
  t.end();
});

t.test('every choice can be made', (t) => {
  for (const [name, choice] of Object.entries(CHOICES))
    t.strictSame(problems({ ...EXAMPLE, ...choice }), [], name);
  t.end();
});

t.test('what an environment says for itself is in force there alone', (t) => {
  const settings = { ...EXAMPLE, desiredCount: 1, environments: { prod: { desiredCount: 2 } } };
  t.equal(checkSettings(settings, 'dev').desiredCount, 1);
  t.equal(checkSettings(settings, 'prod').desiredCount, 2);
  t.end();
});

t.test('what an environment says of the network is added to it, unless it names a VPC', (t) => {
  const settings = {
    ...EXAMPLE,
    ...CHOICES.existingVpc,
    environments: { staging: CHOICES.existingEndpoints, prod: { network: { endpointZones: 2 } } },
  };
  t.strictSame(checkSettings(settings, 'prod').network, { ...CHOICES.existingVpc.network, endpointZones: 2 });
  t.strictSame(checkSettings(settings, 'staging').network, {
    ...CHOICES.existingEndpoints.network,
    endpointZones: 1,
  });
  t.end();
});

t.test('mistakes in what other environments say are told as well, with their place', (t) => {
  const settings = {
    ...EXAMPLE,
    alarmEmail: 'nobody',
    environments: { prod: { auth: 'JWT', network: { endpointZones: 3 } } },
  };
  t.strictSame(problems(settings, 'dev'), [
    'alarmEmail must be an e-mail address',
    'environments.prod.auth must be "jwt" or "json"',
    'environments.prod.network.endpointZones must be 1 or 2',
  ]);
  t.end();
});

t.test('ten mistakes are answered with ten lines', (t) => {
  const settings = {
    projectName: 'Fireblocks Corp',
    account: 111122223333,
    region: 'Tokyo',
    availabilityZones: ['ap-northeast-1a'],
    hostname: 'callback.internal',
    auth: 'JWT',
    certificate: { arn: 'my-certificate' },
    network: { cidr: '8.8.0.0/16', endpointZones: 3 },
    s3PrefixListId: 'pl-61a54008',
    hostName: 'callback',
  };
  t.strictSame(
    [...problems(settings)].sort(),
    [
      'account must be the 12 digits of an AWS account, in quotes',
      'auth must be "jwt" or "json"',
      'availabilityZones must be a list of two zones such as ["ap-northeast-1a", "ap-northeast-1c"]',
      'certificate.arn must be the ARN of a certificate in ACM',
      'hostName must be a DNS name such as callback.internal',
      'hostname is not known: did you mean "hostName"?',
      'network.cidr must be a private range of size /16, such as 10.0.0.0/16',
      'network.endpointZones must be 1 or 2',
      'projectName must be 3 to 20 small letters, digits and hyphens',
      'region must be an AWS region such as ap-northeast-1',
    ].sort(),
  );
  t.end();
});

t.test('what is missing is told with what it must be', (t) => {
  t.strictSame(
    [...problems({})].sort(),
    [
      'availabilityZones is missing: it must be a list of two zones such as ["ap-northeast-1a", "ap-northeast-1c"]',
      'certificate is missing: it must be "private", {"arn": "arn:aws:acm:…"} or {"publicZone": {"id": "Z…", "name": "example.com"}}',
      'hostName is missing: it must be a DNS name such as callback.internal',
      'projectName is missing: it must be 3 to 20 small letters, digits and hyphens',
      'region is missing: it must be an AWS region such as ap-northeast-1',
      's3PrefixListId is missing: it must be an id such as pl-0123456789abcdef0',
    ].sort(),
  );
  t.end();
});

t.test('settings that contradict each other are told', (t) => {
  const cases: readonly [changes: Json, problem: string][] = [
    [
      { availabilityZones: ['ap-northeast-1a', 'eu-central-1a'] },
      'availabilityZones eu-central-1a must be in ap-northeast-1',
    ],
    [
      { availabilityZones: ['ap-northeast-1a', 'ap-northeast-1a'] },
      'availabilityZones must be two different ones',
    ],
    [
      { certificate: { arn: 'arn:aws:acm:us-east-1:111122223333:certificate/0a1b' } },
      'certificate.arn is in us-east-1: it must be in ap-northeast-1, as the load balancer is',
    ],
    [
      { ...CHOICES.certificateByAcm, hostName: 'callback.notexample.com' },
      "hostName callback.notexample.com must be in the public zone example.com, or ACM can't issue",
    ],
    [
      { cosigner: true },
      'cosignerPcr8 is missing: with "cosigner": true it must be what Fireblocks publishes',
    ],
    [
      { ...CHOICES.cosigner, auth: 'jwt' },
      'auth must be "json" with "certificate": "private": the Co-signer trusts no CA of yours with JWT',
    ],
    [
      { ...CHOICES.existingVpc, cosignerSecurityGroupId: 'sg-01234567' },
      'cosignerSecurityGroupId needs the VPC of that Co-signer as "network", with "endpoints": "existing": endpoints made here would serve the handler alone',
    ],
    [
      {
        network: {
          endpoints: 'existing',
          endpointSecurityGroupId: 'sg-01234567',
          privateSubnetIds: CHOICES.existingVpc.network.privateSubnetIds,
        },
      },
      'network.vpcId is missing: it must be an id such as vpc-0123456789abcdef0',
    ],
    [
      { ...CHOICES.cosigner, cosignerSecurityGroupId: 'sg-01234567' },
      'cosignerSecurityGroupId has no use with "cosigner": true: remove it',
    ],
    [{ cosignerImageId: 'ami-01234567' }, 'cosignerImageId has no use without "cosigner": true: remove it'],
    [
      { network: { ...CHOICES.existingVpc.network, routeTableIds: undefined } },
      'network.routeTableIds is missing: it is needed with "endpoints": "create"',
    ],
    [
      { network: { ...CHOICES.existingEndpoints.network, endpointSecurityGroupId: undefined } },
      'network.endpointSecurityGroupId is missing: it is needed with "endpoints": "existing"',
    ],
    [{ desiredCount: 1.5 }, 'desiredCount must be a whole number'],
    [{ desiredCount: 11 }, 'desiredCount must be 10 at most'],
    [{ alarmEmail: 'nobody' }, 'alarmEmail must be an e-mail address'],
    [
      { network: { ...CHOICES.existingVpc.network, cidr: '10.0.0.0/16' } },
      'network.cidr has no use with an existing VPC: remove it',
    ],
    [
      { network: { ...CHOICES.existingVpc.network, routeTableIds: [] } },
      'network.routeTableIds must be a list of route tables',
    ],
    [{ constructor: 1 }, 'constructor is not known: remove it'],
    [{ network: { cidrs: [] } }, 'network.cidrs is not known: did you mean "cidr"?'],
    [
      { environments: { production: {} } },
      'environments.production is not known: there are dev, staging, prod',
    ],
    [{ environments: { prod: 1 } }, 'environments.prod must be an object'],
    [{ environments: [] }, 'environments must be an object: { "prod": { … } }'],
  ];
  for (const [changes, problem] of cases) t.strictSame(problems({ ...EXAMPLE, ...changes }), [problem]);
  t.end();
});

t.test('a file that is not there, or not JSON, is told with what to do', (t) => {
  const directory = t.testdir();
  const missing = join(directory, 'settings.json');
  t.throws(() => readSettings('dev', missing), {
    message: `${missing} can't be used:\n  - it is not there: cp infra/settings.example.json ${missing}, and edit it`,
  });
  writeFileSync(missing, '{ "projectName": ');
  t.throws(() => readSettings('dev', missing), { message: /it is not JSON: / });
  writeFileSync(missing, '[]');
  t.throws(() => readSettings('dev', missing), { message: /it must hold an object/ });
  t.throws(() => readSettings('dev', directory), { message: /it can't be read: EISDIR/ });
  t.end();
});

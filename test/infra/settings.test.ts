// Tests the settings file: schema, environment overrides, and error messages.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { ENVIRONMENT_NAMES, type EnvironmentName } from '../../infra/names.js';
import {
  callbackUrl,
  checkSettings,
  consoleOrigin,
  EXAMPLE_FILE,
  readSettings,
} from '../../infra/settings.js';
import { findWarnings } from '../../infra/settings/warnings.js';
import { ROOT } from '../helpers/cli.js';
import { CHOICES, EXAMPLE, type Json, problems } from '../helpers/settings.js';

const BAD_PATH = 'must be a path such as /fireblocks/callback_handler, without spaces and percent signs';

const PREFIX_LIST =
  'must be the id of DynamoDB\'s prefix list, pl-…, which "aws ec2 describe-managed-prefix-lists" shows';

t.test('the example is valid in every environment', (t) => {
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
    auth: 'jwt',
    callbackKeyAlgorithm: 'RS256',
    basePath: '/callback',
    keyWithdrawal: 'keep',
    maxStalenessSeconds: undefined,
    retentionDays: 400,
  });
  t.notOk('auth' in EXAMPLE, 'JSON mode must be written down');
  t.end();
});

t.test('the base path follows the rule of BASE_PATH, and is part of the URL for the Co-signer', (t) => {
  for (const [path, normalized] of [
    ['/fireblocks/callback_handler', '/fireblocks/callback_handler'],
    ['/handler/', '/handler'],
    ['/', ''],
    ['', ''],
  ] as const) {
    const settings = checkSettings({ ...EXAMPLE, basePath: path }, 'dev');
    t.equal(settings.basePath, normalized);
    t.equal(callbackUrl(settings), `https://callback.internal${normalized}`);
  }
  t.end();
});

t.test('warns about requests without authentication, and about JWT with a private certificate', (t) => {
  const warnings = (changes: Json) =>
    findWarnings(checkSettings({ ...EXAMPLE, ...changes, environments: {} }, 'staging'), 'staging');
  t.match(warnings({ auth: 'json' }), [/^Requests are not authenticated/]);
  for (const cosigner of [{}, CHOICES.cosigner]) {
    const found = warnings(cosigner);
    t.match(found, [/option 4 or 5\. .*2026\.08\.19 on: check with Fireblocks\. .*options 1 and 2 only/]);
    t.equal(found.length, 1);
  }
  t.strictSame(warnings(CHOICES.certificateByAcm), []);
  t.strictSame(warnings(CHOICES.certificateByArn), []);
  t.end();
});

t.test('warns in prod if nobody receives the alarms', (t) => {
  const warnings = (environment: EnvironmentName, changes: Json = {}) =>
    findWarnings(
      checkSettings({ ...EXAMPLE, ...CHOICES.certificateByAcm, ...changes, environments: {} }, environment),
      environment,
    );
  t.match(warnings('prod'), [/^Nobody receives the alarms, because "alarmEmail" is not set/]);
  t.strictSame(warnings('prod', { alarmEmail: 'operators@example.com' }), []);
  t.strictSame(warnings('staging'), []);
  t.end();
});

t.test('warns about a role of CloudFormation for another environment', (t) => {
  const warnings = (environment: EnvironmentName, name: string) => {
    const executionRoleArn = `arn:aws:iam::123456789012:role/teams/${name}`;
    const changes = { ...CHOICES.certificateByArn, alarmEmail: 'operators@example.com', executionRoleArn };
    return findWarnings(
      checkSettings({ ...EXAMPLE, ...changes, environments: {} }, environment),
      environment,
    );
  };
  t.match(warnings('prod', 'cloudformation-fireblocks-dev'), [
    /on prod with cloudformation-fireblocks-dev, which seems to be the role for dev/,
  ]);
  for (const name of ['cloudformation-fireblocks-prod', 'cloudformation', 'dev-and-prod', 'developers']) {
    t.strictSame(warnings('prod', name), [], name);
  }
  t.end();
});

t.test('warns about a hostname that is a whole domain', (t) => {
  const warnings = (hostName: string) =>
    findWarnings(checkSettings({ ...EXAMPLE, ...CHOICES.certificateByArn, hostName }, 'dev'), 'dev');
  t.match(warnings('example.com'), [
    /^The private zone example\.com hides .* such as callback\.example\.com\.$/,
  ]);
  for (const hostName of ['callback.example.com', 'callback.internal', 'handler.corp']) {
    t.strictSame(warnings(hostName), [], hostName);
  }
  t.end();
});

t.test('refuses a project name with which a bucket would have more than 63 characters', (t) => {
  const ofLength = (length: number) => ({ projectName: 'p'.repeat(length) });
  const environments = {};
  t.strictSame(problems({ ...EXAMPLE, ...ofLength(20), environments }), []);
  t.strictSame(problems({ ...EXAMPLE, ...ofLength(20), environments, ...CHOICES.cosigner }), []);
  // 20 + staging + cosigner + 12 digits + ap-northeast-1, and four hyphens.
  const tooLong = (most: number, purpose: string, length: number) =>
    `projectName must have at most ${most} characters, for staging in ap-northeast-1: S3 allows 63 for the bucket ${'p'.repeat(20)}-staging-${purpose}-<account>-ap-northeast-1, which would have ${length}`;
  t.strictSame(problems({ ...EXAMPLE, ...ofLength(20), environments }, 'staging'), [
    tooLong(19, 'archive', 64),
  ]);
  t.strictSame(problems({ ...EXAMPLE, ...ofLength(20), environments, ...CHOICES.cosigner }, 'staging'), [
    tooLong(18, 'cosigner', 65),
  ]);
  t.strictSame(problems({ ...EXAMPLE, ...ofLength(18), environments, ...CHOICES.cosigner }, 'staging'), []);
  // Also for the other environments in the file, so that they can be deployed later under the same name.
  t.strictSame(problems({ ...EXAMPLE, ...ofLength(20), environments: { staging: {} } }), [
    tooLong(19, 'archive', 64),
  ]);
  t.end();
});

t.test('refuses a project name with a prefix that AWS reserves', (t) => {
  for (const [projectName, prefix] of [
    ['aws-handler', 'aws'],
    ['ssm', 'ssm'],
    ['xn--handler', 'xn--'],
    ['sthree-handler', 'sthree-'],
  ] as const) {
    t.strictSame(problems({ ...EXAMPLE, projectName }), [
      `projectName must not begin with ${prefix}, which AWS reserves`,
    ]);
  }
  t.end();
});

t.test('refuses a hostname that is the public zone itself, whose other names it would hide', (t) => {
  t.strictSame(problems({ ...EXAMPLE, ...CHOICES.certificateByAcm, hostName: 'example.com' }), [
    'hostName must not be example.com itself: its private zone would hide all other names of example.com in the VPC. Use a name of its own, such as callback.example.com',
  ]);
  t.end();
});

t.test('warns about a webhook without a route to the internet, and about the CA of passkeys', (t) => {
  const warnings = (changes: Json) =>
    findWarnings(checkSettings({ ...EXAMPLE, ...changes, environments: {} }, 'dev'), 'dev');
  const webhook = /"console.webhookUrl" needs a route to the internet/;
  const { console } = CHOICES.console;
  const { webhookUrl, ...silent } = console;
  const isPublic = CHOICES.certificateByAcm;
  t.match(warnings({ ...isPublic, console }), [webhook]);
  t.strictSame(warnings({ ...isPublic, console: silent }), [], `without ${webhookUrl}`);
  t.strictSame(warnings({ ...isPublic, ...CHOICES.existingVpc, console }), []);
  t.strictSame(warnings({ ...isPublic, ...CHOICES.cosigner, console }), []);
  t.match(warnings({ console: silent }), [/option 4 or 5/, /must trust your own CA/]);
  t.end();
});

t.test('the console is off, unless a setting says who reaches it', (t) => {
  t.equal(checkSettings(EXAMPLE, 'dev').console, undefined);
  t.equal(checkSettings({ ...EXAMPLE, console: false }, 'dev').console, undefined);
  const settings = { ...EXAMPLE, console: { host: true }, environments: { dev: { console: false } } };
  t.equal(checkSettings(settings, 'dev').console, undefined, 'off in one environment');
  const { console, ...others } = checkSettings(settings, 'prod');
  t.strictSame(console, {
    host: true,
    clientSecurityGroups: [],
    clientCidrs: [],
    alertEmails: [],
    desiredCount: 1,
  });
  t.equal(consoleOrigin(others), 'https://callback.internal:8443');
  t.end();
});

t.test('reports a console that admits nobody, or too many', (t) => {
  const group = 'sg-0fedcba9876543210';
  const cases: readonly [console: unknown, problem: string][] = [
    [true, 'must be {"host": true} or name who may reach it'],
    [{}, 'admits nobody: set host, clientSecurityGroups or clientCidrs'],
    [{ host: false }, 'admits nobody: set host, clientSecurityGroups or clientCidrs'],
    [
      { clientCidrs: ['0.0.0.0/0'] },
      'clientCidrs[0] must not be 0.0.0.0/0: that is nearly everybody, and the range of a VPN or an office has at least /8',
    ],
    [
      { clientCidrs: ['128.0.0.0/1'] },
      'clientCidrs[0] must not be 128.0.0.0/1: that is nearly everybody, and the range of a VPN or an office has at least /8',
    ],
    [
      { clientCidrs: ['172.20.0.1/16'] },
      'clientCidrs[0] must not be 172.20.0.1/16: the address is not the first one of the range',
    ],
    [{ clientCidrs: ['172.20.0.0'] }, 'clientCidrs[0] must be a list of address ranges such as 10.8.0.0/16'],
    [{ clientCidrs: ['::/0'] }, 'clientCidrs[0] must be a list of address ranges such as 10.8.0.0/16'],
    [
      { clientCidrs: ['172.20.0.0/33'] },
      'clientCidrs[0] must be a list of address ranges such as 10.8.0.0/16',
    ],
    [
      { clientCidrs: ['10.0.0.0/8'] },
      'clientCidrs 10.0.0.0/8 has addresses of the VPC, 10.0.0.0/16, where the Co-signer and the handler are: name security groups for clients in the VPC',
    ],
    [
      { clientSecurityGroups: ['vpn'] },
      'clientSecurityGroups[0] must be a list of security groups such as sg-0123456789abcdef0',
    ],
    [{ host: true, alertEmails: ['treasury'] }, 'alertEmails[0] must be an e-mail address'],
    [{ host: true, desiredCount: 11 }, 'desiredCount must be at most 10'],
    ...['http://hooks.example.com/x', 'https://user:secret@hooks.example.com/', 'hooks'].map(
      (webhookUrl): [unknown, string] => [
        { host: true, webhookUrl },
        'webhookUrl must be a URL such as https://hooks.example.com/approvals, without user, password and fragment',
      ],
    ),
  ];
  for (const [console, problem] of cases) {
    const path = /^(admits|must)/.test(problem) ? 'console ' : 'console.';
    t.strictSame(problems({ ...EXAMPLE, console }), [`${path}${problem}`], JSON.stringify(console));
  }
  t.strictSame(problems({ ...EXAMPLE, console: { host: true, webhookURL: 'x' } }), [
    'console.webhookURL is unknown: did you mean "webhookUrl"?',
  ]);
  t.strictSame(
    problems({
      ...EXAMPLE,
      ...CHOICES.existingEndpoints,
      cosignerSecurityGroupId: group,
      console: { clientSecurityGroups: [group], clientCidrs: ['10.0.0.0/8'] },
    }),
    [
      'console.clientSecurityGroups has the group of the Co-signer, which must not reach the console: remove it',
    ],
  );
  t.end();
});

t.test('every choice is valid', (t) => {
  for (const [name, choice] of Object.entries(CHOICES))
    t.strictSame(problems({ ...EXAMPLE, ...choice }), [], name);
  t.end();
});

t.test('reports signers whose signatures could not protect the policy', (t) => {
  const { alice, bob } = CHOICES.signers.policySigners.keys;
  const keyExpected =
    'must be an Ed25519 public key in base64, as "npm run policy -- sign" prints it, starting with MCow';
  const raw = Buffer.from(alice, 'base64').subarray(-32).toString('base64');
  const keysExpected =
    'must be {"alice": "MCow…", "bob": "MCow…"}: names of at most 32 letters, digits and _ . @ -, and Ed25519 public keys';
  const cases: readonly [policySigners: unknown, problem: string][] = [
    [
      { quorum: 3, keys: { alice, bob } },
      'quorum is 3, but there are 2 keys: no policy could ever be signed',
    ],
    [{ quorum: 1, keys: {} }, 'quorum is 1, but there are 0 keys: no policy could ever be signed'],
    [{ quorum: 0, keys: { alice } }, 'quorum must be at least 1'],
    [{ keys: { alice } }, 'quorum must be a whole number: how many signers must have signed'],
    [
      { quorum: 1, keys: { alice, bob: alice } },
      'keys.bob is the key of alice too: one signature would count twice',
    ],
    [
      { quorum: 1, keys: { alice, bob: raw } },
      'keys.bob is the key of alice too: one signature would count twice',
    ],
    [
      { quorum: 1, keys: { alice: Buffer.alloc(32).toString('base64') } },
      'keys.alice is a placeholder, for which anyone can make signatures: set the key of a real signer',
    ],
    [{ quorum: 1, keys: { alice: 1 } }, 'keys.alice must be a public key in base64, in quotes'],
    [{ quorum: 1, keys: { alice: 'MCow' } }, `keys.alice ${keyExpected}`],
    [{ quorum: 1, keys: { alice: `${alice} ` } }, `keys.alice ${keyExpected}`],
    [{ quorum: 1, keys: { 'alice,bob': alice } }, `keys.alice,bob ${keysExpected}`],
    [{ quorum: 1, keys: [alice] }, `keys ${keysExpected}`],
    [{ quorum: 1 }, `keys ${keysExpected}`],
    [{ quorum: 1, keys: { alice }, names: [] }, 'names is unknown: remove it'],
  ];
  for (const [policySigners, problem] of cases)
    t.strictSame(problems({ ...EXAMPLE, policySigners }), [`policySigners.${problem}`]);
  t.match(problems({ ...EXAMPLE, policySigners: 2 }), [/^policySigners must be \{"quorum": 2, /]);
  t.end();
});

t.test('overrides apply to their environment only', (t) => {
  const settings = { ...EXAMPLE, desiredCount: 1, environments: { prod: { desiredCount: 2 } } };
  t.equal(checkSettings(settings, 'dev').desiredCount, 1);
  t.equal(checkSettings(settings, 'prod').desiredCount, 2);
  t.end();
});

t.test('an override of the network is merged, unless it names a VPC', (t) => {
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

t.test('reports invalid settings of other environments, with their path', (t) => {
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

t.test('reports all invalid settings at once', (t) => {
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
    dynamodbPrefixListId: 'com.amazonaws.ap-northeast-1.dynamodb',
    retentionDays: 0,
    hostName: 'callback',
  };
  t.strictSame(
    [...problems(settings)].sort(),
    [
      'account must be the 12 digits of an AWS account, in quotes',
      'auth must be "jwt" or "json"',
      'availabilityZones must be a list of two zones such as ["ap-northeast-1a", "ap-northeast-1c"]',
      'certificate.arn must be the ARN of a certificate in ACM',
      `dynamodbPrefixListId ${PREFIX_LIST}`,
      'hostName must be a DNS name such as callback.internal',
      'hostname is unknown: did you mean "hostName"?',
      'network.cidr must be a private range of size /16, such as 10.0.0.0/16',
      'network.endpointZones must be 1 or 2',
      'projectName must be 3 to 20 lowercase letters, digits and hyphens',
      'region must be an AWS region such as ap-northeast-1',
      'retentionDays must be at least 1',
    ].sort(),
  );
  t.end();
});

t.test('reports each missing setting with the expected value', (t) => {
  t.strictSame(
    [...problems({})].sort(),
    [
      'availabilityZones is missing: it must be a list of two zones such as ["ap-northeast-1a", "ap-northeast-1c"]',
      'certificate is missing: it must be "private", {"arn": "arn:aws:acm:…"} or {"publicZone": {"id": "Z…", "name": "example.com"}}',
      `dynamodbPrefixListId is missing: it ${PREFIX_LIST}`,
      'hostName is missing: it must be a DNS name such as callback.internal',
      'projectName is missing: it must be 3 to 20 lowercase letters, digits and hyphens',
      'region is missing: it must be an AWS region such as ap-northeast-1',
      's3PrefixListId is missing: it must be an id such as pl-0123456789abcdef0',
    ].sort(),
  );
  t.end();
});

t.test('reports settings that are invalid or contradict each other', (t) => {
  const cases: readonly [changes: Json, problem: string][] = [
    [
      { availabilityZones: ['ap-northeast-1a', 'eu-central-1a'] },
      'availabilityZones eu-central-1a must be in ap-northeast-1',
    ],
    [
      { availabilityZones: ['ap-northeast-1a', 'ap-northeast-1a'] },
      'availabilityZones must be two different zones',
    ],
    [
      { certificate: { arn: 'arn:aws:acm:us-east-1:111122223333:certificate/0a1b' } },
      'certificate.arn is in us-east-1: it must be in ap-northeast-1, like the load balancer',
    ],
    [
      { ...CHOICES.certificateByAcm, hostName: 'callback.notexample.com' },
      "hostName callback.notexample.com must be in the public zone example.com: otherwise ACM can't issue the certificate",
    ],
    [
      { cosigner: true },
      'cosignerPcr8 is missing: "cosigner": true needs the PCR8 that Fireblocks publishes',
    ],
    [
      { ...CHOICES.existingVpc, cosignerSecurityGroupId: 'sg-01234567' },
      'cosignerSecurityGroupId needs that Co-signer\'s VPC as "network", with "endpoints": "existing": endpoints created here would serve only the handler',
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
      'cosignerSecurityGroupId has no effect with "cosigner": true: remove it',
    ],
    [
      { cosignerImageId: 'ami-01234567' },
      'cosignerImageId has no effect without "cosigner": true: remove it',
    ],
    [
      { network: { ...CHOICES.existingVpc.network, routeTableIds: undefined } },
      'network.routeTableIds is missing: "endpoints": "create" needs it',
    ],
    [
      { network: { ...CHOICES.existingEndpoints.network, endpointSecurityGroupId: undefined } },
      'network.endpointSecurityGroupId is missing: "endpoints": "existing" needs it',
    ],
    [{ callbackKeyAlgorithm: 'es256' }, 'callbackKeyAlgorithm must be "RS256" or "ES256"'],
    [{ keyWithdrawal: true }, 'keyWithdrawal must be "keep" or "refuse"'],
    [{ maxStalenessSeconds: 119 }, 'maxStalenessSeconds must be at least 120'],
    [{ maxStalenessSeconds: 86_401 }, 'maxStalenessSeconds must be at most 86400'],
    [{ maxStalenessSeconds: '300' }, 'maxStalenessSeconds must be a whole number of seconds'],
    [{ basePath: 1 }, `basePath ${BAD_PATH}`],
    [{ basePath: 'callback' }, `basePath ${BAD_PATH}`],
    [{ basePath: '/a//b' }, `basePath ${BAD_PATH}`],
    [{ basePath: '/a b' }, `basePath ${BAD_PATH}`],
    [{ basePath: 'https://callback.internal/callback' }, `basePath ${BAD_PATH}`],
    [{ basePath: `/${'a'.repeat(200)}` }, 'basePath is longer than 200 characters'],
    [{ policySource: 'file' }, 'policySource must be "parameter" or "image"'],
    [
      { policyCases: '' },
      'policyCases must be the path of a file with test cases, such as policy.cases.yaml',
    ],
    [{ retentionDays: '400' }, 'retentionDays must be a whole number of days'],
    [{ retentionDays: 3651 }, 'retentionDays must be at most 3650'],
    [{ desiredCount: 1.5 }, 'desiredCount must be a whole number'],
    [{ desiredCount: 11 }, 'desiredCount must be at most 10'],
    [{ alarmEmail: 'nobody' }, 'alarmEmail must be an e-mail address'],
    [
      { network: { ...CHOICES.existingVpc.network, cidr: '10.0.0.0/16' } },
      'network.cidr has no effect with an existing VPC: remove it',
    ],
    [
      { network: { ...CHOICES.existingVpc.network, routeTableIds: [] } },
      'network.routeTableIds must be a list of route tables',
    ],
    [{ constructor: 1 }, 'constructor is unknown: remove it'],
    [{ network: { cidrs: [] } }, 'network.cidrs is unknown: did you mean "cidr"?'],
    [
      { environments: { production: {} } },
      'environments.production is unknown: the environments are dev, staging, prod',
    ],
    [{ environments: { prod: 1 } }, 'environments.prod must be an object'],
    [{ environments: [] }, 'environments must be an object: { "prod": { … } }'],
  ];
  for (const [changes, problem] of cases) t.strictSame(problems({ ...EXAMPLE, ...changes }), [problem]);
  t.end();
});

t.test('CloudFormation’s role is an ARN of a role, and absent by default', (t) => {
  t.equal(checkSettings(EXAMPLE, 'dev').executionRoleArn, undefined);
  for (const arn of [
    'arn:aws:iam::123456789012:role/cloudformation-fireblocks-dev',
    'arn:aws-cn:iam::123456789012:role/platform/teams/cloudformation+deploy=1,2.3@dev',
    'arn:aws-us-gov:iam::123456789012:role/r',
  ]) {
    t.equal(checkSettings({ ...EXAMPLE, executionRoleArn: arn }, 'dev').executionRoleArn, arn);
  }
  for (const wrong of [
    'cloudformation-fireblocks-dev',
    'arn:aws:iam::123456789012:user/alice',
    'arn:aws:iam::123456789012:role/',
    'arn:aws:iam::12345:role/cloudformation',
    'arn:aws:sts::123456789012:assumed-role/cloudformation/session',
    'arn:aws:iam::123456789012:role/cloudformation ',
    '',
    null,
  ]) {
    t.strictSame(
      problems({ ...EXAMPLE, executionRoleArn: wrong }),
      ['executionRoleArn must be the ARN of an IAM role that cloudformation.amazonaws.com may assume'],
      JSON.stringify(wrong),
    );
  }
  t.end();
});

t.test('reads a file with a byte order mark', (t) => {
  const file = join(t.testdir(), 'settings.json');
  writeFileSync(file, `\ufeff${JSON.stringify(EXAMPLE)}`);
  t.doesNotThrow(() => readSettings('dev', file));
  t.end();
});

t.test('reports a file that is missing, unreadable, not JSON or not an object', (t) => {
  const directory = t.testdir();
  const file = join(directory, 'settings.json');
  t.throws(() => readSettings('dev', file), {
    message: `${file} can't be used:\n  - it does not exist: run cp infra/settings.example.json ${file} and edit the copy`,
  });
  writeFileSync(file, '{ "projectName": ');
  t.throws(() => readSettings('dev', file), { message: /it is not valid JSON: / });
  writeFileSync(file, '[]');
  t.throws(() => readSettings('dev', file), { message: /it must contain an object/ });
  writeFileSync(file, Buffer.from('\ufeff{}', 'utf16le'));
  t.throws(() => readSettings('dev', file), { message: /it is encoded in UTF-16: save it as UTF-8/ });
  t.throws(() => readSettings('dev', directory), { message: /it can't be read: EISDIR/ });
  t.end();
});

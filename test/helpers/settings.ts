// Settings for the infrastructure tests. Does not load the CDK.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EnvironmentName } from '../../infra/names.js';
import { checkSettings, EXAMPLE_FILE, SettingsError } from '../../infra/settings.js';
import { ROOT } from './cli.js';

export type Json = Readonly<Record<string, unknown>>;

/** The committed example. */
export const EXAMPLE = JSON.parse(readFileSync(join(ROOT, EXAMPLE_FILE), 'utf8')) as Json;

/** A made-up value; Fireblocks publishes one PCR8 for each of its environments. */
export const PCR8 = '0123456789abcdef'.repeat(6);

/** Public keys without known private keys. */
const SIGNERS = {
  alice: 'MCowBQYDK2VwAyEABCS8DLqe29UbYTRPyGJcbfl9ypn9ZhNCrOaB7hC32nI=',
  bob: 'MCowBQYDK2VwAyEAYKVgsHZM3tqWQm++MLMndjKPj6Ah14o1/AAalU/vQJk=',
} as const;

/** Changes to the example that result in different templates. */
export const CHOICES = {
  cosigner: { cosigner: true, cosignerPcr8: PCR8 },
  certificateByArn: {
    certificate: { arn: 'arn:aws:acm:ap-northeast-1:123456789012:certificate/0a1b2c3d' },
  },
  certificateByAcm: {
    hostName: 'callback.example.com',
    auth: 'jwt',
    certificate: { publicZone: { id: 'Z0123456789ABCDEFGHIJ', name: 'example.com' } },
  },
  json: { auth: 'json' },
  lambda: { compute: 'lambda' },
  api: { compute: 'lambda', front: 'api' },
  concurrency: { compute: 'lambda', lambda: { reservedConcurrency: 20, provisionedConcurrency: 2 } },
  handler: {
    callbackKeyAlgorithm: 'ES256',
    basePath: '/fireblocks/callback_handler/',
    keyWithdrawal: 'refuse',
    maxStalenessSeconds: 120,
  },
  signers: {
    policyCases: 'examples/local-policy.cases.yaml',
    policySigners: { quorum: 2, keys: SIGNERS },
  },
  console: {
    console: {
      host: true,
      clientSecurityGroups: ['sg-0a1b2c3d4e5f60718'],
      clientCidrs: ['172.20.0.0/16'],
      alertEmails: ['treasury@example.com'],
      webhookUrl: 'https://hooks.example.com/approvals',
    },
  },
  policyInImage: { policySource: 'image' },
  existingVpc: {
    network: {
      vpcId: 'vpc-0123456789abcdef0',
      privateSubnetIds: ['subnet-0123456789abcdef0', 'subnet-0123456789abcdef1'],
      routeTableIds: ['rtb-0123456789abcdef0'],
      endpoints: 'create',
    },
  },
  existingEndpoints: {
    network: {
      vpcId: 'vpc-0123456789abcdef0',
      privateSubnetIds: ['subnet-0123456789abcdef0', 'subnet-0123456789abcdef1'],
      endpoints: 'existing',
      endpointSecurityGroupId: 'sg-0123456789abcdef0',
      executeApiEndpointId: 'vpce-0123456789abcdef0',
    },
  },
} as const satisfies Readonly<Record<string, Json>>;

const NETWORKS: Readonly<Record<string, Json>> = {
  'new VPC': {},
  'existing VPC': CHOICES.existingVpc,
  'existing endpoints': CHOICES.existingEndpoints,
};
const CERTIFICATES: Readonly<Record<string, Json>> = {
  'private certificate': {},
  'certificate by ARN': CHOICES.certificateByArn,
  'certificate from ACM': CHOICES.certificateByAcm,
};
const COSIGNERS: Readonly<Record<string, Json>> = {
  'without Co-signer': {},
  // A policy in the image that must be signed, so that every combination is checked with and without these settings.
  'with Co-signer': { ...CHOICES.cosigner, ...CHOICES.signers, ...CHOICES.policyInImage },
};
/** A function behind each front: with everything that is optional, and without. */
const FUNCTIONS: Readonly<Record<string, Json>> = {
  'a function': { ...CHOICES.lambda, ...CHOICES.concurrency },
  'an API, and a Co-signer': { ...CHOICES.api, ...CHOICES.cosigner },
};
/** The smallest, and the largest. */
const CONSOLES: Readonly<Record<string, Json>> = {
  'a console for a function': { ...CHOICES.lambda, console: { clientCidrs: ['172.20.0.0/16'] } },
  'a console': { console: { clientCidrs: ['172.20.0.0/16'] } },
  'a console with all that belongs to it, and a Co-signer': { ...CHOICES.console, ...CHOICES.cosigner },
};

interface Combination {
  readonly name: string;
  readonly changes: Json;
}

/** All 18 combinations of these changes; a function, an API, and a console in each network. */
export const COMBINATIONS: readonly Combination[] = Object.entries(NETWORKS).flatMap(
  ([network, networkChanges]) => [
    ...Object.entries(CERTIFICATES).flatMap(([certificate, certificateChanges]) =>
      Object.entries(COSIGNERS).map(([cosigner, cosignerChanges]) => ({
        name: `${network}, ${certificate}, ${cosigner}`,
        changes: { ...networkChanges, ...certificateChanges, ...cosignerChanges },
      })),
    ),
    ...Object.entries(FUNCTIONS).map(([name, functionChanges]) => ({
      name: `${network}, ${name}`,
      changes: { ...networkChanges, ...functionChanges },
    })),
    ...Object.entries(CONSOLES).map(([name, consoleChanges]) => ({
      name: `${network}, ${name}`,
      changes: { ...networkChanges, ...consoleChanges },
    })),
  ],
);

/** @returns what is reported about settings; nothing if they are valid */
export function problems(json: unknown, environment: EnvironmentName = 'dev'): readonly string[] {
  try {
    checkSettings(json, environment);
    return [];
  } catch (error) {
    if (error instanceof SettingsError) return error.problems;
    throw error;
  }
}

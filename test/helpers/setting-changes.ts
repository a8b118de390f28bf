// A change of each setting, as an operator would make it after a deployment.
import { SETTING_NAMES, NETWORK_SETTING_NAMES } from '../../infra/settings/schema.js';
import { LAMBDA_SETTING_NAMES } from '../../infra/settings/compute.js';
import { CONSOLE_SETTING_NAMES } from '../../infra/settings/console.js';
import { CHOICES, EXAMPLE, type Json, PCR8 } from './settings.js';

export interface SettingChange {
  /** The settings that it is about, such as `network.cidr`. */
  readonly settings: readonly string[];
  readonly change: (settings: Json) => Json;
}

const set =
  (changes: Json) =>
  (settings: Json): Json => ({ ...settings, ...changes });
const inside =
  (part: 'console' | 'network', changes: Json) =>
  (settings: Json): Json => ({ ...settings, [part]: { ...(settings[part] as Json), ...changes } });
const row = (settings: string, change: (settings: Json) => Json): SettingChange => ({
  settings: settings.split(' '),
  change,
});

/** A deployment with everything in a VPC of its own. */
export const OWN_VPC: Json = { ...EXAMPLE, network: {}, ...CHOICES.console, ...CHOICES.cosigner };
/** A deployment in a VPC that exists, for a Co-signer that runs elsewhere. */
export const EXISTING_VPC: Json = { ...EXAMPLE, ...CHOICES.existingVpc, ...CHOICES.console };

/** Changes that both of these deployments can get. */
const ANYWHERE: readonly SettingChange[] = [
  row('executionRoleArn', set({ executionRoleArn: 'arn:aws:iam::123456789012:role/cloudformation' })),
  row('availabilityZones', set({ availabilityZones: ['ap-northeast-1a', 'ap-northeast-1d'] })),
  row('s3PrefixListId', set({ s3PrefixListId: 'pl-0123456789abcdef0' })),
  row('dynamodbPrefixListId', set({ dynamodbPrefixListId: 'pl-0123456789abcdef1' })),
  row('compute front console', set({ compute: 'lambda', front: 'api', console: false })),
  row('compute lambda lambda.reservedConcurrency lambda.provisionedConcurrency', set(CHOICES.concurrency)),
  row('hostName', set({ hostName: 'handler.internal' })),
  row('auth', set({ auth: 'json' })),
  row('callbackKeyAlgorithm', set({ callbackKeyAlgorithm: 'ES256' })),
  row('basePath', set({ basePath: '/fireblocks' })),
  row('certificate', set(CHOICES.certificateByArn)),
  row('certificate hostName', set(CHOICES.certificateByAcm)),
  row('keyWithdrawal', set({ keyWithdrawal: 'refuse' })),
  row('maxStalenessSeconds', set({ maxStalenessSeconds: 120 })),
  row('policySource', set(CHOICES.policyInImage)),
  row('policyCases policySigners', set(CHOICES.signers)),
  row('console', set({ console: false })),
  row('console.host', inside('console', { host: false })),
  row('console.clientSecurityGroups', inside('console', { clientSecurityGroups: [] })),
  row('console.clientCidrs', inside('console', { clientCidrs: ['172.21.0.0/16'] })),
  row('console.alertEmails', inside('console', { alertEmails: ['a@example.com', 'b@example.com'] })),
  row('console.webhookUrl', inside('console', { webhookUrl: 'https://hooks.example.com/other' })),
  row('console.desiredCount', inside('console', { desiredCount: 2 })),
  row('desiredCount maxCount', set({ desiredCount: 3, maxCount: 6 })),
  row('maxCount', set({ maxCount: 8 })),
  row('tlsToTask', (settings) => ({ ...settings, tlsToTask: settings['tlsToTask'] !== true })),
  row('retentionDays', set({ retentionDays: 800 })),
  row('architecture', set({ architecture: 'arm64' })),
  row('alarmEmail', set({ alarmEmail: 'alarms@example.com' })),
  row('network.endpointZones', inside('network', { endpointZones: 2 })),
];

export const CHANGES_IN_OWN_VPC: readonly SettingChange[] = [
  ...ANYWHERE,
  row('cosignerPcr8', set({ cosignerPcr8: PCR8.replaceAll('0', 'f') })),
  row('cosignerImageId', set({ cosignerImageId: 'ami-0123456789abcdef0' })),
  row('network.cidr', set({ network: { cidr: '10.9.0.0/16' } })),
  row('network.vpcId network.privateSubnetIds network.endpoints', set(CHOICES.existingVpc)),
];

export const CHANGES_IN_EXISTING_VPC: readonly SettingChange[] = [
  ...ANYWHERE,
  row('cosigner', set(CHOICES.cosigner)),
  row('network.vpcId', inside('network', { vpcId: 'vpc-0fedcba9876543210' })),
  row(
    'network.privateSubnetIds',
    inside('network', { privateSubnetIds: ['subnet-0123456789abcdef2', 'subnet-0123456789abcdef3'] }),
  ),
  row('network.routeTableIds', inside('network', { routeTableIds: ['rtb-0123456789abcdef1'] })),
  row('network.endpoints network.endpointSecurityGroupId', set(CHOICES.existingEndpoints)),
  row(
    'compute front console network.endpoints network.executeApiEndpointId',
    set({ ...CHOICES.existingEndpoints, ...CHOICES.api, console: false }),
  ),
  row(
    'cosignerSecurityGroupId network.endpoints',
    set({ ...CHOICES.existingEndpoints, cosignerSecurityGroupId: 'sg-0123456789abcdef1' }),
  ),
];

/** What makes another deployment, with stacks of its own, and not a change of this one. */
export const ANOTHER_DEPLOYMENT = ['projectName', 'account', 'region'];

/** Every setting of the schema. */
export const ALL_SETTINGS: readonly string[] = [
  ...SETTING_NAMES.filter((name) => name !== 'network' && name !== 'environments'),
  ...NETWORK_SETTING_NAMES.map((name) => `network.${name}`),
  ...LAMBDA_SETTING_NAMES.map((name) => `lambda.${name}`),
  ...CONSOLE_SETTING_NAMES.map((name) => `console.${name}`),
];

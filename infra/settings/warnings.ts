// Warns about settings that work, but not with every Co-signer or not safely.
import { ENVIRONMENT_NAMES, type EnvironmentName } from '../names.js';
import type { Settings } from './schema.js';

/** The first AWS Nitro Co-signer that accepts ES256, and for which JWT with a pinned certificate or a root CA is announced. */
export const NITRO_VERSION = '2026.08.19';
/** The first SGX Co-signer that accepts JWT together with a pinned certificate or a root CA. */
export const SGX_VERSION = '2025.12.11';

/** Top-level domains in which nobody registers a domain: reserved (RFC 2606, RFC 6761, ICANN), or only ever used privately. */
const PRIVATE_DOMAINS = [
  'corp',
  'home',
  'internal',
  'intranet',
  'invalid',
  'lan',
  'local',
  'private',
  'test',
];

/** @returns one line for each warning */
export function findWarnings(settings: Settings, environment: EnvironmentName): readonly string[] {
  const {
    alarmEmail,
    auth,
    certificate,
    console: withConsole,
    front,
    network,
    cosigner,
    hostName,
  } = settings;
  return [
    ...roleWarnings(settings, environment),
    ...(environment === 'prod' && alarmEmail === undefined
      ? [
          'Nobody receives the alarms, because "alarmEmail" is not set: set it, or subscribe to the topic in the output AlarmTopicArn.',
        ]
      : []),
    ...(auth === 'json'
      ? [
          `Requests are not authenticated, because "auth" is "json": whoever reaches the ${front === 'alb' ? 'load balancer' : 'API'} can send requests, and answers are not signed.`,
        ]
      : []),
    ...(auth === 'jwt' && front === 'alb' && certificate === 'private'
      ? [
          `"certificate": "private" with JWT needs a Co-signer that is set up with option 4 or 5. AWS Nitro Co-signers may support them from version ${NITRO_VERSION} on: check with Fireblocks. The script on the Co-signer's host sets them up; the Console sets up options 1 and 2 only.`,
        ]
      : []),
    ...(withConsole?.webhookUrl !== undefined && !('vpcId' in network) && !cosigner
      ? [
          '"console.webhookUrl" needs a route to the internet, which the VPC that is created does not have: use an existing VPC with a NAT gateway, or notify people by e-mail.',
        ]
      : []),
    ...(front === 'alb' && isWholeDomain(hostName)
      ? [
          `The private zone ${hostName} hides all other names of that domain in the VPC. If the domain is in use elsewhere, use a name of its own, such as callback.${hostName}.`,
        ]
      : []),
    ...(withConsole !== undefined && certificate === 'private'
      ? [
          'Browsers must trust your own CA before they use a passkey in the console: install .keys/<env>/tls_ca.pem on the machines of approvers, and again after each --renew-certificate.',
        ]
      : []),
  ];
}

/** Whether it is a name that people register, such as example.com, and not a host in it. */
function isWholeDomain(hostName: string): boolean {
  const labels = hostName.split('.');
  return labels.length === 2 && !PRIVATE_DOMAINS.includes(labels[1] ?? '');
}

/** CloudFormation's roles are named after the environment that they are for; see docs/permissions.md. */
function roleWarnings(
  { executionRoleArn }: Pick<Settings, 'executionRoleArn'>,
  environment: EnvironmentName,
): readonly string[] {
  if (executionRoleArn === undefined) return [];
  const role = roleName(executionRoleArn);
  const words = role.split(/[^A-Za-z0-9]+/);
  const other = ENVIRONMENT_NAMES.find((name) => words.includes(name));
  if (other === undefined || words.includes(environment)) return [];
  return [
    `CloudFormation would work on ${environment} with ${role}, which seems to be the role for ${other}: set "executionRoleArn" under "environments" in the settings.`,
  ];
}

/** @returns the name in the ARN of a role, without its path */
export function roleName(arn: string): string {
  return arn.split('/').at(-1) ?? arn;
}

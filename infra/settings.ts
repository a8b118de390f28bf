// What a company chooses: infra/settings.json, checked as a whole before anything is made of it.
import { readFileSync } from 'node:fs';
import * as z from 'zod';
import { nearest } from '../src/policy/language/nearest.js';
import { ENVIRONMENT_NAMES, type EnvironmentName } from './names.js';

export const SETTINGS_FILE = 'infra/settings.json';
export const EXAMPLE_FILE = 'infra/settings.example.json';

const text = (pattern: RegExp, expected: string) =>
  z.string({ error: missingOr(`must be ${expected}`) }).regex(pattern, `must be ${expected}`);
const id = (prefix: string) =>
  text(new RegExp(`^${prefix}-[0-9a-f]{8,17}$`), `an id such as ${prefix}-0123456789abcdef0`);
const two = <Item extends z.ZodType>(item: Item, expected: string) =>
  z.tuple([item, item], { error: missingOr(`must be ${expected}`) });
const oneOf = <const Values extends readonly string[]>(...values: Values) =>
  z.enum(values, { error: missingOr(`must be ${values.map((value) => `"${value}"`).join(' or ')}`) });

/** A label has at most 63 letters, a name 253 (RFC 1035); a zone has at least two labels. */
const DNS_NAME = /^(?=.{4,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)+$/;
const REGION = /^[a-z]{2}(-[a-z]+)+-\d$/;
/** In how many zones the interface endpoints are: each is paid for in each of them. */
const endpointZones = z.literal([1, 2], { error: 'must be 1 or 2' }).default(1);

const ownNetwork = z.strictObject({
  /** Of the VPC that is made; its subnets are the first three /24 of it. */
  cidr: text(
    /^(10\.(\d|[1-9]\d|1\d\d|2[0-4]\d|25[0-5])|172\.(1[6-9]|2\d|3[01])|192\.168)\.0\.0\/16$/,
    'a private range of size /16, such as 10.0.0.0/16',
  ).default('10.0.0.0/16'),
  endpointZones,
});

const LIST_OF_ROUTE_TABLES = 'must be a list of route tables';

const existingNetwork = z.strictObject({
  vpcId: id('vpc'),
  /** One in each of the availability zones, in their order. */
  privateSubnetIds: two(id('subnet'), 'a list of two subnets, one in each zone'),
  /** Whether the endpoints are made, or are there already. */
  endpoints: oneOf('create', 'existing'),
  /** Of the subnets; the S3 endpoint that is made goes into them. */
  routeTableIds: z.array(id('rtb'), LIST_OF_ROUTE_TABLES).min(1, LIST_OF_ROUTE_TABLES).optional(),
  /** Of the endpoints that are there already. */
  endpointSecurityGroupId: id('sg').optional(),
  endpointZones,
});

const common = {
  /** The beginning of the names of stacks, buckets and parameters. */
  projectName: text(/^[a-z][a-z0-9-]{1,18}[a-z0-9]$/, '3 to 20 small letters, digits and hyphens'),
  /** Absent: the account of the credentials that deploy. */
  account: text(/^\d{12}$/, 'the 12 digits of an AWS account, in quotes').optional(),
  region: text(REGION, 'an AWS region such as ap-northeast-1'),
  availabilityZones: two(
    text(/^[a-z]{2}(-[a-z]+)+-\d[a-z]$/, 'a zone such as ap-northeast-1a'),
    'a list of two zones such as ["ap-northeast-1a", "ap-northeast-1c"]',
  ),
  /** Of S3 in the region: container images lie there, and security groups can't name it otherwise. */
  s3PrefixListId: id('pl'),
  /** What the Co-signer calls the handler. A private zone of exactly this name is made. */
  hostName: text(DNS_NAME, 'a DNS name such as callback.internal'),
  /** How the Co-signer and the handler talk: signed JWTs, or JSON, which the network alone authenticates. */
  auth: oneOf('jwt', 'json').default('jwt'),
  certificate: z.union(
    [
      // Of a CA of its own: its ARN is a parameter of the stack.
      z.literal('private'),
      z.strictObject({
        arn: text(/^arn:aws[\w-]*:acm:[\w-]+:\d{12}:certificate\/[\w-]+$/, 'the ARN of a certificate in ACM'),
      }),
      // Issued by ACM, to which a record in a public zone proves the domain.
      z.strictObject({
        publicZone: z.strictObject({
          id: text(/^Z[A-Z0-9]{1,31}$/, 'the id of a hosted zone, Z…'),
          name: text(DNS_NAME, 'the domain name of the zone'),
        }),
      }),
    ],
    {
      error: missingOr(
        'must be "private", {"arn": "arn:aws:acm:…"} or {"publicZone": {"id": "Z…", "name": "example.com"}}',
      ),
    },
  ),
  /** Whether the Co-signer is hosted here as well. */
  cosigner: z.boolean({ error: 'must be true or false' }).default(false),
  /** What the enclave of the hosted Co-signer attests; Fireblocks publishes it for each of its environments. */
  cosignerPcr8: text(/^[0-9a-f]{96}$/i, 'the PCR8 of the Co-signer, 96 hexadecimal digits').optional(),
  /** Of the hosted Co-signer. Absent: the newest Amazon Linux 2023, and a newer one replaces the instance. */
  cosignerImageId: id('ami').optional(),
  /** Of a Co-signer that is hosted elsewhere in the VPC. Absent: a group is made for it. */
  cosignerSecurityGroupId: id('sg').optional(),
  /** Number of tasks. */
  desiredCount: z
    .int('must be a whole number')
    .min(0, 'must be 0 or more')
    .max(10, 'must be 10 at most')
    .default(1),
  /** Of the processors that tasks run on, and that the image is built for. */
  architecture: oneOf('x86_64', 'arm64').default('x86_64'),
  /** Is told of alarms. */
  alarmEmail: z.email('must be an e-mail address').optional(),
};

/** As they stand in the settings file. */
export const SETTING_NAMES = [...Object.keys(common), 'network', 'environments'];

const withOwnNetwork = z.strictObject({ ...common, network: ownNetwork.prefault({}) });
const withExistingNetwork = z.strictObject({ ...common, network: existingNetwork });

export type Settings = z.infer<typeof withOwnNetwork> | z.infer<typeof withExistingNetwork>;
export type ExistingNetwork = z.infer<typeof existingNetwork>;

/** The settings can't be used; `problems` says all that must be changed. */
export class SettingsError extends Error {
  readonly code = 'SETTINGS_INVALID';
  readonly problems: readonly string[];

  constructor(file: string, problems: readonly string[]) {
    super(`${file} can't be used:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
    this.name = 'SettingsError';
    this.problems = problems;
  }
}

/** @throws {SettingsError} */
export function readSettings(environment: EnvironmentName, file = SETTINGS_FILE): Settings {
  let content: string;
  try {
    content = readFileSync(file, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    throw new SettingsError(file, [
      code === 'ENOENT'
        ? `it is not there: cp ${EXAMPLE_FILE} ${file}, and edit it`
        : `it can't be read: ${code}`,
    ]);
  }
  let json: unknown;
  try {
    json = JSON.parse(content);
  } catch (error) {
    throw new SettingsError(file, [
      `it is not JSON: ${error instanceof Error ? error.message : String(error)}`,
    ]);
  }
  return checkSettings(json, environment, file);
}

type Raw = Readonly<Record<string, unknown>>;

/**
 * @param json of the settings file: settings for all environments, and in `environments` what is different in one
 * @throws {SettingsError} with every problem at once, those of other environments too
 */
export function checkSettings(json: unknown, environment: EnvironmentName, file = SETTINGS_FILE): Settings {
  if (!isObject(json)) throw new SettingsError(file, ['it must hold an object: { "projectName": …, … }']);
  const { environments = {}, ...everywhere } = json;
  const problems = new Set(environmentProblems(environments));
  const check = (name: EnvironmentName): Settings | undefined => {
    const overrides = isObject(environments) && isObject(environments[name]) ? environments[name] : {};
    const settings = merge(everywhere, overrides);
    const schema = isExisting(settings['network']) ? withExistingNetwork : withOwnNetwork;
    const { data, error } = schema.safeParse(settings);
    for (const problem of [...(error?.issues.flatMap(toProblems) ?? []), ...contradictions(settings)]) {
      if (problems.has(problem)) continue;
      const setting = /^\w+/.exec(problem)?.[0] ?? '';
      problems.add(Object.hasOwn(overrides, setting) ? `environments.${name}.${problem}` : problem);
    }
    return data;
  };
  const [settings] = [environment, ...ENVIRONMENT_NAMES].map(check);
  if (settings === undefined || problems.size > 0) throw new SettingsError(file, [...problems]);
  return settings;
}

/** What an environment says of the network is added to what is said of it everywhere, unless it names a VPC. */
function merge(everywhere: Raw, overrides: Raw): Raw {
  const [common, own] = [everywhere['network'], overrides['network']];
  const network =
    isObject(common) && isObject(own) && !('vpcId' in own) ? { ...common, ...own } : (own ?? common);
  return { ...everywhere, ...overrides, ...(network !== undefined && { network }) };
}

function isExisting(network: unknown): boolean {
  return (
    isObject(network) &&
    Object.keys(network).some((key) => !(key in ownNetwork.shape) && key in existingNetwork.shape)
  );
}

function environmentProblems(environments: unknown): readonly string[] {
  if (!isObject(environments)) return ['environments must be an object: { "prod": { … } }'];
  return Object.entries(environments).flatMap(([name, overrides]) => {
    if (!ENVIRONMENT_NAMES.includes(name as EnvironmentName)) {
      return [`environments.${name} is not known: there are ${ENVIRONMENT_NAMES.join(', ')}`];
    }
    return isObject(overrides) ? [] : [`environments.${name} must be an object`];
  });
}

/** What is wrong between settings that may each be right. */
function contradictions(settings: Raw): readonly string[] {
  const { availabilityZones: zones, hostName, certificate, cosigner } = settings;
  const region =
    typeof settings['region'] === 'string' && REGION.test(settings['region'])
      ? settings['region']
      : undefined;
  const network = isObject(settings['network']) ? settings['network'] : {};
  const problems: string[] = [];

  if (Array.isArray(zones) && region !== undefined) {
    const elsewhere = zones.filter((zone) => typeof zone === 'string' && !zone.startsWith(region));
    if (elsewhere.length > 0) problems.push(`availabilityZones ${elsewhere.join(', ')} must be in ${region}`);
    if (zones.length === 2 && zones[0] === zones[1])
      problems.push('availabilityZones must be two different ones');
  }
  if (isObject(certificate)) {
    const { arn, publicZone } = certificate;
    const arnRegion = typeof arn === 'string' ? arn.split(':')[3] : undefined;
    if (arnRegion !== undefined && region !== undefined && arnRegion !== region) {
      problems.push(`certificate.arn is in ${arnRegion}: it must be in ${region}, as the load balancer is`);
    }
    const zoneName = isObject(publicZone) ? publicZone['name'] : undefined;
    if (typeof zoneName === 'string' && typeof hostName === 'string') {
      const inZone = hostName === zoneName || hostName.endsWith(`.${zoneName}`);
      if (!inZone)
        problems.push(`hostName ${hostName} must be in the public zone ${zoneName}, or ACM can't issue`);
    }
  }
  if (cosigner === true) {
    if (settings['cosignerPcr8'] === undefined) {
      problems.push('cosignerPcr8 is missing: with "cosigner": true it must be what Fireblocks publishes');
    }
    if (settings['cosignerSecurityGroupId'] !== undefined) {
      problems.push('cosignerSecurityGroupId has no use with "cosigner": true: remove it');
    }
    if (certificate === 'private' && settings['auth'] !== 'json') {
      problems.push(
        'auth must be "json" with "certificate": "private": the Co-signer trusts no CA of yours with JWT',
      );
    }
  } else {
    for (const name of ['cosignerPcr8', 'cosignerImageId']) {
      if (settings[name] !== undefined)
        problems.push(`${name} has no use without "cosigner": true: remove it`);
    }
  }
  if (
    cosigner !== true &&
    settings['cosignerSecurityGroupId'] !== undefined &&
    network['endpoints'] !== 'existing'
  ) {
    problems.push(
      'cosignerSecurityGroupId needs the VPC of that Co-signer as "network", with "endpoints": "existing": endpoints made here would serve the handler alone',
    );
  }
  const needed = { create: 'routeTableIds', existing: 'endpointSecurityGroupId' } as const;
  const { endpoints } = network;
  if (endpoints === 'create' || endpoints === 'existing') {
    const name = needed[endpoints];
    if (network[name] === undefined) {
      problems.push(`network.${name} is missing: it is needed with "endpoints": "${endpoints}"`);
    }
  }
  return problems;
}

const NETWORK_KEYS = [...Object.keys(ownNetwork.shape), ...Object.keys(existingNetwork.shape)];

function toProblems(issue: z.core.$ZodIssue): readonly string[] {
  const path = issue.path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`));
  if (issue.code === 'unrecognized_keys') {
    const known = issue.path.length === 0 ? SETTING_NAMES : issue.path[0] === 'network' ? NETWORK_KEYS : [];
    return issue.keys.map((key) => {
      const place = [...path, `.${key}`].join('').slice(1);
      const hint = nearest(key, known);
      if (hint === key) return `${place} has no use with an existing VPC: remove it`;
      return `${place} is not known: ${hint === undefined ? 'remove it' : `did you mean "${hint}"?`}`;
    });
  }
  return [`${path.join('').slice(1)} ${issue.message}`];
}

function missingOr(message: string) {
  return ({ input }: { input?: unknown }): string =>
    input === undefined ? `is missing: it ${message}` : message;
}

function isObject(value: unknown): value is Raw {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

// Finds settings that are valid individually but contradict each other.
import { consoleProblems } from './console.js';
import { isObject, type JsonObject } from './json.js';
import { REGION } from './schema.js';

/**
 * @param settings not yet validated against the schema, so that all problems can be reported at once
 * @returns one line for each problem
 */
export function findContradictions(settings: JsonObject): readonly string[] {
  return [
    ...zoneProblems(settings),
    ...certificateProblems(settings),
    ...cosignerProblems(settings),
    ...endpointProblems(settings),
    ...consoleProblems(settings),
    ...countProblems(settings),
  ];
}

function countProblems({ desiredCount, maxCount }: JsonObject): string[] {
  if (typeof desiredCount !== 'number' || typeof maxCount !== 'number' || maxCount >= desiredCount) return [];
  return [`maxCount is ${maxCount}, but desiredCount is ${desiredCount}: it must not be smaller`];
}

function zoneProblems(settings: JsonObject): string[] {
  const zones = settings['availabilityZones'];
  const region = validRegion(settings);
  if (!Array.isArray(zones) || region === undefined) return [];
  const problems: string[] = [];
  const elsewhere = zones.filter((zone) => typeof zone === 'string' && !zone.startsWith(region));
  if (elsewhere.length > 0) problems.push(`availabilityZones ${elsewhere.join(', ')} must be in ${region}`);
  if (zones.length === 2 && zones[0] === zones[1]) {
    problems.push('availabilityZones must be two different zones');
  }
  return problems;
}

function certificateProblems(settings: JsonObject): string[] {
  const { certificate, hostName } = settings;
  if (!isObject(certificate)) return [];
  const problems: string[] = [];
  const { arn, publicZone } = certificate;
  const region = validRegion(settings);
  const arnRegion = typeof arn === 'string' ? arn.split(':')[3] : undefined;
  if (arnRegion !== undefined && region !== undefined && arnRegion !== region) {
    problems.push(`certificate.arn is in ${arnRegion}: it must be in ${region}, like the load balancer`);
  }
  const zoneName = isObject(publicZone) ? publicZone['name'] : undefined;
  if (typeof zoneName === 'string' && typeof hostName === 'string') {
    const inZone = hostName === zoneName || hostName.endsWith(`.${zoneName}`);
    if (!inZone) {
      problems.push(
        `hostName ${hostName} must be in the public zone ${zoneName}: otherwise ACM can't issue the certificate`,
      );
    }
    if (hostName === zoneName) {
      problems.push(
        `hostName must not be ${hostName} itself: its private zone would hide all other names of ${zoneName} in the VPC. Use a name of its own, such as callback.${zoneName}`,
      );
    }
  }
  return problems;
}

function cosignerProblems(settings: JsonObject): string[] {
  return settings['cosigner'] === true ? hostedCosignerProblems(settings) : otherCosignerProblems(settings);
}

function hostedCosignerProblems(settings: JsonObject): string[] {
  const problems: string[] = [];
  if (settings['cosignerPcr8'] === undefined) {
    problems.push('cosignerPcr8 is missing: "cosigner": true needs the PCR8 that Fireblocks publishes');
  }
  if (settings['cosignerSecurityGroupId'] !== undefined) {
    problems.push('cosignerSecurityGroupId has no effect with "cosigner": true: remove it');
  }
  return problems;
}

/** Checks settings for a Co-signer that runs elsewhere. */
function otherCosignerProblems(settings: JsonObject): string[] {
  const problems = ['cosignerPcr8', 'cosignerImageId']
    .filter((name) => settings[name] !== undefined)
    .map((name) => `${name} has no effect without "cosigner": true: remove it`);
  const network = isObject(settings['network']) ? settings['network'] : {};
  if (settings['cosignerSecurityGroupId'] !== undefined && network['endpoints'] !== 'existing') {
    problems.push(
      'cosignerSecurityGroupId needs that Co-signer\'s VPC as "network", with "endpoints": "existing": endpoints created here would serve only the handler',
    );
  }
  return problems;
}

function endpointProblems({ network }: JsonObject): string[] {
  if (!isObject(network)) return [];
  const { endpoints } = network;
  if (endpoints !== 'create' && endpoints !== 'existing') return [];
  const needed = { create: 'routeTableIds', existing: 'endpointSecurityGroupId' }[endpoints];
  return network[needed] === undefined
    ? [`network.${needed} is missing: "endpoints": "${endpoints}" needs it`]
    : [];
}

/** The region, unless the schema reports it already. */
function validRegion({ region }: JsonObject): string | undefined {
  return typeof region === 'string' && REGION.test(region) ? region : undefined;
}

// Defaults that depend on the environment, or on other settings.
import type { EnvironmentName } from '../names.js';
import { computeDefaults } from './compute.js';
import { isObject, type JsonObject } from './json.js';

/** @param settings of one environment, not yet validated @returns the same, with these defaults where nothing is set */
export function withDefaults(settings: JsonObject, environment: EnvironmentName): JsonObject {
  const production = environment === 'prod';
  const { desiredCount = production ? 2 : 1, network = {} } = settings;
  // A mistake in desiredCount is reported once, not for both.
  const least = typeof desiredCount === 'number' ? Math.max(0, Math.ceil(desiredCount)) : 0;
  const { lambda, ...others } = computeDefaults(settings, environment);
  return {
    maxCount: Math.min(production ? 2 * least : least, 20),
    tlsToTask: production,
    ...others,
    ...settings,
    ...(lambda !== undefined && { lambda }),
    desiredCount,
    network: isObject(network) ? { endpointZones: production ? 2 : 1, ...network } : network,
  };
}

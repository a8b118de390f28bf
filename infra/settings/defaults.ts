// Defaults that depend on the environment, or on other settings.
import type { EnvironmentName } from '../names.js';
import { isObject, type JsonObject } from './json.js';

/** @param settings of one environment, not yet validated @returns the same, with these defaults where nothing is set */
export function withDefaults(settings: JsonObject, environment: EnvironmentName): JsonObject {
  const production = environment === 'prod';
  const { desiredCount = production ? 2 : 1, network = {} } = settings;
  return {
    maxCount: production && typeof desiredCount === 'number' ? 2 * desiredCount : desiredCount,
    tlsToTask: production,
    ...settings,
    desiredCount,
    network: isObject(network) ? { endpointZones: production ? 2 : 1, ...network } : network,
  };
}

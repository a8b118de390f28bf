// The environment variables of the service's container.
import { SHUTDOWN_TIMEOUT_MS } from '../../src/timeouts.js';
import type { Deployment } from '../deployment.js';

/** Variables that are left out have the service's own defaults. */
export function serviceEnvironment({ names, settings }: Deployment): Record<string, string> {
  const { auth, basePath, keyWithdrawal, maxStalenessSeconds } = settings;
  return {
    // The service treats an empty variable as not set.
    BASE_PATH: basePath === '' ? '/' : basePath,
    CALLBACK_AUTH: auth,
    CALLBACK_PRIVATE_KEY_PARAMETER: names.parameters.callbackPrivateKey,
    COSIGNER_PUBLIC_KEY_PARAMETER: names.parameters.cosignerPublicKey,
    POLICY_PARAMETER: names.parameters.policy,
    SHUTDOWN_TIMEOUT_MS: String(SHUTDOWN_TIMEOUT_MS),
    STOP_PARAMETER: names.parameters.policyStop,
    ...(keyWithdrawal !== 'keep' && { KEY_WITHDRAWAL: keyWithdrawal }),
    ...(maxStalenessSeconds !== undefined && { MAX_STALENESS_SECONDS: String(maxStalenessSeconds) }),
  };
}

// The environment variables of the handler, as a task or as a function, and of the console's container.
import type * as s3 from 'aws-cdk-lib/aws-s3';
import { POLICY_FILE } from '../../src/config.js';
import { SHUTDOWN_TIMEOUT_MS } from '../../src/timeouts.js';
import type { Deployment } from '../deployment.js';
import { ARCHIVE_PREFIX, CONSOLE_PORT, type Names } from '../names.js';
import { consoleOrigin, type Settings } from '../settings.js';
import type { Store } from './store.js';

/** The variables of the handler's container. */
export function serviceEnvironment(
  deployment: Deployment,
  policyBucket: s3.IBucket,
  store: Store,
): Record<string, string> {
  return {
    ...handlerEnvironment(deployment, policyBucket, store),
    SHUTDOWN_TIMEOUT_MS: String(SHUTDOWN_TIMEOUT_MS),
    ...taskTls(deployment.settings),
  };
}

/** The handler's variables, wherever it runs. Those that are left out have the handler's own defaults. */
export function handlerEnvironment(
  deployment: Deployment,
  policyBucket: s3.IBucket,
  store: Store,
): Record<string, string> {
  const { names, settings } = deployment;
  const { auth, basePath, keyWithdrawal, maxStalenessSeconds } = settings;
  return {
    // The service treats an empty variable as not set.
    BASE_PATH: basePath === '' ? '/' : basePath,
    CALLBACK_AUTH: auth,
    CALLBACK_PRIVATE_KEY_PARAMETER: names.parameters.callbackPrivateKey,
    COSIGNER_PUBLIC_KEY_PARAMETER: names.parameters.cosignerPublicKey,
    POLICY_BUCKET: policyBucket.bucketName,
    STOP_PARAMETER: names.parameters.policyStop,
    ...sharedEnvironment(deployment, store),
    ...(keyWithdrawal !== 'keep' && { KEY_WITHDRAWAL: keyWithdrawal }),
    ...(maxStalenessSeconds !== undefined && { MAX_STALENESS_SECONDS: String(maxStalenessSeconds) }),
  };
}

/**
 * The console's variables. It knows neither the handler's keys nor the emergency stop.
 * @param topicArn of the topic that tells people about requests that wait for them
 */
export function consoleEnvironment(
  deployment: Deployment,
  policyBucket: s3.IBucket,
  store: Store,
  topicArn: string,
): Record<string, string> {
  const { names, settings } = deployment;
  const webhook = settings.console?.webhookUrl;
  return {
    POLICY_BUCKET: policyBucket.bucketName,
    SHUTDOWN_TIMEOUT_MS: String(SHUTDOWN_TIMEOUT_MS),
    ...sharedEnvironment(deployment, store),
    ...taskTls(settings),
    CONSOLE_PORT: String(CONSOLE_PORT),
    NOTIFY_TOPIC: topicArn,
    ...(webhook !== undefined && {
      NOTIFY_WEBHOOK: webhook,
      NOTIFY_WEBHOOK_SECRET_PARAMETER: names.console.webhookSecret,
    }),
  };
}

/** What the handler and the console have in common: policy, store, and the origin of the passkeys. */
function sharedEnvironment(
  { names, settings }: Deployment,
  { table, archive }: Store,
): Record<string, string> {
  return {
    STORE_ARCHIVE: `s3://${archive.bucketName}/${ARCHIVE_PREFIX}`,
    STORE_RETENTION_DAYS: String(settings.retentionDays),
    STORE_TABLE: table.tableName,
    ...policySource(names, settings),
    ...policySigners(settings),
    ...(settings.console !== undefined && { CONSOLE_ORIGIN: consoleOrigin(settings) }),
  };
}

function taskTls({ tlsToTask }: Settings): Record<string, string> {
  return tlsToTask ? { TLS: 'self-signed' } : {};
}

/** The file is relative to the image's working directory. What is signed names it as it stands here. */
function policySource({ parameters }: Names, { policySource }: Settings): Record<string, string> {
  return policySource === 'image'
    ? { POLICY_FILE }
    : { POLICY_PARAMETER: parameters.policy, POLICY_CANDIDATE_PARAMETER: parameters.policyCandidate };
}

function policySigners({ policySigners }: Settings): Record<string, string> {
  if (policySigners === undefined) return {};
  const { quorum, keys } = policySigners;
  return {
    POLICY_SIGNERS: Object.entries(keys)
      .map(([name, key]) => `${name}=${key}`)
      .join(','),
    POLICY_QUORUM: String(quorum),
  };
}

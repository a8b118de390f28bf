// One emulated account with keys, policy and a store, and environments of the Lambda function in it.
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import type { Test } from 'tap';
import { type Cosigner, createCosigner, type Outcome } from '../../cli/cosigner/client.js';
import { samplePayload } from '../../cli/cosigner/request.js';
import { DynamoTable } from '../../src/store/dynamodb.js';
import { clientOptions } from './aws.js';
import { type Pair, rsaPair } from './keys.js';
import { type LambdaFunction, loadBalancer, startFunction } from './lambda.js';
import { motoStore } from './moto-store.js';
import { PARAMETERS, putParameter } from './moto.js';

const REGION = 'eu-central-1';
const STARTS = 3;
export const BUCKET = 'records';

/** A policy that needs a store, and decides everything the same way. */
export const policy = (action: string): string => `version: 1
limits:
  payouts: { amount: tx.amount, per: [tx.sourceId], window: 24h, max: "1000000" }
rules:
  - { id: ${action}-all, for: transaction, when: 'true', action: ${action}${action === 'reject' ? ', reason: Changed.' : ''} }
`;

export interface LambdaAccount {
  readonly endpoint: string;
  readonly env: Readonly<Record<string, string>>;
  readonly table: DynamoTable;
  /** Of the table's server. */
  readonly client: DynamoDBClient;
  readonly s3: S3Client;
  readonly callback: Pair;
  readonly cosigner: Pair;
  readonly put: (name: keyof typeof PARAMETERS, value: string) => Promise<void>;
}

/** Its policy approves everything. */
export async function lambdaAccount(t: Test): Promise<LambdaAccount> {
  const moto = await motoStore(t);
  const [callback, cosigner] = [rsaPair(), rsaPair()];
  const put = (name: keyof typeof PARAMETERS, value: string) =>
    putParameter(moto.endpoint, PARAMETERS[name], value);
  await put('callback', callback.privatePem);
  await put('cosigner', cosigner.publicPem);
  await put('policy', policy('approve'));
  const s3 = new S3Client({ ...clientOptions(moto.endpoint), region: REGION, forcePathStyle: true });
  await s3.send(
    new CreateBucketCommand({
      Bucket: BUCKET,
      CreateBucketConfiguration: { LocationConstraint: REGION },
    }),
  );
  const name = await moto.createTable();
  const table = new DynamoTable(name, { createClient: () => moto.client() });
  t.teardown(() => table.close());
  const env = {
    ...moto.env,
    CALLBACK_PRIVATE_KEY_PARAMETER: PARAMETERS.callback,
    COSIGNER_PUBLIC_KEY_PARAMETER: PARAMETERS.cosigner,
    POLICY_PARAMETER: PARAMETERS.policy,
    POLICY_CANDIDATE_PARAMETER: PARAMETERS.candidate,
    STOP_PARAMETER: PARAMETERS.stop,
    STORE_TABLE: name,
    STORE_ARCHIVE: `s3://${BUCKET}`,
  };
  return {
    ...{ endpoint: moto.endpoint, env, table, client: moto.client() },
    ...{ s3, callback, cosigner, put },
  };
}

export interface Environment extends LambdaFunction {
  /** A Co-signer that calls this environment through a load balancer. */
  readonly client: (cosigner: Pair, callback: Pair) => Cosigner;
}

/** Starts one environment. */
export async function environment(t: Test, env: Readonly<Record<string, string>>): Promise<Environment> {
  const lambda = await started(t, env);
  const url = `${await loadBalancer(t, lambda)}/callback`;
  const client = (cosigner: Pair, callback: Pair): Cosigner => {
    const created = createCosigner({
      url,
      keys: { privateKey: cosigner.privateKey, callbackPublicKeys: [callback.publicKey] },
    });
    t.teardown(() => created.close());
    return created;
  };
  return { ...lambda, client };
}

/** A busy machine may take longer than Lambda's time for the start; then Lambda starts another environment. */
async function started(t: Test, env: Readonly<Record<string, string>>): Promise<LambdaFunction> {
  for (let attempt = 1; ; attempt++) {
    const lambda = await startFunction(t, { cwd: t.testdir(), env });
    const exitCode = await Promise.race([lambda.ready, lambda.handler.exited]);
    if (exitCode === undefined) return lambda;
    if (attempt === STARTS) throw new Error(JSON.stringify(lambda.handler.lines.at(-1)));
  }
}

export function ask(client: Cosigner, payload = samplePayload('transaction')): Promise<Outcome> {
  return client.send('transaction', payload);
}

// Replies to what the emulator does not do for a Lambda function: to create its alias in a stack, and to run it.
import { CreateAliasCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { FUNCTION_ALIAS } from '../../infra/names.js';
import { clientOptions, NAMES } from './aws.js';
import { type AwsCall, type AwsReply, json } from './aws-proxy.js';

export interface EmulatedFunction {
  /** What it answers to every event. */
  answer: unknown;
  /** What it logs meanwhile. */
  log: string;
  /** Ids of the VPC endpoints of an API, which the emulator does not store. */
  apiEndpoints: readonly string[];
  /** The events that it was called with. */
  readonly events: unknown[];
  /** @returns undefined for what the emulator does */
  reply: (call: AwsCall) => Promise<AwsReply | undefined>;
}

/** The version that the emulator's alias always names. */
const FIRST_VERSION = '1';

const NO_PROVISIONED_CONCURRENCY: AwsReply = {
  status: 404,
  body: '{"Message":"there is none"}',
  headers: { 'x-amzn-errortype': 'ProvisionedConcurrencyConfigNotFoundException' },
};

export function emulateFunction(endpoint: string, names = NAMES): EmulatedFunction {
  let provisioned: object | undefined;
  const emulated: EmulatedFunction = {
    answer: { statusCode: 200, body: '{"status":"ok"}' },
    log: '',
    apiEndpoints: [],
    events: [],
    async reply({ service, action, body }) {
      if (service === 'apigateway') return apiReply(action, emulated.apiEndpoints);
      if (service !== 'lambda') return undefined;
      if (action.endsWith('/provisioned-concurrency')) {
        if (action.startsWith('PUT')) {
          const { ProvisionedConcurrentExecutions: requested } = JSON.parse(body) as Record<string, number>;
          provisioned = { RequestedProvisionedConcurrentExecutions: requested, Status: 'IN_PROGRESS' };
          return json(provisioned, 202);
        }
        if (provisioned === undefined) return NO_PROVISIONED_CONCURRENCY;
        if (action.startsWith('GET')) return json(provisioned);
        provisioned = undefined;
        return { status: 204, body: '' };
      }
      if (!action.endsWith('/invocations')) return undefined;
      await createAlias(endpoint, names);
      emulated.events.push(JSON.parse(body));
      const log = Buffer.from(emulated.log).toString('base64');
      return { ...json(emulated.answer), headers: { 'x-amz-log-result': log } };
    },
  };
  return emulated;
}

/** The emulator creates no stages in stacks, and APIs without their endpoints. */
function apiReply(action: string, vpcEndpointIds: readonly string[]): AwsReply | undefined {
  if (action.endsWith('/stages/dev')) return json({ deploymentId: 'abc123' });
  if (/^GET \/restapis\/\w+$/.test(action))
    return json({ endpointConfiguration: { types: ['PRIVATE'], vpcEndpointIds } });
  return undefined;
}

/** The stack's alias exists when its creation is complete, and so before it is called. */
async function createAlias(endpoint: string, names: Pick<typeof NAMES, 'function'>): Promise<void> {
  const client = new LambdaClient(clientOptions(endpoint));
  await client
    .send(
      new CreateAliasCommand({
        FunctionName: names.function,
        Name: FUNCTION_ALIAS,
        FunctionVersion: FIRST_VERSION,
      }),
    )
    .catch((error: unknown) => {
      if ((error as Error).name !== 'ConflictException') throw error;
    });
}

// The Lambda function that runs the handler: its state, and its concurrency.
import {
  DeleteFunctionConcurrencyCommand,
  DeleteProvisionedConcurrencyConfigCommand,
  GetFunctionCommand,
  GetFunctionConcurrencyCommand,
  GetProvisionedConcurrencyConfigCommand,
  PutFunctionConcurrencyCommand,
  PutProvisionedConcurrencyConfigCommand,
} from '@aws-sdk/client-lambda';
import { FUNCTION_ALIAS } from '../../infra/names.js';
import { isAwsError } from './error.js';
import type { Session } from './session.js';

type Client = Pick<Session, 'aws' | 'names'>;

/** Environments that are always kept ready. */
export interface ProvisionedConcurrency {
  readonly requested: number;
  readonly available: number;
  /** `READY`, `IN_PROGRESS` or `FAILED`. */
  readonly status: string;
  /** Why it is not ready. */
  readonly reason: string | undefined;
}

export interface FunctionState {
  /** The version that is called. */
  readonly version: string;
  /** `Active`, `Inactive` after weeks without a call, `Pending` or `Failed`. */
  readonly state: string;
  readonly reason: string | undefined;
  readonly image: string | undefined;
  /** How many requests it answers at the same time, at most; undefined if the account's limit applies. 0: it is stopped. */
  readonly reserved: number | undefined;
  readonly provisioned: ProvisionedConcurrency | undefined;
}

/** @returns undefined if there is no function, or none that is called */
export async function describeFunction(session: Client): Promise<FunctionState | undefined> {
  const { aws, names } = session;
  const called = { FunctionName: names.function, Qualifier: FUNCTION_ALIAS };
  try {
    const [{ Configuration = {}, Code }, { ReservedConcurrentExecutions: reserved }, provisioned] =
      await Promise.all([
        aws.lambda.send(new GetFunctionCommand(called)),
        aws.lambda.send(new GetFunctionConcurrencyCommand({ FunctionName: names.function })),
        describeProvisioned(session),
      ]);
    const { Version = 'unknown', State = 'unknown', StateReason: reason } = Configuration;
    return { version: Version, state: State, reason, image: Code?.ImageUri, reserved, provisioned };
  } catch (error) {
    if (isAwsError(error, 'ResourceNotFoundException')) return undefined;
    throw error;
  }
}

async function describeProvisioned({ aws, names }: Client): Promise<ProvisionedConcurrency | undefined> {
  try {
    const found = await aws.lambda.send(
      new GetProvisionedConcurrencyConfigCommand({
        FunctionName: names.function,
        Qualifier: FUNCTION_ALIAS,
      }),
    );
    return {
      requested: found.RequestedProvisionedConcurrentExecutions ?? 0,
      available: found.AvailableProvisionedConcurrentExecutions ?? 0,
      status: found.Status ?? 'unknown',
      reason: found.StatusReason,
    };
  } catch (error) {
    if (isAwsError(error, 'ProvisionedConcurrencyConfigNotFoundException', 'ResourceNotFoundException'))
      return undefined;
    throw error;
  }
}

/** @returns for example `version 12 of the function is active, at most 20 at the same time, 2 kept ready` */
export function describeFunctionState({ version, state, reserved, provisioned }: FunctionState): string {
  if (reserved === 0) return `version ${version} of the function is stopped`;
  return [
    `version ${version} of the function is ${state.toLowerCase()}`,
    ...(reserved === undefined ? [] : [`at most ${reserved} at the same time`]),
    ...(provisioned === undefined ? [] : [`${provisioned.available} of ${provisioned.requested} kept ready`]),
  ].join(', ');
}

/** Without any concurrency, Lambda throttles all requests. Nothing can be kept ready meanwhile. */
export async function stopFunction(session: Client): Promise<void> {
  const { aws, names } = session;
  await deleteProvisioned(session);
  await aws.lambda.send(
    new PutFunctionConcurrencyCommand({ FunctionName: names.function, ReservedConcurrentExecutions: 0 }),
  );
}

/** Lambda may refuse to delete what does not exist. */
async function deleteProvisioned(session: Client): Promise<void> {
  const { aws, names } = session;
  if ((await describeProvisioned(session)) === undefined) return;
  await aws.lambda.send(
    new DeleteProvisionedConcurrencyConfigCommand({
      FunctionName: names.function,
      Qualifier: FUNCTION_ALIAS,
    }),
  );
}

/** Gives the function the concurrency of the settings. */
export async function startFunction(session: Pick<Session, 'aws' | 'names' | 'settings'>): Promise<void> {
  const { aws, names, settings } = session;
  const { lambda } = settings;
  const FunctionName = names.function;
  const { reservedConcurrency, provisionedConcurrency = 0 } = lambda ?? {};
  await (reservedConcurrency === undefined
    ? aws.lambda.send(new DeleteFunctionConcurrencyCommand({ FunctionName }))
    : aws.lambda.send(
        new PutFunctionConcurrencyCommand({
          FunctionName,
          ReservedConcurrentExecutions: reservedConcurrency,
        }),
      ));
  if (provisionedConcurrency === 0) {
    await deleteProvisioned(session);
    return;
  }
  await aws.lambda.send(
    new PutProvisionedConcurrencyConfigCommand({
      FunctionName,
      Qualifier: FUNCTION_ALIAS,
      ProvisionedConcurrentExecutions: provisionedConcurrency,
    }),
  );
}

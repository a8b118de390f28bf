// Whether the Lambda function answers.
import { InvokeCommand } from '@aws-sdk/client-lambda';
import { FUNCTION_ALIAS } from '../../infra/names.js';
import { HEALTH_PATH } from '../../src/timeouts.js';
import { isAwsError } from './error.js';
import type { Session } from './session.js';

/** What a call of the function resulted in. */
export interface HealthAnswer {
  readonly healthy: boolean;
  /** The answer, or why there is none: one line. */
  readonly text: string;
  /** The last lines that it logged. */
  readonly log: readonly string[];
}

/** Characters of an answer that are shown. */
const SHOWN = 500;

/**
 * Asks the function for its health, as the load balancer would.
 * @param which the version in use, or the newest, as it is after an update
 * @returns undefined if an emulator runs no functions
 */
export async function askHealth(
  { aws, names, emulated }: Pick<Session, 'aws' | 'names' | 'emulated'>,
  which: 'live' | 'newest',
): Promise<HealthAnswer | undefined> {
  try {
    const {
      FunctionError,
      Payload,
      LogResult = '',
    } = await aws.lambda.send(
      new InvokeCommand({
        FunctionName: names.function,
        // Without one, Lambda runs what the newest version was published from.
        ...(which === 'live' && { Qualifier: FUNCTION_ALIAS }),
        Payload: JSON.stringify(HEALTH_EVENT),
        LogType: 'Tail',
      }),
    );
    const answer = Buffer.from(Payload ?? []).toString('utf8');
    const log = Buffer.from(LogResult, 'base64').toString('utf8').split('\n');
    return { ...judge(FunctionError, answer), log: log.filter((line) => line.trim() !== '') };
  } catch (error) {
    if (emulated && isServerError(error)) return undefined;
    // It is throttled, or Lambda is still preparing it.
    const isLater = isAwsError(
      error,
      'TooManyRequestsException',
      'ResourceConflictException',
      'ResourceNotReadyException',
    );
    if (!isLater) throw error;
    return { healthy: false, text: (error as Error).message, log: [] };
  }
}

function isServerError(error: unknown): boolean {
  const { $metadata } = error as { readonly $metadata?: { readonly httpStatusCode?: number } };
  return ($metadata?.httpStatusCode ?? 0) >= 500;
}

function judge(failure: string | undefined, answer: string): Pick<HealthAnswer, 'healthy' | 'text'> {
  if (failure !== undefined) return { healthy: false, text: `it failed: ${answer.slice(0, SHOWN)}` };
  const { statusCode, body = '' } = parse(answer);
  if (statusCode === 200) return { healthy: true, text: 'it answers 200' };
  const what = typeof statusCode === 'number' ? `${statusCode} ${body}` : answer;
  return { healthy: false, text: `it answers ${what.slice(0, SHOWN)}` };
}

function parse(answer: string): { readonly statusCode?: unknown; readonly body?: string } {
  try {
    return JSON.parse(answer) as { statusCode?: unknown; body?: string };
  } catch {
    return {};
  }
}

/** As an Application Load Balancer sends it to a target group with multi-value headers. */
const HEALTH_EVENT = {
  requestContext: { elb: { targetGroupArn: 'none: the deploy command asks' } },
  httpMethod: 'GET',
  path: HEALTH_PATH,
  multiValueQueryStringParameters: {},
  multiValueHeaders: { 'user-agent': ['ELB-HealthChecker/2.0'] },
  body: '',
  isBase64Encoded: false,
};

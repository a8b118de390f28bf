// Records what IAM would check when an operator's commands call AWS; test/permissions.ts compares it with the policies.
import { appendFileSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import type { Call } from './iam.js';
import { requestsOf } from './iam-requests.js';
import type { AwsRequest } from './iam-rule.js';
import { ROOT } from './paths.js';

/**
 * The access key of commands that an operator runs. Emulators accept any. What is signed with another one is the service,
 * or the test itself.
 */
export const OPERATOR_KEY = 'operator';

const DIRECTORY = `${ROOT}.tap/operator-calls/`;

export interface Recorded {
  /** What was called, such as `ssm GetParameter`. */
  readonly operation: string;
  readonly region: string;
  readonly calls: readonly Call[];
  /** Why it is not known what IAM checks. */
  readonly problem?: string;
}

const recorded = new Set<string>();

/** Keeps only actions, ARNs and condition keys, and each combination once per process. */
export function recordOperatorCall(request: AwsRequest): void {
  const line = JSON.stringify(toRecord(request));
  if (recorded.has(line)) return;
  recorded.add(line);
  mkdirSync(DIRECTORY, { recursive: true });
  appendFileSync(`${DIRECTORY}${process.pid}.jsonl`, `${line}\n`);
}

function toRecord(request: AwsRequest): Recorded {
  const { service, action, region } = request;
  const operation = `${service} ${action}`;
  try {
    return { operation, region, calls: requestsOf(request) };
  } catch (error) {
    return { operation, region, calls: [], problem: (error as Error).message };
  }
}

/** @returns what all processes recorded; empty if no command called AWS */
export function readOperatorCalls(): readonly Recorded[] {
  let files: readonly string[] = [];
  try {
    files = readdirSync(DIRECTORY);
  } catch {
    // Nothing was recorded.
  }
  const lines = files.flatMap((file) => readFileSync(`${DIRECTORY}${file}`, 'utf8').trim().split('\n'));
  return [...new Set(lines)].map((line) => JSON.parse(line) as Recorded);
}

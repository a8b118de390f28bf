// What IAM checks for one operation of AWS: the parts that rules are made of. The rules are in iam-rules.ts.
import type { Call } from './iam.js';

/** A call as it was sent. */
export interface AwsRequest {
  /** The service named in the signature: `cloudformation`, `ssm`, … */
  readonly service: string;
  /** For example `CreateStack`; for S3, method and path. */
  readonly action: string;
  readonly region: string;
  readonly url: string;
  readonly body: string;
  /** Whether it asks to delete what Object Lock keeps in governance mode. */
  readonly bypassesGovernance: boolean;
}

export type Input = Readonly<Record<string, unknown>>;
export type Rule = (input: Input, request: AwsRequest) => readonly Call[];

/** The account of the emulator. */
export const ACCOUNT = '123456789012';

export function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

export function list(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map(String) : value === undefined ? [] : [text(value)];
}

export function arn(service: string, region: string, resource: string): string {
  return resource.startsWith('arn:') ? resource : `arn:aws:${service}:${region}:${ACCOUNT}:${resource}`;
}

/** @param resources without the beginning of the ARN; `*` for actions that are not restricted to resources */
export function calls(
  prefix: string,
  resources: (input: Input) => readonly string[],
  context?: Call['context'],
): Rule {
  return (input, { action, region }) =>
    resources(input).map((resource) => ({
      action: `${prefix}:${action}`,
      resource: resource === '*' ? '*' : arn(prefix, region, resource),
      ...(context !== undefined && { context }),
    }));
}

export const anywhere = (prefix: string): Rule => calls(prefix, () => ['*']);

export const anywhereOf = (prefix: string, actions: readonly string[]): Readonly<Record<string, Rule>> =>
  Object.fromEntries(actions.map((action) => [action, anywhere(prefix)]));

/** Several rules for one call. */
export const all =
  (...rules: readonly Rule[]): Rule =>
  (input, request) =>
    rules.flatMap((rule) => rule(input, request));

/** The key's id is not known in advance: the encryption context says what it may be used for. */
export function useKey(action: string, region: string, context: Record<string, string>): Call {
  return { action: `kms:${action}`, resource: arn('kms', region, 'key/any'), context };
}

// What CloudFormation calls for a type of resource. The tables with all types are network-types.ts and service-types.ts.
import type { Call } from '../../helpers/iam.js';
import type { Json } from '../../helpers/settings.js';

export interface ResourceType {
  /** ARN of a resource with these properties, or of an example if AWS chooses its name. */
  readonly arn: (properties: Json, stackName: string) => string;
  /** What reads it, for drift detection too. */
  readonly read: readonly string[];
  readonly write: readonly string[];
  /** What else is called, or with conditions. */
  readonly also?: readonly Call[];
}

/** As in the policies. */
export const REGION = 'REGION';
export const ACCOUNT = 'ACCOUNT';

export const TAGGED = { 'aws:ResourceTag/Project': 'PROJECT', 'aws:ResourceTag/Environment': 'ENVIRONMENT' };
export const KEY = `arn:aws:kms:${REGION}:${ACCOUNT}:key/any`;

export function arn(service: string, resource: string): string {
  return `arn:aws:${service}:${REGION}:${ACCOUNT}:${resource}`;
}

export const text = (value: unknown): string => (typeof value === 'string' ? value : '');

export function passRole(service: string): Call {
  return {
    action: 'iam:PassRole',
    resource: `arn:aws:iam::${ACCOUNT}:role/PROJECT-ENVIRONMENT-security-TaskRole30FC0FBB-ABCDEFGHIJKLM`,
    context: { 'iam:PassedToService': `${service}.amazonaws.com` },
  };
}

/** CloudFormation creates the role if it is missing. */
export function linkedRole(service: string): Call {
  return {
    action: 'iam:CreateServiceLinkedRole',
    resource: `arn:aws:iam::${ACCOUNT}:role/aws-service-role/${service}.amazonaws.com/any`,
    context: { 'iam:AWSServiceName': `${service}.amazonaws.com` },
  };
}

export function withKey(service: string, ...actions: readonly string[]): readonly Call[] {
  return actions.map((action) => ({
    action: `kms:${action}`,
    resource: KEY,
    context: { 'kms:ViaService': `${service}.${REGION}.amazonaws.com` },
  }));
}

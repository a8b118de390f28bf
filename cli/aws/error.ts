// The operator-command error: what failed, and what to do next.
import { BaseError } from '../../src/protocol/error.js';
import type { KeyErrorCode } from '../../src/protocol/key.js';

/** Explained in DEPLOYMENT.md. */
export const DEPLOY_ERROR_CODES = [
  'ACCOUNT_DIFFERS',
  'ACCOUNT_NOT_READY',
  'AWS_BUSY',
  'AWS_FAILED',
  'AWS_NOT_FOUND',
  'AWS_REFUSED',
  'AWS_UNREACHABLE',
  'BUCKET_MISSING',
  'BUCKET_NOT_EMPTIED',
  'BUCKET_UNVERSIONED',
  'BUILD_FAILED',
  'BUILD_MISSING',
  'CANDIDATE_MISSING',
  'CASES_FAILED',
  'CASES_MISSING',
  'CALLBACK_KEY_ALGORITHM_DIFFERS',
  'CALLBACK_KEY_DIFFERS',
  'CERTIFICATE_MISSING',
  'CERTIFICATE_NOT_ISSUED',
  'CERTIFICATE_OF_OTHER_NAME',
  'CHANGE_REFUSED',
  'COSIGNER_HOSTED',
  'CREDENTIALS_MISSING',
  'CREDENTIALS_REFUSED',
  'DRIFT_UNKNOWN',
  'FILE_UNUSABLE',
  'FUNCTION_STOPPED',
  'FUNCTION_UNHEALTHY',
  'HOST_NAME_TAKEN',
  'IMAGE_MISSING',
  'IMAGE_NOT_SCANNED',
  'IMAGE_VULNERABLE',
  'KEY_MISSING',
  'LIST_NOT_IN_AWS',
  'LIST_UNREADABLE',
  'NAMES_TAKEN',
  'NODE_TOO_OLD',
  'NOT_CONFIRMED',
  'NO_ENGINE',
  'NO_LOG',
  'NO_REVISION',
  'NO_SERVICE',
  'PARAMETER_EXISTS',
  'PARAMETER_NOT_ENCRYPTED',
  'PARAMETER_TOO_LARGE',
  'PERMISSION_MISSING',
  'POLICY_CHANGED',
  'POLICY_IN_IMAGE',
  'POLICY_UNSOUND',
  'QUOTA_REACHED',
  'REGION_DIFFERS',
  'REGION_UNUSABLE',
  'SERVICE_NOT_STEADY',
  'SIGNATURES_MISSING',
  'STACK_BUSY',
  'STACK_FAILED',
  'STACK_LEFT_OVER',
  'STACK_NOT_DELETED',
  'STACK_STUCK',
  'STORE_UNKNOWN',
  'TABLE_DIFFERS',
  'VERSION_MISSING',
  'ZONE_UNUSABLE',
] as const;
export type DeployErrorCode = (typeof DEPLOY_ERROR_CODES)[number] | KeyErrorCode;

/** The command can't continue: exit code 1. */
export class DeployError extends BaseError<DeployErrorCode> {
  /** What the operator should do or run next. */
  readonly next: string;
  /** Additional helpful lines, such as the last lines of a log. */
  readonly details: readonly string[];

  constructor(code: DeployErrorCode, message: string, next: string, details: readonly string[] = []) {
    super(code, message);
    this.next = next;
    this.details = details;
  }
}

/** Whether AWS responded with one of these error codes. The SDK puts the code in `name`. */
export function isAwsError(error: unknown, ...names: readonly string[]): boolean {
  return error instanceof Error && names.includes(error.name);
}

// The differences between dev, staging and prod. Everything else is the same in all three or comes from the settings.
// Only the type: the commands read this file too, without loading the CDK.
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { EnvironmentName } from './names.js';

/** The values that are specific to an environment. */
export interface Sizing {
  /** CPU units for each task; 1024 units are one vCPU. */
  readonly cpu: number;
  /** Memory for each task, in MiB. */
  readonly memoryMiB: number;
  /** How long logs are kept, in days. */
  readonly retentionDays: RetentionDays;
  /**
   * Keep keys, the image repository, buckets and logs when their stack is deleted, and turn on deletion protection. In
   * the other environments they are deleted with their stack.
   */
  readonly production: boolean;
}

export const ENVIRONMENTS = {
  dev: { cpu: 256, memoryMiB: 512, retentionDays: 7, production: false },
  staging: { cpu: 512, memoryMiB: 1024, retentionDays: 30, production: false },
  prod: { cpu: 1024, memoryMiB: 2048, retentionDays: 400, production: true },
} as const satisfies Readonly<Record<EnvironmentName, Sizing>>;

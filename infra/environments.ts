// The differences between dev, staging and prod. Everything else is the same in all three or comes from the settings.
// It does not load the CDK, because the commands read it too.
import type { EnvironmentName } from './names.js';

/** The values that are specific to an environment. */
export interface Sizing {
  /** CPU units for each task; 1024 units are one vCPU. */
  readonly cpu: number;
  /** Memory for each task, in MiB. */
  readonly memoryMiB: number;
  /** Memory for the function, in MiB. Lambda gives it CPU in proportion: one vCPU at 1,769 MiB. */
  readonly functionMemoryMiB: number;
  /** How long logs are kept, in days: one of the numbers that CloudWatch Logs accepts. */
  readonly retentionDays: 7 | 30 | 400;
  /**
   * Keep keys, the image repository, buckets and logs when their stack is deleted, and turn on deletion protection. In
   * the other environments they are deleted with their stack.
   */
  readonly production: boolean;
}

export const ENVIRONMENTS = {
  dev: { cpu: 256, memoryMiB: 512, functionMemoryMiB: 1024, retentionDays: 7, production: false },
  staging: { cpu: 512, memoryMiB: 1024, functionMemoryMiB: 1024, retentionDays: 30, production: false },
  prod: { cpu: 1024, memoryMiB: 2048, functionMemoryMiB: 1769, retentionDays: 400, production: true },
} as const satisfies Readonly<Record<EnvironmentName, Sizing>>;

// What differs between the environments. Everything else is the same everywhere, or a company's own choice: settings.
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { EnvironmentName } from './names.js';

export const ENVIRONMENTS = {
  dev: { cpu: 256, memoryMiB: 512, retentionDays: RetentionDays.ONE_WEEK, production: false },
  staging: { cpu: 512, memoryMiB: 1024, retentionDays: RetentionDays.ONE_MONTH, production: false },
  prod: { cpu: 1024, memoryMiB: 2048, retentionDays: RetentionDays.THREE_MONTHS, production: true },
} as const satisfies Readonly<Record<EnvironmentName, Environment>>;

export interface Environment {
  /** CPU units of a task; 1024 are one vCPU. */
  readonly cpu: number;
  readonly memoryMiB: number;
  /** How long logs are kept, in days. */
  readonly retentionDays: RetentionDays;
  /**
   * Whether keys, the repository, buckets and logs outlive their stack, and nothing can be deleted by mistake. Elsewhere
   * they go with it.
   */
  readonly production: boolean;
}

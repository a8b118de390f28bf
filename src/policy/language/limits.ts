// The policy's limits, as rules see them under `limits`: `limits.dailyPayouts.remaining`.
import type { Decimal } from '../../protocol/decimal.js';

/** Of the counter that a transaction belongs to. What the transaction itself was counted for is not part of it. */
export class LimitFacts {
  readonly spent: Decimal;
  readonly remaining: Decimal;
  readonly max: Decimal;

  constructor(spent: Decimal, remaining: Decimal, max: Decimal) {
    this.spent = spent;
    this.remaining = remaining;
    this.max = max;
  }
}

/** All limits, keyed by name; a limit that does not concern the transaction is absent. */
export class LimitsObject {
  readonly [name: string]: LimitFacts | undefined;
}

/** The type of one limit, and of its facts. */
export const LIMIT_TYPE = 'Limit';
export const LIMIT_FACT_TYPES: Readonly<Record<string, string>> = {
  spent: 'Decimal',
  remaining: 'Decimal',
  max: 'Decimal',
};

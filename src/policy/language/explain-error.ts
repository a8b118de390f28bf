// Explains why a rule could not be evaluated.
import { EvaluationError, serialize } from '@marcbachmann/cel-js';
import { BaseError } from '../../protocol/error.js';

/** @returns an explanation that is safe to log: it never contains a value from the request */
export function explainError(error: unknown): string {
  if (error instanceof BaseError) {
    switch (error.code) {
      case 'FACT_UNUSABLE':
      case 'NUMBER_TOO_LONG':
      case 'BUDGET_EXCEEDED':
        return error.message;
    }
  }
  // The message of a cel-js error may quote values; its code and node do not.
  if (error instanceof EvaluationError) {
    const part = error.node === undefined ? 'it' : serialize(error.node);
    return error.code === 'no_such_key' ? `${part} is absent` : `${part}: ${error.code.replaceAll('_', ' ')}`;
  }
  return 'unexpected error';
}

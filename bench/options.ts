// Parsers for command-line options.
import { InvalidArgumentError } from 'commander';

/** @throws {InvalidArgumentError} if it is not a positive whole number */
export function wholeNumber(value: string): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number) || number < 1) {
    throw new InvalidArgumentError('It must be a positive whole number.');
  }
  return number;
}

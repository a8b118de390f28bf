// Forms of JSON that others write: times, and problems in words.
import * as z from 'zod';

/** A time with its offset, such as `2026-12-01T12:00:00Z`. */
export const UNTIL = z.iso
  .datetime({ offset: true, error: 'must be a time such as "2026-12-01T12:00:00Z"' })
  .transform((written) => new Date(written));

export interface FormProblem {
  /** Where it is, such as `['destinations', 0, 'amount']`; empty for the whole. */
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

export function problemsOf(error: z.ZodError | undefined): readonly FormProblem[] {
  return (error?.issues ?? []).map((issue) => ({ path: issue.path, message: messageOf(issue) }));
}

/** `destinations[1].amount must be …`; entries are counted from 1. */
export function describeProblem({ path, message }: FormProblem): string {
  const place = path.map((key) => (typeof key === 'number' ? `[${key + 1}]` : `.${String(key)}`));
  const name = place.join('').replace(/^\./, '');
  return [name, message].filter((part) => part !== '').join(' ');
}

function messageOf(issue: z.core.$ZodIssue): string {
  if (issue.code === 'unrecognized_keys') {
    return `has unknown keys: ${issue.keys.map((key) => JSON.stringify(key)).join(', ')}`;
  }
  return issue.message;
}

// Forms of JSON that others write: times, and problems in words.
import * as z from 'zod';

/** A time with its offset, such as `2026-12-01T12:00:00Z`. */
export const UNTIL = z.iso
  .datetime({ offset: true, error: 'must be a time such as "2026-12-01T12:00:00Z"' })
  .transform((written) => new Date(written));

/** @returns each problem, with the place that has it */
export function problemsOf(error: z.ZodError | undefined): readonly string[] {
  return (error?.issues ?? []).map((issue) => {
    const place = issue.path.map((key) => (typeof key === 'number' ? `[${key + 1}]` : `.${String(key)}`));
    const name = place.join('').replace(/^\./, '');
    return [name, messageOf(issue)].filter((part) => part !== '').join(' ');
  });
}

function messageOf(issue: z.core.$ZodIssue): string {
  if (issue.code === 'unrecognized_keys') {
    return `has unknown keys: ${issue.keys.map((key) => JSON.stringify(key)).join(', ')}`;
  }
  return issue.message;
}

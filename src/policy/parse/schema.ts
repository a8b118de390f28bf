// The schema of a policy file, with the messages for values that do not match it.
import * as z from 'zod';
import type { Kind } from '../../protocol/request.js';
import { OTHERWISE } from '../evaluate/rules.js';
import { nearest } from '../language/nearest.js';

export const KINDS = ['transaction', 'configuration'] as const satisfies readonly Kind[];

export const ruleSchema = z.strictObject({
  id: z
    .string(must('be a string'))
    .regex(/^[\w.-]{1,64}$/, 'must consist of 1 to 64 letters, digits and _ . -')
    .refine((id) => id !== OTHERWISE, `must not be "${OTHERWISE}", which stands for "no rule matched"`),
  for: oneOf(KINDS),
  when: z.string(must('be an expression')),
  action: oneOf(['approve', 'reject', 'retry', 'ignore']),
  reason: z.string(must('be a string')).max(1000, 'must have at most 1000 characters').optional(),
});

export const policySchema = z.strictObject(
  {
    version: z.literal('1', must('be 1')),
    lists: orEmpty(
      {},
      z.record(
        z.string(),
        z.array(z.string(must('be a string')).min(1, 'must not be empty'), must('be a list of strings')),
        must('contain lists of strings, each with a name'),
      ),
    ),
    rules: orEmpty([], z.array(ruleSchema, must('be a list of rules'))),
    // Safe defaults: if no rule matches, or a rule fails, nothing is approved.
    otherwise: oneOf(['reject', 'retry', 'ignore']).default('reject'),
    onError: oneOf(['retry', 'reject']).default('retry'),
  },
  must('have the keys version, lists, rules, otherwise and onError'),
);

/** An error message such as "must be a string"; it is prefixed with the value's name. */
function must(demand: string) {
  return { error: (issue: z.core.$ZodRawIssue) => messageOf(demand, issue) };
}

function messageOf(demand: string, { code, input }: z.core.$ZodRawIssue): string | undefined {
  // Reported for each key, with a suggestion.
  if (code === 'unrecognized_keys') return undefined;
  return input === undefined ? `is missing; it must ${demand}` : `must ${demand}`;
}

function oneOf<const Names extends readonly string[]>(names: Names) {
  return z.enum(names, {
    error(issue) {
      const near = typeof issue.input === 'string' ? nearest(issue.input, names) : undefined;
      const hint = near === undefined ? '' : `; did you mean "${near}"?`;
      return messageOf(`be one of ${names.join(', ')}${hint}`, issue);
    },
  });
}

/** Accepts a key without a value, as when all entries below it are commented out. */
function orEmpty<Schema extends z.ZodType>(empty: unknown, schema: Schema) {
  return z.preprocess((value) => (value === '' || value === undefined ? empty : value), schema);
}

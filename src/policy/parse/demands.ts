// The building blocks of the schema of a policy file, whose messages say what to write.
import * as z from 'zod';
import { parseAmount } from '../../protocol/decimal.js';
import { nearest } from '../language/nearest.js';

export function isAmount(text: string): boolean {
  return parseAmount(text) !== undefined;
}

/** Checks with the schema that the value is meant for; the problems of a union would not say which part is wrong. */
export function eitherOf(isFirst: (value: unknown) => boolean, first: z.ZodType, second: z.ZodType) {
  return z.unknown().check((context) => {
    const { error } = (isFirst(context.value) ? first : second).safeParse(context.value);
    for (const issue of error?.issues ?? []) {
      context.issues.push({ ...issue, input: context.value } as z.core.$ZodRawIssue);
    }
  });
}

/** An error message such as "must be a string"; it is prefixed with the value's name. */
export function must(demand: string) {
  return { error: (issue: z.core.$ZodRawIssue) => messageOf(demand, issue) };
}

function messageOf(demand: string, { code, input }: z.core.$ZodRawIssue): string | undefined {
  // Reported for each key, with a suggestion.
  if (code === 'unrecognized_keys') return undefined;
  return input === undefined ? `is missing; it must ${demand}` : `must ${demand}${found(input, demand)}`;
}

/** What stands there instead, if its kind is wrong. */
function found(input: unknown, demand: string): string {
  if (typeof input === 'string' && input !== '') {
    if (demand.startsWith('be a list of strings')) return ', and this is one string: put it in brackets';
    return demand.startsWith('have the keys') ? ', and this is a string: write a space after each colon' : '';
  }
  if (Array.isArray(input)) return ', and this is a list';
  return typeof input === 'object' && input !== null ? ', and this has keys' : '';
}

/** What others write for our words. */
const SYNONYMS: Readonly<Record<string, string>> = {
  ...{ deny: 'reject', block: 'reject', refuse: 'reject', allow: 'approve', accept: 'approve' },
  ...{
    wait: 'retry',
    hold: 'retry',
    skip: 'ignore',
    pass: 'ignore',
    tx: 'transaction',
    config: 'configuration',
  },
};

export function oneOf<const Names extends readonly string[]>(names: Names) {
  return z.enum(names, {
    error(issue) {
      const near = typeof issue.input === 'string' ? nearName(issue.input, names) : undefined;
      const hint = near === undefined ? '' : `; did you mean "${near}"?`;
      return messageOf(`be one of ${names.join(', ')}${hint}`, issue);
    },
  });
}

/** Accepts a key without a value, as when all entries below it are commented out. */
export function orEmpty<Schema extends z.ZodType>(empty: unknown, schema: Schema) {
  return z.preprocess((value) => (value === '' || value === undefined ? empty : value), schema);
}

function nearName(written: string, names: readonly string[]): string | undefined {
  const word = written.toLowerCase();
  const synonym = Object.hasOwn(SYNONYMS, word) ? SYNONYMS[word] : undefined;
  return names.find((name) => name === synonym) ?? nearest(written, names);
}

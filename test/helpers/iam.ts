// Evaluates policies as IAM does: which calls their statements allow. Knows the operators that this project uses.
import type { Json } from './settings.js';

export interface Statement {
  readonly Effect: 'Allow' | 'Deny';
  readonly Action: string | readonly string[];
  readonly Resource?: unknown;
  readonly Principal?: unknown;
  readonly Condition?: Json;
  readonly Sid?: string;
}

/** A call that a role or an operator might make. */
export interface Call {
  /** Such as `s3:GetObject`. */
  readonly action: string;
  /** ARN. */
  readonly resource: string;
  /** Condition keys, and their values: the partition keys of DynamoDB, the encryption context of KMS, … */
  readonly context?: Readonly<Record<string, string | readonly string[]>>;
}

/** Whether the statements allow the call, with the rules of IAM: a denial wins, and what is not allowed is denied. */
export function isAllowed(statements: readonly Statement[], call: Call): boolean {
  const matching = statements.filter((statement) => appliesTo(statement, call));
  return (
    matching.some(({ Effect }) => Effect === 'Allow') && !matching.some(({ Effect }) => Effect === 'Deny')
  );
}

/** Whether the statement is about the call, whether it allows or denies it. */
export function appliesTo({ Action, Resource, Condition = {} }: Statement, call: Call): boolean {
  return (
    listOf(Action).some((action) => like(action.toLowerCase(), call.action.toLowerCase())) &&
    listOf(Resource).some((resource) => like(toText(resource), call.resource)) &&
    Object.entries(Condition).every(([operator, keys]) =>
      Object.entries(keys as Json).every(([key, wanted]) =>
        holds(operator, listOf(wanted).map(toText), call.context?.[key]),
      ),
    )
  );
}

/** @throws for an operator that is not used here */
function holds(operator: string, wanted: readonly string[], given: string | readonly string[] = []): boolean {
  const values = listOf(given);
  const matches = (value: string): boolean => wanted.some((pattern) => like(pattern, value));
  switch (operator) {
    case 'Bool':
    case 'StringEquals':
    case 'ForAnyValue:StringEquals':
      return values.some((value) => wanted.includes(value));
    // Both compare with wildcards.
    case 'ArnEquals':
    case 'ArnLike':
    case 'StringLike':
      return values.some(matches);
    case 'ForAllValues:StringLike':
      return values.every(matches);
    case 'ForAnyValue:StringNotLike':
      return values.some((value) => !matches(value));
    case 'Null':
      return (values.length === 0) === (wanted[0] === 'true');
    default:
      throw new Error(`${operator} is not evaluated here`);
  }
}

/** Compares as IAM does: `*` stands for any characters, `?` for one. */
export function like(pattern: string, value: string): boolean {
  const escaped = pattern.replaceAll(/[.+^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`^${escaped.replaceAll('*', '.*').replaceAll('?', '.')}$`).test(value);
}

export function listOf<T>(value: T | readonly T[] | undefined): readonly T[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? (value as readonly T[]) : [value as T];
}

/** A template value as a string, in which references and pseudo parameters appear as `<Name>`. */
export function toText(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value);
  const [[name, inner] = ['', undefined]] = Object.entries(value) as [string, unknown][];
  if (name === 'Ref') return `<${toText(inner)}>`;
  if (name === 'Fn::GetAtt') return `<${listOf(inner as string).join('.')}>`;
  if (name === 'Fn::Join') {
    const [separator, parts] = inner as [string, unknown[]];
    return parts.map(toText).join(separator);
  }
  return JSON.stringify(value);
}

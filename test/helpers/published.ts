// The policies that infra/policies/ publishes for administrators, with their placeholders filled in.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { appliesTo, type Call, isAllowed, like, listOf, type Statement } from './iam.js';
import { ROOT } from './paths.js';

export interface PublishedPolicy {
  /** Name of the file, without `.json`. */
  readonly name: string;
  readonly statements: readonly Statement[];
  /** As in the file. */
  readonly text: string;
}

export type Placeholders = Readonly<Record<'ACCOUNT' | 'REGION' | 'PROJECT' | 'ENVIRONMENT', string>>;

const DIRECTORY = join(ROOT, 'infra/policies');

/** @param prefix `operator` or `cloudformation`: all files whose name begins with it */
export function publishedPolicies(prefix: string): readonly PublishedPolicy[] {
  return readdirSync(DIRECTORY)
    .filter((file) => file.startsWith(prefix) && file.endsWith('.json'))
    .map((file) => {
      const text = readFileSync(join(DIRECTORY, file), 'utf8');
      const { Statement } = JSON.parse(text) as { Statement: Statement[] };
      return { name: file.slice(0, -'.json'.length), statements: Statement, text };
    });
}

/** Fills in the placeholders, as the commands of the guide do. */
export function fillIn<Value>(value: Value, placeholders: Placeholders): Value {
  let text = JSON.stringify(value);
  for (const [name, replacement] of Object.entries(placeholders)) text = text.replaceAll(name, replacement);
  return JSON.parse(text) as Value;
}

/** Fills in the policies, and compares them with the calls of one account, region, project and environment. */
export interface Comparison {
  /** The calls that the policies do not allow. */
  readonly denied: readonly Call[];
  /** The actions and resources that a call needs, as they are in the files. */
  readonly used: ReadonlySet<string>;
}

export function compare(
  statements: readonly Statement[],
  placeholders: Placeholders,
  calls: readonly Call[],
): Comparison {
  const filled = fillIn(statements, placeholders);
  const allowed = calls.filter((call) => isAllowed(filled, call));
  const used = filled.flatMap((statement, index) => usedParts(statements[index], statement, allowed));
  return { denied: calls.filter((call) => !allowed.includes(call)), used: new Set(used) };
}

/** @returns the actions and resources of the statements, such as `Logs: logs:GetLogEvents`; denials need no call */
export function partsOf(statements: readonly Statement[]): readonly string[] {
  return statements
    .filter(({ Effect }) => Effect === 'Allow')
    .flatMap((statement) => [
      ...listOf(statement.Action).map((action) => part(statement, action)),
      ...listOf(statement.Resource).map((resource) => part(statement, resource)),
    ]);
}

function usedParts(
  inFile: Statement | undefined,
  filled: Statement,
  calls: readonly Call[],
): readonly string[] {
  if (inFile === undefined) return [];
  const matching = calls.filter((call) => appliesTo(filled, call));
  const resources = listOf(inFile.Resource);
  return [
    ...listOf(inFile.Action)
      .filter((action) => matching.some((call) => like(action, call.action)))
      .map((action) => part(inFile, action)),
    ...listOf(filled.Resource).flatMap((resource, index) =>
      matching.some((call) => like(String(resource), call.resource)) ? [part(inFile, resources[index])] : [],
    ),
  ];
}

function part({ Sid = '' }: Statement, actionOrResource: unknown): string {
  return `${Sid}: ${String(actionOrResource)}`;
}

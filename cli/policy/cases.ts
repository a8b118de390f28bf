// Test cases for a policy: requests, each with its expected decision.
import { dirname, join } from 'node:path';
import { type Document, parseDocument } from 'yaml';
import * as z from 'zod';
import { InputError, readJson, readText, reasonOf } from '../command.js';
import { explain, type Explanation } from '../../src/policy/evaluate/explain.js';
import type { Policy, RuleDecision } from '../../src/policy/evaluate/rules.js';
import { ACTIONS } from '../../src/protocol/decision.js';
import type { CallbackRequest } from '../../src/protocol/request.js';
import { toRequest } from './files.js';

const actions = ACTIONS.map((action) => action.toLowerCase() as Lowercase<typeof action>);

const caseSchema = z
  .strictObject({
    name: z.string().min(1),
    for: z.enum(['transaction', 'configuration']).optional(),
    payload: z.record(z.string(), z.unknown()).optional(),
    file: z.string().optional(),
    set: z.record(z.string(), z.unknown()).default({}),
    now: z.iso.datetime({ offset: true }).optional(),
    expect: z.strictObject({ action: z.enum(actions), rule: z.string().optional() }),
  })
  .refine(({ payload, file }) => (payload === undefined) !== (file === undefined), {
    error: 'needs either "payload" or "file"',
  });

/** A file with cases. */
export const fileSchema = z.strictObject({ cases: z.array(caseSchema).min(1) });

type CaseEntry = z.infer<typeof caseSchema>;

export interface Case {
  readonly name: string;
  readonly request: CallbackRequest;
  readonly now: Date;
  readonly expected: { readonly action: string; readonly rule: string | undefined };
}

export interface CaseResult extends Case {
  readonly passed: boolean;
  readonly got: RuleDecision;
  readonly explanation: Explanation;
}

export interface TestRun {
  readonly results: readonly CaseResult[];
  /** Ids of the rules that did not decide any case. */
  readonly unmatched: readonly string[];
}

/** @throws {InputError} if the file can't be read or a case is invalid */
export function readCases(file: string): readonly Case[] {
  // With merge keys (`<<: *base`), cases can share what they have in common.
  const document = parseDocument(readText(file), { merge: true });
  const [firstError] = document.errors;
  if (firstError !== undefined) throw new InputError(`${file} is not valid YAML: ${firstError.message}`);
  const { data, error } = fileSchema.safeParse(toValue(document, file));
  if (data === undefined) {
    const problems = error.issues.map(({ path, message }) => `  ${path.join('.')}: ${message}`);
    throw new InputError(`${file} is not a valid test case file:\n${problems.join('\n')}`);
  }
  return data.cases.map((entry) => toCase(entry, dirname(file)));
}

/** @throws {InputError} if an alias refers to an anchor that does not exist */
function toValue(document: Document, file: string): unknown {
  try {
    return document.toJS();
  } catch (error) {
    throw new InputError(`${file} is not valid YAML: ${reasonOf(error)}`);
  }
}

/** @param directory that a case's `file` is relative to */
function toCase({ name, for: kind, payload, file, set, now, expect }: CaseEntry, directory: string): Case {
  const where = `case "${name}"`;
  const base = file === undefined ? payload : readJson(join(directory, file));
  const request = { requestId: name, ...(structuredClone(base) as Record<string, unknown>) };
  for (const [path, value] of Object.entries(set)) setValueAt(request, path, value, where);
  return {
    name,
    request: toRequest(request, where, kind),
    now: now === undefined ? new Date() : new Date(now),
    expected: { action: expect.action.toUpperCase(), rule: expect.rule },
  };
}

/** @param path such as `destinations.0.amountUSD` */
function setValueAt(payload: Record<string, unknown>, path: string, value: unknown, where: string): void {
  const names = path.split('.');
  const last = names.pop() ?? '';
  let target: unknown = payload;
  for (const name of names)
    target = isObject(target) && Object.hasOwn(target, name) ? target[name] : undefined;
  if (!isObject(target))
    throw new InputError(`${where} sets "${path}", but its payload has no "${names.join('.')}"`);
  target[last] = value;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

export function runCases(policy: Policy, cases: readonly Case[]): TestRun {
  const results = cases.map((testCase): CaseResult => {
    const explanation = explain(policy, testCase.request, testCase.now);
    const { decision } = explanation;
    const { action, rule } = testCase.expected;
    const passed = decision.action === action && (rule === undefined || decision.rule === rule);
    return { ...testCase, passed, got: decision, explanation };
  });
  const matched = new Set(
    results.filter(({ got }) => got.ruleError === undefined).map(({ got }) => got.rule),
  );
  return { results, unmatched: policy.rules.map(({ id }) => id).filter((id) => !matched.has(id)) };
}

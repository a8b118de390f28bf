// `npm run policy -- test`: requests with the decision that is expected of a policy.
import { dirname, join } from 'node:path';
import { type Document, parseDocument } from 'yaml';
import * as z from 'zod';
import { readText, reasonOf, UsageError } from '../command.js';
import { explain, type Explanation } from '../../src/policy/evaluate/explain.js';
import type { Policy, RuleDecision } from '../../src/policy/evaluate/rules.js';
import { ACTIONS } from '../../src/protocol/decision.js';
import type { CallbackRequest } from '../../src/protocol/request.js';
import { parseJson, toRequest } from './files.js';

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

const fileSchema = z.strictObject({ cases: z.array(caseSchema).min(1) });

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
  /** Ids of the rules that decided no case. */
  readonly unmatched: readonly string[];
}

/** @throws {UsageError} */
export function readCases(file: string): readonly Case[] {
  // Merge keys let cases share what they have in common.
  const document = parseDocument(readText(file), { merge: true });
  const [fault] = document.errors;
  if (fault !== undefined) throw new UsageError(`${file} is not YAML as it should be: ${fault.message}`);
  const { data, error } = fileSchema.safeParse(toValue(document, file));
  if (data === undefined) {
    const problems = error.issues.map(({ path, message }) => `  ${path.join('.')}: ${message}`);
    throw new UsageError(`${file} holds no test cases as they should be:\n${problems.join('\n')}`);
  }
  return data.cases.map(({ name, payload, file: payloadFile, set, now, expect, ...rest }) => {
    const where = `case "${name}"`;
    const path = payloadFile === undefined ? undefined : join(dirname(file), payloadFile);
    const base = path === undefined ? payload : parseJson(readText(path), path);
    const request = { requestId: name, ...(structuredClone(base) as Record<string, unknown>) };
    for (const [place, value] of Object.entries(set)) setAt(request, place, value, where);
    return {
      name,
      request: toRequest(request, where, rest.for),
      now: now === undefined ? new Date() : new Date(now),
      expected: { action: expect.action.toUpperCase(), rule: expect.rule },
    };
  });
}

function toValue(document: Document, file: string): unknown {
  try {
    return document.toJS();
  } catch (error) {
    throw new UsageError(`${file} is not YAML as it should be: ${reasonOf(error)}`);
  }
}

/** @param place such as `destinations.0.amountUSD` */
function setAt(payload: Record<string, unknown>, place: string, value: unknown, where: string): void {
  const names = place.split('.');
  const last = names.pop() ?? '';
  let target: unknown = payload;
  for (const name of names)
    target = isObject(target) && Object.hasOwn(target, name) ? target[name] : undefined;
  if (!isObject(target))
    throw new UsageError(`${where} sets "${place}", but there is no "${names.join('.')}" in its payload`);
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

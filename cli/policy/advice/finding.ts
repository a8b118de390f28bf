// What the checks of a policy's habits return, before it has a place in the file.
import type { ASTNode } from '@marcbachmann/cel-js';
import { nodesIn } from '../../../src/policy/language/nodes.js';
import type { Path, PolicyDocument } from '../../../src/policy/parse/document.js';
import type { Policy, Rule } from '../../../src/policy/evaluate/rules.js';

/** A habit that was found, at a part of the policy. */
export interface Finding {
  readonly code: string;
  /** Keys and indices that lead to the part, such as `['rules', 0, 'when']`. */
  readonly path: Path;
  /** Position within the value, if it is a string. @default 0 */
  readonly offset?: number;
  /** Whether the last key is meant, not its value. */
  readonly atKey?: boolean;
  /** What is wrong, and why it matters. */
  readonly message: string;
  /** What to write instead. */
  readonly advice: string;
}

/** What is looked at: a valid policy, and its file. */
export interface Subject {
  readonly policy: Policy;
  readonly document: PolicyDocument;
}

/** A rule, and where it is among all rules. */
export interface PlacedRule {
  readonly rule: Rule;
  readonly index: number;
}

/** @param offset within the rule's expression */
export function inCondition(
  { index }: PlacedRule,
  offset: number,
  finding: Pick<Finding, 'code' | 'message' | 'advice'>,
): Finding {
  return { ...finding, path: ['rules', index, 'when'], offset };
}

/** The value at a key of the policy, such as `lists`, as written. */
export function sectionOf({ document }: Subject, key: string): Readonly<Record<string, unknown>> {
  const { value } = document;
  const section = isRecord(value) ? value[key] : undefined;
  return isRecord(section) ? section : {};
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What is found at the nodes of all conditions. */
export function forEachNode(
  { policy }: Subject,
  findAt: (node: ASTNode, placed: PlacedRule) => readonly Finding[],
): readonly Finding[] {
  return policy.rules.flatMap((rule, index) => {
    const placed: PlacedRule = { rule, index };
    return [...nodesIn(rule.ast)].flatMap((node) => findAt(node, placed));
  });
}

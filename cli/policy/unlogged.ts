// Detects whether a replayed decision depends on facts that were not logged.
import { type ASTNode, serialize } from '@marcbachmann/cel-js';
import { EXTRA_INFO_FIELDS, UNDOCUMENTED_EXTRA_INFO } from '../../src/policy/evaluate/record.js';
import type { Policy, Rule } from '../../src/policy/evaluate/rules.js';
import { nodesIn } from '../../src/policy/language/nodes.js';

/** What a policy's rules could read of undocumented fields of `config.extraInfo`, whose names are not logged. */
export interface UndocumentedReads {
  /** Names of fields that rules mention. */
  readonly names: readonly string[];
  /** Ids of rules that read the object as a whole, such as its size. */
  readonly wholeIn: ReadonlySet<string>;
}

export function undocumentedReads({ rulesFor }: Policy): UndocumentedReads {
  const rules = rulesFor.configuration;
  const names = rules.flatMap(({ ast }) => [...nodesIn(ast)].flatMap(memberOf));
  return {
    names: [...new Set(names)].filter((name) => !EXTRA_INFO_FIELDS.includes(name) && name !== 'apiKey'),
    wholeIn: new Set(rules.filter(readsWhole).map(({ id }) => id)),
  };
}

/** The name in `x.name` or `x["name"]`. */
function memberOf(node: ASTNode): readonly string[] {
  if (node.op !== '.' && node.op !== '[]') return [];
  const [, member] = node.args;
  if (typeof member === 'string') return [member];
  return member.op === 'value' && typeof member.args === 'string' ? [member.args] : [];
}

/** Whether `config.extraInfo` occurs other than in `config.extraInfo.field` and `has(config.extraInfo)`. */
function readsWhole({ ast }: Rule): boolean {
  const nodes = [...nodesIn(ast)];
  const isExtraInfo = (node: ASTNode | undefined): node is ASTNode =>
    node?.op === '.' && serialize(node) === 'config.extraInfo';
  const harmless = nodes.flatMap((node) => {
    if (node.op === '.' || node.op === '[]') return [node.args[0]];
    return node.op === 'call' && node.args[0] === 'has' ? node.args[1] : [];
  });
  return nodes.some((node) => isExtraInfo(node) && !harmless.includes(node));
}

/**
 * Replaces each fact that was not logged with a property that throws when it is read.
 * @returns a function that reports whether the rules that were evaluated have read such a fact
 */
export function trapOmitted(
  facts: Record<string, unknown>,
  omitted: readonly string[],
  { names, wholeIn }: UndocumentedReads,
): (tried: readonly string[]) => boolean {
  let read = false;
  const trap = (owner: unknown, name: string): void => {
    if (typeof owner !== 'object' || owner === null) return;
    Object.defineProperty(owner, name, {
      enumerable: true,
      configurable: true,
      get() {
        read = true;
        throw new Error('not logged');
      },
    });
  };
  const hidden = omitted.includes(UNDOCUMENTED_EXTRA_INFO);
  for (const path of omitted) {
    const [, inner] = /^extraInfo\.(.*)$/s.exec(path) ?? [];
    if (path === UNDOCUMENTED_EXTRA_INFO) names.forEach((name) => trap(facts['extraInfo'], name));
    else if (inner === undefined) trap(facts, path);
    else trap(facts['extraInfo'], inner);
  }
  return (tried) => read || omitted.includes('*') || (hidden && tried.some((rule) => wholeIn.has(rule)));
}

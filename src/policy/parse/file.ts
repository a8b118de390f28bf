// The policy file: YAML → checked, compiled rules; or every problem in it at once.
import { createHash } from 'node:crypto';
import {
  isMap,
  isNode,
  isScalar,
  LineCounter,
  type Node,
  parseDocument,
  type Scalar,
  type YAMLMap,
} from 'yaml';
import * as z from 'zod';
import type { Kind } from '../../protocol/request.js';
import { languageWith } from '../language/language.js';
import { takeOutLongLists } from './long-lists.js';
import { nearest } from '../language/nearest.js';
import { excerptOf, PolicyError, type PolicyProblem } from './problem.js';
import { RuleIndex } from '../evaluate/rule-index.js';
import { OTHERWISE, type Policy, type Rule } from '../evaluate/rules.js';

const HASH_LENGTH = 12;
const KINDS = ['transaction', 'configuration'] as const satisfies readonly Kind[];

const ruleSchema = z.strictObject({
  id: z
    .string(must('be a text'))
    .regex(/^[\w.-]{1,64}$/, 'must be 1 to 64 letters, digits and _ . -')
    .refine((id) => id !== OTHERWISE, `can't be "${OTHERWISE}", which stands for no rule at all`),
  for: oneOf(KINDS),
  when: z.string(must('be an expression')),
  action: oneOf(['approve', 'reject', 'retry', 'ignore']),
  reason: z.string(must('be a text')).max(1000, 'must be at most 1000 characters').optional(),
});

const policySchema = z.strictObject(
  {
    version: z.literal('1', must('be 1')),
    lists: orEmpty(
      {},
      z.record(
        z.string(),
        z.array(z.string(must('be a text')).min(1, 'is empty'), must('be a list of texts')),
        must('be named lists of texts'),
      ),
    ),
    rules: orEmpty([], z.array(ruleSchema, must('be a list of rules'))),
    // Without a rule nothing is approved, and no fault approves.
    otherwise: oneOf(['reject', 'retry', 'ignore']).default('reject'),
    onError: oneOf(['retry', 'reject']).default('retry'),
  },
  must('hold the keys version, lists, rules, otherwise and onError'),
);

function must(text: string) {
  return { error: (issue: z.core.$ZodRawIssue) => demand(text, issue) };
}

function demand(text: string, { code, input }: z.core.$ZodRawIssue): string | undefined {
  if (code === 'unrecognized_keys') return undefined;
  return input === undefined ? `is missing; it must ${text}` : `must ${text}`;
}

function oneOf<const Names extends readonly string[]>(names: Names) {
  return z.enum(names, {
    error(issue) {
      const near = typeof issue.input === 'string' ? nearest(issue.input, names) : undefined;
      const text = `be one of ${names.join(', ')}${near === undefined ? '' : `; did you mean "${near}"?`}`;
      return demand(text, issue);
    },
  });
}

/** A key may have nothing behind it, as when all examples below it are commented out. */
function orEmpty<Schema extends z.ZodType>(byDefault: unknown, schema: Schema) {
  return z.preprocess((value) => (value === '' || value === undefined ? byDefault : value), schema);
}

/**
 * Reads a policy.
 * @param text YAML; every scalar is text as it is written, so that 0x12 stays an address and no a word
 * @param file the name to report problems with
 * @throws {PolicyError} with every problem found
 */
export function parsePolicy(text: string, file: string): Policy {
  if (text.includes('-----BEGIN') || !LOOKS_LIKE_POLICY.test(text)) throw new PolicyError([notAPolicy(file)]);
  const hash = createHash('sha256').update(text).digest('hex').slice(0, HASH_LENGTH);
  const short = takeOutLongLists(text);
  if (short !== undefined) {
    try {
      return { hash, ...readPolicy(new Source(short.text, file, short.restore)) };
    } catch (error) {
      if (!(error instanceof PolicyError)) throw error;
      // Problems are looked for, and told, in the text as it is.
    }
  }
  return { hash, ...readPolicy(new Source(text, file)) };
}

function readPolicy(source: Source): Omit<Policy, 'hash'> {
  if (source.problems.length > 0) throw new PolicyError(source.problems);

  const { data, error } = policySchema.safeParse(source.value);
  const problems = error?.issues.flatMap((issue) => source.problemsOf(issue)) ?? [];

  // Rules are compiled even if the file can't be used as a whole: all problems are told at once.
  const lists = readLists(source, problems);
  const rules = compileRules(source, lists, problems);
  if (data === undefined || problems.length > 0) {
    throw new PolicyError(problems.sort((a, b) => a.line - b.line || a.column - b.column));
  }
  const rulesFor = {
    transaction: rules.filter((rule) => rule.for === 'transaction'),
    configuration: rules.filter((rule) => rule.for === 'configuration'),
  };
  return {
    lists,
    rules,
    rulesFor,
    indexFor: {
      transaction: new RuleIndex(rulesFor.transaction),
      configuration: new RuleIndex(rulesFor.configuration),
    },
    otherwise: upper(data.otherwise),
    onError: upper(data.onError),
  };
}

/** Whatever does not even have a policy's keys is not quoted. */
const LOOKS_LIKE_POLICY = /(^|[\s{,])["']?(version|rules)["']?\s*:/;

/** Two parameters exchanged, say: it may be a key or another secret, and the report goes to the log. */
function notAPolicy(file: string): PolicyProblem {
  const message =
    'this is no policy: a policy must hold the keys version, lists, rules, otherwise and onError';
  return { file, line: 1, column: 1, message, excerpt: '', caret: 0 };
}

function readLists(source: Source, problems: PolicyProblem[]): Map<string, readonly string[]> {
  const lists = new Map<string, readonly string[]>();
  for (const [name, entries] of Object.entries(record(record(source.value)['lists']))) {
    if (!/^[A-Za-z]\w{0,63}$/.test(name) || name in Object.prototype) {
      problems.push(
        source.problemAtKey(
          ['lists', name],
          `"${name}" can't be the name of a list: take letters, digits and _`,
        ),
      );
    } else {
      lists.set(name, Array.isArray(entries) ? entries.filter((entry) => typeof entry === 'string') : []);
    }
  }
  return lists;
}

function compileRules(
  source: Source,
  lists: ReadonlyMap<string, readonly string[]>,
  problems: PolicyProblem[],
): readonly Rule[] {
  const languages = languageWith(lists);
  const written = record(source.value)['rules'];
  const ids = new Set<unknown>();
  return (Array.isArray(written) ? written : []).flatMap((entry: unknown, index) => {
    const path = ['rules', index];
    const { id } = record(entry);
    if (ids.has(id))
      problems.push(source.problemAt([...path, 'id'], `there is a rule "${String(id)}" already`));
    else if (id !== undefined) ids.add(id);

    const when = record(entry)['when'];
    const kind = KINDS.find((known) => known === record(entry)['for']);
    if (typeof when !== 'string' || kind === undefined) return [];
    const compiled = languages[kind].compile(when);
    if (!('evaluate' in compiled)) {
      problems.push(
        ...compiled.map(({ message, offset }) => source.problemAt([...path, 'when'], message, offset)),
      );
      return [];
    }
    const { data } = ruleSchema.safeParse(entry);
    if (data === undefined) return [];
    return [{ ...compiled, ...data, reason: data.reason, when: when.trim(), action: upper(data.action) }];
  });
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : {};
}

function upper<Name extends string>(name: Name): Uppercase<Name> {
  return name.toUpperCase() as Uppercase<Name>;
}

type Path = readonly PropertyKey[];

/** The text with its structure: what is where. */
class Source {
  /** Where the YAML itself is broken. */
  readonly problems: readonly PolicyProblem[];
  /** What it holds: objects, arrays and strings. */
  readonly value: unknown;
  readonly #text: string;
  readonly #file: string;
  readonly #lines = new LineCounter();
  readonly #root: Node | null;

  /** @param restore applied to the value */
  constructor(text: string, file: string, restore = (value: unknown): unknown => value) {
    this.#text = text;
    this.#file = file;
    const document = parseDocument(text, {
      schema: 'failsafe',
      lineCounter: this.#lines,
      prettyErrors: false,
    });
    this.#root = document.contents;
    this.problems = [...document.errors, ...document.warnings].map(({ message, pos }) =>
      this.#problem(pos[0], `not YAML as it should be: ${message}`),
    );
    if (this.problems.length > 0) return;
    try {
      this.value = restore(document.toJS());
    } catch (error) {
      // An alias of nothing, or of too much.
      const reason = error instanceof Error ? error.message : String(error);
      this.problems = [this.#problem(0, `not YAML as it should be: ${reason}`)];
    }
  }

  problemsOf(issue: z.core.$ZodIssue): readonly PolicyProblem[] {
    const { path } = issue;
    if (issue.code === 'unrecognized_keys') {
      const known = Object.keys(path.length === 0 ? policySchema.shape : ruleSchema.shape);
      return issue.keys.map((key) => {
        const near = nearest(key, known);
        const hint = near === undefined ? `the keys here are ${known.join(', ')}` : `did you mean "${near}"?`;
        return this.problemAtKey([...path, key], `there is no key "${key}"; ${hint}`);
      });
    }
    const subject =
      typeof path.at(-1) === 'number'
        ? `entry ${Number(path.at(-1)) + 1}`
        : String(path.at(-1) ?? 'a policy');
    return [this.problemAt(path, `${subject} ${issue.message}`)];
  }

  /** @param offset within the text there */
  problemAt(path: Path, message: string, offset = 0): PolicyProblem {
    const node = this.#nodeAt(path);
    const at =
      isScalar(node) && typeof node.value === 'string'
        ? this.#offsetIn(node, node.value, offset)
        : node?.range?.[0];
    return this.#problem(at ?? 0, message, path);
  }

  problemAtKey(path: Path, message: string): PolicyProblem {
    const parent = this.#nodeAt(path.slice(0, -1));
    const key = isMap(parent) ? keyNode(parent, path.at(-1)) : undefined;
    return this.#problem(key?.range?.[0] ?? parent?.range?.[0] ?? 0, message, path);
  }

  #problem(offset: number, message: string, path: Path = []): PolicyProblem {
    const { line, col } = this.#lines.linePos(offset);
    const start = this.#lines.lineStarts[line - 1] ?? 0;
    const end = this.#text.indexOf('\n', start);
    const text = this.#text.slice(start, end === -1 ? undefined : end);
    const rule = this.#ruleAt(path);
    return {
      file: this.#file,
      line,
      column: col,
      ...(rule !== undefined && { rule }),
      message,
      ...excerptOf(text, col),
    };
  }

  /** The rule that a path leads into: its id, or its number. */
  #ruleAt([top, index]: Path): string | undefined {
    if (top !== 'rules' || typeof index !== 'number') return undefined;
    const rules = record(this.value)['rules'];
    const { id } = record(Array.isArray(rules) ? rules[index] : undefined);
    return typeof id === 'string' ? id : `number ${index + 1}`;
  }

  /** The node, or the one around it if there is none. */
  #nodeAt(path: Path): Node | undefined {
    let node: unknown = this.#root;
    for (const key of path) {
      const next: unknown =
        typeof node === 'object' && node !== null && 'get' in node
          ? (node as YAMLMap).get(key, true)
          : undefined;
      // Nothing behind a key has no place of its own.
      if (!isNode(next))
        return (isMap(node) ? keyNode(node, key) : undefined) ?? (isNode(node) ? node : undefined);
      node = next;
    }
    return isNode(node) ? node : undefined;
  }

  /**
   * Where a character of a scalar's value stands in the file. Quotes, escapes, folded lines and indentation are in the
   * file and not in the value: they are passed over.
   */
  #offsetIn({ range, type }: Scalar, value: string, offset: number): number {
    const [start, end] = range ?? [0, 0];
    let at = start;
    const same = (index: number): boolean =>
      this.#text[at] === value[index] || (/\s/.test(value[index] ?? '') && /\s/.test(this.#text[at] ?? ''));
    if (/[|>]/.test(this.#text[at] ?? '')) at = this.#text.indexOf('\n', at) + 1;
    for (let index = 0; index <= offset && index < value.length; index++) {
      ESCAPE.lastIndex = at;
      const escaped = type === 'QUOTE_DOUBLE' ? ESCAPE.exec(this.#text)?.[0].length : undefined;
      if (escaped === undefined) while (at < end && !same(index)) at++;
      if (index < offset) at += escaped ?? 1;
    }
    return at < end || offset >= value.length ? Math.min(at, end) : start;
  }
}

/** An escape that stands for one character. */
const ESCAPE = /\\(?:x[\da-f]{2}|u[\da-f]{4}|[^\n\r xuU])/iy;

function keyNode(map: YAMLMap, key: unknown): Node | undefined {
  const pair = map.items.find((item) => isScalar(item.key) && item.key.value === String(key));
  return isNode(pair?.key) ? pair.key : undefined;
}

// A policy file as YAML: its value, and the position in the file of each part of the value.
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
import { excerptOf, type PolicyProblem, safeMessage } from './problem.js';
import { yamlProblems } from './yaml-problem.js';

/** Keys and indices that lead to a part of the value, such as `['rules', 0, 'when']`. */
export type Path = readonly PropertyKey[];

export class PolicyDocument {
  /** The problems with the YAML itself. */
  readonly problems: readonly PolicyProblem[];
  /** The value: objects, arrays and strings. `undefined` if the YAML has problems. */
  readonly value: unknown;
  readonly #text: string;
  readonly #file: string;
  readonly #lines = new LineCounter();
  readonly #root: Node | null;

  /** @param file name of the file or parameter, for problems */
  constructor(text: string, file: string) {
    this.#text = text;
    this.#file = file;
    const document = parseDocument(text, {
      // All scalars are strings, so an unquoted 0x12… remains an address, and `no` remains a word.
      schema: 'failsafe',
      lineCounter: this.#lines,
      prettyErrors: false,
      // yamlProblems() finds duplicates, in less time.
      uniqueKeys: false,
    });
    this.#root = document.contents;
    this.problems = yamlProblems(document, text, this.#lines).map(({ offset, message }) =>
      this.#problem(offset, message),
    );
    if (this.problems.length > 0) return;
    try {
      this.value = document.toJS();
    } catch (error) {
      // Aliases that expand to too many nodes, or too many levels.
      const reason = error instanceof Error ? error.message : String(error);
      this.problems = [this.#problem(0, `invalid YAML: ${reason}`)];
    }
  }

  /** A problem with the value at a path. @param offset within that value, if it is a string */
  problemAt(path: Path, message: string, offset = 0): PolicyProblem {
    const node = this.#nodeAt(path);
    const at =
      isScalar(node) && typeof node.value === 'string'
        ? this.#offsetIn(node, node.value, offset)
        : node?.range?.[0];
    return this.#problem(at ?? 0, message, path);
  }

  /** Whether the line of a value without quotes ends with a comment, which may have been meant to be part of it. */
  isCommented(path: Path): boolean {
    const node = this.#nodeAt(path);
    return isScalar(node) && node.type === 'PLAIN' && node.comment != null;
  }

  /** A problem with the last key of a path. */
  problemAtKey(path: Path, message: string): PolicyProblem {
    const parent = this.#nodeAt(path.slice(0, -1));
    const key = isMap(parent) ? keyNode(parent, path.at(-1)) : undefined;
    return this.#problem(key?.range?.[0] ?? parent?.range?.[0] ?? 0, message, path);
  }

  #problem(offset: number, message: string, path: Path = []): PolicyProblem {
    const { line, col } = this.#lines.linePos(offset);
    const start = this.#lines.lineStarts[line - 1] ?? 0;
    const end = this.#text.indexOf('\n', start);
    const rule = this.#ruleAt(path);
    return {
      file: this.#file,
      line,
      column: col,
      ...(rule !== undefined && { rule }),
      message: safeMessage(message),
      ...excerptOf(this.#text.slice(start, end === -1 ? undefined : end), col),
    };
  }

  /** The rule that contains a path: its id, or its number if it has none. */
  #ruleAt([top, index]: Path): string | undefined {
    if (top !== 'rules' || typeof index !== 'number') return undefined;
    const { rules } = toRecord(this.value);
    const { id } = toRecord(Array.isArray(rules) ? rules[index] : undefined);
    return typeof id === 'string' ? safeMessage(id) : `number ${index + 1}`;
  }

  /** The node at a path; if there is none, the closest node around it. */
  #nodeAt(path: Path): Node | undefined {
    let node: unknown = this.#root;
    for (const key of path) {
      const next: unknown =
        typeof node === 'object' && node !== null && 'get' in node
          ? (node as YAMLMap).get(key, true)
          : undefined;
      // A key without a value has no value node: use the position of the key.
      if (!isNode(next))
        return (isMap(node) ? keyNode(node, key) : undefined) ?? (isNode(node) ? node : undefined);
      node = next;
    }
    return isNode(node) ? node : undefined;
  }

  /**
   * Finds the position in the file of a character in a scalar's value. Quotes, escapes, folded lines and indentation
   * are in the file but not in the value, so they are skipped.
   */
  #offsetIn({ range, type }: Scalar, value: string, offset: number): number {
    const [start, end] = range ?? [0, 0];
    let at = start;
    const matches = (index: number): boolean =>
      this.#text[at] === value[index] || (/\s/.test(value[index] ?? '') && /\s/.test(this.#text[at] ?? ''));
    if (/[|>]/.test(this.#text[at] ?? '')) at = this.#text.indexOf('\n', at) + 1;
    for (let index = 0; index <= offset && index < value.length; index++) {
      ESCAPE.lastIndex = at;
      const escaped = type === 'QUOTE_DOUBLE' ? ESCAPE.exec(this.#text)?.[0].length : undefined;
      if (escaped === undefined) while (at < end && !matches(index)) at++;
      if (index < offset) at += escaped ?? 1;
    }
    return at < end || offset >= value.length ? Math.min(at, end) : start;
  }
}

/** An escape sequence for one character. */
const ESCAPE = /\\(?:x[\da-f]{2}|u[\da-f]{4}|[^\n\r xuU])/iy;

function keyNode(map: YAMLMap, key: unknown): Node | undefined {
  const pair = map.items.find((item) => isScalar(item.key) && item.key.value === String(key));
  return isNode(pair?.key) ? pair.key : undefined;
}

/** @returns the value if it is an object, otherwise an empty object */
export function toRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : {};
}

// Explains what the YAML parser reports, in the words of the guide.
import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  type LineCounter,
  type Node,
  visit,
  type YAMLError,
} from 'yaml';

/** A problem at a position in the file, in UTF-16 code units. */
export interface YamlProblem {
  readonly offset: number;
  readonly message: string;
}

/** A problem that is only explained if it is the first one on its line, because that means to read the line. */
interface Found {
  readonly offset: number;
  readonly explain: () => YamlProblem;
}

/** @returns what is wrong with the YAML of a text; one problem for each line */
export function yamlProblems(document: Document, text: string, lines: LineCounter): readonly YamlProblem[] {
  const unclosed = unclosedQuote(document, text);
  if (unclosed !== undefined) return [unclosed];
  const errors = [...document.errors, ...document.warnings].map((error) => ({
    offset: error.pos[0],
    explain: () => explain(error, text),
  }));
  const seen = new Set<number>();
  return [...errors, ...nodeProblems(document, text)]
    .filter(({ offset }) => {
      const { line } = lines.linePos(offset);
      return !seen.has(line) && seen.add(line);
    })
    .map((found) => found.explain());
}

function explain({ code, message, pos: [offset] }: YAMLError, text: string): YamlProblem {
  if (code === 'TAB_AS_INDENT') return { offset, message: 'this line begins with a tab: indent with spaces' };
  if (code === 'MULTIPLE_DOCS') {
    return {
      offset,
      message: 'a policy is one YAML document: delete the line --- and what does not belong to it',
    };
  }
  const value = valueOnLine(text, offset);
  const unquoted = value === undefined ? undefined : unquotedProblem(value);
  if (unquoted !== undefined) return unquoted;
  const line = lineAt(text, offset);
  if (/^\s*(?:- +)?[\w.-]+:[^\s:]/.test(line)) {
    return { offset, message: 'write a space after the colon, as in version: 1' };
  }
  if (/end with a [\]}]/.test(message)) {
    return {
      offset,
      message: `a bracket is not closed: write ${message.at(-1) ?? ']'} at its end`,
    };
  }
  if (
    code === 'BLOCK_AS_IMPLICIT_KEY' ||
    code === 'BAD_INDENT' ||
    /same column|without - indicator/.test(message)
  ) {
    return {
      offset,
      message: `this line or the next begins at the wrong column: the keys of one rule begin at the same column (invalid YAML: ${message})`,
    };
  }
  return { offset, message: `invalid YAML: ${message}` };
}

interface Value {
  readonly key: string;
  readonly text: string;
  readonly offset: number;
}

/** The value after a key on the line, without quotes. */
function valueOnLine(text: string, offset: number): Value | undefined {
  const start = lineStart(text, offset);
  const match = /^(\s*(?:- +)?)([\w.-]{1,64}):[ \t]+(\S.*)$/.exec(lineAt(text, offset));
  if (match === null) return undefined;
  const [whole, , key = '', value = ''] = match;
  return { key, text: value.trim(), offset: start + whole.length - value.length };
}

/** Characters that mean something to YAML at the beginning of a value. */
const SPECIAL = /^[!&*%@`]|^["'{[]/;

/** A value that YAML takes for something else, because it has no quotes. */
function unquotedProblem({ key, text, offset }: Value): YamlProblem | undefined {
  const what = key === 'when' ? 'an expression' : 'a value';
  const isFlow = key !== 'when' && /^[[{]/.test(text);
  const first = text[0] ?? '';
  const reason =
    SPECIAL.test(text) && !isFlow && !/^(["'])[^"']*\1$/.test(text)
      ? `begins with ${first === '`' ? 'a backtick' : `\`${first}\``}`
      : /:(?:\s|$)/.test(text) && !isFlow
        ? 'contains `: `'
        : undefined;
  if (reason === undefined) return undefined;
  const quoted = text.length > 100 ? '…' : text.replaceAll("'", "''");
  return { offset, message: `put quotes around ${what} that ${reason}: ${key}: '${quoted}'` };
}

/** A string that nothing closes: the parser reports it where the file ends. */
function unclosedQuote(document: Document, text: string): YamlProblem | undefined {
  let found: YamlProblem | undefined;
  if (!document.errors.some(({ message }) => /Missing closing .quote/.test(message))) return undefined;
  visit(document, {
    Scalar(_key, { range, type }) {
      if (range == null || (type !== 'QUOTE_DOUBLE' && type !== 'QUOTE_SINGLE')) return undefined;
      const quote = type === 'QUOTE_DOUBLE' ? '"' : "'";
      if (range[1] - range[0] >= 2 && text[range[1] - 1] === quote && text[range[1]] !== undefined)
        return undefined;
      found = {
        offset: range[0],
        message: `this quote is never closed: add ${quote} at the end of the string`,
      };
      return visit.BREAK;
    },
  });
  return found;
}

/** Aliases and anchors that are parts of expressions, and keys that are there twice. */
function nodeProblems(document: Document, text: string): readonly Found[] {
  const found: Found[] = [];
  const anchors = new Set<string>();
  const add = (problem: YamlProblem): void => {
    found.push({ offset: problem.offset, explain: () => problem });
  };
  const at = (node: Node, message: string): void => {
    const offset = node.range?.[0] ?? 0;
    const explain = (): YamlProblem => {
      const value = valueOnLine(text, offset);
      return (value === undefined ? undefined : unquotedProblem(value)) ?? { offset, message };
    };
    found.push({ offset, explain });
  };
  visit(document, {
    Node(_key, node) {
      if (isAlias(node)) {
        if (!anchors.has(node.source))
          at(node, `"*" refers to the anchor &${shown(node.source)}, which is not there`);
      } else if (node.anchor !== undefined) {
        anchors.add(node.anchor);
        if (!/^[\w-]+$/.test(node.anchor)) at(node, 'put quotes around a value that begins with `&`');
      }
      if (isMap(node)) {
        const keys = node.items.map(({ key }) => key);
        [...strangeKeys(keys), ...duplicateKeys(keys)].forEach(add);
      }
      if (isScalar(node) && typeof node.value === 'string' && CONTROL.test(node.value)) {
        const offset = node.range?.[0] ?? 0;
        add({
          offset,
          message: 'control characters are not allowed: they change what a terminal shows',
        });
      }
    },
  });
  return found;
}

/** All but tab, line feed and carriage return, and those that change the direction of text. */
// eslint-disable-next-line no-control-regex -- that is what it is for
const CONTROL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/;

/** An alias as a key could be a key that is written elsewhere as well, and replace its value. */
function strangeKeys(keys: readonly unknown[]): readonly YamlProblem[] {
  return keys
    .filter((key) => isNode(key) && !isScalar(key))
    .map((key) => ({
      offset: (key as Node).range?.[0] ?? 0,
      message: 'a key must be a name: write the name itself',
    }));
}

/** The parser compares each key with all others, which takes a minute for 50,000 keys. */
function duplicateKeys(keys: readonly unknown[]): readonly YamlProblem[] {
  const seen = new Set<unknown>();
  return keys.flatMap((key) => {
    const name = isScalar(key) ? key.value : key;
    if (!seen.has(name)) {
      seen.add(name);
      return [];
    }
    const offset = isNode(key) ? (key.range?.[0] ?? 0) : 0;
    return [
      { offset, message: `the key "${shown(String(name))}" is written twice: only one of the two can count` },
    ];
  });
}

/** A name as written, unless it is too long for one. */
function shown(name: string): string {
  return name.length > 64 ? '…' : name;
}

function lineStart(text: string, offset: number): number {
  return text.lastIndexOf('\n', Math.max(0, offset - 1)) + 1;
}

function lineAt(text: string, offset: number): string {
  const start = lineStart(text, offset);
  const end = text.indexOf('\n', start);
  return text.slice(start, end === -1 ? undefined : end).replace(/\r$/, '');
}

// Recognizes what newcomers write instead of the language's own operators and functions, and says what to write.
import type { ExpressionProblem } from './problems.js';

interface Slip {
  /** Found in the expression without the contents of its strings. */
  readonly pattern: RegExp;
  readonly message: string | ((written: string) => string);
}

const QUOTES = 'write straight quotes: " at the beginning and at the end of a string';
const ABSENT = 'a fact that is not there is absent: write !has(tx.note), or has(tx.note)';

/** The first that matches at a place counts. */
const SLIPS: readonly Slip[] = [
  { pattern: /[“”„‟″«»]/u, message: QUOTES },
  { pattern: /[‘’‚‛´`]/u, message: QUOTES },
  { pattern: /\bnot\s+in\b/i, message: 'write !(tx.asset in [ … ]) for not in' },
  { pattern: /\bis\s+not\b/i, message: 'write != for is not' },
  { pattern: /\b(?:is|equals)\b(?!\s*\()/i, message: (written) => `write == for ${written}` },
  { pattern: /\b(?:and|then)\b/i, message: (written) => `write && for ${written}` },
  { pattern: /\bor\b/i, message: (written) => `write || for ${written}` },
  { pattern: /\bnot\b/i, message: (written) => `write ! for ${written}, as in !has(tx.note)` },
  { pattern: /\bbetween\b/i, message: 'write two comparisons for between: a <= x && x <= b' },
  {
    pattern: /\b(?:contains|startsWith|endsWith)\b(?!\s*\()/i,
    message: (written) => `write ${written} with a dot and parentheses: tx.note.${written}("…")`,
  },
  {
    pattern: /\blike\b|=~/i,
    message: (written) => `write startsWith, endsWith or contains for ${written}: tx.note.startsWith("INV-")`,
  },
  {
    pattern: /\.\s*(?:every|some|all|exists)\s*\(\s*\(?\w+\)?\s*=>/,
    message: 'write the variable, a comma and the condition: .all(d, d in lists.payees)',
  },
  { pattern: /===|&&=|\|\|=/, message: (written) => `write ${written.slice(0, 2)} for ${written}` },
  { pattern: /!==/, message: 'write != for !==' },
  { pattern: /=>/, message: 'write >= for =>' },
  { pattern: /=</, message: 'write <= for =<' },
  { pattern: /<>/, message: 'write != for <>' },
  { pattern: /(?<![=!<>])=(?!=)/, message: 'write == for =' },
  { pattern: /(?<!&)&(?!&)/, message: 'write && for &' },
  { pattern: /(?<!\|)\|(?!\|)/, message: 'write || for |' },
  { pattern: /;/, message: 'delete the semicolon: a condition is one expression' },
  {
    pattern: /\$\d[\d.,_]*/,
    message: (written) =>
      `write decimal("${written.slice(1).replaceAll(/[,_]/g, '')}") for ${written}, and compare it with tx.amountUsd`,
  },
  {
    pattern: /\b\d{1,3}(?:,\d{3})+\b(?!\s*[\])])|\b\d+(?:_\d+)+\b/,
    message: (written) => `write decimal("${written.replaceAll(/[,_]/g, '')}") for ${written}`,
  },
  {
    pattern: /\b\d+(?:\.\d+)?\s+[A-Z]{2,}\b/,
    message: (written) =>
      `write decimal("${written.split(/\s/)[0] ?? ''}") for ${written}, and the asset as tx.asset == "${written.split(/\s+/)[1] ?? ''}"`,
  },
  { pattern: /\bif\b/, message: 'write a condition without if; condition ? a : b chooses between two' },
  { pattern: /\.\s*(?:length|count|len)\b(?:\(\))?/, message: 'write .size() for the length' },
  { pattern: /\blen\s*\(/, message: 'write .size() for len(): tx.destinations.size()' },
  {
    pattern: /\.\s*(?:includes|has|indexOf)\s*\(/,
    message:
      'write tx.sourceId in lists.treasury to search a list, and tx.note.contains("…") to search a string',
  },
  { pattern: /\.\s*(?:some|any)\s*\(/, message: 'write .exists(d, …): true if one of them is so' },
  { pattern: /\.\s*(?:every|each)\s*\(/, message: 'write .all(d, …): true if all of them are so' },
  {
    pattern: /(?<![.\w])(?:all|any|every|some|exists)\s*\(/,
    message: 'write the list first: tx.destinations.all(d, d in lists.payees)',
  },
  {
    pattern: /\.\s*(?:all|exists)\s*\(\s*(\w+)\s+in\b/,
    message: 'write the variable first: .all(d, d in lists.payees)',
  },
  {
    pattern: /\.\s*(?:toLowerCase|lower|toLower|lowercase)\s*\(|(?<![.\w])lower\s*\(/,
    message: 'write .lowerAscii()',
  },
  {
    pattern: /\.\s*(?:toUpperCase|upper|toUpper|uppercase)\s*\(|(?<![.\w])upper\s*\(/,
    message: 'write .upperAscii()',
  },
  { pattern: /\.\s*starts_?with\s*\(|\.\s*beginsWith\s*\(/, message: 'write .startsWith("…")' },
  { pattern: /\.\s*ends_?with\s*\(/, message: 'write .endsWith("…")' },
  { pattern: /(?<=[=!]=\s*)(?:null|nil|None|undefined|NULL)\b/, message: ABSENT },
  {
    pattern: /\b(?:True|TRUE|False|FALSE)\b/,
    message: (written) => `write ${written.toLowerCase()} for ${written}`,
  },
  { pattern: /\bin\s*\(\s*(?="|')/, message: 'write brackets around the values: in ["ETH", "BTC"]' },
];

/** More slips than this in one expression help nobody: it is probably no expression. */
const MAX_SLIPS = 20;

/**
 * @param source an expression that has problems
 * @returns what was probably meant, in order; empty if nothing is recognized
 */
export function slipsIn(source: string): readonly ExpressionProblem[] {
  const { masked, unclosed } = withoutStrings(source);
  if (unclosed !== undefined) {
    return [
      {
        message: `this quote is never closed: add ${masked[unclosed] ?? '"'} at the end of the string`,
        offset: unclosed,
      },
    ];
  }
  const found: (ExpressionProblem & { readonly end: number })[] = [];
  for (const { pattern, message } of SLIPS) {
    for (const match of masked.matchAll(new RegExp(pattern, `${pattern.flags}g`))) {
      const [written] = match;
      const { index: offset } = match;
      const end = offset + written.length;
      if (found.length >= MAX_SLIPS || found.some((other) => offset < other.end && other.offset < end))
        continue;
      found.push({ offset, end, message: typeof message === 'string' ? message : message(written.trim()) });
    }
  }
  const slips = found.map(({ message, offset }) => ({ message, offset })).sort((a, b) => a.offset - b.offset);
  return slips.length > 0 ? slips : unbalanced(masked);
}

/** Replaces the contents of strings, and comments, with spaces. */
function withoutStrings(source: string): { readonly masked: string; readonly unclosed?: number } {
  let masked = '';
  for (let at = 0; at < source.length;) {
    const quote = source[at] ?? '';
    if (source.startsWith('//', at)) {
      const end = source.indexOf('\n', at);
      const length = (end === -1 ? source.length : end) - at;
      masked += ' '.repeat(length);
      at += length;
    } else if (quote === '"' || quote === "'") {
      const string = new RegExp(`${quote}(?:\\\\.|[^\\\\\n${quote}])*${quote}`, 'y');
      string.lastIndex = at;
      const [written] = string.exec(source) ?? [];
      if (written === undefined) return { masked: masked + source.slice(at), unclosed: at };
      masked += quote + ' '.repeat(written.length - 2) + quote;
      at += written.length;
    } else {
      masked += quote;
      at++;
    }
  }
  return { masked };
}

const CLOSING: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}' };

/** A bracket that nothing closes, or that closes nothing; a comma between conditions. */
function unbalanced(masked: string): readonly ExpressionProblem[] {
  const open: { readonly bracket: string; readonly offset: number }[] = [];
  for (let offset = 0; offset < masked.length; offset++) {
    const character = masked[offset] ?? '';
    if (Object.hasOwn(CLOSING, character)) open.push({ bracket: character, offset });
    if (character === ',' && open.length === 0)
      return [{ message: 'write && between two conditions', offset }];
    if (!Object.values(CLOSING).includes(character)) continue;
    const last = open.pop();
    if (last === undefined) return [{ message: `this ${character} closes nothing: delete it`, offset }];
    const wanted = CLOSING[last.bracket] ?? '';
    if (wanted !== character) {
      return [
        {
          message: `write ${wanted} before this ${character}: it closes the ${last.bracket} before it`,
          offset,
        },
      ];
    }
  }
  const last = open.at(-1);
  return last === undefined
    ? []
    : [
        {
          message: `this ${last.bracket} is never closed: add ${CLOSING[last.bracket] ?? ''}`,
          offset: last.offset,
        },
      ];
}

// Reads the limits of a policy, and compiles their expressions.
import { Decimal } from '../../protocol/decimal.js';
import type { Compiled, Language } from '../language/language.js';
import { BOOLEAN, type Result } from '../language/problems.js';
import { rememberedFacts } from '../language/remembered.js';
import { keyOf, SEPARATOR, valuesIn } from '../limits/key.js';
import type { Expression, Limit, Max, MaxEntry } from '../limits/limit.js';
import type { Window } from '../limits/window.js';
import { type Found, isName } from './catalog.js';
import { type Path, type PolicyDocument, toRecord } from './document.js';
import { type LimitData, limitSchema, MAX_EXPRESSION, parseWindow } from './limit-schema.js';

const AMOUNT: Result = { types: ['Decimal'], demand: 'an amount' };
const KEY_VALUE: Result = {
  types: ['string', 'Address', 'Decimal'],
  demand: 'a string, an address or an amount',
};

/** The entry of `max` for all keys that have none. */
const DEFAULT = 'default';

/** @param language that of transactions, without limits: limits can't read each other */
export function readLimits(document: PolicyDocument, language: Language, found: Found): readonly Limit[] {
  const entries = Object.entries(toRecord(toRecord(document.value)['limits']));
  return entries.flatMap(([name, entry]) => {
    const path = ['limits', name];
    if (!isName(document, path, 'limit', found)) return [];
    // Expressions are compiled even if the limit has other problems, so that all are reported at once.
    const compiled = compileParts({ document, language, found, path }, toRecord(entry));
    const { data } = limitSchema.safeParse(entry);
    if (data === undefined || compiled === undefined) return [];
    const max = readMax(document, [...path, 'max'], { ...data, per: data.per ?? [] }, found);
    if (max === undefined) return [];
    const over = data.over === 'retry' ? 'RETRY' : 'REJECT';
    return [{ name, ...compiled, window: toWindow(data), max, over }];
  });
}

interface Context {
  readonly document: PolicyDocument;
  readonly language: Language;
  readonly found: Found;
  readonly path: Path;
}

/** @returns `undefined` if a part has problems */
function compileParts(
  context: Context,
  { when, amount, per }: Readonly<Record<string, unknown>>,
): Pick<Limit, 'when' | 'amount' | 'per'> | undefined {
  const whenPart = compilePart(context, ['when'], when, BOOLEAN);
  const amountPart = compilePart(context, ['amount'], amount, AMOUNT);
  const keys = (Array.isArray(per) ? per : []).map((value: unknown, index) =>
    compilePart(context, ['per', index], value, KEY_VALUE),
  );
  const parts = keys.filter((part) => part !== undefined && part !== 'wrong');
  if (whenPart === 'wrong' || amountPart === 'wrong' || parts.length < keys.length) return undefined;
  return { when: whenPart, amount: amountPart, per: parts };
}

function compilePart(
  { document, language, found, path }: Context,
  part: Path,
  source: unknown,
  result: Result,
): Expression | undefined | 'wrong' {
  if (source === undefined) return undefined;
  // The schema's own check reports these.
  if (typeof source !== 'string' || source === '' || source.length > MAX_EXPRESSION) return 'wrong';
  const compiled: Compiled | readonly { readonly message: string; readonly offset: number }[] =
    language.compileValue(source, result);
  const at = [...path, ...part];
  if ('evaluate' in compiled) {
    const [fact] = rememberedFacts(compiled.ast);
    if (fact === undefined) return { ...compiled, source: source.trim() };
    found.problems.push(
      document.problemAt(at, `limits can't read ${fact}: the counter must be known before the store is read`),
    );
    return 'wrong';
  }
  found.problems.push(...compiled.map(({ message, offset }) => document.problemAt(at, message, offset)));
  return 'wrong';
}

function toWindow({ window, calendar, zone }: LimitData): Window {
  return calendar === undefined
    ? { type: 'sliding', ms: parseWindow(window ?? '') ?? 0 }
    : { type: 'calendar', calendar, zone: zone ?? 'UTC' };
}

/** @returns `undefined` if it has problems */
function readMax(
  document: PolicyDocument,
  path: Path,
  { max, per }: { readonly max: unknown; readonly per: readonly unknown[] },
  { problems }: Found,
): Max | undefined {
  if (typeof max === 'string') return { byKey: new Map(), otherwise: new Decimal(max) };
  if (per.length === 0) {
    problems.push(document.problemAtKey(path, 'a table of max needs per, which says what its keys are'));
    return undefined;
  }
  const byKey = new Map<string, MaxEntry>();
  const before = problems.length;
  let otherwise: Decimal | undefined;
  for (const [key, text] of Object.entries(toRecord(max))) {
    if (typeof text !== 'string') continue;
    const written = valuesIn(key, per.length);
    if (key === DEFAULT) otherwise = new Decimal(text);
    else if (written.length === per.length) byKey.set(keyOf(written), { written, max: new Decimal(text) });
    else problems.push(document.problemAtKey([...path, key], wrongKey(key, per.length)));
  }
  return problems.length > before ? undefined : { byKey, otherwise };
}

function wrongKey(key: string, values: number): string {
  const example = Array.from({ length: values }, (_, place) => String.fromCharCode(97 + place)).join(
    SEPARATOR,
  );
  return `the key "${key}" must have ${values} values, one for each of per: write "${example}", or ${DEFAULT}`;
}

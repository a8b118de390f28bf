// Which strings to try for a fact, so that every way in which rules can distinguish strings occurs.

/** What rules compare a fact with. */
export interface StringMentions {
  readonly strings: ReadonlySet<string>;
  readonly prefixes: ReadonlySet<string>;
  readonly suffixes: ReadonlySet<string>;
  readonly infixes: ReadonlySet<string>;
  /** Lengths that `size()` is compared with. */
  readonly lengths: ReadonlySet<number>;
}

/** Above it, the combinations of parts are not all tried. */
const MAX_COMBINATIONS = 2000;
/** Longer strings are not made up. */
const MAX_LENGTH = 2000;

/**
 * Whether `stringsFor` finds a string for every combination of results. Lengths together with ends or contents depend
 * on how parts overlap.
 */
export function areStringsComplete(mentions: StringMentions): boolean {
  const { suffixes, infixes, lengths } = mentions;
  const isLengthSimple = suffixes.size === 0 && infixes.size === 0 && Math.max(0, ...lengths) <= MAX_LENGTH;
  return combinationsOf(mentions) <= MAX_COMBINATIONS && (lengths.size === 0 || isLengthSimple);
}

function combinationsOf({ prefixes, suffixes, infixes }: StringMentions): number {
  return (prefixes.size + 1) * (suffixes.size + 1) * 2 ** infixes.size;
}

/**
 * A string that starts, ends or contains what a rule looks for, with a character between the parts that no rule
 * mentions, so that it matches nothing else.
 * @param other a string that no rule mentions
 */
export function stringsFor(
  mentions: StringMentions & { isCompared: boolean },
  other: string,
): readonly string[] {
  const second = mentions.isCompared ? [`${other}-2`] : [];
  const { strings, prefixes, suffixes, infixes, lengths } = mentions;
  const separator = unusedCharacter([...strings, ...prefixes, ...suffixes, ...infixes]);
  const middles =
    combinationsOf(mentions) > MAX_COMBINATIONS ? [...infixes] : subsetsOf([...infixes], separator);
  const made = ['', ...prefixes].flatMap((prefix) =>
    ['', ...suffixes].flatMap((suffix) =>
      ['', ...middles].map((middle) =>
        prefix === '' && suffix === '' && middle === ''
          ? other
          : `${prefix}${separator}${middle}${separator}${suffix}`,
      ),
    ),
  );
  const ends = [...prefixes, ...suffixes, ...infixes].filter((part) => part !== '');
  const sized = padded([separator, ...prefixes], lengths, separator);
  return [...new Set([...strings, ...ends, ...sized, ...second, ...made])].filter((text) => text !== '');
}

function subsetsOf(parts: readonly string[], separator: string): readonly string[] {
  return parts.reduce<string[]>(
    (subsets, part) => [...subsets, ...subsets.map((each) => (each === '' ? part : each + separator + part))],
    [''],
  );
}

/** Each start with the largest length of each range between the lengths. */
function padded(
  starts: readonly string[],
  lengths: ReadonlySet<number>,
  separator: string,
): readonly string[] {
  if (lengths.size === 0) return [];
  const longest = Math.max(...lengths, ...starts.map((start) => start.length)) + 2;
  const ends = [...lengths].flatMap((length) => [length - 1, length, length + 1]);
  return starts.flatMap((start) =>
    [...ends, longest]
      .filter((length) => length >= start.length && length <= MAX_LENGTH)
      .map((length) => start.padEnd(length, separator)),
  );
}

function unusedCharacter(texts: readonly string[]): string {
  const used = new Set(texts.flatMap((text) => Array.from(text)));
  for (let code = 0x7e; ; code = code === 0x7e ? 0xa1 : code + 1) {
    const character = String.fromCodePoint(code);
    if (!used.has(character)) return character;
  }
}

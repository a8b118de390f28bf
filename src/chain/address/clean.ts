// Characters in an address that a person can't see, and that change nothing about it.

/** Printable ASCII alone, without spaces: nearly every address. */
const PLAIN = /^[!-~]*$/;
/**
 * Controls, formatting characters (zero-width, soft hyphen, bidirectional controls, byte order mark), whatever Unicode
 * lets fonts ignore (variation selectors, Hangul fillers), and the blank Braille pattern.
 */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}\u2800]/gu;

/** Removes invisible characters anywhere, and spaces of any kind around the text. */
export function clean(text: string): string {
  return PLAIN.test(text) ? text : text.trim().replace(INVISIBLE, '').trim();
}

/** @returns such as `U+200B`, each code point once, of the invisible characters inside the text */
export function invisibleCharacters(text: string): readonly string[] {
  return [...new Set(text.trim().match(INVISIBLE))].map(codePoint);
}

function codePoint(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  return `U+${code.toString(16).toUpperCase().padStart(4, '0')}`;
}

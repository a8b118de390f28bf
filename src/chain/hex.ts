// Bytes as hex digits.

/** Reads hex digits of whole bytes, with or without `0x`. @returns `undefined` for anything else */
export function parseHex(text: string): Buffer | undefined {
  const digits = /^0x/i.test(text) ? text.slice(2) : text;
  const bytes = Buffer.from(digits, 'hex');
  // Buffer.from stops at the first character that is no digit.
  return bytes.length * 2 === digits.length ? bytes : undefined;
}

/** @returns `0x` and lower-case digits */
export function toHex(bytes: Buffer): string {
  return `0x${bytes.toString('hex')}`;
}

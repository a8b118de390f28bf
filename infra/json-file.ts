// JSON files as editors save them: some write a byte order mark, and some programs on Windows write UTF-16.

/** Parses JSON that may begin with a byte order mark. @throws {SyntaxError} */
export function parseJsonFile(text: string): unknown {
  return JSON.parse(text.replace(/^\ufeff/, ''));
}

/** Whether bytes begin like UTF-16: with its byte order mark, or with letters of which one byte is 0. */
export function isUtf16(bytes: Uint8Array): boolean {
  const [first, second] = bytes;
  const isMarked = (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);
  return isMarked || hasZeros(bytes, 0) || hasZeros(bytes, 1);
}

/** Whether every second byte of the beginning is 0, and the others are not. */
function hasZeros(bytes: Uint8Array, from: number): boolean {
  const beginning = [...bytes.subarray(0, 16)];
  return beginning.length > 1 && beginning.every((byte, index) => (byte === 0) === (index % 2 === from));
}

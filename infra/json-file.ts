// JSON files as editors save them: some write a byte order mark, and some programs on Windows write UTF-16.

/** Parses JSON that may begin with a byte order mark. @throws {SyntaxError} */
export function parseJsonFile(text: string): unknown {
  return JSON.parse(text.replace(/^\ufeff/, ''));
}

/** Whether bytes begin like UTF-16: with its byte order mark, or with a character of which one byte is 0. */
export function isUtf16(bytes: Uint8Array): boolean {
  const [first, second] = bytes;
  const isMarked = (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);
  return isMarked || (bytes.length > 1 && (first === 0 || second === 0));
}

// Base64url in its one spelling: without padding, and with unused bits of zero.

/** @returns `undefined` if the text is not the base64url of any bytes */
export function fromBase64url(text: string): Uint8Array<ArrayBuffer> | undefined {
  const bytes = Buffer.from(text, 'base64url');
  return text !== '' && bytes.toString('base64url') === text ? new Uint8Array(bytes) : undefined;
}

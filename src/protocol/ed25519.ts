// Ed25519 public keys that anyone can sign for, and strict base64.

const KEY_BYTES = 32;

/**
 * Points of small order, without their sign bit, in all encodings: with such a key, anyone can make signatures that are
 * valid for some or all texts. The placeholder of 32 zero bytes is one of them.
 */
const WEAK_KEYS: ReadonlySet<string> = new Set([
  '00'.repeat(32),
  `01${'00'.repeat(31)}`,
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  `ec${'ff'.repeat(30)}7f`,
  `ed${'ff'.repeat(30)}7f`,
  `ee${'ff'.repeat(30)}7f`,
]);

/** @param key 32 bytes */
export function isWeakEd25519(key: Uint8Array): boolean {
  const point = Buffer.from(key);
  point[KEY_BYTES - 1] = (point[KEY_BYTES - 1] ?? 0) & 0x7f;
  return WEAK_KEYS.has(point.toString('hex'));
}

/** @returns `undefined` unless the text is exactly the base64 of its bytes */
export function decodeBase64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text ? bytes : undefined;
}

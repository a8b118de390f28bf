// Whether text is an address by its form, where nothing says of which chain.

/** No chain has longer addresses. */
const MAX_LENGTH = 200;
/** Shorter text is an address only in the forms of `SHORT`. */
const MIN_LENGTH = 20;

const HEX = /^[0-9a-f]+$/i;

/** Forms of any length. */
const SHORT: readonly RegExp[] = [
  // Hedera, with an optional checksum (HIP-15).
  /^\d{1,19}\.\d{1,19}\.\d{1,19}(?:-[a-z]{5})?$/,
  // Named accounts of NEAR.
  /^(?=.{2,64}$)[a-z0-9]+(?:[-_.][a-z0-9]+)*\.(?:near|testnet)$/,
];

const LONG: readonly RegExp[] = [
  // Base58, base32, and bech32 with or without a prefix such as `addr_test`.
  /^(?=.*(?:[A-Z]|\d))[A-Za-z0-9]+$/,
  /^[a-z]+_[a-z]+1[a-z0-9]+$/i,
  // `bitcoincash:qpm2…`, `kaspa:qr…`
  /^[a-z]+:[a-z0-9]{20,}$/i,
  // TON, raw and in base64.
  /^(?:0|-1):[0-9a-f]{64}$/i,
  /^[EUk0][A-Za-z0-9+/_-]{47}$/,
  // Avalanche.
  /^[XPC]-[a-z]+1[a-z0-9]+$/,
  // Principals of the Internet Computer.
  /^[a-z0-9]{5}(?:-[a-z0-9]{3,5})+$/,
];

/** @param text without white space @returns why it is none; `undefined` if it looks like an address */
export function addressFormProblem(text: string): string | undefined {
  if (text.length > MAX_LENGTH) return `is longer than ${MAX_LENGTH} characters, so it is no address`;
  if (/^0x/i.test(text)) return hexProblem(text);
  if (HEX.test(text) && text.length >= MIN_LENGTH) {
    return [40, 64].includes(text.length) || /^41.{40}$/.test(text)
      ? undefined
      : `has ${text.length} hexadecimal digits, which no chain’s addresses have`;
  }
  if (SHORT.some((form) => form.test(text))) return undefined;
  if (text.length < MIN_LENGTH) return 'is too short for an address';
  return LONG.some((form) => form.test(text)) ? undefined : 'does not look like an address';
}

function hexProblem(text: string): string | undefined {
  const digits = text.slice(2);
  if (digits !== '' && !HEX.test(digits)) return 'has characters after 0x that are not hexadecimal digits';
  return [40, 64].includes(digits.length)
    ? undefined
    : `has ${digits.length} digits after 0x, where addresses have 40 or 64`;
}

/** What a byte may be: a hexadecimal digit (1), another letter or digit (2), or anything else (0). */
const CLASSES = Uint8Array.from({ length: 256 }, (_, byte) => {
  const character = String.fromCharCode(byte);
  return /[0-9a-f]/i.test(character) ? 1 : /[a-z]/i.test(character) ? 2 : 0;
});

/**
 * Whether bytes are an address in one of the most common forms. Without it, a string is created for each entry, and
 * reading a list takes twice as long.
 */
export function isCommonForm(bytes: Uint8Array, start: number, end: number): boolean {
  const isPrefixed = bytes[start] === 0x30 && bytes[start + 1] === 0x78;
  let classes = 0;
  let hasDigit = false;
  for (let at = isPrefixed ? start + 2 : start; at < end; at++) {
    const byte = bytes[at] ?? 0;
    const kind = CLASSES[byte] ?? 0;
    if (kind === 0) return false;
    classes |= kind;
    hasDigit ||= byte < 0x40;
  }
  const length = end - start;
  if (isPrefixed) return classes === 1 && (length === 42 || length === 66);
  return classes > 1 && hasDigit && length >= MIN_LENGTH && length <= MAX_LENGTH;
}

// Names what was stored instead of a complete PEM file, and what to do about it. Messages quote nothing of the value.
import { createPrivateKey, createPublicKey, type KeyObject, X509Certificate } from 'node:crypto';
import { KeyError } from './key-error.js';

const PKCS12 =
  'it is a PKCS#12 file: extract the key with "openssl pkcs12 -in FILE -nodes", and store only its PEM block';
const BINARY = 'it is a binary file, such as DER: convert it to PEM with "openssl pkey -inform der -in FILE"';

/** What values of other formats look like. */
const FORMATS: readonly (readonly [RegExp, string])[] = [
  [
    /^["'\s]*(?:ssh-\w+|ecdsa-sha2-\S+|sk-\S+)\s+AAAA/,
    'it is an SSH public key: convert it with "ssh-keygen -e -m PKCS8 -f FILE"',
  ],
  [
    /^-*\s*BEGIN SSH2/,
    'it is an SSH public key: convert it with "ssh-keygen -i -f FILE", and the result with "ssh-keygen -e -m PKCS8 -f FILE"',
  ],
  [/^\s*PuTTY-/, 'it is a PuTTY key: store the key in PEM format'],
  [/^["'\s]*\{[^]*"(?:kty|keys)\\*"/, 'it is a JSON web key (JWK): store the key in PEM format'],
  [/^["'\s]*eyJ/, 'it is a token or JSON in Base64: store the key in PEM format'],
  [/\uFFFD/, BINARY],
  [/%(?:0A|0D|20|2B|2F)/i, 'it is URL-encoded: store the PEM file unchanged'],
  [
    /^["'\s]*(?:(?:file:|arn:|https?:|~?\/|\.\.?\/)[^"'\s]+|[^"'\s]+\.(?:pem|key|crt|cer|der|p12|pfx))["'\s]*$/,
    'it is the name of a file or parameter: store the content of the file',
  ],
];

/**
 * Describes a value without a complete marker.
 * @param compact the value without white space
 */
export function describeWithoutMarkers(text: string, compact: string): KeyError {
  if (isPkcs12(text)) return notPem(PKCS12);
  const known = FORMATS.find(([pattern]) => pattern.test(text));
  if (known !== undefined) return notPem(known[1]);
  if (/BEGIN|END[A-Z]{0,30}KEY/.test(compact)) return describeDamagedMarkers(compact);
  const [, base64 = ''] = /^["'`]?([A-Za-z0-9+/_-]+={0,2})["'`]?$/.exec(compact) ?? [];
  const der = Buffer.from(base64, 'base64');
  return der[0] === 0x30 && der.length > 20 ? notPem(describeDer(der)) : incomplete('it has no PEM block');
}

/** @param rest a value without white space and complete markers @throws {KeyError} */
export function assertNoDamagedMarker(rest: string): void {
  if (/[-\u2010-\u2015\u2212]\W{0,3}(?:BEGIN|END)/.test(rest)) throw describeDamagedMarkers(rest);
}

/**
 * Text around PEM blocks is ignored, but not keys, or PEM files in Base64, that have lost their markers.
 * @param outside the parts of a value that belong to no block, without white space
 * @throws {KeyError}
 */
export function assertNoKeyOutside(outside: string): void {
  if (/(?:MII|AAAAB3Nza|LS0tLS1CRUdJT)[A-Za-z0-9+/]{40}/.test(outside)) {
    throw incomplete('it contains a key without its first and last lines');
  }
}

/**
 * Describes markers that do not belong together.
 * @param first the first of two markers, such as `BEGIN PUBLIC KEY`
 * @param last the marker after it
 */
export function describeMismatch(first = '', last = ''): KeyError {
  if (!first.startsWith('BEGIN'))
    return incomplete(`the line "-----${first}-----" has no BEGIN line before it`);
  if (!last.startsWith('END')) return incomplete(`the END line after "-----${first}-----" is missing`);
  return incomplete(`the line after "-----${first}-----" is "-----${last}-----"`);
}

/** @param compact the markers, and anything else */
export function describeDamagedMarkers(compact: string): KeyError {
  return incomplete(
    /[\u2010-\u2015\u2212]/.test(compact)
      ? 'the hyphens of its first or last line were replaced by dashes, as word processors do'
      : 'a first or last line is damaged or missing; each has five hyphens on both sides',
  );
}

function incomplete(problem: string): KeyError {
  return notPem(
    `it is not a complete PEM file: ${problem}. Store the whole file unchanged, including its first and last lines`,
  );
}

function notPem(message: string): KeyError {
  return new KeyError('KEY_NOT_PEM', message);
}

/** PKCS#12 is a sequence that starts with the number 3, its version (RFC 7292, section 4). */
function isPkcs12(text: string): boolean {
  const version = text.indexOf('\u0002\u0001\u0003');
  return text.startsWith('0') && version >= 2 && version <= 6;
}

/** Describes DER that is stored in Base64. */
function describeDer(der: Buffer): string {
  if (isPkcs12(der.toString('latin1', 0, 16))) return PKCS12;
  const what = DER_CONTENTS.find(([, readers]) => readers.some((read) => succeeds(() => read(der))))?.[0];
  return `it is ${what ?? 'DER'} in Base64 without the first and last lines of a PEM file: store the PEM file`;
}

const DER_CONTENTS: readonly (readonly [
  string,
  readonly ((key: Buffer) => KeyObject | X509Certificate)[],
])[] = [
  [
    'a private key',
    (['pkcs8', 'pkcs1', 'sec1'] as const).map(
      (type) => (key) => createPrivateKey({ key, format: 'der', type }),
    ),
  ],
  [
    'a public key',
    (['spki', 'pkcs1'] as const).map((type) => (key) => createPublicKey({ key, format: 'der', type })),
  ],
  ['a certificate', [(certificate) => new X509Certificate(certificate)]],
];

function succeeds(read: () => unknown): boolean {
  try {
    read();
    return true;
  } catch {
    return false;
  }
}

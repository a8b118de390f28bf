// Reads PEM blocks, also if their white space was changed on the way from a terminal, form or script to the store.
import { KeyError } from './key-error.js';
import {
  assertNoDamagedMarker,
  assertNoKeyOutside,
  describeDamagedMarkers,
  describeMismatch,
  describeWithoutMarkers,
} from './not-pem.js';

export interface PemBlock {
  /** What the block contains, such as `PRIVATE KEY`. */
  readonly label: string;
  /** The block alone, with standard line breaks. */
  readonly pem: string;
  readonly encrypted: boolean;
}

/** Labels whose spaces can be restored. Messages quote only these, because any other text may be part of a key. */
const LABELS = new Map(
  [
    'PRIVATE KEY',
    'RSA PRIVATE KEY',
    'EC PRIVATE KEY',
    'DSA PRIVATE KEY',
    'ENCRYPTED PRIVATE KEY',
    'OPENSSH PRIVATE KEY',
    'PUBLIC KEY',
    'RSA PUBLIC KEY',
    'EC PUBLIC KEY',
    'CERTIFICATE',
    'X509 CERTIFICATE',
    'TRUSTED CERTIFICATE',
    'CERTIFICATE REQUEST',
    'NEW CERTIFICATE REQUEST',
    'EC PARAMETERS',
    'DH PARAMETERS',
    'DSA PARAMETERS',
    'X509 CRL',
    'PKCS7',
    'PKCS12',
    'CMS',
    'PGP PUBLIC KEY BLOCK',
    'PGP PRIVATE KEY BLOCK',
    'PGP MESSAGE',
  ].map((label) => [label.replaceAll(' ', ''), label]),
);
const UNKNOWN_LABEL = 'UNKNOWN';

const MARKER = /-----(BEGIN|END)([A-Z0-9]{1,40}?)-----/g;

/**
 * Reads the PEM blocks of a value. White space in PEM has no meaning, so that it may be missing, doubled or of another
 * kind. Also accepts line breaks written as `\n`, JSON strings, the Base64 form of a PEM file, invisible characters, and
 * text around the blocks. The parameters of EC keys are left out: OpenSSL writes them beside the key that contains them.
 * @returns at least one block
 * @throws {KeyError} if any part of the value could be a key that can't be read
 */
export function pemBlocks(text: string): readonly PemBlock[] {
  const compact = withoutWhiteSpace(unescape(text));
  if (compact === '') throw new KeyError('KEY_EMPTY', 'it is empty: store a key in PEM format');
  const markers = [...compact.matchAll(MARKER)];
  if (markers.length === 0) {
    const decoded = decodeBase64(compact);
    if (decoded === undefined) throw describeWithoutMarkers(text, compact);
    return pemBlocks(decoded);
  }

  assertNoDamagedMarker(compact.replace(MARKER, ' '));
  const blocks: PemBlock[] = [];
  let end = 0;
  let outside = '';
  for (let index = 0; index < markers.length; index += 2) {
    const [first, last] = markers.slice(index, index + 2);
    if (first?.[1] !== 'BEGIN' || last?.[1] !== 'END' || first[2] !== last[2]) {
      throw describeMismatch(first && nameOf(first), last && nameOf(last));
    }
    outside += `${compact.slice(end, first.index)}\n`;
    blocks.push(toBlock(labelOf(first), compact.slice(first.index + first[0].length, last.index)));
    end = last.index + last[0].length;
  }
  assertNoKeyOutside(outside + compact.slice(end));
  const keys = blocks.filter(({ label }) => label !== 'EC PARAMETERS');
  if (keys.length === 0) {
    throw new KeyError(
      'KEY_NOT_PEM',
      'it contains the parameters of a key without the key: store the key too',
    );
  }
  return keys;
}

/** Base64 contains no backslash, so that a backslash is always part of an escape sequence. */
function unescape(text: string): string {
  return text
    .replace(/\\+/g, '\\')
    .replace(/\\u([\dA-Fa-f]{4})/g, (_escape, code: string) => String.fromCharCode(parseInt(code, 16)))
    .replace(/\\[nrt]?/g, '');
}

/** Also removes NUL, which UTF-16 files contain, and all invisible characters, such as a BOM and zero-width spaces. */
function withoutWhiteSpace(text: string): string {
  return text.replace(/[\s\p{Cc}\p{Cf}]/gu, '');
}

/** @returns the decoded text if the value is PEM files in Base64 or Base64url, one after another, even encoded twice */
function decodeBase64(compact: string): string | undefined {
  const [, base64] = /^["'`]?([A-Za-z0-9+/_=-]{20,})["'`]?$/.exec(compact) ?? [];
  if (base64 === undefined) return undefined;
  const decoded = base64
    .split(/=+/)
    .map((part) => Buffer.from(part, 'base64').toString('utf8'))
    .join('\n');
  const isPem = /B\0?E\0?G\0?I\0?N/.test(decoded) || decodeBase64(withoutWhiteSpace(decoded)) !== undefined;
  return isPem ? decoded : undefined;
}

function labelOf([, , compactLabel = '']: RegExpMatchArray): string {
  return LABELS.get(compactLabel) ?? UNKNOWN_LABEL;
}

function nameOf(marker: RegExpMatchArray): string {
  return `${marker[1]} ${labelOf(marker)}`;
}

function toBlock(label: string, body: string): PemBlock {
  // Old encrypted keys have a header instead of a label.
  const encrypted = label === 'ENCRYPTED PRIVATE KEY' || body.includes('ENCRYPTED');
  if (!encrypted) assertComplete(label, body);
  const lines = body.match(/.{1,64}/g) ?? [];
  const pem = [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n');
  return { label, pem, encrypted };
}

/** Checks that the body is Base64, and that the DER value in it has the length that it states. @throws {KeyError} */
function assertComplete(label: string, body: string): void {
  if (/^-|-$/.test(body)) throw describeDamagedMarkers(body);
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(body)) {
    throw new KeyError(
      'KEY_UNREADABLE',
      `its "${label}" block is damaged: it contains characters that are not Base64; store the file unchanged`,
    );
  }
  const stated = derLength(Buffer.from(body, 'base64'));
  if (stated === undefined) return;
  const actual = Buffer.byteLength(body, 'base64');
  if (actual < stated) {
    throw new KeyError(
      'KEY_UNREADABLE',
      `its "${label}" block is damaged: ${actual} of ${stated} bytes are there; store the whole file`,
    );
  }
}

/** @returns the total length of a DER sequence, as stated in its header; `undefined` if it is something else */
function derLength(der: Buffer): number | undefined {
  const [tag, first = 0] = der;
  if (tag !== 0x30) return undefined;
  if (first < 0x80) return 2 + first;
  const size = first - 0x80;
  if (size < 1 || size > 4 || der.length < 2 + size) return undefined;
  return 2 + size + der.readUIntBE(2, size);
}

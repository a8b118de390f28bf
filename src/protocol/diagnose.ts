// Recognizes common mistakes in requests that are refused, so that the log's `cause` says what to change. Called only
// after the refusal is certain: nothing here decides whether a request is accepted. No result quotes the request.

/** How much of a body is examined, in bytes: enough for every sign, and little work for a large body. */
const EXAMINED_BYTES = 1024;

/** Signs in the first bytes. Deflate and Brotli streams have none of their own; zlib's is that of HTTP's "deflate". */
const MAGIC_NUMBERS: readonly (readonly [name: string, ...bytes: number[]])[] = [
  ['gzip', 0x1f, 0x8b],
  ['zstd', 0x28, 0xb5, 0x2f, 0xfd],
  ['deflate', 0x78, 0x01],
  ['deflate', 0x78, 0x5e],
  ['deflate', 0x78, 0x9c],
  ['deflate', 0x78, 0xda],
];

/** The start of a compact token is the start of a JSON object in base64url; `ZXl` is the start of that in base64. */
const TOKEN = 'ey[A-Za-z0-9_-]{2}';
const QUOTED_TOKEN = new RegExp(`^["'\`]${TOKEN}`);
const SCHEME = new RegExp(`^(?:authorization:\\s*)?(?:bearer|jwt|token):?\\s+["']?${TOKEN}`, 'i');
const FORM = new RegExp(`^[\\w.%+-]+=(?:[^\\s]*=)?(?:"|%22)?${TOKEN}`);
const WRAPPED_TOKEN = new RegExp(`"\\s*:\\s*"${TOKEN}`);
const ENCODED_TOKEN = /^ZXl[A-Za-z0-9+/_-]{20,}/;

const COSIGNER_SENDS = 'the Co-signer sends the token alone as the body: check the proxies in between';

/**
 * @param body the request body without surrounding white space; it is not a compact token
 * @param contentEncoding the request's `Content-Encoding`
 * @returns what is wrong and what to do; `undefined` if nothing is recognized
 */
export function diagnoseToken(body: Buffer, contentEncoding: string | undefined): string | undefined {
  const unreadable = diagnoseBytes(body, contentEncoding);
  if (unreadable !== undefined) return unreadable;
  const start = startOf(body);
  if (start.startsWith('\u00ef\u00bb\u00bf')) return `a byte order mark before the token: ${COSIGNER_SENDS}`;
  if (QUOTED_TOKEN.test(start)) return `a token in quotes: ${COSIGNER_SENDS}`;
  if (SCHEME.test(start)) return `a token after a word such as "Bearer": ${COSIGNER_SENDS}`;
  if (FORM.test(start)) return `a form with a token in it: ${COSIGNER_SENDS}`;
  if (/^--\S*\r?\ncontent-/i.test(start)) return `a multipart form: ${COSIGNER_SENDS}`;
  if (ENCODED_TOKEN.test(start)) return `a token encoded in base64: ${COSIGNER_SENDS}`;
  if (/^[{[]/.test(start)) {
    return WRAPPED_TOKEN.test(start)
      ? `a token wrapped in JSON: ${COSIGNER_SENDS}`
      : 'JSON instead of a token: give the Co-signer the public key of this handler (option 1, 4 or 5), or set CALLBACK_AUTH=json if it is set up without one';
  }
  if (new RegExp(`^${TOKEN}`).test(start)) return diagnoseParts(body, start);
  return undefined;
}

/**
 * @param body the request body in JSON mode, without surrounding white space; it is not a request
 * @param contentEncoding the request's `Content-Encoding`
 * @returns what is wrong and what to do; `undefined` if nothing is recognized
 */
export function diagnoseJson(body: Buffer, contentEncoding: string | undefined): string | undefined {
  const unreadable = diagnoseBytes(body, contentEncoding);
  if (unreadable !== undefined) return unreadable;
  const start = startOf(body);
  const isToken = new RegExp(`^(?:["'\`])?${TOKEN}[A-Za-z0-9_-]*\\.`).test(start);
  if (isToken || SCHEME.test(start) || FORM.test(start) || /^\{\s*"[^"]*"\s*:\s*"ey[\w-]+\.ey/.test(start)) {
    return 'a signed token instead of JSON: set CALLBACK_AUTH=jwt, because the Co-signer is set up with a public key (option 1, 4 or 5)';
  }
  if (/^[\w.%+-]+=/.test(start)) {
    return 'a form instead of JSON: the Co-signer sends JSON alone as the body: check the proxies in between';
  }
  return undefined;
}

/** Recognizes bytes that are neither a token nor UTF-8-encoded JSON. */
function diagnoseBytes(body: Buffer, contentEncoding: string | undefined): string | undefined {
  const found = MAGIC_NUMBERS.find(([, ...bytes]) => bytes.every((byte, index) => body[index] === byte));
  if (found !== undefined) return compressedBy(found[0]);
  const start = startOf(body);
  const compressed = isText(body) ? undefined : compressedBy(contentEncoding);
  if (compressed !== undefined) return compressed;
  const [first, second, third, fourth] = body;
  const hasUtf16Mark = (first === 0xfe && second === 0xff) || (first === 0xff && second === 0xfe);
  const hasUtf16Zeros = body.length >= 4 && ((first === 0 && third === 0) || (second === 0 && fourth === 0));
  if (hasUtf16Mark || hasUtf16Zeros) {
    return 'encoded in UTF-16: the Co-signer sends ASCII or UTF-8, so check the proxies in between';
  }
  if (/^(?:\u00ef\u00bb\u00bf)?\s*<(?:!doctype|html|head|body|\?xml)/i.test(start)) {
    return 'an HTML or XML page: check what sends to this address, and the proxies in between';
  }
  return start.startsWith('-----BEGIN') ? 'a key or certificate in PEM instead of a request' : undefined;
}

/** Compressed data has control characters among its first bytes; text has none but white space. */
function isText(body: Buffer): boolean {
  return body.subarray(0, EXAMINED_BYTES).every((byte) => byte >= 0x20 || (byte >= 0x09 && byte <= 0x0d));
}

/** Names of encodings that the cause may contain; the header itself is not quoted. */
const ENCODINGS = ['gzip', 'deflate', 'br', 'zstd', 'compress'];

/** @param encoding an encoding that was recognized, or a header that may name one */
function compressedBy(encoding: string | undefined): string | undefined {
  const named = encoding?.toLowerCase().match(/[a-z]+/g) ?? [];
  const name = ENCODINGS.find((known) => named.some((each) => each === known));
  return name === undefined
    ? undefined
    : `compressed (${name}): the Co-signer does not compress requests, so turn off compression in the proxies in between`;
}

/** The body starts like a token. */
function diagnoseParts(body: Buffer, start: string): string | undefined {
  const parts = countParts(body);
  if (parts === 5) return 'an encrypted token (JWE): only signed tokens (JWS) are supported';
  if (parts < 3) return 'a token without all of its three parts: a proxy may have cut it off';
  if (parts > 3) return 'a token with more than three parts';
  return /\s/.test(start) || /\s/.test(endOf(body))
    ? 'a token with white space inside: a proxy or program may have wrapped its lines'
    : undefined;
}

/** Counts up to 6. */
function countParts(body: Buffer): number {
  let parts = 1;
  for (let dot = body.indexOf('.'); dot !== -1 && parts < 6; dot = body.indexOf('.', dot + 1)) parts++;
  return parts;
}

function startOf(body: Buffer): string {
  return body.toString('latin1', 0, EXAMINED_BYTES);
}

function endOf(body: Buffer): string {
  return body.toString('latin1', Math.max(0, body.length - EXAMINED_BYTES));
}

/** A longer path is not examined: none that the Co-signer requests is as long. */
const MAX_PATH_LENGTH = 500;
/** Base path, version and action. */
const APPENDED = /^(.*?)((?:\/v2)*)(\/(?:tx|config_change)_sign_request)$/;

/**
 * Explains why a path is not served.
 * @param path normalized: no query, no duplicate slashes, no slash at the end
 * @param isServed whether the handler serves a path
 */
export function diagnosePath(path: string, isServed: (path: string) => boolean): string {
  if (path.length > MAX_PATH_LENGTH) return 'unknown path';
  if (path !== path.toLowerCase() && isServed(path.toLowerCase())) {
    return 'a path in another letter case: give the Co-signer the base URL in the case of BASE_PATH';
  }
  const [, base, versions = '', action = ''] = APPENDED.exec(path) ?? [];
  if (base === undefined) return 'unknown path';
  const jwt = isServed('/v2/tx_sign_request');
  const version = jwt ? '/v2' : '';
  const isBase = (candidate: string): boolean => isServed(candidate + version + action);
  if (isBase(base)) {
    if (versions === '/v2') {
      return 'a path of JWT mode, but CALLBACK_AUTH is json: set it to jwt if the Co-signer is set up with a public key, or else remove /v2 from the base URL';
    }
    return versions === ''
      ? 'a path of JSON mode, but CALLBACK_AUTH is jwt: give the Co-signer the public key of this handler, or set CALLBACK_AUTH=json'
      : '/v2 occurs twice: the Co-signer appends it, so remove it from the base URL that the Co-signer was given';
  }
  if (base.includes('_sign_request')) {
    return 'the Co-signer appends the last parts of the path itself: remove them from the base URL that it was given';
  }
  const half = base.slice(0, base.length / 2);
  if (half !== '' && half + half === base && isBase(half)) {
    return 'the base path occurs twice: correct the base URL that the Co-signer was given, or the proxy that adds it';
  }
  return 'unknown base path: set BASE_PATH to the path of the base URL that the Co-signer was given';
}

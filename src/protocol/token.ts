// The JWT both ways (Co-signer options 1, 4 and 5): verify what came, sign what goes.
// jose reads the header; Node.js itself verifies and signs. jose would do both with WebCrypto, which hands each to another
// thread: a verification is done before it has got there.
import { sign, verify } from 'node:crypto';
import { promisify } from 'node:util';
import { decodeProtectedHeader, type ProtectedHeaderParameters } from 'jose';
import type { Answer } from './decision.js';
import { ALGORITHM, type SigningKey, type VerifyingKey } from './key.js';
import { Refusal } from './refusal.js';
import { isObject, parseJson } from './request.js';

/** What RS256 hashes with (RFC 7518, 3.3). The padding, PKCS#1 v1.5, is Node's own default for RSA keys. */
const HASH = 'sha256';
/** Node.js passes over what does not belong there. The other two parts are what was signed, as they are. */
const BASE64URL = /^[\w-]*$/;

const DOT = '.'.charCodeAt(0);

export interface VerifiedToken {
  readonly payload: Readonly<Record<string, unknown>>;
  /** The Co-signer key that verified it. */
  readonly cosignerKey: VerifyingKey;
}

/**
 * Verifies a compact JWS against each known Co-signer key in turn. RS256 only, without extensions; `exp` and `nbf` are
 * honoured if there.
 * @param token the request body, white space around it removed
 * @throws {Refusal} `invalid_token`; `malformed_request` when it is verified but not a JSON object
 */
export function verifyToken(token: Buffer, keys: readonly VerifyingKey[]): VerifiedToken {
  const headerEnd = token.indexOf(DOT);
  const claimsEnd = token.lastIndexOf(DOT);
  const claims = token.toString('latin1', headerEnd + 1, claimsEnd);
  // Three parts: there are two dots, and no more in between.
  if (headerEnd === claimsEnd || claims.includes('.')) throw notAToken();
  assertHeader(token.toString('latin1', 0, headerEnd));
  const signature = token.toString('latin1', claimsEnd + 1);
  if (!BASE64URL.test(signature)) throw notAToken();

  const input = token.subarray(0, claimsEnd);
  const signatureBytes = Buffer.from(signature, 'base64url');
  const cosignerKey = keys.find(({ key }) => verify(HASH, input, key, signatureBytes));
  if (cosignerKey === undefined) {
    throw new Refusal('invalid_token', `signed by none of the ${keys.length} known Co-signer keys`);
  }

  const payload = parseJson(Buffer.from(claims, 'base64url'));
  if (!isObject(payload)) throw new Refusal('malformed_request', 'verified, but not a JSON object');
  assertTimes(payload);
  return { payload, cosignerKey };
}

/** The last header that was found good: a Co-signer's is always the same. */
let goodHeader: string | undefined;

/** Nobody has verified it yet: none of it is quoted, and no key is taken from it. */
function assertHeader(encoded: string): void {
  if (encoded === goodHeader) return;
  let header: ProtectedHeaderParameters;
  try {
    header = decodeProtectedHeader({ protected: encoded });
  } catch {
    throw notAToken();
  }
  if (header.alg !== ALGORITHM) {
    throw new Refusal('invalid_token', `signed with another algorithm than ${ALGORITHM}`);
  }
  // Whoever does not understand an extension must refuse it (RFC 7515, 4.1.11), and we understand none.
  if (header.crit !== undefined) {
    throw new Refusal('invalid_token', 'its header asks for an extension that is not supported');
  }
  goodHeader = encoded;
}

function notAToken(): Refusal {
  return new Refusal('invalid_token', 'not a compact JWS');
}

/** Times are in seconds since 1970 (RFC 7519, 4.1.4 to 4.1.6). */
function assertTimes({ exp, nbf, iat }: Readonly<Record<string, unknown>>): void {
  const now = Math.floor(Date.now() / 1000);
  for (const time of [exp, nbf, iat]) {
    if (time !== undefined && typeof time !== 'number') {
      throw new Refusal('invalid_token', 'a time claim ("exp", "nbf", "iat") that is not a number');
    }
  }
  if (typeof exp === 'number' && exp <= now) throw new Refusal('invalid_token', 'expired ("exp")');
  if (typeof nbf === 'number' && nbf > now) throw new Refusal('invalid_token', 'not valid yet ("nbf")');
}

const ANSWER_HEADER = encode({ alg: ALGORITHM, typ: 'JWT' });
/** On another thread: it takes longer than everything else about a request together. */
const signElsewhere = promisify(sign);

/** Signs an answer as the Co-signer expects it: compact JWS, `alg` RS256, `typ` JWT. */
export async function signAnswer(answer: Answer, callbackKey: SigningKey): Promise<string> {
  const input = `${ANSWER_HEADER}.${encode(answer)}`;
  const signature = await signElsewhere(HASH, Buffer.from(input, 'latin1'), callbackKey.key);
  return `${input}.${signature.toString('base64url')}`;
}

function encode(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url');
}

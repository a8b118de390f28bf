// Signs answers as JWTs (Co-signer options 1, 4 and 5).
import { sign } from 'node:crypto';
import { promisify } from 'node:util';
import type { Answer } from './decision.js';
import { type AnswerAlgorithm, HASH, type SigningKey } from './key.js';

/** RS256's padding, PKCS#1 v1.5 (RFC 7518, section 3.3), is Node's default for RSA keys. */
const HEADERS: Readonly<Record<AnswerAlgorithm, string>> = {
  RS256: encode({ alg: 'RS256', typ: 'JWT' }),
  ES256: encode({ alg: 'ES256', typ: 'JWT' }),
};

/** Length of each of the two numbers of a P-256 signature, in bytes. */
const NUMBER_BYTES = 32;

const signAsync = promisify(sign);

/**
 * Signs an answer in the form that the Co-signer expects: compact JWS, `typ` JWT, `alg` RS256 or ES256 as the key
 * determines. RS256 is signed on another thread, because it takes longer (0.24 ms) than everything else in a request
 * together. ES256 is signed at once: it takes 0.023 ms, which is less than the move to another thread.
 */
export function signAnswer(answer: Answer, callbackKey: SigningKey): string | Promise<string> {
  const { key, algorithm } = callbackKey;
  const input = `${HEADERS[algorithm]}.${encode(answer)}`;
  const data = Buffer.from(input, 'latin1');
  return algorithm === 'ES256'
    ? toToken(input, concatenated(sign(HASH, data, key)))
    : signAsync(HASH, data, key).then((signature) => toToken(input, signature));
}

/**
 * Converts an ECDSA signature from DER, `SEQUENCE { INTEGER r, INTEGER s }`, to the two numbers of 32 bytes that JWS
 * concatenates (RFC 7518, section 3.4). Node's own option for that, `dsaEncoding`, costs more than the signature on
 * Node.js 24: 0.051 instead of 0.024 ms together, in a request of 0.15 ms.
 */
function concatenated(der: Buffer): Buffer {
  const rEnd = 4 + (der[3] ?? 0);
  return Buffer.concat([padded(der.subarray(4, rEnd)), padded(der.subarray(rEnd + 2))]);
}

/** DER omits leading zeros, and adds one to a number whose first bit is set. */
function padded(number: Buffer): Buffer {
  return Buffer.concat([Buffer.alloc(NUMBER_BYTES), number]).subarray(-NUMBER_BYTES);
}

function toToken(input: string, signature: Buffer): string {
  return `${input}.${signature.toString('base64url')}`;
}

function encode(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url');
}

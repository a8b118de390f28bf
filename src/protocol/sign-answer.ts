// Signs answers as JWTs (Co-signer options 1, 4 and 5).
import { sign } from 'node:crypto';
import { promisify } from 'node:util';
import type { Answer } from './decision.js';
import { ALGORITHM, type SigningKey } from './key.js';

/** The hash function of RS256 (RFC 7518, section 3.3). RS256's padding, PKCS#1 v1.5, is Node's default for RSA keys. */
const HASH = 'sha256';

const ANSWER_HEADER = encode({ alg: ALGORITHM, typ: 'JWT' });
/** Signs on another thread, because signing takes longer than everything else in a request together. */
const signAsync = promisify(sign);

/** Signs an answer in the form that the Co-signer expects: compact JWS, `alg` RS256, `typ` JWT. */
export async function signAnswer(answer: Answer, callbackKey: SigningKey): Promise<string> {
  const input = `${ANSWER_HEADER}.${encode(answer)}`;
  const signature = await signAsync(HASH, Buffer.from(input, 'latin1'), callbackKey.key);
  return `${input}.${signature.toString('base64url')}`;
}

function encode(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url');
}

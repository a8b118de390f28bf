// The JWT both ways (Co-signer options 1, 4 and 5): verify what came, sign what goes.
import { errors, jwtVerify, SignJWT } from 'jose';
import type { Answer } from './decision.js';
import { ALGORITHM, type SigningKey, type VerifyingKey } from './key.js';
import { Refusal } from './refusal.js';

export interface VerifiedToken {
  readonly payload: unknown;
  /** The Co-signer key that verified it. */
  readonly cosignerKey: VerifyingKey;
}

/**
 * Verifies a compact JWS against each known Co-signer key in turn. RS256 only; `exp` and `nbf` are honoured if there.
 * @param token the request body, white space around it removed
 * @throws {Refusal} `invalid_token`; `malformed_request` when it is verified but not a JSON object
 */
export async function verifyToken(token: string, keys: readonly VerifyingKey[]): Promise<VerifiedToken> {
  for (const cosignerKey of keys) {
    try {
      const { payload } = await jwtVerify(token, cosignerKey.key, { algorithms: [ALGORITHM] });
      return { payload, cosignerKey };
    } catch (error) {
      if (error instanceof errors.JWSSignatureVerificationFailed) continue;
      if (error instanceof errors.JWTInvalid) {
        throw new Refusal('malformed_request', 'verified, but not a JSON object');
      }
      if (error instanceof errors.JOSEError) {
        throw new Refusal('invalid_token', CAUSES[error.code] ?? `refused by jose: ${error.code}`);
      }
      throw error;
    }
  }
  throw new Refusal('invalid_token', `signed by none of the ${keys.length} known Co-signer keys`);
}

// jose's own messages may quote the token's header, which nobody has verified.
const CAUSES: Readonly<Record<string, string>> = {
  ERR_JWS_INVALID: 'not a compact JWS',
  ERR_JOSE_ALG_NOT_ALLOWED: `signed with another algorithm than ${ALGORITHM}`,
  ERR_JOSE_NOT_SUPPORTED: 'its header asks for an extension that is not supported',
  ERR_JWT_EXPIRED: 'expired ("exp")',
  ERR_JWT_CLAIM_VALIDATION_FAILED: 'not valid yet ("nbf"), or a time claim that is not a number',
};

/** Signs an answer as the Co-signer expects it: compact JWS, `alg` RS256, `typ` JWT. */
export async function signAnswer(answer: Answer, callbackKey: SigningKey): Promise<string> {
  return await new SignJWT({ ...answer })
    .setProtectedHeader({ alg: ALGORITHM, typ: 'JWT' })
    .sign(callbackKey.key);
}

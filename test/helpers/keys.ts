// Generates key pairs for tests.
import { generateKeyPairSync, type KeyObject } from 'node:crypto';

export interface Pair {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  /** PKCS#8 */
  readonly privatePem: string;
  /** SPKI */
  readonly publicPem: string;
}

export function rsaPair(modulusLength = 2048): Pair {
  return withPem(generateKeyPairSync('rsa', { modulusLength }));
}

export function p256Pair(): Pair {
  return withPem(generateKeyPairSync('ec', { namedCurve: 'P-256' }));
}

const PRIVATE = 'PRIVATE KEY';

/** Text in the form of a private key in PEM. @param base64 its content, which need not be a key */
export function privatePemOf(base64: string): string {
  return `-----BEGIN ${PRIVATE}-----
${base64}
-----END ${PRIVATE}-----
`;
}

export function withPem({ privateKey, publicKey }: { privateKey: KeyObject; publicKey: KeyObject }): Pair {
  return {
    privateKey,
    publicKey,
    privatePem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    publicPem: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  };
}

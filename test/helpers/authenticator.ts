// Passkeys in software: what an authenticator would sign, right or wrong.
import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { encodeCBOR } from '@levischuck/tiny-cbor';
import { passkeyToText, type Passkey } from '../../src/approvals/passkey.js';
import type { Assertion, SignedDecision } from '../../src/approvals/signed-decision.js';
import { challengeOf, type Statement } from '../../src/approvals/statement.js';

/** What an attacker, or an authenticator without a user, may do differently. */
export interface Overrides {
  readonly origin?: string;
  readonly rpId?: string;
  readonly userVerified?: boolean;
  readonly userPresent?: boolean;
  readonly type?: string;
  readonly crossOrigin?: boolean;
  readonly topOrigin?: string;
  readonly counter?: number;
  readonly challenge?: Buffer;
  /** The id that the assertion names. */
  readonly id?: string;
  /** What follows the counter in the authenticator's data, and the flags that announce it. */
  readonly more?: { readonly flags: number; readonly bytes: Buffer };
  /** Name of the attestation's format. @default none */
  readonly attestation?: string;
}

export interface SoftwarePasskey {
  readonly passkey: Passkey;
  /** As a policy names it. */
  readonly text: string;
  sign(challenge: Buffer | string, overrides?: Overrides): Assertion;
  /** What `PublicKeyCredential.toJSON()` gives after the passkey was created. */
  register(challenge: string, overrides?: Overrides): unknown;
}

const USER_PRESENT = 0x01;
const USER_VERIFIED = 0x04;
const ATTESTED = 0x40;
const NOTHING = { flags: 0, bytes: Buffer.alloc(0) };

export type Algorithm = 'ES256' | 'EdDSA' | 'RS256';

/** Entries of a COSE key. */
type CoseEntries = readonly (readonly [number, number | Uint8Array])[];

/** @returns a COSE key */
export function encodeCose(entries: CoseEntries): Buffer {
  return Buffer.from(encodeCBOR(new Map(entries)));
}

function generateKey(algorithm: Algorithm): { readonly privateKey: KeyObject; readonly cose: Buffer } {
  const { privateKey, publicKey } =
    algorithm === 'ES256'
      ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
      : algorithm === 'EdDSA'
        ? generateKeyPairSync('ed25519')
        : generateKeyPairSync('rsa', { modulusLength: 2048 });
  const jwk = publicKey.export({ format: 'jwk' });
  const bytes = (name: 'x' | 'y' | 'n' | 'e') => new Uint8Array(Buffer.from(jwk[name] ?? '', 'base64url'));
  const entries: Readonly<Record<Algorithm, () => CoseEntries>> = {
    ES256: () => [[1, 2], [3, -7], [-1, 1], [-2, bytes('x')], [-3, bytes('y')]], // prettier-ignore
    EdDSA: () => [[1, 1], [3, -8], [-1, 6], [-2, bytes('x')]], // prettier-ignore
    RS256: () => [[1, 3], [3, -257], [-1, bytes('n')], [-2, bytes('e')]], // prettier-ignore
  };
  return { privateKey, cose: encodeCose(entries[algorithm]()) };
}

export interface SoftwareOptions {
  /** @default localhost */
  readonly rpId?: string;
  /** @default http://localhost:3001 */
  readonly origin?: string;
  /** @default ES256 */
  readonly algorithm?: Algorithm;
}

export function createPasskey({
  rpId = 'localhost',
  origin = 'http://localhost:3001',
  algorithm = 'ES256',
}: SoftwareOptions = {}): SoftwarePasskey {
  const { privateKey, cose } = generateKey(algorithm);
  const credential = randomBytes(32);
  const passkey: Passkey = {
    rpId,
    credentialId: credential.toString('base64url'),
    publicKey: cose.toString('base64url'),
  };
  const clientData = (challenge: Buffer | string, type: string, overrides: Overrides): Buffer =>
    Buffer.from(
      JSON.stringify({
        type: overrides.type ?? type,
        challenge: overrides.challenge?.toString('base64url') ?? textOf(challenge),
        origin: overrides.origin ?? origin,
        crossOrigin: overrides.crossOrigin ?? false,
        topOrigin: overrides.topOrigin,
      }),
    );
  const authenticatorData = (overrides: Overrides, attested?: Buffer): Buffer => {
    const { userPresent = true, userVerified = true, counter = 0 } = overrides;
    const { flags, bytes } =
      attested === undefined ? (overrides.more ?? NOTHING) : { flags: ATTESTED, bytes: attested };
    const head = Buffer.alloc(5);
    head.writeUInt8((userPresent ? USER_PRESENT : 0) | (userVerified ? USER_VERIFIED : 0) | flags);
    head.writeUInt32BE(counter, 1);
    return Buffer.concat([sha256(overrides.rpId ?? rpId), head, bytes]);
  };
  return {
    passkey,
    text: passkeyToText(passkey),
    sign(challenge, overrides = {}) {
      const data = authenticatorData(overrides);
      const client = clientData(challenge, 'webauthn.get', overrides);
      const hash = algorithm === 'EdDSA' ? null : 'sha256';
      const signature = sign(hash, Buffer.concat([data, sha256(client)]), privateKey);
      return {
        id: overrides.id ?? passkey.credentialId,
        response: {
          authenticatorData: data.toString('base64url'),
          clientDataJSON: client.toString('base64url'),
          signature: signature.toString('base64url'),
        },
      };
    },
    register(challenge, overrides = {}) {
      const length = Buffer.alloc(2);
      length.writeUInt16BE(credential.length);
      const attested = Buffer.concat([Buffer.alloc(16), length, credential, cose]);
      const object = encodeCBOR(
        new Map<string, string | Uint8Array | Map<string, string>>([
          ['fmt', overrides.attestation ?? 'none'],
          ['attStmt', new Map()],
          ['authData', new Uint8Array(authenticatorData(overrides, attested))],
        ]),
      );
      const id = overrides.id ?? passkey.credentialId;
      return {
        ...{ id, rawId: id, type: 'public-key', clientExtensionResults: {} },
        response: {
          clientDataJSON: clientData(challenge, 'webauthn.create', overrides).toString('base64url'),
          attestationObject: Buffer.from(object).toString('base64url'),
        },
      };
    },
  };
}

/** A decision as the console stores it. */
export function signDecision(
  key: SoftwarePasskey,
  statement: Statement,
  overrides?: Overrides,
  reason?: string,
): SignedDecision {
  const { verdict, approver } = statement;
  return {
    ...{ verdict, approver, at: new Date().toISOString() },
    ...(reason !== undefined && { reason }),
    assertion: key.sign(challengeOf(statement), overrides),
  };
}

function textOf(challenge: Buffer | string): string {
  return typeof challenge === 'string' ? challenge : challenge.toString('base64url');
}

function sha256(data: string | Buffer): Buffer {
  return createHash('sha256').update(data).digest();
}

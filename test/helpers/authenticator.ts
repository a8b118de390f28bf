// Passkeys in software: what an authenticator would sign, right or wrong.
import { createHash, createSign, generateKeyPairSync, randomBytes } from 'node:crypto';
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

export function createPasskey({
  rpId = 'localhost',
  origin = 'http://localhost:3001',
} = {}): SoftwarePasskey {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { x = '', y = '' } = publicKey.export({ format: 'jwk' });
  const [left, right] = [x, y].map((part) => new Uint8Array(Buffer.from(part, 'base64url')));
  const cose = Buffer.from(
    encodeCBOR(
      new Map<number, number | Uint8Array>([
        [1, 2],
        [3, -7],
        [-1, 1],
        [-2, left ?? new Uint8Array()],
        [-3, right ?? new Uint8Array()],
      ]),
    ),
  );
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
  const authenticatorData = (overrides: Overrides, more = Buffer.alloc(0), flag = 0): Buffer => {
    const { userPresent = true, userVerified = true, counter = 0 } = overrides;
    const flags = (userPresent ? USER_PRESENT : 0) | (userVerified ? USER_VERIFIED : 0) | flag;
    const head = Buffer.alloc(5);
    head.writeUInt8(flags);
    head.writeUInt32BE(counter, 1);
    return Buffer.concat([sha256(overrides.rpId ?? rpId), head, more]);
  };
  return {
    passkey,
    text: passkeyToText(passkey),
    sign(challenge, overrides = {}) {
      const data = authenticatorData(overrides);
      const client = clientData(challenge, 'webauthn.get', overrides);
      const signature = createSign('sha256').update(data).update(sha256(client)).sign(privateKey);
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
          ['fmt', 'none'],
          ['attStmt', new Map()],
          ['authData', new Uint8Array(authenticatorData(overrides, attested, ATTESTED))],
        ]),
      );
      const { credentialId: id } = passkey;
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

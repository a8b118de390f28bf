// Families of hostile input, and each family's share of a run.
import { createHmac, createPublicKey, type KeyObject, sign } from 'node:crypto';
import fc, { type Arbitrary } from 'fast-check';
import { samplePayload, signToken } from '../../cli/cosigner/request.js';
import { p256Pair, rsaPair } from '../../test/helpers/keys.js';
import {
  algorithm,
  base64url,
  compactToken,
  encodedHostileHeader,
  hostileClaims,
  hostileHeader,
  mutated,
  sampleClaims,
} from './arbitraries.js';
import { largeToken, oddTokens, path, timedTokens, transactionPath, wrapped } from './forms.js';

export interface Input {
  readonly body: Buffer;
  readonly headers?: Readonly<Record<string, string>>;
  readonly path?: string;
}

export interface Family {
  readonly title: string;
  /** Share of all inputs; all shares add up to 1. */
  readonly share: number;
  readonly inputs: Arbitrary<Input>;
}

const VALID_TOKENS = 20;
const FORGED_TOKENS = 300;

/** @param cosigner the private key whose signatures the handler trusts */
export function createFamilies(cosigner: KeyObject): readonly Family[] {
  const validTokens = Array.from({ length: VALID_TOKENS }, () =>
    signToken(samplePayload('transaction'), cosigner),
  );
  const token = fc.constantFrom(...validTokens);
  return [
    { title: 'tokens with changed bytes', share: 0.42, inputs: toInput(token.chain(mutated)) },
    {
      title: 'hostile headers with a signature from another token',
      share: 0.2,
      inputs: toInput(
        fc.tuple(encodedHostileHeader, token).map(([header, other]) => {
          const [, claims, signature] = other.split('.');
          return Buffer.from(`${header}.${claims}.${signature}`);
        }),
      ),
    },
    {
      title:
        'tokens signed with unknown keys of several types and sizes, some with the key embedded in the token',
      share: 0.1,
      inputs: toInput(fc.constantFrom(...forgedTokens()).map((forged) => Buffer.from(forged))),
    },
    {
      title: 'other algorithms: HMAC with the public key as the secret, and none',
      share: 0.05,
      inputs: toInput(
        fc.tuple(algorithm, fc.boolean()).map(([alg, hmac]) => otherAlgorithm(alg, hmac, cosigner)),
      ),
    },
    { title: 'JWE, JWS in JSON, and other shapes', share: 0.05, inputs: toInput(otherShapes(token)) },
    {
      title: 'hostile claims with a valid signature by the Co-signer',
      share: 0.05,
      inputs: toInput(
        hostileClaims.map((claims) =>
          Buffer.from(compactToken('{"alg":"RS256","typ":"JWT"}', claims, cosigner)),
        ),
      ),
    },
    {
      title: 'tokens in quotes, after "Bearer", in a form or in JSON, encoded or compressed',
      share: 0.04,
      inputs: fc.record({
        body: wrapped(token),
        path,
        headers: fc.constantFrom({}, { 'content-encoding': 'gzip' }, { 'content-encoding': 'br' }),
      }),
    },
    {
      title: 'time claims around the tolerance and of other types, with a valid signature',
      share: 0.02,
      inputs: fc.record({ body: timedTokens(cosigner), path: transactionPath }),
    },
    {
      title: 'absent, empty and odd fields, with a valid signature',
      share: 0.018,
      inputs: fc.record({ body: oddTokens(cosigner), path }),
    },
    {
      title: 'large tokens with changed bytes',
      share: 0.002,
      inputs: toInput(mutated(largeToken(cosigner))),
    },
    {
      title: 'tokens with changed bytes, hostile HTTP headers and paths',
      share: 0.05,
      inputs: hostileHttp(token),
    },
  ];
}

function toInput(body: Arbitrary<Buffer>): Arbitrary<Input> {
  return fc.record({ body, path });
}

/** Created in advance, because signing takes longer than sending. */
function forgedTokens(): readonly string[] {
  const unknownKeys = [1024, 2048, 3072].map((bits) => rsaPair(bits).privateKey);
  const headers = fc.sample(hostileHeader, FORGED_TOKENS);
  const rsa = headers.flatMap((header, index) => {
    const key = unknownKeys[index % unknownKeys.length];
    return key === undefined ? [] : [compactToken(JSON.stringify(header), sampleClaims(), key)];
  });
  return [...rsa, ...es256Tokens()];
}

/** Answers may be signed with ES256; requests are not. */
function es256Tokens(): readonly string[] {
  const { privateKey, publicKey } = p256Pair();
  const jwk = publicKey.export({ format: 'jwk' });
  return [{ alg: 'ES256' }, { alg: 'RS256' }, { alg: 'ES256', jwk }, { alg: 'RS256', jwk }].map((header) => {
    const input = `${base64url(JSON.stringify(header))}.${base64url(sampleClaims())}`;
    const signature = sign('sha256', Buffer.from(input), { key: privateKey, dsaEncoding: 'ieee-p1363' });
    return `${input}.${base64url(signature)}`;
  });
}

function otherAlgorithm(alg: string, hmac: boolean, cosigner: KeyObject): Buffer {
  const input = `${base64url(JSON.stringify({ alg, typ: 'JWT' }))}.${base64url(sampleClaims())}`;
  const publicPem = createPublicKey(cosigner).export({ type: 'spki', format: 'pem' });
  const signature = hmac ? createHmac('sha256', publicPem).update(input).digest('base64url') : '';
  return Buffer.from(`${input}.${signature}`);
}

function otherShapes(token: Arbitrary<string>): Arbitrary<Buffer> {
  return fc.oneof(
    fc
      .array(fc.base64String({ maxLength: 40 }), { minLength: 1, maxLength: 7 })
      .map((parts) => Buffer.from(parts.join('.'))),
    token.map((compact) => {
      const [header, payload, signature] = compact.split('.');
      return Buffer.from(JSON.stringify({ payload, signatures: [{ protected: header, signature }] }));
    }),
    fc.jsonValue().map((value) => Buffer.from(JSON.stringify(value))),
    fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
  );
}

function hostileHttp(token: Arbitrary<string>): Arbitrary<Input> {
  const anyPath = fc.webPath().map((webPath) => (webPath.startsWith('/') ? webPath : `/${webPath}`));
  const headerName = fc.constantFrom(
    ...['content-type', 'x-amzn-trace-id', 'accept', 'expect-ct', 'x-forwarded-for', 'authorization'],
    'accept-encoding',
  );
  const headerCharacter = fc.constantFrom(...Array.from('abc09;=,/ "{}%\t-_\u00e9'));
  return fc.record({
    body: token.chain(mutated),
    path: fc.oneof(path, anyPath),
    headers: fc.dictionary(headerName, fc.string({ unit: headerCharacter, maxLength: 300 })),
  });
}

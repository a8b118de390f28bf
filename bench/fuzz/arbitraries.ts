// Generators for hostile headers, claims and bytes.
import { type KeyObject, sign } from 'node:crypto';
import fc, { type Arbitrary } from 'fast-check';
import { samplePayload } from '../../cli/cosigner/request.js';
import { rsaPair } from '../../test/helpers/keys.js';

export const algorithm = fc.constantFrom(
  ...['none', 'None', 'NONE', 'nOnE', 'rs256', 'Rs256', 'RS256 ', ' RS256', 'RS384', 'RS512', 'PS256'],
  ...['ES256', 'HS256', 'hs256', 'EdDSA', 'RSA-OAEP', ''],
);

export const hostileHeader = fc.record(
  {
    alg: fc.oneof({ weight: 3, arbitrary: fc.constant('RS256') }, algorithm, fc.jsonValue()),
    typ: fc.constantFrom('JWT', 'jwt', 'JOSE', '../x'),
    kid: fc.oneof(
      fc.constantFrom('../../../etc/passwd', 'x\r\nSet-Cookie: a=b', "' or 1=1 --", '\u0000', '__proto__'),
      fc.string(),
    ),
    jku: fc.webUrl(),
    x5u: fc.webUrl(),
    x5c: fc.array(fc.base64String({ maxLength: 60 }), { maxLength: 3 }),
    jwk: fc.oneof(fc.constant(rsaPair().publicKey.export({ format: 'jwk' })), fc.jsonValue()),
    crit: fc.oneof(fc.constantFrom(['b64'], ['exp'], [], ['alg'], ['__proto__']), fc.jsonValue()),
    b64: fc.oneof(fc.boolean(), fc.jsonValue()),
    enc: fc.constantFrom('A256GCM', 'x'),
    zip: fc.constant('DEF'),
    __proto__x: fc.constant(1),
  },
  { requiredKeys: [] },
);

/** The first part of a compact token, base64url. */
export const encodedHostileHeader = fc.oneof(
  hostileHeader.map((header) => base64url(JSON.stringify(header))),
  fc.constantFrom(
    base64url('{"alg":"none","alg":"RS256"}'),
    base64url('{"alg":"RS256","alg":"none"}'),
    base64url('{"__proto__":{"alg":"RS256"}}'),
    base64url('["RS256"]'),
    base64url('"RS256"'),
    base64url('null'),
    '',
  ),
  fc.uint8Array({ maxLength: 100 }).map((bytes) => Buffer.from(bytes).toString('base64url')),
);

const DEPTH = 10_000;
const FIELDS = [
  ...[
    'txId',
    'operation',
    'type',
    'amountStr',
    'destinations',
    'extraInfo',
    'rawTx',
    'note',
    'fee',
    'signerId',
  ],
  ...['destAddress', 'extraParameters', 'exp', 'nbf', 'iat', '__proto__', 'constructor', 'toString'],
];

/** JSON, and bytes that resemble JSON. */
export const hostileClaims: Arbitrary<Buffer> = fc.oneof(
  fc.constantFrom(
    Buffer.from(`{"requestId":"r","note":${'['.repeat(DEPTH)}${']'.repeat(DEPTH)}}`),
    Buffer.from(`{"requestId":"r","extraParameters":${'{"a":'.repeat(DEPTH)}1${'}'.repeat(DEPTH)}}`),
    Buffer.from('['.repeat(DEPTH)),
    Buffer.from('{"requestId":"a","requestId":"b","txId":"1","txId":{}}'),
    Buffer.from('{"requestId":"r","__proto__":{"requestId":"x","operation":"TRANSFER"}}'),
    Buffer.from('{"__proto__":{"requestId":"r"}}'),
    Buffer.from('{"requestId":"r","amountStr":1e999,"fee":-1e999}'),
    Buffer.from(`{"requestId":"r","amountStr":"${'9'.repeat(100_000)}"}`),
    Buffer.from(`{"requestId":"r","amountStr":"1e${'9'.repeat(50)}"}`),
    Buffer.from([...Buffer.from('{"requestId":"r","note":"'), 0xff, 0xfe, 0xc0, 0x80, ...Buffer.from('"}')]),
    Buffer.from('{"requestId":"\\ud800"}'),
    Buffer.from('\ufeff{"requestId":"r"}'),
    Buffer.from('{"requestId":""}'),
    Buffer.from(''),
  ),
  fc
    .dictionary(fc.constantFrom(...FIELDS), fc.jsonValue({ maxDepth: 4 }), { maxKeys: 8 })
    .map((fields) => Buffer.from(JSON.stringify({ ...samplePayload('transaction'), ...fields }))),
  fc.jsonValue().map((value) => Buffer.from(JSON.stringify(value))),
  fc.tuple(fc.nat(), fc.uint8Array({ minLength: 1, maxLength: 4 })).map(([at, bytes]) => {
    const claims = sampleClaims();
    claims.set(bytes, at % (claims.length - 4));
    return claims;
  }),
);

/** The token with bytes inserted, removed or replaced, or with its end cut off. */
export function mutated(token: string): Arbitrary<Buffer> {
  const change = fc.record({
    at: fc.nat(token.length - 1),
    remove: fc.nat(3),
    bytes: fc.oneof(
      fc.uint8Array({ maxLength: 3 }),
      fc.constantFrom(Uint8Array.from([0x2e]), Uint8Array.from([0x20]), Uint8Array.from([0x3d])),
    ),
    cut: fc.boolean(),
  });
  return fc.array(change, { minLength: 1, maxLength: 4 }).map((changes) => {
    let result = Buffer.from(token, 'latin1');
    for (const { at, remove, bytes, cut } of changes) {
      const position = at % (result.length + 1);
      const rest =
        cut && changes.length === 1 && remove === 3 ? Buffer.alloc(0) : result.subarray(position + remove);
      result = Buffer.concat([result.subarray(0, position), bytes, rest]);
    }
    return result;
  });
}

/** The published transaction with new ids, as JSON. */
export function sampleClaims(): Buffer {
  return Buffer.from(JSON.stringify(samplePayload('transaction')));
}

/** A compact token, signed with RSA and SHA-256 whatever its header says. */
export function compactToken(header: string, claims: Buffer, key: KeyObject): string {
  const input = `${base64url(header)}.${base64url(claims)}`;
  return `${input}.${sign('sha256', Buffer.from(input), key).toString('base64url')}`;
}

export function base64url(bytes: string | Buffer): string {
  return Buffer.from(bytes).toString('base64url');
}

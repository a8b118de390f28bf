// Hostile input: what it is called, and bodies of it without end.
import { createHmac, createPublicKey, type KeyObject, sign } from 'node:crypto';
import fc, { type Arbitrary } from 'fast-check';
import { samplePayload, signToken } from '../../cli/cosigner/request.js';
import { rsaPair } from '../../test/helpers/keys.js';

export interface Input {
  readonly body: Buffer;
  readonly headers?: Readonly<Record<string, string>>;
  readonly path?: string;
}

export interface Family {
  readonly what: string;
  /** Of all inputs. */
  readonly share: number;
  readonly inputs: Arbitrary<Input>;
}

const PATHS = [
  '/v2/tx_sign_request',
  '/v2/config_change_sign_request',
  '/callback',
  '/callback/v2/tx_sign_request',
];

/** @param cosigner the private key that the handler believes */
export function families(cosigner: KeyObject): readonly Family[] {
  const strangers = [1024, 2048, 4096].map((bits) => rsaPair(bits).privateKey);
  const good = Array.from({ length: 20 }, () => signToken(samplePayload('transaction'), cosigner));
  const path = fc.constantFrom(...PATHS);
  const input = (body: Arbitrary<Buffer>): Arbitrary<Input> => fc.record({ body, path });
  const token = fc.constantFrom(...good);

  // A few hundred signatures are made before, for they take longer than what is done with them.
  const forged = Array.from({ length: 300 }, (_, index) => {
    const header = fc.sample(hostileHeader, 1)[0] ?? {};
    const stranger = strangers[index % strangers.length] ?? cosigner;
    return compact(JSON.stringify(header), claimsOf(samplePayload('transaction')), stranger);
  });

  return [
    { what: 'tokens with changed bytes', share: 0.5, inputs: input(token.chain(mutated)) },
    {
      what: 'hostile headers under a signature of another token',
      share: 0.2,
      inputs: input(
        fc.tuple(hostileHeaderText, token).map(([header, other]) => {
          const [, claims, signature] = other.split('.');
          return Buffer.from(`${header}.${claims}.${signature}`);
        }),
      ),
    },
    {
      what: 'tokens of strangers, with keys of other sizes, that bring their own key',
      share: 0.1,
      inputs: input(fc.constantFrom(...forged).map((text) => Buffer.from(text))),
    },
    {
      what: 'other algorithms, with the public key as a secret, and none',
      share: 0.05,
      inputs: input(
        fc.tuple(algorithm, fc.boolean()).map(([alg, withSecret]) => {
          const text = `${base64url(JSON.stringify({ alg, typ: 'JWT' }))}.${base64url(claimsOf(samplePayload('transaction')))}`;
          const pem = createPublicKey(cosigner).export({ type: 'spki', format: 'pem' });
          const signature = withSecret ? createHmac('sha256', pem).update(text).digest('base64url') : '';
          return Buffer.from(`${text}.${signature}`);
        }),
      ),
    },
    {
      what: 'JWE, JWS in JSON, and other shapes',
      share: 0.05,
      inputs: input(
        fc.oneof(
          fc
            .array(fc.base64String({ maxLength: 40 }), { minLength: 1, maxLength: 7 })
            .map((parts) => Buffer.from(parts.join('.'))),
          token.map((text) => {
            const [header, payload, signature] = text.split('.');
            return Buffer.from(JSON.stringify({ payload, signatures: [{ protected: header, signature }] }));
          }),
          fc.jsonValue().map((value) => Buffer.from(JSON.stringify(value))),
          fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
        ),
      ),
    },
    {
      what: 'hostile claims, truly signed by the Co-signer',
      share: 0.05,
      inputs: input(
        hostileClaims.map((claims) => Buffer.from(compact('{"alg":"RS256","typ":"JWT"}', claims, cosigner))),
      ),
    },
    {
      what: 'good tokens under hostile HTTP headers',
      share: 0.05,
      inputs: fc.record({
        body: token.chain(mutated),
        path: fc.oneof(
          path,
          fc.webPath().map((text) => (text.startsWith('/') ? text : `/${text}`)),
        ),
        headers: fc.dictionary(
          fc.constantFrom(
            'content-type',
            'x-amzn-trace-id',
            'accept',
            'expect-ct',
            'x-forwarded-for',
            'authorization',
            'accept-encoding',
          ),
          fc.string({ unit: fc.constantFrom(...Array.from('abc09;=,/ "{}%\t-_\u00e9')), maxLength: 300 }),
        ),
      }),
    },
  ];
}

const algorithm = fc.constantFrom(
  ...[
    'none',
    'None',
    'NONE',
    'nOnE',
    'rs256',
    'Rs256',
    'RS256 ',
    ' RS256',
    'RS384',
    'RS512',
    'PS256',
    'ES256',
    'HS256',
    'hs256',
    'EdDSA',
    'RSA-OAEP',
    '',
  ],
);

const hostileHeader = fc.record(
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

const hostileHeaderText = fc.oneof(
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

const NESTED = 10_000;
const FIELDS = [
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
  'destAddress',
  'extraParameters',
  'exp',
  'nbf',
  'iat',
  '__proto__',
  'constructor',
  'toString',
];

/** JSON, or what is nearly that. */
const hostileClaims: Arbitrary<Buffer> = fc.oneof(
  fc.constantFrom(
    Buffer.from(`{"requestId":"r","note":${'['.repeat(NESTED)}${']'.repeat(NESTED)}}`),
    Buffer.from(`{"requestId":"r","extraParameters":${'{"a":'.repeat(NESTED)}1${'}'.repeat(NESTED)}}`),
    Buffer.from('['.repeat(NESTED)),
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
    const claims = claimsOf(samplePayload('transaction'));
    claims.set(bytes, at % (claims.length - 4));
    return claims;
  }),
);

/** Bytes put in, taken out, doubled or changed, in one of the parts or anywhere. */
function mutated(token: string): Arbitrary<Buffer> {
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
    let text = Buffer.from(token, 'latin1');
    for (const { at, remove, bytes, cut } of changes) {
      const place = at % (text.length + 1);
      const rest =
        cut && changes.length === 1 && remove === 3 ? Buffer.alloc(0) : text.subarray(place + remove);
      text = Buffer.concat([text.subarray(0, place), bytes, rest]);
    }
    return text;
  });
}

function claimsOf(payload: object): Buffer {
  return Buffer.from(JSON.stringify(payload));
}

function compact(header: string, claims: Buffer, key: KeyObject): string {
  const input = `${base64url(header)}.${base64url(claims)}`;
  return `${input}.${sign('sha256', Buffer.from(input), key).toString('base64url')}`;
}

function base64url(bytes: string | Buffer): string {
  return Buffer.from(bytes).toString('base64url');
}

// Generators for the forms in which requests arrive: odd fields, base paths, clocks that differ, and tokens that a program
// in between has wrapped, encoded or compressed.
import type { KeyObject } from 'node:crypto';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import fc, { type Arbitrary } from 'fast-check';
import { type Payload, samplePayload, signToken } from '../../cli/cosigner/request.js';

/** Base path of the handler that is tested. */
export const BASE_PATH = '/fireblocks/a:b';

/** A path on which a transaction is answered. */
export const transactionPath = fc.constantFrom(
  ...[
    '/v2/tx_sign_request',
    `${BASE_PATH}/v2/tx_sign_request`,
    `${BASE_PATH}//v2/tx_sign_request/`,
    BASE_PATH,
  ],
);

/** Paths that are not served, with every mistake that the log names. */
const wrongPath = fc.constantFrom(
  ...['/callback', '/v2', `${BASE_PATH}/v2`, `${BASE_PATH}${BASE_PATH}`, BASE_PATH.toUpperCase()].map(
    (prefix) => `${prefix}/v2/tx_sign_request`,
  ),
  ...['/tx_sign_request', `${BASE_PATH}/tx_sign_request`, `/v2/tx_sign_request/v2/tx_sign_request`],
);

export const path = fc.oneof(
  { weight: 6, arbitrary: transactionPath },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      '/v2/config_change_sign_request',
      `${BASE_PATH}/v2/config_change_sign_request`,
    ),
  },
  { weight: 1, arbitrary: wrongPath },
);

const WRAPPINGS: readonly ((token: string) => string | Buffer)[] = [
  (token) => `"${token}"`,
  (token) => `'${token}'`,
  (token) => `Bearer ${token}`,
  (token) => `bearer\t${token}`,
  (token) => `Authorization: Bearer ${token}`,
  (token) => `jwt=${token}`,
  (token) => `a=b&token=${encodeURIComponent(token)}`,
  (token) => JSON.stringify({ jwt: token }),
  (token) => JSON.stringify([token]),
  (token) => Buffer.from(token).toString('base64'),
  (token) => Buffer.from(token).toString('hex'),
  (token) => Buffer.from(`\ufeff${token}`),
  (token) => Buffer.from(`\ufeff${token}`, 'utf16le'),
  (token) => Buffer.from(token, 'utf16le').swap16(),
  (token) => `<html>${token}</html>`,
  (token) => `${token}.${token}`,
  (token) => gzipSync(token),
  (token) => deflateSync(token),
  (token) => brotliCompressSync(token),
];

export const wrapped = (token: Arbitrary<string>): Arbitrary<Buffer> =>
  fc
    .tuple(token, fc.array(fc.constantFrom(...WRAPPINGS), { minLength: 1, maxLength: 2 }))
    .map(([compact, wrappings]) =>
      wrappings.reduce<Buffer>(
        (body, wrap) => Buffer.from(wrap(body.toString('latin1'))),
        Buffer.from(compact),
      ),
    );

/**
 * Seconds between a time claim and now. The tolerance is 30 s; a request must not reach its limit on the way to the
 * handler.
 */
const OFFSETS = [-1e9, -1000, -60, -40, -20, -1.5, -1, 0, 1, 2.5, 20, 40, 60, 1000, 1e9];

/** Tokens with time claims of every type, signed by the Co-signer. */
export function timedTokens(cosigner: KeyObject): Arbitrary<Buffer> {
  const time = fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...OFFSETS).map((offset) => Date.now() / 1000 + offset) },
    {
      weight: 1,
      arbitrary: fc.constantFrom<unknown[]>(null, '', '1', String(Date.now()), true, [], {}, 1e300),
    },
  );
  return signedBy(cosigner, fc.record({ exp: time, nbf: time, iat: time }, { requiredKeys: [] }));
}

const odd = fc.constantFrom<unknown[]>(
  ...[
    null,
    '',
    ' ',
    '.5',
    '5.',
    '1e-8',
    '1E3',
    '1e400',
    '1e999999999',
    '1e-999999999999',
    `${'9'.repeat(199)}e1`,
  ],
  ...['+1', '-1', '0x10', '1,000', 'Infinity', 'NaN', '١', 5, -1, 1e300, true, [], {}, [null], ['']],
  ...['{}', '{"ETH":"0x1"}', '{"ETH":"0x1","ETH":"0x2"}', '["0x1"]', '{"a":{"b":[]}}', '['.repeat(10_000)],
);
const TRANSACTION_FIELDS = [
  ...['operation', 'asset', 'amountStr', 'fee', 'requestedAmountStr', 'destId', 'destAddress', 'note'],
  ...['destinations', 'extraParameters', 'rawTx', 'txId', 'type', 'extraInfo'],
];

/** Tokens with absent and odd fields, signed by the Co-signer. */
export function oddTokens(cosigner: KeyObject): Arbitrary<Buffer> {
  const destination = fc.dictionary(
    fc.constantFrom('amountUSD', 'amountNativeStr', 'displayDstAddress', 'dstAddress', 'dstType'),
    odd,
    { maxKeys: 4 },
  );
  const fields = fc.dictionary(fc.constantFrom(...TRANSACTION_FIELDS), odd, { maxKeys: 6 });
  return signedBy(
    cosigner,
    fc.oneof(
      fields,
      fc.record({ destinations: fc.array(destination, { maxLength: 3 }) }),
      fc.record({ extraInfo: fc.dictionary(fc.constantFrom('address', 'addresses', 'tag'), odd) }),
    ),
  );
}

/** Size of a large request's note, in characters. */
const LARGE = 100_000;

/** A large token, signed by the Co-signer. */
export function largeToken(cosigner: KeyObject): string {
  return signToken({ ...samplePayload('transaction'), rawTx: [{ rawTx: 'ab'.repeat(LARGE / 2) }] }, cosigner);
}

function signedBy(cosigner: KeyObject, fields: Arbitrary<Payload>): Arbitrary<Buffer> {
  return fields.map((changes) =>
    Buffer.from(signToken({ ...samplePayload('transaction'), ...changes }, cosigner)),
  );
}

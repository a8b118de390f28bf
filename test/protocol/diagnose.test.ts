import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import t from 'tap';
import { signToken } from '../../cli/cosigner/request.js';
import { diagnoseJson, diagnosePath, diagnoseToken } from '../../src/protocol/diagnose.js';
import { rsaPair } from '../helpers/keys.js';

const token = signToken({ requestId: 'secret-id', operation: 'TRANSFER' }, rsaPair().privateKey);
const json = '{"requestId":"secret-id","operation":"TRANSFER"}';
const utf16 = (text: string): Buffer => Buffer.from(`\ufeff${text}`, 'utf16le');
const bigEndian = (text: string): Buffer => Buffer.from(text, 'utf16le').swap16();
const lines = (text: string): string => text.replace(/(.{64})/g, '$1\n');

const bodies: readonly (readonly [what: string, body: string | Buffer, cause: RegExp, encoding?: string])[] =
  [
    ['a token in quotes', `"${token}"`, /^a token in quotes/],
    ['a token in single quotes', `'${token}'`, /^a token in quotes/],
    ['Bearer', `Bearer ${token}`, /^a token after a word such as "Bearer"/],
    ['bearer in lower case', `bearer  ${token}`, /"Bearer"/],
    ['a whole header', `Authorization: Bearer ${token}`, /"Bearer"/],
    ['JWT as scheme', `JWT ${token}`, /"Bearer"/],
    ['a form', `jwt=${token}`, /^a form/],
    ['another field name', `token=${token}`, /^a form/],
    ['a form with a token second', `a=b&jwt=${token}`, /^a form/],
    ['a form with a token in quotes', `jwt=%22${token}%22`, /^a form/],
    [
      'a multipart form',
      `--x1\r\nContent-Disposition: form-data; name="jwt"\r\n\r\n${token}\r\n--x1--`,
      /^a multipart/,
    ],
    ['a token in JSON', JSON.stringify({ jwt: token }), /^a token wrapped in JSON/],
    ['a token in formatted JSON', JSON.stringify({ a: 1, jwt: token }, null, 2), /^a token wrapped in JSON/],
    ['a token in base64', Buffer.from(token).toString('base64'), /^a token encoded in base64/],
    ['a request of JSON mode', json, /^JSON instead of a token: .*CALLBACK_AUTH=json/],
    ['a list', '[1]', /^JSON instead of a token/],
    ['gzip', gzipSync(token), /^compressed \(gzip\)/],
    ['gzip with its header', gzipSync(token), /^compressed \(gzip\)/, 'gzip'],
    ['deflate', deflateSync(token), /^compressed \(deflate\)/],
    ['Brotli with its header', brotliCompressSync(token), /^compressed \(br\)/, 'br'],
    ['several encodings', brotliCompressSync(token), /^compressed \(br\)/, 'identity, BR'],
    ['HTML', '<!DOCTYPE html><html></html>', /^an HTML or XML page/],
    ['HTML with a byte order mark', '\ufeff<html>', /^an HTML or XML page/],
    ['UTF-16', utf16(token), /^encoded in UTF-16/],
    ['UTF-16 without a mark', utf16(token).subarray(2), /^encoded in UTF-16/],
    ['UTF-16, big-endian', bigEndian(token), /^encoded in UTF-16/],
    ['a byte order mark', `\ufeff${token}`, /^a byte order mark/],
    ['a key', rsaPair().publicPem, /^a key or certificate/],
    ['a JWE', `${token}.x.y`, /^an encrypted token/],
    ['half a token', token.slice(0, 60), /^a token without all of its three parts/],
    ['four parts', `${token}.x`, /^a token with more than three parts/],
    ['a token in lines', lines(token), /^a token with white space inside/],
  ];

for (const [what, body, cause, encoding] of bodies) {
  t.test(`names what was sent instead of a token: ${what}`, (t) => {
    const diagnosis = diagnoseToken(Buffer.from(body), encoding) ?? '';
    t.match(diagnosis, cause);
    t.notMatch(diagnosis, /secret|eyJ/);
    t.end();
  });
}

t.test('says nothing about a body that it does not recognize', (t) => {
  for (const body of ['x', '..', 'a.b.c', 'hello', 'a=b', 'ey', '=', '-', '<']) {
    t.equal(diagnoseToken(Buffer.from(body), undefined), undefined, body);
    t.equal(diagnoseToken(Buffer.from(body), 'identity; secret'), undefined);
  }
  t.end();
});

const plainBodies: typeof bodies = [
  ['a token', token, /^a signed token instead of JSON: set CALLBACK_AUTH=jwt/],
  ['a token in quotes', `"${token}"`, /^a signed token/],
  ['a token in JSON', JSON.stringify({ jwt: token }), /^a signed token/],
  ['Bearer', `Bearer ${token}`, /^a signed token/],
  ['a form with a token', `jwt=${token}`, /^a signed token/],
  ['a form', 'requestId=1&operation=TRANSFER', /^a form instead of JSON/],
  ['gzip', gzipSync(json), /^compressed \(gzip\)/],
  ['Brotli with its header', brotliCompressSync(json), /^compressed \(br\)/, 'br'],
  ['UTF-16', utf16(json), /^encoded in UTF-16/],
  ['HTML', '<html>', /^an HTML or XML page/],
];

for (const [what, body, cause, encoding] of plainBodies) {
  t.test(`names what was sent instead of JSON: ${what}`, (t) => {
    t.match(diagnoseJson(Buffer.from(body), encoding), cause);
    t.end();
  });
}

t.test('says nothing about JSON that is not a request', (t) => {
  for (const body of [json, `\ufeff${json}`, '[]', '{}', '"x"', '5', '{"requestId":', '{"a":"ey12.5"}']) {
    t.equal(diagnoseJson(Buffer.from(body), 'gzip'), undefined, body);
  }
  t.end();
});

const served = (auth: 'jwt' | 'json', basePath: string) => {
  const paths = ['', basePath].flatMap((prefix) =>
    ['tx', 'config_change'].map((name) => `${prefix}${auth === 'jwt' ? '/v2' : ''}/${name}_sign_request`),
  );
  return (path: string): boolean => [basePath, '/health', ...paths].includes(path);
};

for (const basePath of ['/callback', '/fireblocks/handler']) {
  t.test(`names the mistake in an unknown path, with the base path ${basePath}`, (t) => {
    const jwt = (path: string): string => diagnosePath(path, served('jwt', basePath));
    const json = (path: string): string => diagnosePath(path, served('json', basePath));
    for (const action of ['/tx_sign_request', '/config_change_sign_request']) {
      for (const prefix of ['', basePath]) {
        t.match(jwt(prefix + action), /^a path of JSON mode, but CALLBACK_AUTH is jwt/);
        t.match(json(`${prefix}/v2${action}`), /^a path of JWT mode, but CALLBACK_AUTH is json/);
        t.match(jwt(`${prefix}/v2/v2${action}`), /^\/v2 occurs twice/);
        t.match(jwt(`${prefix}/v2${action}/v2${action}`), /^the Co-signer appends/);
      }
      t.match(jwt(`${basePath}${basePath}/v2${action}`), /^the base path occurs twice/);
      t.match(jwt(`/other/v2${action}`), /^unknown base path: set BASE_PATH/);
      t.match(json(`/other${action}`), /^unknown base path/);
      t.match(jwt(`${basePath.toUpperCase()}/v2${action}`), /^a path in another letter case/);
      t.match(jwt(`/v2${action.toUpperCase()}`), /^a path in another letter case/);
    }
    for (const path of [
      '/',
      '/v2',
      '/admin',
      '/v2/tx_sign_request/more',
      `/${'/v2'.repeat(1000)}/tx_sign_request`,
    ]) {
      t.equal(jwt(path), 'unknown path', path.slice(0, 20));
    }
    t.end();
  });
}

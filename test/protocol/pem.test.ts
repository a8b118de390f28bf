import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import t from 'tap';
import { importCallbackKey, importCosignerKeys, KeyError } from '../../src/protocol/key.js';
import { p256Pair, rsaPair } from '../helpers/keys.js';

const pair = rsaPair();
const other = rsaPair();
const p256 = p256Pair();
const pkcs1 = pair.privateKey.export({ type: 'pkcs1', format: 'pem' }).toString();
const sec1 = p256.privateKey.export({ type: 'sec1', format: 'pem' }).toString();
const certificate = readFileSync(new URL('../fixtures/cosigner-certificate.pem', import.meta.url), 'utf8');
const base64 = (text: string): string => Buffer.from(text).toString('base64');

const privateFiles = { 'PKCS#8': pair.privatePem, 'PKCS#1': pkcs1, 'P-256': p256.privatePem, SEC1: sec1 };
const publicFiles = { SPKI: pair.publicPem, certificate };

/** How people, shells, forms and scripts change a PEM file. */
const manglings: Readonly<Record<string, (pem: string) => string>> = {
  'spaces instead of line breaks': (pem) => pem.replaceAll('\n', ' '),
  'no line breaks at all': (pem) => pem.replaceAll('\n', ''),
  'no white space at all': (pem) => pem.replace(/\s/g, ''),
  'indented lines': (pem) => pem.replace(/^/gm, '    '),
  'lines indented by tabs': (pem) => pem.replace(/^/gm, '\t'),
  'doubled spaces': (pem) => pem.replaceAll(' ', '  ').replaceAll('\n', '  '),
  'CR only': (pem) => pem.replaceAll('\n', '\r'),
  CRLF: (pem) => pem.replaceAll('\n', '\r\n'),
  'empty lines': (pem) => pem.replaceAll('\n', '\n\n'),
  'wrapped at another width': (pem) => pem.replace(/(.{50})/g, '$1\n'),
  'literal \\n': (pem) => pem.replaceAll('\n', '\\n'),
  'literal \\r\\n': (pem) => pem.replaceAll('\n', '\\r\\n'),
  'literal \\\\n': (pem) => pem.replaceAll('\n', '\\\\n'),
  'literal \\u000a': (pem) => pem.replaceAll('\n', '\\u000a'),
  'a JSON string': (pem) => JSON.stringify(pem),
  'a JSON string with escaped slashes': (pem) => JSON.stringify(pem).replaceAll('/', '\\/'),
  'a JSON string in a JSON string': (pem) => JSON.stringify(JSON.stringify(pem)),
  'a JSON object': (pem) => JSON.stringify({ key: pem }),
  'lines continued with a backslash': (pem) => pem.replaceAll('\n', '\\\n'),
  Base64: (pem) => base64(pem),
  'wrapped Base64': (pem) => base64(pem).replace(/(.{76})/g, '$1\n'),
  'quoted Base64': (pem) => `"${base64(pem)}"`,
  'Base64 without padding': (pem) => base64(pem).replaceAll('=', ''),
  Base64url: (pem) => Buffer.from(pem).toString('base64url'),
  'Base64 of CRLF': (pem) => base64(pem.replaceAll('\n', '\r\n')),
  'Base64 of UTF-16': (pem) => Buffer.from(pem, 'utf16le').toString('base64'),
  'Base64 of Base64': (pem) => base64(base64(pem)),
  'a BOM': (pem) => `\uFEFF${pem}`,
  UTF_16: (pem) => `\uFEFF${Buffer.from(pem, 'utf16le').toString('latin1')}`,
  'zero-width spaces': (pem) => pem.replaceAll('\n', '\u200B\n\u2060'),
  'soft hyphens': (pem) => pem.replace(/(.{30})/g, '$1\u00AD'),
  'no-break spaces': (pem) => pem.replaceAll(' ', '\u00A0').replaceAll('\n', '\u00A0'),
  'line separators': (pem) => pem.replaceAll('\n', '\u2028'),
  'text around it': (pem) => `Key of the handler, from 2026:\n${pem}\nThat is all. %`,
  'quotes around it': (pem) => `'${pem}'`,
  'a code block': (pem) => `\`\`\`pem\n${pem}\`\`\`\n`,
};

for (const [what, mangle] of Object.entries(manglings)) {
  t.test(`accepts a key with ${what}`, (t) => {
    for (const [format, pem] of Object.entries(privateFiles)) {
      t.equal(
        importCallbackKey(mangle(pem)).fingerprint,
        importCallbackKey(pem).fingerprint,
        `private: ${format}`,
      );
    }
    for (const [format, pem] of Object.entries(publicFiles)) {
      t.strictSame(fingerprints(mangle(pem)), fingerprints(pem), `public: ${format}`);
    }
    t.end();
  });
}

function fingerprints(text: string): readonly string[] {
  return importCosignerKeys(text).map(({ fingerprint }) => fingerprint);
}

t.test('accepts white space and invisible characters at any place', (t) => {
  const space = fc.constantFrom(
    ' ',
    '  ',
    '\n',
    '\r',
    '\t',
    '\u00A0',
    '\u200B',
    '\uFEFF',
    '\u2003',
    '\\n',
    '\0',
  );
  const insertions = fc.array(fc.tuple(fc.nat(2000), space), { maxLength: 20 });
  const file = fc.constantFrom(...Object.values(publicFiles), pair.publicPem.replace(/\s/g, ''));
  fc.assert(
    fc.property(file, insertions, (pem, insertions) => {
      let text = pem;
      for (const [place, inserted] of insertions) {
        const at = place % (text.length + 1);
        // A backslash and a space within an escape sequence are no white space.
        if (text[at - 1] !== '\\') text = text.slice(0, at) + inserted + text.slice(at);
      }
      return fingerprints(text).join() === fingerprints(pem).join();
    }),
    { numRuns: 500 },
  );
  t.end();
});

t.test('accepts several Co-signer keys with text between them, in any of these forms', (t) => {
  const expected = fingerprints(pair.publicPem + other.publicPem);
  const text = `# first\n${pair.publicPem}---------- second ----------\n${other.publicPem}`;
  t.equal(expected.length, 2);
  for (const [what, mangle] of Object.entries(manglings))
    t.strictSame(fingerprints(mangle(text)), expected, what);
  t.strictSame(
    fingerprints(`${base64(pair.publicPem)}\n${base64(other.publicPem)}`),
    expected,
    'each in Base64',
  );
  t.strictSame(fingerprints(JSON.stringify([pair.publicPem, other.publicPem])), expected, 'a JSON array');
  t.end();
});

t.test('accepts a private key with copies of itself and with its own public key', (t) => {
  const { fingerprint } = importCallbackKey(pair.privatePem);
  for (const text of [pkcs1 + pair.privatePem, pair.publicPem + pkcs1, pair.privatePem + pair.publicPem]) {
    t.equal(importCallbackKey(text).fingerprint, fingerprint);
  }
  t.end();
});

function problemOf(importing: () => unknown): KeyError {
  try {
    importing();
  } catch (error) {
    if (error instanceof KeyError) return error;
    throw error;
  }
  throw new Error('the value was accepted');
}

const der = (pem: string): string => pem.replace(/-----.*-----|\n/g, '');
const jwk = JSON.stringify(pair.privateKey.export({ format: 'jwk' }));
const lines = pair.privatePem.trimEnd().split('\n');
const ssh = `ssh-rsa ${Buffer.from('\0\0\0\u0007ssh-rsa').toString('base64')}${der(pair.publicPem)} me@host`;

const refused = [
  ['white space only', '\n \u00A0\uFEFF\u200B\t', 'KEY_EMPTY', /it is empty/],
  ['no key', 'hello', 'KEY_NOT_PEM', /not a complete PEM file: it has no PEM block/],
  ['four hyphens', pair.privatePem.replaceAll('-----', '----'), 'KEY_NOT_PEM', /five hyphens/],
  [
    'four hyphens in one place',
    pair.privatePem.replace('KEY-----', 'KEY----'),
    'KEY_NOT_PEM',
    /five hyphens/,
  ],
  ['six hyphens', pair.privatePem.replaceAll('-----', '------'), 'KEY_NOT_PEM', /five hyphens/],
  ['URL encoding', encodeURIComponent(pair.privatePem), 'KEY_NOT_PEM', /URL-encoded/],
  ['no hyphens', pair.privatePem.replaceAll('-', ''), 'KEY_NOT_PEM', /five hyphens/],
  ['en dashes', pair.privatePem.replaceAll('--', '–'), 'KEY_NOT_PEM', /replaced by dashes/],
  ['em dashes', pair.privatePem.replaceAll('-----', '—'), 'KEY_NOT_PEM', /replaced by dashes/],
  ['no first line', lines.slice(1).join('\n'), 'KEY_NOT_PEM', /has no BEGIN line/],
  ['no last line', lines.slice(0, -1).join('\n'), 'KEY_NOT_PEM', /the END line after .* is missing/],
  ['half of its last line', pair.privatePem.slice(0, -15), 'KEY_NOT_PEM', /damaged or missing|is missing/],
  ['no first and last line', lines.slice(1, -1).join('\n'), 'KEY_NOT_PEM', /private key in Base64 without/],
  [
    'another last line',
    pair.privatePem.replace('END ', 'END RSA '),
    'KEY_NOT_PEM',
    /the line after "-----BEGIN/,
  ],
  ['a missing line in its body', lines.toSpliced(4, 1).join('\n'), 'KEY_UNREADABLE', /\d+ of \d+ bytes/],
  ['an end cut off', lines.toSpliced(-3, 2).join('\n'), 'KEY_UNREADABLE', /\d+ of \d+ bytes/],
  ['no body', `${lines[0]}\n${lines.at(-1)}`, 'KEY_UNREADABLE', /damaged/],
  ['dots in its body', lines.toSpliced(4, 1, '...').join('\n'), 'KEY_UNREADABLE', /not Base64/],
  ['lines quoted as in mail', pair.privatePem.replace(/^/gm, '> '), 'KEY_UNREADABLE', /not Base64/],
  ['a public key in DER', der(pair.publicPem), 'KEY_NOT_PEM', /it is a public key in Base64 without/],
  ['a certificate in DER', der(certificate), 'KEY_NOT_PEM', /it is a certificate in Base64 without/],
  ['a PKCS#1 key in DER', der(pkcs1), 'KEY_NOT_PEM', /it is a private key in Base64 without/],
  ['a SEC1 key in DER', `"${der(sec1)}"`, 'KEY_NOT_PEM', /it is a private key in Base64 without/],
  ['binary DER', Buffer.from(der(pair.privatePem), 'base64').toString('utf8'), 'KEY_NOT_PEM', /binary file/],
  ['a JSON web key', jwk, 'KEY_NOT_PEM', /JSON web key/],
  ['a set of JSON web keys', `{ "keys": [${jwk}] }`, 'KEY_NOT_PEM', /JSON web key/],
  ['an SSH public key', ssh, 'KEY_NOT_PEM', /SSH public key/],
  [
    'an SSH2 public key',
    '---- BEGIN SSH2 PUBLIC KEY ----\nAAAA\n---- END SSH2 PUBLIC KEY ----',
    'KEY_NOT_PEM',
    /SSH public key/,
  ],
  ['an OpenSSH key', privateAs('OPENSSH PRIVATE KEY'), 'KEY_UNREADABLE', /OpenSSH private key/],
  ['a PuTTY key', 'PuTTY-User-Key-File-3: ssh-rsa\n', 'KEY_NOT_PEM', /PuTTY/],
  ['the name of a file', 'file://callback_private.pem', 'KEY_NOT_PEM', /name of a file/],
  ['a path', '/keys/callback', 'KEY_NOT_PEM', /name of a file/],
  ['a file name', 'callback_private.pem\n', 'KEY_NOT_PEM', /name of a file/],
  ['a token', 'eyJhbGciOiJSUzI1NiJ9.e30.AAAA', 'KEY_NOT_PEM', /token/],
  ['a certificate request', privateAs('CERTIFICATE REQUEST'), 'KEY_UNREADABLE', /CERTIFICATE REQUEST/],
  ['a block of an unknown type', privateAs('SECRET THING'), 'KEY_UNREADABLE', /"UNKNOWN"/],
  [
    'another private key',
    pair.privatePem + other.privatePem,
    'KEY_NOT_ALONE',
    /2 PEM blocks of different keys/,
  ],
  ['another’s public key', pair.privatePem + other.publicPem, 'KEY_NOT_ALONE', /different keys/],
  [
    'another key without markers',
    pair.privatePem + der(other.privatePem),
    'KEY_NOT_PEM',
    /a key without its first/,
  ],
  [
    'another key in Base64',
    pair.privatePem + base64(other.privatePem),
    'KEY_NOT_PEM',
    /a key without its first/,
  ],
  [
    'another key with damaged markers',
    pair.privatePem + other.privatePem.replaceAll('-----', '——'),
    'KEY_NOT_PEM',
    /replaced by dashes/,
  ],
] as const;

function privateAs(label: string): string {
  return pair.privatePem.replaceAll('PRIVATE KEY', label);
}

for (const [what, text, code, message] of refused) {
  t.test(`refuses a private key parameter with ${what}`, (t) => {
    const problem = problemOf(() => importCallbackKey(text));
    t.match(problem, { code, message });
    t.notMatch(problem.message, /MII|[A-Za-z0-9+/]{25}/, 'the message contains no key material');
    t.end();
  });
}

t.test('recognizes an OpenSSH key and a PKCS#12 file that the tools themselves wrote', (t) => {
  const directory = t.testdir({ 'key.pem': pair.privatePem, 'certificate.pem': '' });
  const run = (program: string, ...args: string[]): void => {
    t.equal(spawnSync(program, args, { cwd: directory }).status, 0, program);
  };
  run('openssl', 'req', '-x509', '-new', '-key', 'key.pem', '-subj', '/CN=x', '-out', 'certificate.pem');
  run(
    'openssl',
    ...'pkcs12 -export -inkey key.pem -in certificate.pem -passout pass:x -out key.p12'.split(' '),
  );
  const p12 = readFileSync(join(directory, 'key.p12'));
  for (const text of [p12.toString('base64'), p12.toString('utf8')]) {
    t.match(
      problemOf(() => importCallbackKey(text)),
      { code: 'KEY_NOT_PEM', message: /PKCS#12/ },
    );
  }
  const own = pair.privatePem + readFileSync(join(directory, 'certificate.pem'), 'utf8');
  t.equal(importCallbackKey(own).fingerprint, importCallbackKey(pair.privatePem).fingerprint);

  writeFileSync(join(directory, 'openssh.pem'), '');
  run('ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', 'openssh');
  const openssh = readFileSync(join(directory, 'openssh'), 'utf8');
  t.match(
    problemOf(() => importCallbackKey(openssh)),
    { code: 'KEY_UNREADABLE', message: /OpenSSH/ },
  );
  t.match(
    problemOf(() => importCosignerKeys(openssh)),
    { code: 'KEY_IS_PRIVATE' },
  );
  t.end();
});

t.test('reads any value in little time', (t) => {
  const parts = [
    '\\',
    '-',
    '-----BEGIN',
    '-----BEGIN A-----',
    'END',
    'ENDA',
    '"',
    '{',
    'A',
    'A=',
    '.pem',
    ' ',
    'LS0t',
  ];
  for (const part of parts) {
    const startedAt = performance.now();
    problemOf(() => importCosignerKeys(part.repeat(50_000)));
    // An implementation that is not linear takes more than 5 s.
    t.ok(performance.now() - startedAt < 1000, part);
  }
  t.end();
});

t.test('throws only KeyError, and never quotes key material', (t) => {
  const piece = fc.oneof(
    fc.constantFrom(...Object.values(privateFiles), ...Object.values(publicFiles), jwk, ssh),
    fc.constantFrom(
      '-----',
      'BEGIN ',
      'END ',
      'PRIVATE KEY',
      'PUBLIC KEY',
      '\n',
      '\\',
      '\\n',
      '=',
      '–',
      'MII',
    ),
    fc.string({ unit: 'binary' }),
    fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes).toString('base64')),
    fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from([0x30, 0x82, ...bytes]).toString('utf8')),
  );
  const cut = fc.tuple(piece, fc.nat(2000), fc.nat(200)).map(([text, at, count]) => {
    const place = at % (text.length + 1);
    return text.slice(0, place) + text.slice(place + count);
  });
  const value = fc.array(fc.oneof(piece, cut), { maxLength: 6 }).map((pieces) => pieces.join(''));
  fc.assert(
    fc.property(value, fc.constantFrom(...Object.values(manglings)), (text, mangle) => {
      for (const importing of [importCallbackKey, importCosignerKeys]) {
        try {
          importing(mangle(text));
        } catch (error) {
          if (!(error instanceof KeyError) || /[A-Za-z0-9+/]{25}/.test(error.message)) throw error;
        }
      }
    }),
    { numRuns: 1000 },
  );
  t.end();
});

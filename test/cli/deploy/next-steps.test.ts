// Tests the next steps after a deployment, which depend on how the Co-signer trusts the handler.
import t from 'tap';
import { nextSteps, type Replaced } from '../../../cli/deploy/next-steps.js';
import type { Session } from '../../../cli/aws/session.js';
import { checkSettings } from '../../../infra/settings.js';
import { CHOICES, EXAMPLE, type Json } from '../../helpers/settings.js';

const KEY = '-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----\n';

function stepsFor(changes: Json, algorithm: 'RS256' | 'ES256' = 'RS256', replaced?: Replaced) {
  const session = {
    environment: 'dev',
    keyDirectory: '.keys/dev',
    settings: checkSettings({ ...EXAMPLE, ...changes, environments: {} }, 'dev'),
  } as Session;
  const next = nextSteps(session, { pem: KEY, algorithm, fingerprint: '' }, replaced);
  return { ...next, text: next.text.join('\n') };
}

t.test('with JWT and a certificate from a public CA, the Co-signer needs the public key', (t) => {
  const next = stepsFor(CHOICES.certificateByAcm);
  t.equal(next.callbackUrl, 'https://callback.example.com/callback');
  t.equal(next.installerOption, 'public key');
  t.strictSame(next.files, ['.keys/dev/callback_public.pem']);
  t.match(next.text, 'MIIB');
  t.match(next.text, 'npm run keys -- cosigner cosigner_public.pem -e dev');
  t.match(next.text, 'It is an RSA key (RS256), which every Co-signer accepts.');
  t.equal(next.algorithm, 'RS256');
  t.notMatch(next.text, 'option 5');
  t.end();
});

t.test('with JSON and a private CA, the Co-signer needs certificate pinning or the root CA', (t) => {
  const next = stepsFor(CHOICES.json);
  t.equal(next.installerOption, 'certificate pinning, or root CA');
  t.strictSame(next.files, ['.keys/dev/tls.pem', '.keys/dev/tls_ca.pem']);
  t.match(next.text, 'nothing is signed');
  t.end();
});

t.test('with JWT and a private CA, the Co-signer needs option 4 or 5', (t) => {
  const next = stepsFor({});
  t.match(next.text, '"public key with root CA" (option 5), and provide .keys/dev/tls_ca.pem');
  t.match(next.text, '"public key with certificate pinning" (option 4), and provide .keys/dev/tls.pem');
  t.match(
    next.text,
    /an option that includes it:\n.*option 5.*\n.*option 4[^]*Then paste the handler's public key:\n/,
  );
  t.notMatch(next.text, 'the option "public key",');
  t.match(next.text, '2026.08.19 on: check with Fireblocks');
  t.match(next.text, 'the Console sets up options 1 and 2 only');
  t.strictSame(next.files, ['.keys/dev/callback_public.pem', '.keys/dev/tls_ca.pem', '.keys/dev/tls.pem']);
  t.end();
});

t.test('a P-256 key needs a Co-signer that accepts ES256', (t) => {
  const next = stepsFor(CHOICES.certificateByAcm, 'ES256');
  t.match(next.text, 'P-256 key (ES256): the Co-signer must be an AWS Nitro Co-signer of version 2026.08.19');
  t.equal(next.algorithm, 'ES256');
  t.end();
});

t.test('after a rotation or a renewal, begins with what the Co-signer needs', (t) => {
  const both = { key: true, certificate: true };
  t.match(
    stepsFor({}, 'RS256', { ...both, certificate: false }).text,
    /^Give the Co-signer the new public key, .*\n\nTo set up/,
  );
  t.match(
    stepsFor({}, 'RS256', both).text,
    /^Give .* public key, [^]*\nGive .* root CA, \.keys\/dev\/tls_ca\.pem/,
  );
  t.match(stepsFor(CHOICES.json, 'RS256', both).text, /^Give the Co-signer the new root CA/);
  t.match(stepsFor({}).text, /^1\. /);
  t.end();
});

t.test('the URL has the base path of the settings', (t) => {
  const url = 'https://callback.internal/fireblocks/callback_handler';
  for (const choice of [CHOICES.handler, { ...CHOICES.handler, ...CHOICES.json }]) {
    const next = stepsFor(choice);
    t.equal(next.callbackUrl, url);
    t.match(next.text, `enter the URL   ${url}\n`);
  }
  t.equal(stepsFor({ basePath: '/' }).callbackUrl, 'https://callback.internal');
  t.end();
});

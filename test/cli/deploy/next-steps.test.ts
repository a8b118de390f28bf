// Tests the next steps after a deployment, which depend on how the Co-signer trusts the handler.
import t from 'tap';
import { nextSteps } from '../../../cli/deploy/next-steps.js';
import type { Session } from '../../../cli/aws/session.js';
import { checkSettings } from '../../../infra/settings.js';
import { CHOICES, EXAMPLE, type Json } from '../../helpers/settings.js';

const KEY = '-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----\n';

function stepsFor(changes: Json) {
  const session = {
    environment: 'dev',
    keyDirectory: '.keys/dev',
    settings: checkSettings({ ...EXAMPLE, ...changes, environments: {} }, 'dev'),
  } as Session;
  const next = nextSteps(session, KEY);
  return { ...next, text: next.text.join('\n') };
}

t.test('with JWT and a certificate from a public CA, the Co-signer needs the public key', (t) => {
  const next = stepsFor(CHOICES.certificateByAcm);
  t.equal(next.callbackUrl, 'https://callback.example.com/callback');
  t.equal(next.installerOption, 'public key');
  t.strictSame(next.files, ['.keys/dev/callback_public.pem']);
  t.match(next.text, 'MIIB');
  t.match(next.text, 'npm run keys -- cosigner cosigner_public.pem -e dev');
  t.notMatch(next.text, 'SGX');
  t.end();
});

t.test('with JSON and a private CA, the Co-signer needs certificate pinning or the root CA', (t) => {
  const next = stepsFor({});
  t.equal(next.installerOption, 'certificate pinning, or root CA');
  t.strictSame(next.files, ['.keys/dev/tls.pem', '.keys/dev/tls_ca.pem']);
  t.match(next.text, 'nothing is signed');
  t.end();
});

t.test('with JWT and a private CA, only an SGX Co-signer connects', (t) => {
  const next = stepsFor({ auth: 'jwt' });
  t.match(next.text, 'Only an SGX Co-signer');
  t.match(next.text, 'A Nitro Co-signer trusts public CAs only');
  t.strictSame(next.files, ['.keys/dev/callback_public.pem', '.keys/dev/tls_ca.pem', '.keys/dev/tls.pem']);
  t.end();
});

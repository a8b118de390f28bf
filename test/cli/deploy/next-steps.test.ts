// What the operator is told to do at the end: it depends on how the Co-signer is to trust the handler.
import t from 'tap';
import { covers } from '../../../cli/aws/acm.js';
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

t.test('JWT and a certificate of a public CA: the public key', (t) => {
  const next = stepsFor(CHOICES.certificateByAcm);
  t.equal(next.callbackUrl, 'https://callback.example.com/callback');
  t.equal(next.installerOption, 'public key');
  t.strictSame(next.files, ['.keys/dev/callback_public.pem']);
  t.match(next.text, 'MIIB');
  t.match(next.text, 'npm run keys -- cosigner cosigner_public.pem -e dev');
  t.notMatch(next.text, 'SGX');
  t.end();
});

t.test('JSON and a certificate of one’s own: pinning or root CA, and no other option', (t) => {
  const next = stepsFor({});
  t.equal(next.installerOption, 'certificate pinning, or root CA');
  t.strictSame(next.files, ['.keys/dev/tls.pem', '.keys/dev/tls_ca.pem']);
  t.match(next.text, 'nothing is signed');
  t.end();
});

t.test('JWT and a certificate of one’s own: for an SGX Co-signer alone, which is said', (t) => {
  const next = stepsFor({ auth: 'jwt' });
  t.match(next.text, 'only an SGX Co-signer');
  t.match(next.text, 'A Nitro Co-signer trusts public CAs alone');
  t.strictSame(next.files, ['.keys/dev/callback_public.pem', '.keys/dev/tls_ca.pem', '.keys/dev/tls.pem']);
  t.end();
});

t.test('a wildcard covers one label', (t) => {
  t.ok(covers('callback.example.com', 'callback.example.com'));
  t.ok(covers('*.example.com', 'callback.example.com'));
  t.notOk(covers('*.example.com', 'a.callback.example.com'));
  t.notOk(covers('*.example.com', 'example.com'));
  t.notOk(covers('example.com', 'callback.example.com'));
  t.end();
});

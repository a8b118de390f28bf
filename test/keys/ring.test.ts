import t from 'tap';
import { KeyRing, type StoredKeys } from '../../src/keys/ring.js';
import { p256Pair, rsaPair } from '../helpers/keys.js';

const callback = rsaPair();
const nextCallback = rsaPair();
const cosigner = rsaPair();
const secondCosigner = rsaPair();

function stored(callbackPem: string | undefined, cosignerPem: string | undefined): StoredKeys {
  return {
    callbackPrivateKey: { name: '/callback', value: callbackPem },
    cosignerPublicKeys: { name: '/cosigner', value: cosignerPem },
  };
}

function outcomes(ring: KeyRing, keys: StoredKeys): string[] {
  return ring.update(keys).map(({ outcome, problem }) => problem?.code ?? outcome);
}

t.test('starts empty and loads all keys at once', (t) => {
  const ring = new KeyRing();
  t.strictSame(ring.current, { callback: undefined, cosigners: [] });
  t.strictSame(outcomes(ring, stored(callback.privatePem, cosigner.publicPem)), ['replaced', 'replaced']);
  t.strictSame(outcomes(ring, stored(callback.privatePem, cosigner.publicPem)), ['unchanged', 'unchanged']);
  t.end();
});

t.test('does not change the keys that a request is using', (t) => {
  const ring = new KeyRing();
  ring.update(stored(callback.privatePem, cosigner.publicPem));
  const taken = ring.current;
  const before = taken.callback?.fingerprint;
  const changes = ring.update(stored(nextCallback.privatePem, cosigner.publicPem + secondCosigner.publicPem));
  t.equal(taken.callback?.fingerprint, before);
  t.equal(taken.cosigners.length, 1);
  t.equal(ring.current.cosigners.length, 2);
  t.match(changes[0], { key: 'callback', name: '/callback', outcome: 'replaced', before: [before] });
  t.strictSame(changes[0]?.after, [ring.current.callback?.fingerprint]);
  t.end();
});

t.test('keeps the current keys if a value is missing or unusable', (t) => {
  const ring = new KeyRing();
  ring.update(stored(callback.privatePem, cosigner.publicPem));
  const good = ring.current;
  t.strictSame(outcomes(ring, stored('junk', undefined)), ['KEY_NOT_PEM', 'missing']);
  t.strictSame(outcomes(ring, stored(undefined, 'junk')), ['missing', 'KEY_NOT_PEM']);
  t.strictSame(ring.current, good);
  t.end();
});

t.test('updates the two values independently', (t) => {
  const ring = new KeyRing();
  ring.update(stored(callback.privatePem, cosigner.publicPem));
  t.strictSame(outcomes(ring, stored(nextCallback.privatePem, 'junk')), ['replaced', 'KEY_NOT_PEM']);
  t.equal(ring.current.cosigners.length, 1);
  t.end();
});

t.test('refuses the handler’s own public key as a Co-signer key', (t) => {
  const ring = new KeyRing();
  t.strictSame(outcomes(ring, stored(callback.privatePem, cosigner.publicPem + callback.publicPem)), [
    'replaced',
    'KEY_ON_BOTH_SIDES',
  ]);
  t.strictSame(ring.current.cosigners, []);
  t.end();
});

t.test('refuses a Co-signer’s private key as the callback key', (t) => {
  const ring = new KeyRing();
  ring.update(stored(callback.privatePem, cosigner.publicPem));
  const before = ring.current;
  t.strictSame(outcomes(ring, stored(cosigner.privatePem, cosigner.publicPem)), [
    'KEY_ON_BOTH_SIDES',
    'unchanged',
  ]);
  t.strictSame(ring.current, before);
  t.end();
});

t.test('keeps the current keys if a value contains no key', (t) => {
  const ring = new KeyRing();
  ring.update(stored(callback.privatePem, cosigner.publicPem));
  const parameters = '-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n';
  t.strictSame(outcomes(ring, stored(callback.privatePem, parameters)), ['unchanged', 'KEY_NOT_PEM']);
  t.equal(ring.current.cosigners.length, 1);
  t.end();
});

t.test('replaces an RSA callback key by a P-256 key and back', (t) => {
  const ring = new KeyRing();
  const algorithms = [callback, p256Pair(), nextCallback].map(({ privatePem }) => {
    const [change] = ring.update(stored(privatePem, cosigner.publicPem));
    return [change?.outcome, change?.algorithm, ring.current.callback?.algorithm];
  });
  t.strictSame(algorithms, [
    ['replaced', 'RS256', 'RS256'],
    ['replaced', 'ES256', 'ES256'],
    ['replaced', 'RS256', 'RS256'],
  ]);
  t.end();
});

t.test('refuses the public key of a P-256 callback key as a Co-signer key', (t) => {
  const ring = new KeyRing();
  const p256 = p256Pair();
  t.strictSame(outcomes(ring, stored(p256.privatePem, p256.publicPem)), ['replaced', 'KEY_NOT_RSA']);
  t.end();
});

t.test(
  'on request, removes Co-signer keys whose value is missing or unusable, but never the callback key',
  (t) => {
    const withdrawn = [
      [undefined, 'missing'],
      ['', 'refused'],
      ['junk', 'refused'],
      [rsaPair(1024).publicPem, 'refused'],
      [callback.publicPem, 'refused'],
      [cosigner.publicPem + secondCosigner.publicPem.slice(0, 90), 'refused'],
    ] as const;
    for (const [value, outcome] of withdrawn) {
      const ring = new KeyRing();
      ring.update(stored(callback.privatePem, cosigner.publicPem), 'refuse');
      const before = ring.current.cosigners.map(({ fingerprint }) => fingerprint);
      const [, change] = ring.update(stored(callback.privatePem, value), 'refuse');
      t.match(change, { key: 'cosigner', outcome, before, after: [] });
      t.strictSame(ring.current.cosigners, []);
      t.equal(ring.current.callback?.fingerprint.length, 64);

      const [, restored] = ring.update(stored(undefined, secondCosigner.publicPem), 'refuse');
      t.match(restored, { outcome: 'replaced', before: [] });
      t.equal(ring.current.cosigners.length, 1);
      t.equal(ring.current.callback?.fingerprint.length, 64, 'the callback key is kept');
    }
    t.end();
  },
);

t.test('knows the values of the last update, including missing ones', (t) => {
  const ring = new KeyRing();
  const values = [
    stored(callback.privatePem, cosigner.publicPem),
    stored(callback.privatePem, ''),
    stored(callback.privatePem, undefined),
  ];
  for (const value of values) {
    t.notOk(ring.knows(value));
    ring.update(value);
    t.ok(ring.knows(structuredClone(value)));
  }
  t.end();
});

import { constants, generateKeyPairSync, sign } from 'node:crypto';
import canonicalize from 'canonicalize';
import fc from 'fast-check';
import t, { type Test } from 'tap';
import { proofOf } from '../../../src/policy/facts/initiator.js';
import {
  ALICE,
  ANNOUNCED_REQUEST,
  BOB,
  evaluateWith,
  initiator,
  memoryOf,
  MESSAGE,
  NOW,
  proof,
  SUBJECT,
} from '../../helpers/announced.js';
import { messagesAbout, type Payload, policyOf, request } from '../../helpers/policy.js';

const payouts = initiator();
const treasury = initiator();
const PARTS = {
  policy: { initiators: { payouts: { key: payouts.pem }, treasury: { key: treasury.pem } } },
};
const PROVEN = 'has(tx.initiator) && tx.initiator == "payouts"';
const POLICY = policyOf(PROVEN, PARTS);

function withProof(extraParameters: Payload, change: Payload = {}): Payload {
  return { ...ANNOUNCED_REQUEST, ...change, extraParameters };
}

const GENUINE = proof(payouts, MESSAGE);

/** Asserts that a proof gives no name, and that an approval by another rule does not use it up. */
function refuses(t: Test, payload: Payload, problem: string, name: string): void {
  const memory = memoryOf();
  for (const when of [PROVEN, 'has(tx.initiator)', '!has(tx.initiator)', 'tx.initiator != "x"']) {
    t.equal(evaluateWith(when, payload, memory, PARTS), `tx.initiator can’t be known: ${problem}`, name);
  }
  t.equal(proofOf(POLICY, request(payload)), undefined, `${name}: is not used up`);
}

t.test('is the name of who signed this transaction', (t) => {
  t.equal(evaluateWith(PROVEN, withProof(GENUINE), memoryOf(), PARTS), true);
  const other = proof(treasury, { ...MESSAGE, initiator: 'treasury' });
  t.equal(evaluateWith(PROVEN, withProof(other), memoryOf(), PARTS), false);
  t.equal(evaluateWith('tx.initiator == "treasury"', withProof(other), memoryOf(), PARTS), true);
  t.match(proofOf(POLICY, request(withProof(GENUINE))), /^[0-9a-f]{64}$/);
  const signing = { fee: '0.0001', amountStr: '3.000000000000000000' };
  t.equal(evaluateWith(PROVEN, withProof(GENUINE, signing), memoryOf(), PARTS), true, 'at signing');
  t.end();
});

t.test('is verified by the algorithm of its key', (t) => {
  for (const type of ['ed25519', 'ec', 'rsa'] as const) {
    const key = initiator(type);
    const der = key.publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
    for (const written of [key.pem, der, key.pem.replaceAll('\n', ' ')]) {
      const parts = { policy: { initiators: { payouts: { key: written } } } };
      t.equal(evaluateWith(PROVEN, withProof(proof(key, MESSAGE)), memoryOf(), parts), true, type);
      t.match(
        evaluateWith(PROVEN, withProof(proof(initiator(type), MESSAGE)), memoryOf(), parts),
        /not the initiator’s signature/,
        `another ${type} key`,
      );
    }
  }
  t.end();
});

t.test('is absent without a signature, and in a policy without initiators', (t) => {
  for (const extraParameters of [
    null,
    '',
    {},
    { message: 'hello' },
    { message: 'x', extraSignature: '' },
    'x',
  ]) {
    const payload = { ...ANNOUNCED_REQUEST, extraParameters };
    t.equal(
      evaluateWith('has(tx.initiator)', payload, memoryOf(), PARTS),
      false,
      JSON.stringify(extraParameters),
    );
    t.equal(proofOf(POLICY, request(payload)), undefined);
  }
  t.equal(proofOf(policyOf('true'), request(withProof(GENUINE))), undefined);
  t.equal(proofOf(POLICY, request(withProof(GENUINE), 'configuration')), undefined);
  t.end();
});

t.test('refuses a signature that is not that of the initiator', (t) => {
  const notSigned = 'the signature is not the initiator’s signature of the message';
  const text = GENUINE['message'] as string;
  const signature = GENUINE['extraSignature'] as string;
  const refused: Readonly<Record<string, Payload>> = {
    'of another initiator': proof(treasury, MESSAGE),
    'of a stranger': proof(initiator(), MESSAGE),
    'of another message': { ...GENUINE, extraSignature: proof(payouts, '{}')['extraSignature'] },
    'of zeros': { ...GENUINE, extraSignature: Buffer.alloc(64).toString('base64') },
    'with one byte more': {
      ...GENUINE,
      extraSignature: Buffer.concat([Buffer.from(signature, 'base64'), Buffer.of(0)]).toString('base64'),
    },
    'without padding': { ...GENUINE, extraSignature: signature.replaceAll('=', '') },
    'with a space': { ...GENUINE, extraSignature: ` ${signature}` },
    'in hexadecimal': { ...GENUINE, extraSignature: Buffer.from(signature, 'base64').toString('hex') },
    'that is no string': { ...GENUINE, extraSignature: [signature] },
    'of another algorithm': {
      ...GENUINE,
      extraSignature: sign('sha256', Buffer.from(text), initiator('ec').privateKey).toString('base64'),
    },
  };
  for (const [name, parameters] of Object.entries(refused))
    refuses(t, withProof(parameters), notSigned, name);
  refuses(
    t,
    withProof(proof(payouts, { ...MESSAGE, initiator: 'x' })),
    'the policy does not name the initiator',
    'x',
  );
  refuses(t, withProof({ ...GENUINE, message: null }), 'extraParameters.message is missing', 'no message');
  t.end();
});

t.test('refuses other algorithms of an RSA key', (t) => {
  const key = initiator('rsa');
  const parts = { policy: { initiators: { payouts: { key: key.pem } } } };
  const message = Buffer.from(GENUINE['message'] as string);
  const pss = sign('sha256', message, { key: key.privateKey, padding: constants.RSA_PKCS1_PSS_PADDING });
  for (const signature of [
    pss,
    sign('sha1', message, key.privateKey),
    sign('sha512', message, key.privateKey),
  ]) {
    const parameters = { ...GENUINE, extraSignature: signature.toString('base64') };
    t.match(evaluateWith(PROVEN, withProof(parameters), memoryOf(), parts), /not the initiator’s signature/);
  }
  t.end();
});

t.test('refuses a message with two spellings', (t) => {
  const text = GENUINE['message'] as string;
  const messages: Readonly<Record<string, string>> = {
    'with a space': text.replace(':', ': '),
    'with a line break': `${text}\n`,
    'in another order': JSON.stringify(MESSAGE),
    'with a key twice': text.replace('"amount":"3"', '"amount":"300","amount":"3"'),
    'with an escape': text.replace('ETH', '\\u0045TH'),
    'that is no JSON': 'I approve',
    'nested deeply': '['.repeat(60_000) + ']'.repeat(60_000),
  };
  for (const [name, message] of Object.entries(messages)) {
    refuses(t, withProof(proof(payouts, message)), 'the message is not canonical JSON (RFC 8785)', name);
  }
  refuses(t, withProof(proof(payouts, `"${'x'.repeat(200_000)}"`)), 'the message is too long', 'long');
  t.end();
});

t.test('refuses a message that leaves something open', (t) => {
  const malformed: Readonly<Record<string, readonly [object, string]>> = {
    'no externalTxId': [{ ...MESSAGE, externalTxId: undefined }, 'externalTxId must be a string'],
    'no expiry': [
      { ...MESSAGE, expires: undefined },
      'expires must be a time such as "2026-12-01T12:00:00Z"',
    ],
    'no source': [{ ...MESSAGE, source: { type: 'VAULT' } }, 'source.id must be an id'],
    'no operation': [{ ...MESSAGE, operation: '' }, 'operation must not be empty'],
    'an unknown key': [{ ...MESSAGE, note: 'x' }, 'has unknown keys: "note"'],
  };
  for (const [name, [message, problem]] of Object.entries(malformed)) {
    refuses(t, withProof(proof(payouts, message)), `the message is malformed: ${problem}`, name);
  }
  const open = { ...MESSAGE, destinations: undefined, amount: undefined };
  refuses(
    t,
    withProof(proof(payouts, open)),
    'the message is about another amount, or other destinations',
    'open',
  );
  t.end();
});

t.test('refuses the proof of another transaction', (t) => {
  const [bob, alice] = ANNOUNCED_REQUEST['destinations'] as readonly Payload[];
  const paid = 'amount, or other destinations';
  const changes: readonly (readonly [Payload, string])[] = [
    [{ externalTxId: 'payout-2' }, 'externalTxId'],
    [{ externalTxId: null }, 'externalTxId'],
    [{ operation: 'CONTRACT_CALL' }, 'operation'],
    [{ sourceType: 'EXCHANGE' }, 'type of source'],
    [{ sourceId: '8' }, 'source'],
    [{ sourceId: null }, 'source'],
    [{ asset: 'ETC' }, 'asset'],
    [{ asset: null }, 'asset'],
    [{ amountStr: '3.1' }, paid],
    [{ requestedAmountStr: '2' }, paid],
    [{ destinations: [bob] }, paid],
    [{ destinations: [bob, alice, { dstAddress: BOB, amountNativeStr: '0' }] }, paid],
    [{ destinations: [{ ...bob, dstAddress: ALICE }, alice] }, paid],
    [{ destinations: [{ ...bob, displayDstTag: '1' }, alice] }, paid],
  ];
  for (const [change, what] of changes) {
    const name = JSON.stringify(change);
    refuses(t, withProof(GENUINE, change), `the message is about another ${what}`, name);
  }
  for (const other of [{ contractCallData: '0x00' }, { inputsSelection: {} }]) {
    refuses(
      t,
      withProof({ ...GENUINE, ...other }),
      'the message is about another call: extraParameters differ',
      JSON.stringify(other),
    );
  }
  t.end();
});

t.test('proves calls and messages with all that they sign', (t) => {
  const call = { contractCallData: '0xa9059cbb', nested: { b: 1, a: [null] } };
  const toContract = { ...MESSAGE, operation: 'CONTRACT_CALL', amount: '0' };
  const message = { ...toContract, destinations: [{ address: BOB, amount: '0' }], extraParameters: call };
  const asked = { operation: 'CONTRACT_CALL', amountStr: '0', requestedAmountStr: '0', destAddress: BOB };
  const proven = (parameters: Payload, change: Payload): boolean | string =>
    evaluateWith(PROVEN, withProof(parameters, { ...asked, ...change }), memoryOf(), PARTS);
  const signed = proof(payouts, message);
  t.equal(proven({ ...call, ...signed, empty: null }, { destinations: [] }), true);
  t.equal(proven({ ...call, ...signed }, { destinations: null }), true);
  t.match(
    proven({ ...call, ...signed, contractCallData: '0xa9059cbc' }, { destinations: [] }),
    /another call/,
  );
  t.match(proven({ ...call, ...signed, nested: { b: 1, a: [0] } }, { destinations: [] }), /another call/);
  t.match(proven({ ...call, ...signed }, { destinations: [], destAddress: ALICE }), /other destinations/);
  t.match(proven({ ...call, ...signed }, { destinations: [], amountStr: '1' }), /another amount/);

  const rest = { ...MESSAGE, amount: undefined, destinations: undefined };
  const typed = { rawMessageData: { messages: [{ content: { a: 1 }, type: 'EIP712' }] } };
  const raw = proof(payouts, { ...rest, operation: 'TYPED_MESSAGE', extraParameters: typed });
  const none = { operation: 'TYPED_MESSAGE', amountStr: null, requestedAmountStr: '', destAddress: '' };
  t.equal(proven({ ...typed, ...raw }, { ...none, destinations: [] }), true);
  t.equal(proven({ ...typed, ...raw }, { ...none, destinations: null, amountStr: '0' }), true);
  t.match(
    proven({ ...typed, ...raw }, { ...none, destinations: [{ dstAddress: BOB }] }),
    /other destinations/,
  );
  t.match(
    proven({ ...typed, ...raw }, { ...none, destinations: [], destAddress: BOB }),
    /other destinations/,
  );
  t.match(proven({ ...typed, ...raw }, { ...none, destinations: [], amountStr: '1' }), /another amount/);
  t.match(proven(raw, { ...none, destinations: [] }), /another call/);
  t.end();
});

t.test('is used once', (t) => {
  const usedBy = (proofUsedBy: string | undefined, now = NOW): boolean | string =>
    evaluateWith(PROVEN, withProof(GENUINE), memoryOf({ proofUsedBy }), { ...PARTS, now });
  t.equal(usedBy(undefined), true);
  t.equal(usedBy(SUBJECT), true, 'its signing');
  t.equal(usedBy('transaction:t-2'), 'tx.initiator can’t be known: another transaction used the proof');
  const later = new Date('2026-11-27T12:00:00Z');
  t.equal(usedBy(undefined, later), 'tx.initiator can’t be known: the proof has expired');
  t.equal(usedBy(SUBJECT, later), true, 'it expired between approval and signing');
  t.equal(usedBy(undefined, new Date(later.getTime() - 1)), true);
  t.match(evaluateWith(PROVEN, withProof(GENUINE), undefined, PARTS), /without a store/);
  t.end();
});

t.test('has one id, however it is signed and spelled', (t) => {
  const key = initiator('ec');
  const policy = policyOf('true', { policy: { initiators: { payouts: { key: key.pem } } } });
  const ids = new Set([1, 2, 3].map(() => proofOf(policy, request(withProof(proof(key, MESSAGE))))));
  // The other of the two signatures with the same r: everybody can compute it.
  const parameters = proof(key, MESSAGE);
  const malleated = { ...parameters, extraSignature: otherSignature(parameters['extraSignature'] as string) };
  t.not(malleated.extraSignature, parameters['extraSignature']);
  ids.add(proofOf(policy, request(withProof(malleated))));
  ids.add(proofOf(policy, request(withProof(parameters, { sourceType: 'VAULT', txId: 't-2' }))));
  t.equal(ids.size, 1);
  t.ok(!ids.has(undefined));
  t.not(
    proofOf(policy, request(withProof(proof(key, { ...MESSAGE, expires: '2026-11-28T12:00:00Z' })))),
    [...ids][0],
  );
  t.end();
});

/** ECDSA: s and n - s are both valid. @param signature DER, base64 */
function otherSignature(signature: string): string {
  const n = BigInt('0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551');
  const der = Buffer.from(signature, 'base64');
  const rLength = der[3] ?? 0;
  const r = der.subarray(4, 4 + rLength);
  const s = BigInt(`0x${der.subarray(6 + rLength).toString('hex')}`);
  const hex = (n - s).toString(16).padStart(64, '0');
  const bytes = Buffer.from((hex[0] ?? '0') >= '8' ? `00${hex}` : hex, 'hex');
  const body = Buffer.concat([Buffer.from([2, rLength]), r, Buffer.from([2, bytes.length]), bytes]);
  return Buffer.concat([Buffer.from([0x30, body.length]), body]).toString('base64');
}

t.test('any change of a byte of message or signature is refused', (t) => {
  const bytes = fc.record({
    field: fc.constantFrom('message', 'extraSignature'),
    place: fc.nat(2000),
    character: fc.constantFrom('a', 'B', '1', '"', ' ', '}'),
  });
  fc.assert(
    fc.property(bytes, ({ field, place, character }) => {
      const text = GENUINE[field] as string;
      const at = place % text.length;
      const changed = text.slice(0, at) + character + text.slice(at + 1);
      const parameters = { ...GENUINE, [field]: changed };
      const isName = evaluateWith('has(tx.initiator)', withProof(parameters), memoryOf(), PARTS) === true;
      return changed === text || !isName;
    }),
    { numRuns: 1000 },
  );
  t.pass();
  t.end();
});

t.test('a policy with a key that can’t be used is refused', (t) => {
  const pem = payouts.pem;
  const spki = (key: { publicKey: { export(options: object): unknown } }): string =>
    String(key.publicKey.export({ type: 'spki', format: 'pem' }));
  const messages = (initiators: unknown): readonly string[] =>
    messagesAbout('true', { policy: { initiators } });
  t.strictSame(messages({ payouts: { key: pem } }), []);
  const placeholder = Buffer.from(`302a300506032b6570032100${'00'.repeat(32)}`, 'hex').toString('base64');
  const refused: Readonly<Record<string, readonly [unknown, RegExp]>> = {
    'a small RSA key': [spki(generateKeyPairSync('rsa', { modulusLength: 1024 })), /RSA key with 1024 bits/],
    'a weak exponent': [
      spki(generateKeyPairSync('rsa', { modulusLength: 2048, publicExponent: 3 })),
      /the public exponent 3/,
    ],
    'another curve': [spki(generateKeyPairSync('ec', { namedCurve: 'P-384' })), /P-384/],
    'another type': [spki(generateKeyPairSync('ed448')), /Ed448/],
    'a placeholder': [placeholder, /placeholder/],
    'two keys': [pem + treasury.pem, /several PEM blocks/],
    'no key': ['x', /the key of payouts can't be used/],
    nothing: ['', /the key of payouts can't be used/],
    'a list': [[pem], /must be a public key/],
  };
  for (const [name, [key, message]] of Object.entries(refused)) {
    t.match(messages({ payouts: { key } }).join(), message, name);
  }
  t.match(messages({ payouts: { key: pem }, other: { key: pem } }), [/payouts and other have the same key/]);
  t.match(messages({ 'a b': { key: pem } }), [/invalid initiator name "a b"/]);
  t.match(messages({ payouts: pem }), [/must have the key/]);
  t.match(messages({ payouts: { key: pem, alg: 'x' } }), [/unknown key "alg"/]);
  t.match(messages([]), [/must contain initiators/]);
  t.match(messagesAbout('tx.initiator == "x"'), [/the policy names no initiators/]);
  const secret = payouts.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  t.match(messages({ payouts: { key: secret } }), [/^not a policy: this is a key/]);
  t.end();
});

t.test('a canonical message is what the documentation says', (t) => {
  t.equal(GENUINE['message'], canonicalize(MESSAGE));
  t.end();
});

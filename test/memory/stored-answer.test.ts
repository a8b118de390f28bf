import { createPrivateKey } from 'node:crypto';
import t from 'tap';
import {
  type AnswerContext,
  isFinal,
  macKeyFrom,
  readStoredAnswer,
  storedAnswerToData,
} from '../../src/memory/stored-answer.js';
import { ACTIONS } from '../../src/protocol/decision.js';
import { p256Pair, rsaPair } from '../helpers/keys.js';

const RSA = rsaPair();
const KEY = macKeyFrom(RSA.privateKey);
const CONTEXT: AnswerContext = {
  kind: 'transaction',
  requestId: 'r-1',
  stage: 'approval',
  content: 'ab'.repeat(32),
};
const ANSWER = { action: 'APPROVE', answer: 'a.b.c', auth: 'jwt' } as const;
const RECORD = { writer: 'w', sequence: 7 };
const DATA = storedAnswerToData(ANSWER, CONTEXT, RECORD, KEY);

t.test('reads what was stored', (t) => {
  t.strictSame(readStoredAnswer(DATA, CONTEXT, KEY), { ...ANSWER, record: RECORD });
  t.end();
});

t.test('every answer but RETRY is final', (t) => {
  t.strictSame(ACTIONS.filter(isFinal), ['APPROVE', 'REJECT', 'IGNORE']);
  t.end();
});

const OTHER_CONTEXTS: readonly Partial<AnswerContext>[] = [
  { kind: 'configuration' },
  { requestId: 'r-2' },
  { stage: 'signing' },
  { content: 'ac'.repeat(32) },
  { requestId: 'r-1","approval', stage: '' },
];

for (const other of OTHER_CONTEXTS) {
  t.test(`an answer is not repeated for another ${Object.keys(other).join(' and ')}`, (t) => {
    t.match(readStoredAnswer(DATA, { ...CONTEXT, ...other }, KEY), {
      problem: /not made with the callback key/,
    });
    t.end();
  });
}

t.test('no byte of a stored answer can be altered', (t) => {
  const bytes = Buffer.from(DATA);
  for (const place of bytes.keys()) {
    const altered = Buffer.from(bytes);
    altered.writeUInt8(altered.readUInt8(place) ^ 1, place);
    t.ok('problem' in readStoredAnswer(altered.toString(), CONTEXT, KEY), altered.toString());
  }
  t.end();
});

t.test('a stored answer can’t be said to be in the other form', (t) => {
  const altered = JSON.stringify({ ...(JSON.parse(DATA) as object), auth: 'json' });
  t.match(readStoredAnswer(altered, CONTEXT, KEY), { problem: /altered/ });
  t.end();
});

t.test('what is not a stored answer is a problem, and no error', (t) => {
  const stored = JSON.parse(DATA) as Record<string, unknown>;
  const retry = { ...stored, action: 'RETRY' };
  const otherForm = { ...stored, auth: 'xml' };
  for (const value of [null, [], 'x', {}, retry, otherForm, { ...stored, mac: 5 }, { ...stored, more: 1 }]) {
    t.strictSame(readStoredAnswer(JSON.stringify(value), CONTEXT, KEY), {
      problem: 'the stored answer is malformed',
    });
  }
  t.match(readStoredAnswer('{', CONTEXT, KEY), { problem: /malformed/ });
  for (const mac of ['', 'AAAA']) {
    t.match(readStoredAnswer(JSON.stringify({ ...stored, mac }), CONTEXT, KEY), { problem: /not made with/ });
  }
  t.end();
});

t.test('answers that were made with another callback key do not verify', (t) => {
  for (const { privateKey } of [rsaPair(), p256Pair()]) {
    t.match(readStoredAnswer(DATA, CONTEXT, macKeyFrom(privateKey)), { problem: /not made with/ });
  }
  t.end();
});

for (const [name, pair] of [
  ['RSA', RSA],
  ['P-256', p256Pair()],
] as const) {
  t.test(`all tasks with the same ${name} key verify each other's answers, however it is encoded`, (t) => {
    const encodings = [
      pair.privatePem,
      pair.privateKey.export({ type: name === 'RSA' ? 'pkcs1' : 'sec1', format: 'pem' } as never) as string,
    ];
    for (const encoding of encodings) {
      const task = createPrivateKey(encoding);
      t.ok(macKeyFrom(task).equals(macKeyFrom(pair.privateKey)));
      t.equal(macKeyFrom(task), macKeyFrom(task), 'derived once');
    }
    t.equal(macKeyFrom(pair.privateKey).symmetricKeySize, 32);
    t.end();
  });
}

t.test('a public key gives no MAC key', (t) => {
  t.throws(() => macKeyFrom(RSA.publicKey), /not the private key/);
  t.end();
});

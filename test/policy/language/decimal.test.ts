import t from 'tap';
import { evaluate, messagesAbout, type Payload } from '../../helpers/policy.js';

const ERROR = 'decimal() is given a value that is not a decimal number';
const read = (value: unknown, when = 'decimal(tx.extraParameters.x) == decimal("1000.5")') =>
  evaluate(when, { extraParameters: { x: value } });

t.test('decimal() reads strings and numbers of the request exactly', (t) => {
  for (const value of ['1000.5', '1000.50', '1.0005e3', 1000.5]) t.equal(read(value), true, String(value));
  for (const value of ['1000.500000000000000001', '1000', 1000.25]) t.equal(read(value), false);
  const long = '115792089237316195423570985008687907853269984665640564039457584007913129639935';
  t.equal(read(long, `decimal(tx.extraParameters.x) == decimal("${long}")`), true);
  t.equal(evaluate('decimal(tx.note) > decimal("1")', { note: '1.1' }), true);
  t.equal(evaluate('decimal(tx.amount) > decimal("1")', { amountStr: '1.1' }), true);
  t.end();
});

t.test('a value that is not a decimal number is an error of the rule', (t) => {
  for (const value of ['', 'x', ' 1', '1,000', '-1', -1, '0x10', true, {}, [], ['1'], null, 'Infinity']) {
    t.match(read(value), /not a decimal number$|is absent$/, JSON.stringify(value));
  }
  t.equal(read('x', '!(decimal(tx.extraParameters.x) > decimal("1"))'), ERROR);
  t.equal(read('x', 'decimal(tx.extraParameters.x) > decimal("1") || true'), ERROR);
  t.end();
});

t.test('decimal() of a value works in loops', (t) => {
  const extraParameters = { l: [{ v: '1' }, { v: '2000' }] };
  const when = 'tx.extraParameters.l.exists(m, decimal(m.v) > decimal("1000"))';
  t.equal(evaluate(when, { extraParameters }), true);
  t.equal(evaluate(when, { extraParameters: { l: [{ v: '1' }, { v: 'x' }] } }), ERROR);
  t.end();
});

t.test('limits the amount of a permit', (t) => {
  const when =
    'tx.operation == "TYPED_MESSAGE" && tx.extraParameters.rawMessageData.messages.exists(m, decimal(m.content.message.value) > decimal("1000"))';
  const permit = (value: string): Payload => ({
    operation: 'TYPED_MESSAGE',
    extraParameters: {
      rawMessageData: {
        messages: [{ type: 'EIP712', content: { primaryType: 'Permit', message: { value } } }],
      },
    },
  });
  const parts = { action: 'reject', policy: { integrity: { payload: 'off' } } };
  t.equal(evaluate(when, permit('1001'), parts), true);
  t.equal(evaluate(when, permit('1000'), parts), false);
  t.end();
});

t.test('a literal that is not a number is refused when the policy is loaded', (t) => {
  for (const literal of ['""', '"x"', '"1,000"', '"1e3"', '1', '1.5', 'true', 'null']) {
    t.match(
      messagesAbout(`tx.amount > decimal(${literal})`),
      [/^decimal\(\) takes a quoted string/],
      literal,
    );
  }
  t.match(messagesAbout('tx.amount > decimal(tx.nots)'), [/^unknown fact "nots" in tx/]);
  t.end();
});

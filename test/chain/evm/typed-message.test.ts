import t from 'tap';
import { TypedDataEncoder } from 'ethers';
import { readTypedMessage } from '../../../src/chain/evm/typed-message.js';
import { AddressValue } from '../../../src/chain/facts.js';
import { toInteger } from '../../../src/chain/units.js';
import { ALICE, CHAIN, USDC } from './call-fixtures.js';
import { read, signing, single } from './typed-fixtures.js';

/** The sample of EIP-712 ("Ether Mail"), with the digest that the EIP publishes. */
const DIGEST = '0xbe609aee343fb3c4b28e1df9e632fca64fcfaede20f02e86244efddf30957bd2';
const MAIL = {
  types: {
    EIP712Domain: [
      { name: 'name', type: 'string' },
      { name: 'version', type: 'string' },
      { name: 'chainId', type: 'uint256' },
      { name: 'verifyingContract', type: 'address' },
    ],
    Person: [
      { name: 'name', type: 'string' },
      { name: 'wallet', type: 'address' },
    ],
    Mail: [
      { name: 'from', type: 'Person' },
      { name: 'to', type: 'Person' },
      { name: 'contents', type: 'string' },
    ],
  },
  primaryType: 'Mail',
  domain: {
    name: 'Ether Mail',
    version: '1',
    chainId: 1,
    verifyingContract: '0xCcCCccccCCCCcCCCCCCcCcCccCcCCCcCcccccccC',
  },
  message: {
    from: { name: 'Cow', wallet: '0xCD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826' },
    to: { name: 'Bob', wallet: '0xbBbBBBBbbBBBbbbBbbBbbbbBBbBbbbbBbBbbBBbB' },
    contents: 'Hello, Bob!',
  },
};

t.test('confirms the payload of the published sample', (t) => {
  const { reading, findings } = read(MAIL, DIGEST);
  t.same(findings, { payload: { outcome: 'holds' }, chain: { outcome: 'holds' } });
  t.equal(reading.chain, CHAIN);
  t.same(reading.typedData, {
    primaryType: 'Mail',
    domain: {
      name: 'Ether Mail',
      version: '1',
      chainId: toInteger(1),
      verifyingContract: new AddressValue(MAIL.domain.verifyingContract.toLowerCase(), CHAIN),
    },
    message: {
      from: { name: 'Cow', wallet: new AddressValue(MAIL.message.from.wallet.toLowerCase(), CHAIN) },
      to: { name: 'Bob', wallet: new AddressValue(MAIL.message.to.wallet.toLowerCase(), CHAIN) },
      contents: 'Hello, Bob!',
    },
  });
  t.end();
});

t.test('reads content that is a JSON string, and a message without a type', (t) => {
  for (const message of [
    { type: 'eip712', content: JSON.stringify(MAIL) },
    { content: MAIL },
    { type: null, content: MAIL },
  ]) {
    t.equal(readTypedMessage(signing([DIGEST], message)).findings.payload?.outcome, 'holds');
  }
  t.end();
});

t.test('derives the type of the domain if the message has none', (t) => {
  const { Person, Mail } = MAIL.types;
  t.equal(read({ ...MAIL, types: { Person, Mail } }, DIGEST).findings.payload?.outcome, 'holds');
  t.end();
});

t.test('contradicts a payload that is another digest, and shows no content', (t) => {
  const other = `0x${'11'.repeat(32)}`;
  const { reading, findings } = read(MAIL, other);
  t.match(findings.payload, { outcome: 'contradicts', reason: new RegExp(`${other}.*${DIGEST}`) });
  t.strictSame(reading, {});
  t.end();
});

/** Each change of what is signed. */
const CHANGES = {
  'another recipient': { message: { ...MAIL.message, to: { name: 'Bob', wallet: ALICE } } },
  'another text': { message: { ...MAIL.message, contents: 'Hello, Bob?' } },
  'another chain': { domain: { ...MAIL.domain, chainId: 2 } },
  'another contract': { domain: { ...MAIL.domain, verifyingContract: USDC } },
  'another primary type': { primaryType: 'Person', message: MAIL.message.to },
  'another name of a field': {
    types: {
      ...MAIL.types,
      Person: [
        { name: 'name', type: 'string' },
        { name: 'payee', type: 'address' },
      ],
    },
    message: { from: { name: 'Cow', payee: ALICE }, to: { name: 'Bob', payee: ALICE }, contents: '' },
  },
};

for (const [what, change] of Object.entries(CHANGES)) {
  t.test(`contradicts ${what}`, (t) => {
    t.equal(read({ ...MAIL, ...change }, DIGEST).findings.payload?.outcome, 'contradicts');
    t.end();
  });
}

t.test('leaves out fields that are not signed', (t) => {
  const { reading, findings } = read(
    { ...MAIL, message: { ...MAIL.message, note: 1 }, domain: { ...MAIL.domain, salt: '0x' } },
    DIGEST,
  );
  t.equal(findings.payload?.outcome, 'holds');
  t.strictSame(Object.keys(reading.typedData?.message ?? {}), ['from', 'to', 'contents']);
  t.notOk(Object.hasOwn(reading.typedData?.domain ?? {}, 'salt'));
  t.end();
});

t.test('knows nothing of a payload without an entry', (t) => {
  const { reading, findings } = read(MAIL);
  t.match(findings.payload, { outcome: 'unknown', reason: /no payload/ });
  t.equal(findings.chain?.outcome, 'unknown');
  t.equal(reading.chain, undefined);
  t.equal(reading.typedData?.primaryType, 'Mail');
  t.end();
});

t.test('cannot know whether a message for another chain is for the right one', (t) => {
  const { message, types } = single('string', 'x');
  const domain = { chainId: 137 };
  const digest = TypedDataEncoder.hash(domain, types, message);
  const { reading, findings } = read({ types, primaryType: 'Single', domain, message }, digest);
  t.equal(reading.chain, 'evm/137');
  t.match(findings.chain, { outcome: 'unknown', reason: /evm\/137.*evm\/1/ });
  t.end();
});

/** Values as JSON has them, and the integers that they stand for. */
const INTEGERS = [
  ['uint256', 7, 7n],
  ['uint256', '7', 7n],
  ['uint256', '0x07', 7n],
  ['uint256', Number.MAX_SAFE_INTEGER, 2n ** 53n - 1n],
  ['uint256', (2n ** 256n - 1n).toString(), 2n ** 256n - 1n],
  ['uint8', 255, 255n],
  ['int8', -128, -128n],
  ['int256', '-5', -5n],
] as const;

for (const [type, value, integer] of INTEGERS) {
  t.test(`reads ${JSON.stringify(value)} as ${type}`, (t) => {
    const content = single(type, value);
    const digest = TypedDataEncoder.hash(content.domain, content.types, { value: integer });
    const { reading, findings } = read(content, digest);
    t.equal(findings.payload?.outcome, 'holds');
    t.same(reading.typedData?.message, { value: toInteger(integer) });
    t.end();
  });
}

/** What no library hashes contradicts. */
const MALFORMED = [
  ['a missing field', { ...single('uint256', 1), message: {} }, /Single lacks the field value/],
  ['a uint8 of 256', single('uint8', 256), /256 is out of the range of uint8/],
  ['a uint256 of -1', single('uint256', -1), /-1 is out of the range/],
  ['an int8 of 128', single('int8', '128'), /128 is out of the range of int8/],
  ['a uint256 of 2^256', single('uint256', (2n ** 256n).toString()), /out of the range/],
  ['bytes4 of 5 bytes', single('bytes4', '0x0102030405'), /bytes4 has 5 bytes/],
  ['a value in place of an array', single('uint8[]', 1), /not an array/],
  ['an array of the wrong length', single('uint8[2]', [1]), /1 elements, not 2/],
  ['a value in place of a struct', { ...MAIL, message: { ...MAIL.message, to: 'Bob' } }, /not a Person/],
] as const;

for (const [what, content, reason] of MALFORMED) {
  t.test(`contradicts ${what}`, (t) => {
    const { reading, findings } = read(content, DIGEST);
    t.match(findings.payload, { outcome: 'contradicts', reason });
    t.strictSame(reading, {});
    t.end();
  });
}

/** What libraries hash in different ways, or what is not documented, can't be known. */
const UNREADABLE = [
  ['no types', { primaryType: 'Permit', message: { spender: ALICE } }],
  ['no content', undefined],
  ['content that is not JSON', '{'],
  ['a primary type that is not among the types', { ...MAIL, primaryType: 'Permit' }],
  ['the domain as the primary type', { ...MAIL, primaryType: 'EIP712Domain' }],
  ['no domain', { ...MAIL, domain: undefined }],
  ['a domain without a field of its type', { ...MAIL, domain: { name: 'Ether Mail' } }],
  ['a missing struct', { ...MAIL, message: { from: MAIL.message.from, contents: 'Hello, Bob!' } }],
  ['an inherited name as the primary type', { ...MAIL, primaryType: 'constructor' }],
  ['a number beyond 2^53', single('uint256', 2 ** 53)],
  ['a fraction', single('uint256', 1.5)],
  ['a boolean in place of a number', single('uint256', true)],
  ['a string in place of a boolean', single('bool', 'false')],
  ['a number in place of a string', single('string', 1)],
  ['a name in place of an address', single('address', 'vitalik.eth')],
  ['an address without 0x', single('address', ALICE.slice(2))],
  ['text in place of bytes', single('bytes', 'hello')],
  ['bytes of half a byte', single('bytes', '0x1')],
  ['bytes4 of 3 bytes', single('bytes4', '0x010203')],
  ['a lone surrogate', single('string', '\ud800')],
  ['null', single('string', null)],
  ['a type without a size', single('uint', 1)],
  ['a type of no valid size', single('uint7', 1)],
  ['a type that is not defined', single('Person', {})],
  ['a name of a field that has a comma', { ...MAIL, types: { Mail: [{ name: 'a,b', type: 'string' }] } }],
  ['a type named like an elementary one', { ...MAIL, types: { ...MAIL.types, uint256: [] } }],
  [
    'two fields of one name',
    {
      ...MAIL,
      types: {
        Mail: [
          { name: 'a', type: 'string' },
          { name: 'a', type: 'bool' },
        ],
      },
    },
  ],
] as const;

for (const [what, content] of UNREADABLE) {
  t.test(`cannot know what is signed by ${what}`, (t) => {
    const { reading, findings } = read(content, DIGEST);
    t.equal(findings.payload?.outcome, 'unknown');
    t.strictSame(reading, {});
    t.end();
  });
}

t.test('cannot know what another type of message signs', (t) => {
  const { reading, findings } = readTypedMessage(signing([DIGEST], { type: 'EIP191', content: 'hello' }));
  t.match(findings.payload, { outcome: 'unknown', reason: /EIP712/ });
  t.strictSame(reading, {});
  t.end();
});

t.test('knows nothing of a request without messages', (t) => {
  for (const extraParameters of [{}, { rawMessageData: {} }, { rawMessageData: { messages: [] } }]) {
    const { reading, findings } = readTypedMessage({ ...signing([DIGEST]), extraParameters });
    t.equal(findings.payload?.outcome, 'unknown');
    t.strictSame(reading, {});
  }
  t.end();
});

const OTHER = single('string', 'x');
const OTHER_DIGEST = TypedDataEncoder.hash(OTHER.domain, OTHER.types, OTHER.message);

t.test('compares the payloads of several messages, and shows none of their contents', (t) => {
  const outcome = (...payloads: string[]) => {
    const result = readTypedMessage(signing(payloads, { content: MAIL }, { content: OTHER }));
    t.strictSame(result.reading, {});
    return result.findings.payload?.outcome;
  };
  t.equal(outcome(DIGEST, OTHER_DIGEST), 'holds');
  t.equal(outcome(DIGEST), 'unknown');
  t.equal(outcome(DIGEST, DIGEST), 'unknown');
  t.equal(outcome(DIGEST, `0x${'11'.repeat(32)}`), 'contradicts');
  t.equal(outcome(), 'unknown');
  t.end();
});

t.test('does not contradict the digest of a library that derives the type of the domain', (t) => {
  const content = {
    ...OTHER,
    types: { ...OTHER.types, EIP712Domain: [{ name: 'chainId', type: 'uint64' }] },
  };
  t.match(read(content, OTHER_DIGEST).findings.payload, { outcome: 'unknown', reason: /type of the domain/ });
  t.equal(read(content, DIGEST).findings.payload?.outcome, 'contradicts');
  t.end();
});

import t from 'tap';
import { RuleIndex } from '../../../src/policy/evaluate/rule-index.js';

const equals = (fact: string, value: string) => ({ owner: 'tx', fact, value });
const operation = equals('operation', 'TRANSFER');
const index = new RuleIndex([
  { id: 'eth', comparisons: [operation, equals('asset', 'ETH')] },
  { id: 'any', comparisons: [] },
  { id: 'btc', comparisons: [operation, equals('asset', 'BTC')] },
  { id: 'vault', comparisons: [equals('destType', 'VAULT')] },
  { id: 'eth again', comparisons: [operation, equals('asset', 'ETH')] },
]);

const asked = (tx: object): (string | undefined)[] =>
  index.candidates({ tx }).map((place) => index.ids[place]);

t.test('only rules whose first conditions hold are asked, in order', (t) => {
  t.strictSame(asked({ operation: 'TRANSFER', asset: 'ETH', destType: 'VAULT' }), [
    'eth',
    'any',
    'vault',
    'eth again',
  ]);
  t.strictSame(asked({ operation: 'TRANSFER', asset: 'XRP', destType: 'EXCHANGE' }), ['any']);
  t.strictSame(asked({ operation: 'RAW', asset: 'ETH', destType: 'VAULT' }), ['any', 'vault']);
  t.end();
});

t.test('what is absent, no text, or can’t be read is left to the rules themselves', (t) => {
  t.strictSame(asked({ operation: 'TRANSFER', destType: 'VAULT' }), [
    'eth',
    'any',
    'btc',
    'vault',
    'eth again',
  ]);
  t.strictSame(asked({ operation: 'TRANSFER', asset: 1, destType: 'X' }), ['eth', 'any', 'btc', 'eth again']);
  const unusable = {
    get operation(): string {
      throw new Error('unusable');
    },
    destType: 'X',
  };
  t.strictSame(asked(unusable), ['eth', 'any', 'btc', 'eth again']);
  t.strictSame(new RuleIndex([]).candidates({}), []);
  t.end();
});

t.test('texts are told apart whatever they hold', (t) => {
  const pairs = new RuleIndex([
    { id: 'one', comparisons: [equals('a', 'x","y'), equals('b', 'z')] },
    { id: 'other', comparisons: [equals('a', 'x'), equals('b', 'y","z')] },
  ]);
  t.strictSame(pairs.candidates({ tx: { a: 'x', b: 'y","z' } }), [1]);
  t.end();
});

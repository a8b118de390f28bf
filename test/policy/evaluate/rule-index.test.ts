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

const candidates = (tx: object): (string | undefined)[] =>
  index.candidates({ tx }).map((place) => index.ids[place]);

t.test('returns the rules whose leading comparisons match, in order', (t) => {
  t.strictSame(candidates({ operation: 'TRANSFER', asset: 'ETH', destType: 'VAULT' }), [
    'eth',
    'any',
    'vault',
    'eth again',
  ]);
  t.strictSame(candidates({ operation: 'TRANSFER', asset: 'XRP', destType: 'EXCHANGE' }), ['any']);
  t.strictSame(candidates({ operation: 'RAW', asset: 'ETH', destType: 'VAULT' }), ['any', 'vault']);
  t.end();
});

t.test('includes rules that compare absent or unusable facts', (t) => {
  t.strictSame(candidates({ operation: 'TRANSFER', destType: 'VAULT' }), [
    'eth',
    'any',
    'btc',
    'vault',
    'eth again',
  ]);
  t.strictSame(candidates({ operation: 'TRANSFER', asset: 1, destType: 'X' }), [
    'eth',
    'any',
    'btc',
    'eth again',
  ]);
  const unusable = {
    get operation(): string {
      throw new Error('unusable');
    },
    destType: 'X',
  };
  t.strictSame(candidates(unusable), ['eth', 'any', 'btc', 'eth again']);
  t.strictSame(new RuleIndex([]).candidates({}), []);
  t.end();
});

t.test('distinguishes values that contain quotes and commas', (t) => {
  const pairs = new RuleIndex([
    { id: 'one', comparisons: [equals('a', 'x","y'), equals('b', 'z')] },
    { id: 'other', comparisons: [equals('a', 'x'), equals('b', 'y","z')] },
  ]);
  t.strictSame(pairs.candidates({ tx: { a: 'x', b: 'y","z' } }), [1]);
  t.end();
});

// Tests the JSON schemas that editors use. With UPDATE_DOCS=1, writes the schemas that ship.
import { Ajv, type ValidateFunction } from 'ajv';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import t from 'tap';
import { parse } from 'yaml';
import { casesJsonSchema } from '../../../cli/policy/schema/cases-schema.js';
import { type JsonSchema, pathsIn } from '../../../cli/policy/schema/json-schema.js';
import { policyJsonSchema } from '../../../cli/policy/schema/policy-schema.js';
import { ROOT, runPolicy } from '../../helpers/cli.js';
import { problemsOf } from '../../helpers/policy.js';

const SCHEMAS = {
  'docs/policy.schema.json': { args: ['schema'], schema: policyJsonSchema() },
  'docs/cases.schema.json': { args: ['schema', '--cases'], schema: casesJsonSchema() },
} as const;

function validator(schema: JsonSchema): ValidateFunction {
  return new Ajv({
    strict: true,
    strictRequired: false,
    allowUnionTypes: true,
    formats: { 'date-time': true },
  }).compile(schema);
}

const isPolicy = validator(policyJsonSchema());
const isCases = validator(casesJsonSchema());

/** A YAML file as editors read it: numbers and words such as `true` are not strings. */
function asEditorsRead(text: string): unknown {
  return parse(text, { merge: true });
}

const SHIPPED = [
  'policy.yaml',
  ...readdirSync(join(ROOT, 'examples'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.yaml'))
    .map((name) => `examples/${name}`),
];

for (const [file, { args, schema }] of Object.entries(SCHEMAS)) {
  t.test(`${file} is what the command prints`, async (t) => {
    const { stdout, code } = await runPolicy(args, { cwd: ROOT });
    t.equal(code, 0);
    t.strictSame(JSON.parse(stdout), schema);
    if (process.env['UPDATE_DOCS'] === '1') writeFileSync(join(ROOT, file), stdout);
    else t.equal(readFileSync(join(ROOT, file), 'utf8'), stdout, 'UPDATE_DOCS=1 writes it');
  });
}

t.test('each file that ships points editors at its schema, which accepts it', (t) => {
  t.ok(SHIPPED.length >= 17, SHIPPED.join(', '));
  for (const file of SHIPPED) {
    const text = readFileSync(join(ROOT, file), 'utf8');
    const [, path = ''] = /^# yaml-language-server: \$schema=(\S+)\n/.exec(text) ?? [];
    const isCaseFile = file.endsWith('.cases.yaml');
    t.equal(
      join(dirname(file), path),
      isCaseFile ? 'docs/cases.schema.json' : 'docs/policy.schema.json',
      file,
    );
    // It shows mistakes, among them an action that does not exist.
    if (file === 'examples/typo.yaml') continue;
    const validate = isCaseFile ? isCases : isPolicy;
    t.ok(validate(asEditorsRead(text)), file, { found: validate.errors });
  }
  t.notOk(isPolicy(asEditorsRead(readFileSync(join(ROOT, 'examples/typo.yaml'), 'utf8'))));
  t.end();
});

t.test('the shortest policy, empty sections and values without quotes are accepted by both', (t) => {
  const rule = '{ id: 007, for: transaction, when: true, action: retry }';
  for (const text of [
    'version: 1',
    'version: "1"\nrules: []',
    'version: 1\nassets:\ncontracts:\nown:\ntables:\nintegrity:\nlists:\nrules:\n',
    `version: 1\nrules: [${rule}]\nonError: reject`,
    'version: 1\nlists: { a: [0x5dC69B1Fbb13Bafd09af88a782F0F285772Ad5f8, 12, no, 2026-01-01, { address: 12, tag: 4711 }] }',
    'version: 1\ntables: { a: { ETH: 5, BTC: 0.5, x: "1", 7: 2026-01-01 } }\nintegrity: { maxFeeFactor: 1.5, payload: off }',
    'version: 1\nassets: { USDC: off, A: { chain: evm/137, decimals: 6, price: 0.01 }, B: { chain: solana/devnet, decimals: "09" } }',
    'version: 1\nlists: { a: { from: a.txt }, b: { from: "s3://bucket/b.txt", sha256: ' +
      'a'.repeat(64) +
      ' } }',
  ]) {
    t.strictSame(problemsOf(text), [], text);
    t.ok(isPolicy(asEditorsRead(text)), text, { found: isPolicy.errors });
  }
  t.end();
});

t.test('mistakes are rejected by both', (t) => {
  const rule = (changes: object): string =>
    JSON.stringify({
      version: 1,
      rules: [{ id: 'a', for: 'transaction', when: 'true', action: 'retry', ...changes }],
    });
  for (const text of [
    'rules: []',
    'version: 2',
    'version: 1\nrule: []',
    'version: 1\notherwise: approve',
    'version: 1\nonError: ignore',
    'version: 1\nrules: {}',
    'version: 1\nrules: [a]',
    rule({ id: 'a b' }),
    rule({ id: 'a'.repeat(65) }),
    rule({ for: 'transfer' }),
    rule({ when: undefined }),
    rule({ when: ['true'] }),
    rule({ action: 'aprove' }),
    rule({ reason: 'x'.repeat(1001) }),
    rule({ note: 'x' }),
    'version: 1\nlists: [a]',
    'version: 1\nlists: { a: x }',
    'version: 1\nlists: { a-b: [x] }',
    'version: 1\nlists: { a: [{ adress: x }] }',
    'version: 1\nlists: { a: [{ address: x, tags: y }] }',
    'version: 1\nlists: { a: [[x]] }',
    'version: 1\nlists: { a: { from: "https://x/y" } }',
    'version: 1\nlists: { a: { from: a.txt, sha256: 12 } }',
    'version: 1\nlists: { a: { from: a.txt, name: x } }',
    'version: 1\nlists: { a: { sha256: x } }',
    'version: 1\ntables: { a: [5] }',
    'version: 1\ntables: { a: { b: { c: 1 } } }',
    'version: 1\nassets: { A: on }',
    'version: 1\nassets: { A: { chain: ethereum, decimals: 6 } }',
    'version: 1\nassets: { A: { chain: evm/01, decimals: 6 } }',
    'version: 1\nassets: { A: { chain: evm/1 } }',
    'version: 1\nassets: { A: { chain: evm/1, decimals: 37 } }',
    'version: 1\nassets: { A: { chain: evm/1, decimals: "1.5" } }',
    'version: 1\nassets: { A: { chain: evm/1, decimals: 6, price: cheap } }',
    'version: 1\ncontracts: { "0x5dC69B1Fbb13Bafd09af88a782F0F285772Ad5f8": { chain: evm/1 } }',
    'version: 1\nintegrity: { payload: on }',
    'version: 1\nintegrity: { maxFeeFactor: 0.5 }',
    'version: 1\nown: bc1q',
  ]) {
    t.not(problemsOf(text).length, 0, text);
    t.notOk(isPolicy(asEditorsRead(text)), text);
  }
  t.end();
});

t.test('mistakes in test cases are rejected', (t) => {
  const base = { name: 'a', file: 'a.json', expect: { action: 'approve' } };
  t.ok(isCases({ cases: [base] }));
  for (const wrong of [
    { ...base, name: undefined },
    { ...base, name: 5 },
    { ...base, payload: {} },
    { ...base, file: undefined },
    { ...base, expect: { action: 'APPROVE' } },
    { ...base, expect: { rule: 'a' } },
    { ...base, expects: {} },
    { ...base, set: [] },
    { ...base, now: 5 },
  ]) {
    t.notOk(isCases({ cases: [JSON.parse(JSON.stringify(wrong))] }), JSON.stringify(wrong));
  }
  t.notOk(isCases({ cases: [] }));
  t.end();
});

t.test('editors can explain every key', (t) => {
  for (const { schema } of Object.values(SCHEMAS)) {
    const keys = pathsIn(schema).filter((path) => !path.endsWith('*'));
    t.ok(keys.length >= 10, keys.join(', '));
    const described = JSON.stringify(schema).match(/"description":/g)?.length ?? 0;
    t.equal(described, keys.length);
  }
  t.end();
});

// Tests that docs/policy-reference.md lists every fact and every built-in asset as the code has them. With UPDATE_DOCS=1,
// writes the lists.
import { readFileSync, writeFileSync } from 'node:fs';
import t from 'tap';
import { DEFAULT_ASSETS } from '../../src/chain/default-assets.js';
import { FACT_CLASSES, type FactClass } from '../../src/policy/facts/facts.js';
import { ROOT } from '../helpers/cli.js';
import { DESCRIPTIONS } from './fact-descriptions.js';

const FILE = `${ROOT}docs/policy-reference.md`;

/** Headings by type, in the order of the document. */
const HEADINGS: Readonly<Record<keyof typeof FACT_CLASSES, string>> = {
  Transaction: 'Transactions: `tx`',
  Destination: 'Destinations: `d` in `tx.destinations.exists(d, …)`',
  Expected: 'Announced transactions: `tx.expected`',
  Raw: 'What is signed: `tx.raw`',
  Evm: 'EVM transactions: `tx.evm`',
  Call: 'Contract calls: `tx.call`',
  Transfer: 'Movements: `t` in `tx.call.transfers.all(t, …)`, also in `tx.solana` and `tx.typedData`',
  Approval: 'Approvals: `a` in `tx.call.approvals.all(a, …)`, also in `tx.typedData`',
  Bitcoin: 'Transactions of Bitcoin and its kin: `tx.btc`',
  Output: 'Outputs: `o` in `tx.btc.outputs.all(o, …)`',
  Input: 'Inputs: `i` in `tx.btc.inputs.all(i, …)`',
  Solana: 'Solana messages: `tx.solana`',
  Instruction: 'Instructions: `i` in `tx.solana.instructions.all(i, …)`',
  TypedData: 'Typed messages: `tx.typedData`',
  Configuration: 'Configuration changes: `config`',
};

const TYPES: Readonly<Record<string, string>> = {
  string: 'string',
  bool: 'true or false',
  Address: 'address',
  Decimal: 'decimal',
  dyn: 'dynamic',
  'google.protobuf.Timestamp': 'timestamp',
};

function typeName(type: string): string {
  if (type.startsWith('list<')) return 'list';
  return TYPES[type] ?? 'object';
}

function factTable([type, { example, facts, fields }]: [string, FactClass]): string {
  const rows = Object.entries(facts).map(([name, factType]) => [
    `\`${example}.${name}\``,
    typeName(factType),
    DESCRIPTIONS[type]?.[name] ?? '',
    (fields[name] ?? []).map((field) => `\`${field}\``).join(', '),
  ]);
  const head = ['fact', 'type', 'content', 'field of the request'];
  const width = rows.some((row) => row[3] !== '') ? 4 : 3;
  const lines = [head, head.map(() => '---'), ...rows].map((row) => toRow(row.slice(0, width)));
  return [`### ${HEADINGS[type as keyof typeof HEADINGS]}`, '', ...lines].join('\n');
}

function toRow(cells: readonly string[]): string {
  return cells[1] === '---' ? `|${cells.join('|')}|` : `| ${cells.join(' | ')} |`.replaceAll('|  |', '| |');
}

const factsText = Object.entries(FACT_CLASSES).map(factTable).join('\n\n');

const assetsText = [
  '| asset | chain | decimals | contract |',
  '|---|---|---|---|',
  ...DEFAULT_ASSETS.map(
    ({ id, chain, decimals, contract }) =>
      `| \`${id}\` | \`${chain}\` | ${decimals} | ${contract === undefined ? '' : `\`${contract}\``} |`,
  ),
].join('\n');

const GENERATED = { facts: factsText, assets: assetsText };

for (const [name, text] of Object.entries(GENERATED)) {
  t.test(`the reference has the ${name} that the code has`, (t) => {
    const begin = `<!-- generated: ${name} -->\n`;
    const end = `\n<!-- end: ${name} -->`;
    const document = readFileSync(FILE, 'utf8');
    const [before, rest = ''] = document.split(begin);
    const [, after] = rest.split(end);
    if (process.env['UPDATE_DOCS'] === '1') {
      writeFileSync(FILE, [before, begin, text, end, after].join(''));
    } else {
      t.equal(rest.split(end)[0], text, 'UPDATE_DOCS=1 npm test -- test/docs/facts.test.ts writes it');
    }
    t.end();
  });
}

t.test('every fact has a description, and every description a fact', (t) => {
  t.strictSame(
    Object.fromEntries(
      Object.entries(DESCRIPTIONS).map(([type, facts]) => [type, Object.keys(facts).sort()]),
    ),
    Object.fromEntries(
      Object.entries(FACT_CLASSES).map(([type, { facts }]) => [type, Object.keys(facts).sort()]),
    ),
  );
  t.end();
});

// Tests that the guide to known transactions works as written: its commands, in their order, and its examples.
import { copyFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { generateKeyPairSync } from 'node:crypto';
import t from 'tap';
import { expectedIds } from '../../src/policy/facts/expected.js';
import { expectedKey } from '../../src/store/keys.js';
import { openStore } from '../../src/store/open.js';
import { evaluateWith, memoryOf } from '../helpers/announced.js';
import { type Ran, ROOT, runCosigner, runExpect } from '../helpers/cli.js';
import { motoStore } from '../helpers/moto-store.js';
import { type Payload, request } from '../helpers/policy.js';
import { startHandler } from '../helpers/process.js';
import { commandsOf, documentOf } from './documents.js';

const guide = documentOf('docs/limits-and-known-transactions.md');
const PAYOUT = JSON.parse(readFileSync(join(ROOT, 'examples/payout.json'), 'utf8')) as Payload;

function example(name: string): string {
  const block = guide.blocks.find(({ comment }) => comment === `checked: ${name}`);
  if (block === undefined) throw new Error(`the guide has no ${name}`);
  return block.lines.join('\n');
}

/** Imports an example as a module. */
async function moduleOf(name: string): Promise<Readonly<Record<string, (...args: unknown[]) => unknown>>> {
  const directory = t.testdir();
  symlinkSync(join(ROOT, 'node_modules'), join(directory, 'node_modules'));
  const file = join(directory, `${name.replaceAll(' ', '-')}.mjs`);
  writeFileSync(file, example(name));
  return (await import(pathToFileURL(file).href)) as Record<string, (...args: unknown[]) => unknown>;
}

t.test('the commands of the guide do what it says', async (t) => {
  const cwd = t.testdir({ '.local': {} });
  for (const name of ['examples', 'policy.yaml']) symlinkSync(join(ROOT, name), join(cwd, name));
  mkdirSync(join(cwd, '.local'), { recursive: true });
  copyFileSync(join(ROOT, 'examples/known-transactions.yaml'), join(cwd, '.local/policy.yaml'));
  const handler = startHandler(t, { cwd, args: ['--local'], built: true });
  const url = await handler.listening();
  const expected = [
    /REJECT/,
    /2 transactions announced/,
    /APPROVE/,
    /REJECT/,
    /payout-1001 .*transaction:/,
    /removed/,
  ];
  const outcomes: Ran[] = [];
  for (const { command } of guide.blocks.filter(({ language }) => language === 'sh').flatMap(commandsOf)) {
    const [, program, args = ''] = /^npm run (cosigner|expect) -- (.*)$/.exec(command) ?? [];
    const words = args.split(' ');
    if (program === 'cosigner') outcomes.push(await runCosigner([...words, '--url', url], { cwd }));
    if (program === 'expect') outcomes.push(await runExpect(words, { cwd }));
  }
  for (const [place, pattern] of expected.entries()) t.match(outcomes[place]?.stdout, pattern);
  t.equal(outcomes.length, expected.length);
});

t.test('the policy of the guide is the example', (t) => {
  const policy = readFileSync(join(ROOT, 'examples/known-transactions.yaml'), 'utf8');
  const shown = guide.blocks.find(({ language }) => language === 'yaml')?.lines.join('\n') ?? '-';
  t.ok(policy.includes(shown));
  const csv = guide.blocks.find(({ language }) => language === 'csv')?.lines.join('\n');
  t.equal(`${csv}\n`, readFileSync(join(ROOT, 'examples/payouts.csv'), 'utf8'));
  t.end();
});

t.test('what the SDK example stores is what the handler reads', async (t) => {
  const moto = await motoStore(t);
  Object.assign(process.env, moto.env);
  const name = await moto.createTable();
  const { announce } = await moduleOf('sdk example');
  const [announcement] = JSON.parse(readFileSync(join(ROOT, 'examples/payouts.json'), 'utf8')) as object[];
  await announce?.(name, announcement);
  await t.rejects(Promise.resolve(announce?.(name, announcement)), {
    name: 'ConditionalCheckFailedException',
  });
  const { table } = await openStore({ table: name });
  const [id = ''] = expectedIds(request(PAYOUT));
  const [item] = await table.read([expectedKey(id)]);
  await table.close();
  t.match(item, { version: 1 });
  const memory = memoryOf({ expected: [{ id, data: item?.data ?? '', usedBy: undefined }] });
  t.equal(evaluateWith('tx.expected.matches', PAYOUT, memory), true);
});

t.test('the proof of the example verifies', async (t) => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const { proofOf } = await moduleOf('initiator example');
  const transaction: unknown = JSON.parse(example('initiator message'));
  const extraParameters = proofOf?.(transaction, privateKey.export({ type: 'pkcs8', format: 'pem' }));
  const key = publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
  const parts = { policy: { initiators: { payouts: { key } } } };
  const proven = (payload: Payload): boolean | string =>
    evaluateWith('tx.initiator == "payouts"', { ...payload, extraParameters }, memoryOf(), parts);
  t.equal(proven(PAYOUT), true);
  t.match(proven({ ...PAYOUT, amountStr: '0.02' }), /another amount/);
});

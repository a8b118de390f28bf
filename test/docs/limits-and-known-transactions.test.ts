// Tests that the guide to limits and known transactions works as written: its commands, in their order, and its examples.
import '../helpers/needs-moto.js';
import { copyFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { generateKeyPairSync } from 'node:crypto';
import t from 'tap';
import { expectedIds } from '../../src/policy/facts/expected.js';
import { expectedKey } from '../../src/store/keys.js';
import { openStore } from '../../src/store/open.js';
import { evaluateWith, memoryOf } from '../helpers/announced.js';
import { type Ran, ROOT, runAudit, runCosigner, runExpect, runPolicy } from '../helpers/cli.js';
import { motoStore } from '../helpers/moto-store.js';
import { type Payload, request } from '../helpers/policy.js';
import { type Handler, startHandler, until } from '../helpers/process.js';
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
  copyFileSync(join(ROOT, 'examples/limits.yaml'), join(cwd, '.local/policy.yaml'));
  // The commands name the local store, so that they also work where there are settings.
  mkdirSync(join(cwd, 'infra'));
  writeFileSync(join(cwd, 'infra/settings.json'), '{}');
  const handler = startHandler(t, { cwd, args: ['--local'], built: true });
  const url = await handler.listening();
  const expected = [
    /APPROVE\n.*APPROVE\n.*APPROVE\n.*REJECT +Limit payouts: 0.03 of 0.03/,
    /payouts {2}0 \/ ETH +0\.03 +0\.03/,
    /4 repeated with their policy\n[^]*ok {2}every record is as it was written/,
    /REJECT/,
    /2 transactions announced/,
    /APPROVE/,
    /REJECT/,
    /payout-1001 .*transaction:/,
    /removed/,
    /7 passed, 0 failed/,
  ];
  const outcomes: Ran[] = [];
  for (const { command } of guide.blocks.filter(({ language }) => language === 'sh').flatMap(commandsOf)) {
    const [, policy] = /^cp (examples\/known-transactions.yaml) /.exec(command) ?? [];
    if (policy !== undefined) await putPolicy(handler, cwd, policy);
    const [, program, args = ''] = /^npm run (cosigner|expect|policy|audit) -- (.*)$/.exec(command) ?? [];
    const words = args.split(' ');
    if (program === 'cosigner') outcomes.push(await runCosigner([...words, '--url', url], { cwd }));
    if (program === 'expect') outcomes.push(await runExpect(words, { cwd }));
    if (program === 'policy') outcomes.push(await runPolicy(words, { cwd }));
    if (program === 'audit') outcomes.push(await runAudit(words, { cwd }));
  }
  for (const [place, pattern] of expected.entries()) t.match(outcomes[place]?.stdout, pattern);
  t.equal(outcomes.length, expected.length);
});

/** Stores a policy, and waits until it is in force. */
async function putPolicy(handler: Handler, cwd: string, file: string): Promise<void> {
  const loaded = (): number => handler.lines.filter(({ event }) => event === 'policy_loaded').length;
  const before = loaded();
  copyFileSync(join(ROOT, file), join(cwd, '.local/policy.yaml'));
  if ((await until(() => (loaded() > before ? true : undefined), 15_000)) === undefined) {
    throw new Error(`${file} did not come into force`);
  }
}

t.test('the policies of the guide are the examples', (t) => {
  const shown = guide.blocks
    .filter(({ language }) => language === 'yaml')
    .map(({ lines }) => lines.join('\n'));
  for (const [place, name] of ['limits', 'known-transactions'].entries()) {
    t.ok(readFileSync(join(ROOT, `examples/${name}.yaml`), 'utf8').includes(shown[place] ?? '-'), name);
  }
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

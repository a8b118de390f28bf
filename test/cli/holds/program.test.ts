import '../../helpers/needs-moto.js';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { createHoldsProgram } from '../../../cli/holds/program.js';
import { reportFailure } from '../../../cli/operator-command.js';
import { openStore, type Store } from '../../../src/store/open.js';
import { runInProcess } from '../../helpers/cli.js';
import { MINUTE } from '../../helpers/held-people.js';
import { heldWorldOn } from '../../helpers/held-world.js';
import { payment, worldState } from '../../helpers/memory-world.js';
import { motoStore } from '../../helpers/moto-store.js';

const moto = await motoStore(t);
Object.assign(process.env, moto.env);

interface Listed {
  readonly requestId: string;
  readonly decisions: readonly { readonly approver: string; readonly verified: boolean }[];
}

const run = (args: readonly string[]) =>
  runInProcess(createHoldsProgram, args, (error, command) => reportFailure(error, command.opts()));

/** A store with a process that decides, and the command on it. */
function worldOn(t: Test, store: Store, options: readonly string[]) {
  t.teardown(() => store.table.close());
  const state = worldState('version: 1\nrules: []\n', Date.now());
  state.patienceMs = 60_000;
  const world = heldWorldOn(store, state);
  return {
    ...world,
    ask: world.process().ask,
    list: () => run(options),
    json: async () => JSON.parse((await run([...options, '--json'])).stdout) as readonly Listed[],
  };
}

async function embedded(t: Test) {
  const path = join(t.testdir(), 'store');
  return worldOn(t, await openStore({ path }), ['--store-path', path]);
}

t.test('says that nothing waits', async (t) => {
  const { list, json } = await embedded(t);
  t.match(await list(), { code: 0, stdout: 'nothing waits for people\n' });
  t.strictSame(await json(), []);
});

const PLACES = {
  'in a directory': embedded,
  'in DynamoDB': async (t: Test) => {
    const table = await moto.createTable();
    return worldOn(t, await openStore({ table }), ['--table', table, '--region', 'eu-central-1']);
  },
};

for (const [name, open] of Object.entries(PLACES)) {
  t.test(`${name}: lists what waits, newest first, with who has decided`, async (t) => {
    const { ask, vote, list, json, state, hashFor } = await open(t);
    await ask(payment('first', '250'));
    state.now += 1000;
    await ask({ requestId: 'change', type: 'ADD_USER', extraInfo: { note: 'x' } });
    await vote('alice', 'approve', payment('first', '250'));
    await ask(payment('first', '250'));
    const { code, stdout } = await list();
    t.equal(code, 0);
    const [head, change, first, , total] = stdout.split('\n');
    t.match(head, /^since +left +request +rule +hold +what +asked +decided$/);
    t.match(change, /^\d{4}-\S+Z +\d+m +change +changes +treasury +ADD_USER +1 +0 of 2$/);
    t.match(first, /^\d{4}-\S+Z +\d+m +first +large +treasury +TRANSFER 250 COIN +2 +1 of 2: alice$/);
    t.equal(total, '2 requests; people decide in the console');
    t.match(await json(), [
      { requestId: 'change', kind: 'configuration', operation: 'ADD_USER', amount: null, asset: null },
      {
        ...{ requestId: 'first', kind: 'transaction', hash: hashFor(payment('first', '250')) },
        ...{
          since: /Z$/,
          expires: /Z$/,
          lastTry: /Z$/,
          rule: 'large',
          hold: 'treasury',
          tries: 2,
          quorum: 2,
        },
        ...{ operation: 'TRANSFER', amount: '250', asset: 'COIN' },
        decisions: [{ approver: 'alice', verdict: 'approve', at: /Z$/, verified: true }],
      },
    ]);
  });
}

t.test('does not list what people have decided', async (t) => {
  const { ask, vote, list } = await embedded(t);
  for (const id of ['approved', 'rejected', 'waiting']) await ask(payment(id));
  await vote('alice', 'approve', payment('approved'));
  await vote('bob', 'approve', payment('approved'));
  await vote('carol', 'reject', payment('rejected'));
  for (const id of ['approved', 'rejected', 'waiting']) await ask(payment(id));
  const { stdout } = await list();
  t.match(stdout, /^1 request; /m);
  t.match(stdout, / waiting +large /);
});

t.test('says what is not verified, and why: whoever serves the console can store it', async (t) => {
  const { ask, vote, plant, sign, list, json } = await embedded(t);
  await ask(payment('a'));
  await vote('alice', 'approve', payment('a'), { by: 'bob' });
  await plant('bob', payment('a'), sign('bob', 'approve', payment('other')));
  await plant('carol', payment('a'), 'x'.repeat(100_000));
  const { stdout } = await list();
  t.match(stdout, / 0 of 2; 3 not verified$/m);
  t.match(stdout, /^a: the decision of alice is not verified: its passkey is not one of the approver/m);
  t.match(stdout, /^a: the decision of carol is not verified: it is malformed$/m);
  const [request] = await json();
  t.match(request?.decisions, [
    { approver: 'alice', verdict: 'approve', verified: false, problem: /passkey/ },
    { approver: 'bob', verified: false },
    { approver: 'carol', verified: false, problem: 'it is malformed' },
  ]);
});

t.test('shows a rejection and its reason before the Co-signer has asked again', async (t) => {
  const { ask, vote, list } = await embedded(t);
  await ask(payment('a'));
  await vote('bob', 'reject', payment('a'), { reason: 'not our \u001b[31mpayee' });
  const { stdout } = await list();
  t.match(stdout, / 0 of 2; rejected by bob$/m);
  t.match(stdout, /^a: bob says: not our \\u\{1b\}\[31mpayee$/m);
});

t.test('shows what can not be decided any more as expired, until the Co-signer asks', async (t) => {
  const { ask, list, state } = await embedded(t);
  state.now -= 51 * MINUTE;
  await ask(payment('a'));
  t.match((await list()).stdout, / expired +a +large /);
});

t.test('shows hostile values without their effect', async (t) => {
  const { ask, list } = await embedded(t);
  await ask(payment('id\u001b[2J\nfake', '4', { asset: 'E\u202eTH\n', operation: '\u001b]0;x\u0007' }));
  const { stdout } = await list();
  // eslint-disable-next-line no-control-regex -- no control character may reach the terminal
  t.notMatch(stdout, /[\u0000-\u0009\u000b-\u001f\u202e]/);
  t.equal(stdout.trimEnd().split('\n').length, 4);
});

t.test('lists 300 requests', async (t) => {
  const { ask, list } = await embedded(t);
  for (let count = 0; count < 300; count++) await ask(payment(`tx-${count}`));
  t.match((await list()).stdout, /^300 requests; /m);
});

t.test('says which store it needs', async (t) => {
  t.match(await run(['--store-path', '/nowhere']), { code: 2, stderr: /there is no store in \/nowhere/ });
  t.match(await run(['--table', 'x', '--store-path', 'y']), { code: 2, stderr: /give one of them/ });
  t.match(await run(['--unknown']), { code: 2 });
  t.match(await run(['--help']), { code: 0, stdout: /npm run holds/ });
});

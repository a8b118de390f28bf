import { createHash } from 'node:crypto';
import t from 'tap';
import { PolicyError } from '../../src/policy/parse/problem.js';
import { Admission } from '../../src/sources/admission.js';
import { CurrentPolicy } from '../../src/sources/policy.js';
import { PolicyLoader } from '../../src/sources/policy-loader.js';
import type { ObjectReader } from '../../src/sources/s3.js';
import { SourceError } from '../../src/sources/source.js';
import type { PolicySignatures, StoredPolicy } from '../../src/sources/stored-policy.js';
import { memoryLog } from '../helpers/log.js';
import { until } from '../helpers/process.js';
import { createSigner, signedBy, signersOf, type TestSigner } from '../helpers/signers.js';

const [alice, bob] = [createSigner('alice'), createSigner('bob')];
const signers = signersOf([alice, bob]);
const PARAMETER = '/fireblocks/prod/policy';

/** Different policies, by the action if no rule matches. */
const rejecting = 'version: 1\nrules: []\n';
const retrying = 'version: 1\nrules: []\notherwise: retry\n';
const ignoring = 'version: 1\nrules: []\notherwise: ignore\n';

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

interface Options {
  readonly by?: readonly TestSigner[];
  readonly target?: string;
}

function signed(text: string, serial: number, { by = [alice, bob], target = PARAMETER }: Options = {}) {
  return { value: text, signed: signedBy(by, { for: target, serial, sha256: sha256(text) }) };
}

/** What is stored, and can be changed by whoever can write it. */
interface Stored {
  parameter: Omit<StoredPolicy, 'name'>;
  /** Content of `signed/newest.json`. */
  newest?: string | SourceError | undefined;
  /** Content of lists in S3. */
  list?: string;
}

/** A task, which reads what is stored when it starts and again every 5 ms. */
function task(stored: Stored) {
  const memory = memoryLog();
  const readObject: ObjectReader = ({ url }) => {
    const text = url === 's3://policies/signed/newest.json' ? stored.newest : stored.list;
    if (text instanceof SourceError) return Promise.reject(text);
    if (text === undefined)
      return Promise.reject(new SourceError(`${url} does not exist`, { transient: false }));
    return Promise.resolve({
      bytes: Buffer.from(text),
      sha256: sha256(text),
      stamp: sha256(text),
      durationMs: 0,
    });
  };
  const newest = { bucket: 'policies', readObject };
  const admission = new Admission({ signers, target: PARAMETER, newest, log: memory.log });
  let reads = 0;
  const source = () => {
    reads++;
    return Promise.resolve({ name: PARAMETER, ...stored.parameter });
  };
  const policy = new CurrentPolicy(source, memory.log, {
    loader: new PolicyLoader('.', readObject),
    admit: (from, admitted) => admission.admit(from, admitted),
  });
  return {
    ...memory,
    policy,
    start: async (): Promise<void> => {
      await admission.load();
      await policy.load();
    },
    /** The action if no rule matches, after what is stored has been read again. */
    refreshed: async (): Promise<string> => {
      const stop = policy.keepFresh(5);
      const before = reads;
      await until(() => (reads > before + 3 ? true : undefined), 5000);
      stop();
      return policy.current.otherwise;
    },
  };
}

async function problemAtStart(stored: Stored): Promise<string> {
  try {
    await task(stored).start();
  } catch (error) {
    if (error instanceof PolicyError) return error.problems.map(({ message }) => message).join('\n');
    throw error;
  }
  return 'none';
}

function json(signatures: PolicySignatures): string {
  return JSON.stringify(signatures);
}

t.test('takes a policy that enough signers have signed, and logs serial and signers', async (t) => {
  const { start, policy, of } = task({ parameter: signed(rejecting, 3) });
  await start();
  t.equal(policy.current.otherwise, 'REJECT');
  t.match(of('policy_loaded'), [{ serial: 3, signers: ['alice', 'bob'], after: sha256(rejecting) }]);
});

t.test('does not start with a policy that is not signed enough', async (t) => {
  t.match(await problemAtStart({ parameter: { value: rejecting } }), /^it is not signed/);
  t.match(await problemAtStart({ parameter: signed(rejecting, 3, { by: [alice] }) }), /^1 of 2 signatures/);
});

t.test('whoever can write the parameter alone', (t) => {
  t.test('can’t approve a text of their own, with or without the signatures of another', async (t) => {
    const stored: Stored = { parameter: signed(rejecting, 3) };
    const { start, refreshed, of } = task(stored);
    await start();
    for (const parameter of [
      { value: retrying },
      { ...signed(rejecting, 3), value: retrying },
      signed(retrying, 4, { by: [alice] }),
      signed(retrying, 4, { by: [createSigner('alice'), createSigner('bob')] }),
    ]) {
      stored.parameter = parameter;
      t.equal(await refreshed(), 'REJECT');
    }
    t.match(of('policy_refused'), [
      { problems: [{ message: /^it is not signed/ }] },
      { problems: [{ message: /^the signatures are of another text/ }] },
      { problems: [{ message: /^1 of 2 signatures/ }] },
      { problems: [{ message: /^the signature of alice does not match/ }] },
    ]);
  });

  t.test('can’t put an older signed policy back, even through a restart', async (t) => {
    const stored: Stored = { parameter: signed(rejecting, 3), newest: json(signed(rejecting, 3).signed) };
    const { start, refreshed, of } = task(stored);
    await start();
    stored.parameter = signed(retrying, 2);
    t.equal(await refreshed(), 'REJECT');
    t.match(of('policy_refused'), [{ problems: [{ message: /serial 2, but .* serial 3 has been signed/ }] }]);
    t.match(await problemAtStart(stored), /--serial 4/, 'a task that is restarted');
  });

  t.test('can’t replace a policy by another one with the same serial', async (t) => {
    const stored: Stored = { parameter: signed(rejecting, 3), newest: json(signed(rejecting, 3).signed) };
    const { start, refreshed, of } = task(stored);
    await start();
    stored.parameter = signed(retrying, 3);
    t.equal(await refreshed(), 'REJECT');
    t.match(of('policy_refused'), [
      { problems: [{ message: /^another policy was signed with the same serial 3/ }] },
    ]);
    t.match(await problemAtStart(stored), /^another policy was signed with the same serial 3/);
  });

  t.test('can’t copy the signed policy of another environment', async (t) => {
    const dev = signed(retrying, 9, { target: '/fireblocks/dev/policy' });
    t.match(await problemAtStart({ parameter: dev }), /signed for "\/fireblocks\/dev\/policy"/);
    const { value, signed: signatures } = dev;
    const renamed = { value, signed: { ...signatures, for: PARAMETER } };
    t.match(await problemAtStart({ parameter: renamed }), /^the signature of alice does not match/);
  });
  t.end();
});

t.test('whoever can write the bucket alone', (t) => {
  const parameter = signed(rejecting, 3);

  t.test('can’t keep the service from starting', async (t) => {
    const forged = createSigner('alice');
    for (const newest of [
      undefined,
      '',
      'not JSON',
      json({ ...parameter.signed, serial: 99 }),
      json(signed(rejecting, 99, { by: [forged, bob] }).signed),
      json(signed(rejecting, 99, { by: [alice] }).signed),
      json(signed(rejecting, 99, { target: '/fireblocks/dev/policy' }).signed),
      new SourceError('S3 denies access', { transient: false }),
    ]) {
      const { start, policy, of } = task({ parameter, newest });
      await start();
      t.equal(policy.current.otherwise, 'REJECT');
      t.match(of('policy_newest_ignored'), [
        { level: 'warn', from: 's3://policies/signed/newest.json', reason: String },
      ]);
    }
  });

  t.test('can’t have anything approved', async (t) => {
    const newest = json(signed(retrying, 2).signed);
    const { start, policy } = task({ parameter, newest });
    await start();
    t.equal(policy.current.otherwise, 'REJECT');
  });

  t.test('can’t change a list by which a rule approves', async (t) => {
    const [address, other] = ['0x5DC69B1Fbb13Bafd09af88a782F0F285772Ad5f8', `0x${'ab'.repeat(20)}`];
    const list = `${address}\n`;
    const text = (pin: string): string =>
      JSON.stringify({
        version: 1,
        lists: { payees: { from: 's3://lists/payees.txt', ...(pin !== '' && { sha256: pin }) } },
        rules: [
          {
            id: 'payees',
            for: 'transaction',
            when: 'tx.destinations.all(d, d.address in lists.payees)',
            action: 'approve',
          },
        ],
      });
    t.match(
      await problemAtStart({ parameter: signed(text(''), 3), list }),
      /^rule "payees" approves by the list "payees" from s3:\/\/lists\/payees\.txt, .* add its sha256/,
    );
    const stored: Stored = { parameter: signed(text(sha256(list)), 3), list };
    const { start, refreshed, policy } = task(stored);
    await start();
    stored.list = `${address}\n${other}\n`;
    await refreshed();
    t.equal(policy.current.loadedLists.get('payees')?.sha256, sha256(list));
    t.match(await problemAtStart(stored), /SHA-256/, 'a task that is restarted');
  });
  t.end();
});

t.test('lets a list change by which rules only reject', async (t) => {
  const list = `0x${'ab'.repeat(20)}\n`;
  const when = 'tx.destinations.exists(d, d.address in lists.blocked)';
  const text = JSON.stringify({
    version: 1,
    lists: { blocked: { from: 's3://lists/blocked.txt' } },
    rules: [
      { id: 'blocked', for: 'transaction', when, action: 'reject' },
      { id: 'eth', for: 'transaction', when: 'tx.asset == "ETH"', action: 'approve' },
    ],
  });
  const stored: Stored = { parameter: signed(text, 1), list };
  const { start, refreshed, policy } = task(stored);
  await start();
  stored.list = `${list}0x${'cd'.repeat(20)}\n`;
  await refreshed();
  t.equal(policy.current.loadedLists.get('blocked')?.entries, 2);
});

t.test(
  'who writes the parameter and the bucket can put a signed policy back, but only through a restart',
  async (t) => {
    const stored: Stored = { parameter: signed(rejecting, 3), newest: json(signed(rejecting, 3).signed) };
    const { start, refreshed } = task(stored);
    await start();
    stored.parameter = signed(retrying, 2);
    stored.newest = json(signed(retrying, 2).signed);
    t.equal(await refreshed(), 'REJECT');
    t.equal(await problemAtStart(stored), 'none', 'documented in SECURITY.md');
  },
);

t.test('takes a later policy, and an earlier text that was signed anew', async (t) => {
  const stored: Stored = { parameter: signed(rejecting, 3) };
  const { start, refreshed, of } = task(stored);
  await start();
  stored.parameter = signed(ignoring, 4);
  t.equal(await refreshed(), 'IGNORE');
  stored.parameter = signed(rejecting, 7);
  t.equal(await refreshed(), 'REJECT');
  t.match(of('policy_loaded'), [{ serial: 3 }, { serial: 4 }, { serial: 7 }]);
});

t.test('waits for S3 if the newest signatures can’t be read, and does not start without', async (t) => {
  const stored: Stored = {
    parameter: signed(retrying, 2),
    newest: new SourceError('no response', { transient: true }),
  };
  const { start, of } = task(stored);
  const started = start();
  await until(() => of('policy_load_retry')[0], 5000);
  t.strictSame(of('policy_loaded'), []);
  stored.newest = json(signed(rejecting, 3).signed);
  await t.rejects(started, { message: /serial 3 has been signed since/ });
});

// The policy in force with its lists from elsewhere: replaced or refused as a whole.
import { createHash } from 'node:crypto';
import t from 'tap';
import { ListError, PolicyError, problemIn } from '../../src/policy/parse/problem.js';
import { Address } from '../../src/policy/facts/address.js';
import { type Admit, CurrentPolicy } from '../../src/sources/policy.js';
import { PolicyLoader } from '../../src/sources/policy-loader.js';
import { SourceError } from '../../src/sources/source.js';
import type { StoredPolicy } from '../../src/sources/stored-policy.js';
import { memoryLog } from '../helpers/log.js';
import { until } from '../helpers/process.js';

const ONE = '0x0000000000000000000000000000000000000001';
const TWO = '0x0000000000000000000000000000000000000002';
const REFRESH_MS = 5;

const sha256Of = (content: string): string => createHash('sha256').update(content).digest('hex');
const listing = (...addresses: readonly string[]): string =>
  addresses.map((address) => `${address}\n`).join('');

function policyText(references: Readonly<Record<string, string>>, otherwise = 'reject'): string {
  const lists = Object.entries(references).map(([name, key]) => `${name}: { from: "s3://bucket/${key}" }`);
  return `version: 1\nlists: { ${lists.join(', ')} }\nrules: []\notherwise: ${otherwise}\n`;
}

/** A policy whose lists are in `objects`, keyed by their key in the bucket; an error is thrown. */
function policyWith(text: string, objects: Record<string, string | Error>, admit?: Admit) {
  const memory = memoryLog();
  const stored: { value: string | undefined; signed?: StoredPolicy['signed']; fault?: Error } = {
    value: text,
  };
  let confirmed = 0;
  let reads = 0;
  const loader = new PolicyLoader('.', ({ url }, _maxBytes, knownEtag) => {
    reads++;
    const content =
      objects[url.slice('s3://bucket/'.length)] ?? new SourceError(`no ${url}`, { transient: false });
    if (content instanceof Error) return Promise.reject(content);
    const sha256 = sha256Of(content);
    const bytes = Buffer.from(content);
    return Promise.resolve(
      sha256 === knownEtag ? undefined : { stamp: sha256, sha256, bytes, durationMs: 1 },
    );
  });
  const source = (): Promise<StoredPolicy> => {
    const { fault, value, signed } = stored;
    return fault === undefined
      ? Promise.resolve({ name: '/policy', value, ...(signed !== undefined && { signed }) })
      : Promise.reject(fault);
  };
  const policy = new CurrentPolicy(source, memory.log, {
    ...{ loader, onConfirmed: () => confirmed++ },
    ...(admit !== undefined && { admit }),
  });
  const isListed = (list: string, address: string): boolean | undefined =>
    policy.current.named[list]?.hasAddress(new Address(address, 'evm/1'));
  /** Waits until everything that is stored now has been read. */
  const refreshed = async (): Promise<void> => {
    const seen = reads;
    await until(() => (reads > seen + 8 ? true : undefined), 10_000);
  };
  const confirms = async (): Promise<boolean> => {
    await refreshed();
    const seen = confirmed;
    await refreshed();
    return confirmed > seen;
  };
  return { ...memory, policy, stored, objects, isListed, refreshed, confirms };
}

t.test('loads a policy with its lists', async (t) => {
  const { policy, of, isListed } = policyWith(policyText({ l: 'one' }), { one: listing(ONE) });
  await policy.load();
  t.strictSame(
    [...policy.current.loadedLists],
    [['l', { from: 's3://bucket/one', pinned: false, sha256: sha256Of(listing(ONE)), entries: 1 }]],
  );
  t.equal(isListed('l', ONE), true);
  t.equal(isListed('l', TWO), false);
  t.match(of('list_loaded'), [
    { list: 'l', from: 's3://bucket/one', after: sha256Of(listing(ONE)), entries: 1 },
  ]);
  t.match(of('policy_loaded'), [{ lists: 1 }]);
});

t.test('at startup, fails if a list can’t be read or used', async (t) => {
  await t.rejects(policyWith(policyText({ l: 'none' }), {}).policy.load(), SourceError);
  await t.rejects(policyWith(policyText({ l: 'bad' }), { bad: 'x\n' }).policy.load(), ListError);
});

t.test('reports problems of the policy itself before it reads any list', async (t) => {
  const { policy } = policyWith(policyText({ l: 'none' }, 'approve'), {});
  await t.rejects(policy.load(), {
    name: 'PolicyError',
    problems: [{ message: /otherwise must be one of/ }],
  });
});

t.test('replaces a list as a whole, and keeps it if the next one is bad or away', async (t) => {
  const { policy, of, objects, isListed, refreshed, confirms } = policyWith(
    policyText({ l: 'one', other: 'other' }),
    { one: listing(ONE), other: listing(ONE) },
  );
  await policy.load();
  const { hash } = policy.current;
  t.teardown(policy.keepFresh(REFRESH_MS));
  objects['one'] = listing(TWO);
  await refreshed();
  t.strictSame([isListed('l', ONE), isListed('l', TWO)], [false, true]);
  t.equal(policy.current.hash, hash);
  t.match(of('list_loaded').at(-1), { before: sha256Of(listing(ONE)), after: sha256Of(listing(TWO)) });

  objects['one'] = `${listing(ONE)}garbage\n`;
  objects['other'] = listing(TWO);
  t.equal(await confirms(), false, 'not confirmed');
  t.strictSame([isListed('l', ONE), isListed('l', TWO)], [false, true], 'nothing of the bad list is used');
  t.equal(isListed('other', TWO), true, 'the other list is replaced');
  t.match(of('list_refused'), [
    {
      level: 'error',
      list: 'l',
      from: 's3://bucket/one',
      inForce: sha256Of(listing(TWO)),
      problems: [{ line: 2 }],
    },
  ]);
  t.equal(of('list_refused').length, 1, 'logged once');

  objects['one'] = new SourceError('S3 is away', { transient: true });
  t.equal(await confirms(), false);
  t.match(of('list_refresh_failed')[0], { list: 'l', reason: 'S3 is away' });
  objects['one'] = listing(TWO);
  t.equal(await confirms(), true, 'confirmed again');
});

t.test('refreshes the lists in force while the policy can’t be read or is refused', async (t) => {
  const { policy, stored, objects, of, isListed, refreshed, confirms } = policyWith(
    policyText({ l: 'one' }),
    {
      one: listing(ONE),
    },
  );
  await policy.load();
  t.teardown(policy.keepFresh(REFRESH_MS));
  stored.fault = new SourceError('SSM is away', { transient: true });
  objects['one'] = listing(TWO);
  await refreshed();
  t.equal(isListed('l', TWO), true);
  t.equal(await confirms(), false);
  delete stored.fault;
  stored.value = policyText({ l: 'none' });
  objects['one'] = listing(ONE, TWO);
  await refreshed();
  t.equal(isListed('l', ONE), true, 'the list of the policy in force');
  t.match(of('policy_refresh_failed').at(-1), { reason: 'no s3://bucket/none' });
});

t.test('takes a new policy as soon as its bad list is corrected', async (t) => {
  const { policy, stored, objects, of, refreshed } = policyWith(policyText({ l: 'one' }), {
    ...{ one: listing(ONE), two: 'bad\n' },
  });
  await policy.load();
  const { hash } = policy.current;
  t.teardown(policy.keepFresh(REFRESH_MS));
  stored.value = policyText({ l: 'two' });
  await until(() => of('policy_refused')[0], 10_000);
  await refreshed();
  t.match(of('policy_refused'), [{ policy: hash, problems: [{ file: 's3://bucket/two', line: 1 }] }]);
  t.equal(of('policy_refused').length, 1);
  t.equal(policy.current.hash, hash);
  objects['two'] = listing(TWO);
  await until(() => of('policy_loaded')[1], 10_000);
  t.equal(policy.current.hash, sha256Of(stored.value));
});

t.test('a further condition is checked last, with the text that a manifest names', async (t) => {
  const text = policyText({ l: 'one' });
  const signed = { for: '/policy', serial: 1, sha256: sha256Of(text), signatures: [] };
  const manifest = { object: 's3://bucket/p.yaml', version: 'v1', sha256: sha256Of(text), signed };
  const seen: StoredPolicy[] = [];
  const { policy, stored, of } = policyWith(
    JSON.stringify(manifest),
    { 'p.yaml': text, one: listing(ONE) },
    (each, { loadedLists }) => {
      seen.push(each);
      t.equal(loadedLists.get('l')?.entries, 1);
      if (each.signed?.serial === 2) throw new PolicyError([problemIn(each.name, 'not signed by enough')]);
      return undefined;
    },
  );
  await policy.load();
  t.strictSame(seen, [{ name: '/policy', value: text, signed }]);
  t.equal(policy.current.hash, sha256Of(text));
  t.teardown(policy.keepFresh(REFRESH_MS));
  stored.value = JSON.stringify({ ...manifest, signed: { ...signed, serial: 2 } });
  t.ok(await until(() => of('policy_refused')[0], 10_000));
  t.match(of('policy_refused'), [{ problems: [{ file: '/policy', message: 'not signed by enough' }] }]);
});

t.test('refuses a manifest that is invalid or names another text', async (t) => {
  const valid = { object: 's3://bucket/p.yaml', version: 'v1', sha256: '0'.repeat(64) };
  for (const [manifest, message] of [
    [valid, /has the SHA-256 .*, but the manifest demands 0{64}/],
    [{ ...valid, sha256: 'x' }, /the manifest, which says where the policy is, is invalid: sha256/],
    [{ object: 'https://b/p.yaml' }, /is invalid: object must be an object in S3/],
  ] as const) {
    const { policy } = policyWith(JSON.stringify(manifest), { 'p.yaml': policyText({}) });
    await t.rejects(policy.load(), { name: 'PolicyError', problems: [{ file: '/policy', message }] });
  }
  const { policy } = policyWith('{"object": "s3://bucket/p.yaml"', {});
  await t.rejects(policy.load(), {
    name: 'PolicyError',
    problems: [{ message: /is invalid: it is not JSON/ }],
  });
});

t.test('refuses a policy that needs a store where there is none', async (t) => {
  const value = 'version: 1\nrules: []\nlimits: { daily: { window: 24h, max: 5 } }\n';
  const load = (hasStore?: boolean) =>
    new PolicyLoader('.', undefined, { hasStore }).load({ name: 'p.yaml', value });
  t.match(await load(true), { policy: { limits: [{ name: 'daily' }] } });
  t.match(await load(), { policy: { limits: [{ name: 'daily' }] } });
  const problem = { line: 3, column: 1, message: /^limits need a store: set STORE_TABLE .* STORE_PATH/ };
  await t.rejects(load(false), { code: 'POLICY_INVALID', problems: [problem] });
  const plain = { name: 'p.yaml', value: 'version: 1\nrules: []\n' };
  t.match(await new PolicyLoader('.', undefined, { hasStore: false }).load(plain), {
    policy: { limits: [] },
  });
});

t.test('refuses a policy with holds where there is no console', async (t) => {
  const value = JSON.stringify({
    ...{
      version: 1,
      approvers: { alice: { name: 'Alice Example' } },
      holds: { h: { of: ['alice'], quorum: 1 } },
    },
    rules: [{ id: 'r', for: 'transaction', when: 'true', action: 'hold', hold: 'h' }],
  });
  const load = (options: { readonly hasStore?: boolean; readonly hasConsole?: boolean }) =>
    new PolicyLoader('.', undefined, options).load({ name: 'p.yaml', value });
  t.match(await load({}), { policy: { rules: [{ action: 'HOLD' }] } });
  const [store, console] = [/^holds need a store/, /^holds need a console.*CONSOLE_ORIGIN/];
  await t.rejects(load({ hasConsole: false }), { code: 'POLICY_INVALID', problems: [{ message: console }] });
  await t.rejects(load({ hasStore: false, hasConsole: false }), {
    code: 'POLICY_INVALID',
    problems: [{ message: store }, { message: console }],
  });
});

t.test('a policy that needs a store does not replace the one in force where there is none', async (t) => {
  const memory = memoryLog();
  const stored = { value: 'version: 1\nrules: []\n' };
  const loader = new PolicyLoader('.', undefined, { hasStore: false });
  const current = new CurrentPolicy(() => Promise.resolve({ name: 'p', value: stored.value }), memory.log, {
    loader,
  });
  await current.load();
  const { hash } = current.current;
  t.teardown(current.keepFresh(REFRESH_MS));
  stored.value += 'limits: { daily: { window: 24h, max: 5 } }\n';
  const refused = await until(() => memory.of('policy_refused')[0], 5000);
  t.equal(current.current.hash, hash);
  t.match(refused, { problems: [{ line: 3 }] });
});

// Tests the audit commands, and `store -- accept`, on real stores.
import '../../helpers/needs-moto.js';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import t, { type Test } from 'tap';
import { numberedPayload, recorded } from '../../../bench/traffic/recorded.js';
import { createAuditProgram } from '../../../cli/audit/program.js';
import { reportFailure } from '../../../cli/operator-command.js';
import { createStoreProgram } from '../../../cli/store/program.js';
import { fileHeadStore, headsFile } from '../../../src/store/file-heads.js';
import { recordKey } from '../../../src/store/keys.js';
import { openStore } from '../../../src/store/open.js';
import { s3HeadStore } from '../../../src/store/s3-heads.js';
import { type Ran, runInProcess } from '../../helpers/cli.js';
import { motoStore } from '../../helpers/moto-store.js';

const audit = (...args: readonly string[]): Promise<Ran> =>
  runInProcess(createAuditProgram, args, (error, command) => reportFailure(error, command.opts()), true);
const accept = (...args: readonly string[]): Promise<Ran> =>
  runInProcess(createStoreProgram, ['accept', ...args], (error, command) =>
    reportFailure(error, command.opts()),
  );

const DAYS = ['2026-11-24', '2026-11-25', '2026-11-26'];

/** A store of three days, each with a writer of its own and ten requests. */
async function createStore(t: Test) {
  const path = join(t.testdir(), 'store');
  const { table, blobs } = await openStore({ path });
  const headStore = fileHeadStore(headsFile(path));
  const writers: string[] = [];
  let keys;
  for (const [place, day] of DAYS.entries()) {
    let now = Date.parse(`${day}T12:00:00Z`);
    const process = recorded({ table, blobs, now: () => (now += 1000), ...(keys !== undefined && { keys }) });
    keys = process.keys;
    for (let number = 0; number < 10; number++) await process.decide(numberedPayload(10 * place + number));
    if (process.journal.head !== undefined) await headStore.seal([process.journal.head]);
    writers.push(process.journal.writer);
  }
  await table.close();
  return { path, writers, pem: (keys?.cosigner.publicPem ?? '') + (keys?.callback.publicPem ?? '') };
}

/** Replaces text in a stored record. */
async function alter(
  path: string,
  key: Parameters<typeof recordKey>,
  from: string,
  to: string,
): Promise<void> {
  const { table } = await openStore({ path });
  const [item] = await table.read([recordKey(...key)]);
  if (item === undefined) throw new Error('there is no such record');
  await table.write([{ type: 'put', ...recordKey(...key), data: item.data.replace(from, to) }]);
  await table.close();
}

t.test('verify reports what was verified', async (t) => {
  const { path, pem } = await createStore(t);
  const { code, stdout } = await audit('verify', '--store-path', path);
  t.equal(code, 0);
  t.equal(
    stdout,
    `store ${path}: 33 records of 3 writers, 30 decisions
  signatures  60 verified
  decisions   30 repeated with their policy
  answers     27 stored
  heads       3 sealed, compared
ok  every record is as it was written
`,
  );
  const keys = join(path, '../keys.pem');
  writeFileSync(keys, pem);
  const trusted = await audit('verify', '--store-path', path, '--keys', keys, '--json');
  t.equal(trusted.code, 0);
  t.match(JSON.parse(trusted.stdout), { ok: true, records: 33, signatures: 60, problems: [] });
});

t.test('verify names the first record that was altered, with exit code 1', async (t) => {
  const { path, writers } = await createStore(t);
  const [, writer = ''] = writers;
  await alter(path, [writer, 4], 'APPROVE', 'REJECT!');
  const { code, stdout } = await audit('verify', '--store-path', path);
  t.equal(code, 1);
  t.match(stdout, /FAIL {2}\d problems?\n/);
  t.match(stdout, new RegExp(`writer +record +what\n +${writer} +4 +altered`));
  const json = await audit('verify', '--store-path', path, '--json');
  t.equal(json.code, 1);
  t.match(JSON.parse(json.stdout), { ok: false, first: { writer, sequence: 4, what: 'altered' } });
});

t.test('usage errors', async (t) => {
  const { path } = await createStore(t);
  const both = await audit('verify', '--store-path', path, '--table', 'x');
  t.match(both, { code: 2, stderr: /name two stores/ });
  t.match(await audit('verify', '--store-path', 'absent'), {
    code: 2,
    stderr: /there is no store in absent/,
  });
  t.match(await audit('verify', '--archive', 's3://x'), { code: 2, stderr: /give it with --table/ });
  t.match(await audit('verify', '--table', 'x', '--archive', 'x'), {
    code: 2,
    stderr: /--archive must be a place/,
  });
  t.match(await audit('export', '--store-path', path, '--from', 'x'), {
    code: 2,
    stderr: /no day or time in UTC/,
  });
  const range = await audit('export', '--store-path', path, '--from', '2026-11-02', '--to', '2026-11-01');
  t.match(range, { code: 2, stderr: /--from is not before --to/ });
});

t.test('export prints the records of a period, in the order of their times', async (t) => {
  const { path, writers } = await createStore(t);
  const all = await audit('export', '--store-path', path);
  const lines = all.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  t.equal(lines.length, 33);
  const times = lines.map(({ at }) => String(at));
  t.same(times, [...times].sort());
  t.match(lines[1], {
    writer: writers[0],
    sequence: 2,
    type: 'decision',
    hash: /^[0-9a-f]{64}$/,
    request: /^ey/,
  });

  const day = await audit('export', '--store-path', path, '--from', '2026-11-25', '--to', '2026-11-25');
  t.equal(day.stdout.trim().split('\n').length, 11);
  const from = await audit('export', '--store-path', path, '--from', '2026-11-26T00:00:00Z');
  t.equal(from.stdout.trim().split('\n').length, 11);
});

t.test('export prints CSV that spreadsheets do not take for formulas', async (t) => {
  const path = join(t.testdir(), 'store');
  const { table, blobs } = await openStore({ path });
  await recorded({ table, blobs }).decide({
    ...numberedPayload(1),
    requestId: '=1+1',
    externalTxId: 'a,"b"',
  });
  await table.close();
  const { code, stdout } = await audit('export', '--store-path', path, '--csv');
  t.equal(code, 0);
  const [headers, start, decision] = stdout.split('\r\n');
  t.match(headers, /^at,writer,sequence,hash,type,kind,stage,requestId,/);
  t.match(start, /,start,/);
  t.match(decision, /,decision,transaction,approval,'=1\+1,\w+,"a,""b""",APPROVE,small,/);
  t.notMatch(stdout, /ey[A-Za-z]/, 'no token');
});

t.test('show finds the decisions about an id', async (t) => {
  const { path, writers } = await createStore(t);
  const { requestId } = numberedPayload(8);
  const { code, stdout } = await audit('show', '--store-path', path, String(requestId));
  t.equal(code, 0);
  t.match(stdout, /^2026-11-24T12:00:\d\d\.000Z {2}REJECT by large {2}transaction, approval\n/);
  t.match(stdout, new RegExp(`record +10 of ${writers[0]}`));
  t.match(stdout, /reason +Too large\./);
  const json = await audit('show', '--store-path', path, String(requestId), '--json');
  t.match(JSON.parse(json.stdout), { requestId, action: 'REJECT', sequence: 10 });
  t.match(await audit('show', '--store-path', path, 'absent'), { code: 1, stdout: '' });
});

t.test('accept shows what is lost, and records that it is accepted', async (t) => {
  const { path, writers } = await createStore(t);
  t.match(await accept('--store-path', path), { code: 0, stdout: /lacks nothing/ });
  rmSync(path, { recursive: true });
  const { table } = await openStore({ path });
  await table.close();

  const asked = await accept('--store-path', path);
  t.match(asked, { code: 2, stderr: /no terminal for the confirmation prompt: add --yes/ });
  t.match(asked.stdout, /lacks the last records of 3 writers:\n +writer +last record +written +found\n/);
  t.match(asked.stdout, new RegExp(`${writers[2]} +11 +2026-11-26T12:\\S+ +no record\n`));
  const done = await accept('--store-path', path, '--yes', '--by', 'Ann', '--json');
  t.equal(done.code, 0);
  t.equal((JSON.parse(done.stdout) as { accepted: unknown[] }).accepted.length, 3);
  t.match(await accept('--store-path', path), { code: 0, stdout: /lacks nothing/ });

  const exported = await audit('export', '--store-path', path);
  const [, note] = exported.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as object);
  t.match(note, {
    type: 'accepted',
    by: 'Ann',
    details: { heads: [{ writer: writers[2], sequence: 11 }, {}, {}] },
  });
  const verified = await audit('verify', '--store-path', path, '--json');
  t.match(JSON.parse(verified.stdout), { ok: true, accepted: writers, records: 2 });
});

t.test('a table and its archive', async (t) => {
  const moto = await motoStore(t);
  const before = { ...process.env };
  t.teardown(() => (process.env = before));
  Object.assign(process.env, moto.env);
  const name = await moto.createTable();
  const s3 = new S3Client({ forcePathStyle: true });
  const CreateBucketConfiguration = { LocationConstraint: 'eu-central-1' } as const;
  await s3.send(new CreateBucketCommand({ Bucket: 'records', CreateBucketConfiguration }));
  const archive = { bucket: 'records', prefix: 'archive/' };
  const { table, blobs } = await openStore({ table: name, archive });
  const process1 = recorded({ table, blobs });
  for (let number = 0; number < 20; number++) await process1.decide(numberedPayload(number));
  await s3HeadStore(archive).seal(process1.journal.head === undefined ? [] : [process1.journal.head]);
  await table.close();

  const place = ['--table', name, '--archive', 's3://records/archive', '--region', 'eu-central-1'];
  const { code, stdout, stderr } = await audit('verify', ...place, '--json');
  t.equal(code, 0, stdout + stderr);
  t.match(JSON.parse(stdout), { ok: true, records: 21, signatures: 40, answers: 18, sealedHeads: 1 });
  const alone = await audit('verify', '--table', name);
  t.match(alone, { code: 0, stdout: /heads +not compared: give --archive/ });
  t.match(await accept('--table', name), { code: 1, stdout: '' }, 'nobody knows what is lost');
  t.match(await accept(...place), { code: 0, stdout: /lacks nothing/ });
});

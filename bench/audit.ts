// `npm run bench -- audit`: measures how fast the records of a store are verified, and with how much memory. The store is
// written and verified in processes of their own.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { argv, execArgv, execPath, stdout } from 'node:process';
import { fileURLToPath } from 'node:url';
import { verifyStore } from '../cli/audit/verify/verify.js';
import { fileHeadStore, headsFile } from '../src/store/file-heads.js';
import { openStore } from '../src/store/open.js';
import { p256Pair, rsaPair } from '../test/helpers/keys.js';
import { atLeast, atMost, type Check, megabytes, none } from './limits.js';
import { clearProgress, showProgress } from './progress.js';
import { numberedPayload, recorded } from './traffic/recorded.js';

const MIN_PER_SECOND = 300;
const MAX_MB = 300;
/** A writer begins after so many records, as after a deployment. */
const RECORDS_PER_WRITER = 100_000;
/** Decided at the same time. */
const BATCH = 50;
const SAMPLE_MS = 100;

interface Measured {
  readonly records: number;
  readonly problems: number;
  readonly seconds: number;
  readonly mb: number;
}

/**
 * @param kept directory whose store is written once, and then used again
 */
export function measureAudit(records: number, kept: string | undefined): readonly Check[] {
  const directory = kept ?? mkdtempSync(join(tmpdir(), 'callback-handler-audit-'));
  try {
    const run = (...args: readonly string[]): string => {
      // With the arguments that let Node.js run TypeScript.
      const { status, stdout: output } = spawnSync(
        execPath,
        [...execArgv, fileURLToPath(import.meta.url), ...args],
        { stdio: ['ignore', 'pipe', 'inherit'], encoding: 'utf8' },
      );
      if (status !== 0) throw new Error(`${args[0]} failed`);
      return output;
    };
    const path = join(directory, 'store');
    run('--write', path, String(records));
    const measured = JSON.parse(run('--verify', path)) as Measured;
    return [
      atLeast(
        `verified ${measured.records} records a second`,
        measured.records / measured.seconds,
        MIN_PER_SECOND,
        (rate) => rate.toFixed(0),
      ),
      atMost('memory without the mapped file', measured.mb, MAX_MB, megabytes),
      none('problems', measured.problems),
    ];
  } finally {
    if (kept === undefined) rmSync(directory, { recursive: true });
  }
}

/** Writes a store, or as many records as one lacks. */
async function write(path: string, records: number): Promise<void> {
  const { table, blobs } = await openStore({ path });
  const headStore = fileHeadStore(headsFile(path));
  const keys = { cosigner: rsaPair(), callback: p256Pair() };
  const written = (await headStore.sealed()).reduce((sum, { sequence }) => sum + sequence - 1, 0);
  let process = recorded({ table, blobs, keys });
  const seal = async (): Promise<void> => {
    if (process.journal.head !== undefined) await headStore.seal([process.journal.head]);
  };
  for (let first = written; first < records; first += BATCH) {
    if (first > written && first % RECORDS_PER_WRITER === 0) process = recorded({ table, blobs, keys });
    const numbers = Array.from({ length: Math.min(BATCH, records - first) }, (_, place) => first + place);
    await Promise.all(numbers.map((number) => process.decide(numberedPayload(number))));
    await seal();
    if (first % 10_000 === 0) showProgress(`${first} of ${records} records written`);
  }
  clearProgress();
  await table.close();
}

async function verify(path: string): Promise<Measured> {
  const store = await openStore({ path });
  let mb = 0;
  const sampling = setInterval(() => (mb = Math.max(mb, anonymousMb())), SAMPLE_MS);
  const startedAt = performance.now();
  const { records, problemCount } = await verifyStore({
    ...store,
    headStore: fileHeadStore(headsFile(path)),
  });
  const seconds = (performance.now() - startedAt) / 1000;
  clearInterval(sampling);
  await store.table.close();
  return { records, problems: problemCount, seconds, mb };
}

/** The process's memory, without the file of the store, which is mapped and can be dropped at any time. */
function anonymousMb(): number {
  const [, kilobytes = '0'] = /^RssAnon:\s+(\d+) kB/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  return Number(kilobytes) / 1024;
}

const [, , action, path = '', number] = argv;
if (action === '--write') await write(path, Number(number));
if (action === '--verify') stdout.write(JSON.stringify(await verify(path)));

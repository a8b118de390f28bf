// `npm run footprint`: how fast the service starts and how much memory it holds, against limits that must stay true.
// Time is stated as a ratio to `node -e 0` in the same run, so that it means the same on any machine.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { LOCAL_KEY_DIRECTORY } from '../../src/config.js';
import { createCosigner } from '../../src/cosigner/client.js';
import { keysIn } from '../../src/cosigner/keys.js';
import { samplePayload } from '../../src/cosigner/request.js';
import { makeMissingKeys } from '../../src/keys/directory.js';
import { freePort } from '../helpers/port.js';
import { BUILT } from '../helpers/process.js';
import { printRows, type Row } from '../helpers/rows.js';

const BOOTS = 15;
const REQUESTS = 50_000;
const CONNECTIONS = 16;
const MAX_BOOT_RATIO = 8;
const MAX_RSS_MB = 128;

const port = await freePort();
const url = `http://127.0.0.1:${port}`;
const directory = mkdtempSync(join(tmpdir(), 'callback-handler-'));
const keyDirectory = join(directory, LOCAL_KEY_DIRECTORY);

function startHandler() {
  return spawn(process.execPath, [BUILT, '--local'], {
    cwd: directory,
    env: { ...process.env, PORT: String(port) },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
}

/** Milliseconds from the start of the process to its first 200 on /health. */
async function bootMs(): Promise<number> {
  const startedAt = performance.now();
  const child = startHandler();
  child.stdout.resume();
  await healthy(child);
  const ms = performance.now() - startedAt;
  child.kill('SIGKILL');
  await once(child, 'exit');
  return ms;
}

async function healthy(child: ChildProcess): Promise<void> {
  while (!(await isHealthy())) {
    if (child.exitCode !== null) throw new Error(`the handler ended with exit code ${child.exitCode}`);
    await sleep(1);
  }
}

function isHealthy(): Promise<boolean> {
  return new Promise((resolve) => {
    get(`${url}/health`, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    }).on('error', () => resolve(false));
  });
}

function emptyNodeMs(): number {
  const startedAt = performance.now();
  spawnSync(process.execPath, ['-e', '0']);
  return performance.now() - startedAt;
}

async function measureBoot(): Promise<Row> {
  const boots: number[] = [];
  const ratios: number[] = [];
  await bootMs();
  // In turns, for a machine may be busy now and idle then.
  for (let round = 0; round < BOOTS; round++) {
    const emptyMs = (emptyNodeMs() + emptyNodeMs()) / 2;
    const ms = await bootMs();
    boots.push(ms);
    ratios.push(ms / emptyMs);
  }
  const ratio = median(ratios);
  return {
    what: 'boot to healthy, against node -e 0',
    measured: `${ratio.toFixed(1)}x (${median(boots).toFixed(0)} ms, medians of ${BOOTS})`,
    limit: `${MAX_BOOT_RATIO}x`,
    holds: ratio <= MAX_BOOT_RATIO,
  };
}

async function measureMemory(): Promise<Row> {
  const child = startHandler();
  child.stdout.resume();
  await healthy(child);
  const client = createCosigner({ url, keys: keysIn(keyDirectory) });
  let sent = 0;
  let unverified = 0;
  const ask = async (): Promise<void> => {
    while (sent < REQUESTS) {
      sent++;
      const { answer } = await client.ask('transaction', samplePayload('transaction'));
      if (answer === undefined) unverified++;
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, ask));
  client.close();
  const rssMb = rssOf(child.pid ?? 0);
  child.kill('SIGKILL');
  await once(child, 'exit');
  return {
    what: `RSS after ${REQUESTS} requests, ${unverified} of them without a verified answer`,
    measured: `${rssMb.toFixed(0)} MB`,
    limit: `${MAX_RSS_MB} MB`,
    holds: rssMb <= MAX_RSS_MB && unverified === 0,
  };
}

function rssOf(pid: number): number {
  const kilobytes = spawnSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' }).stdout;
  return Number(kilobytes) / 1024;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}

try {
  await makeMissingKeys(keyDirectory);
  const rows = [await measureBoot(), await measureMemory()];
  process.exitCode = printRows(rows) ? 0 : 1;
} finally {
  rmSync(directory, { recursive: true });
}

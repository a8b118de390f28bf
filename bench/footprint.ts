// `npm run footprint`: how fast the service starts and how much memory it holds, against limits that must stay true.
// Time is stated as a ratio to `node -e 0` in the same run, so that it means the same on any machine.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LOCAL_KEY_DIRECTORY } from '../src/config.js';
import { createCosigner } from '../cli/cosigner/client.js';
import { keysIn } from '../cli/cosigner/keys.js';
import { samplePayload } from '../cli/cosigner/request.js';
import { createMissingKeys } from '../src/keys/directory.js';
import { bootMs, emptyNodeMs, healthy, kill, median, rssMb } from '../test/helpers/measure.js';
import { freePort } from '../test/helpers/port.js';
import { BUILT } from '../test/helpers/process.js';
import { printRows, type Row } from '../test/helpers/rows.js';

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
  const child = spawn(process.execPath, [BUILT, '--local'], {
    cwd: directory,
    env: { ...process.env, PORT: String(port) },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  child.stdout.resume();
  return child;
}

async function measureBoot(): Promise<Row> {
  const boots: number[] = [];
  const ratios: number[] = [];
  await bootMs(startHandler, url);
  // In turns, for a machine may be busy now and idle then.
  for (let round = 0; round < BOOTS; round++) {
    const emptyMs = (emptyNodeMs() + emptyNodeMs()) / 2;
    const ms = await bootMs(startHandler, url);
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
  await healthy(child, url);
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
  const mb = rssMb(child.pid ?? 0);
  await kill(child);
  return {
    what: `RSS after ${REQUESTS} requests, ${unverified} of them without a verified answer`,
    measured: `${mb.toFixed(0)} MB`,
    limit: `${MAX_RSS_MB} MB`,
    holds: mb <= MAX_RSS_MB && unverified === 0,
  };
}

try {
  await createMissingKeys(keyDirectory);
  const rows = [await measureBoot(), await measureMemory()];
  process.exitCode = printRows(rows) ? 0 : 1;
} finally {
  rmSync(directory, { recursive: true });
}

// `npm run soak`: ten minutes at half of what the handler can do. Memory, handles and event-loop delay must not grow.
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { readSignedAnswer } from '../../cli/cosigner/client.js';
import { kill, rssMb } from '../../test/helpers/measure.js';
import { printRows, type Row } from '../../test/helpers/rows.js';
import { plot } from './plot.js';
import { rivals, run, type Running } from '../throughput/rivals.js';
import { wrk } from '../throughput/wrk.js';

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '600' } } });
const SECONDS = Number(values.seconds);
const CONNECTIONS = 16;
const LOAD_SHARE = 0.5;
/** Requests are sent in bursts, this often, in ms. */
const BURST_MS = 20;
/** Every so many answers one is verified. */
const VERIFY_EVERY = 50;
/** Where a short run ends, nothing can be said about growth. */
const SHORTEST = 300;
/** How much the means of the third and the last third may differ. */
const MAX_GROWTH_MB = 6;
const PLOT = 'reports/soak.svg';
const PROBE = fileURLToPath(new URL('probe.js', import.meta.url));

interface Probe {
  readonly delayMs: number;
  readonly handles: number;
  readonly heapMb: number;
}

interface Sample extends Probe {
  readonly rssMb: number;
  readonly files: number;
  readonly answered: number;
}

const directory = mkdtempSync(join(tmpdir(), 'callback-handler-soak-'));
const { handler } = rivals(directory);

/** As the benchmark starts it, with the probe. */
async function startProbed(): Promise<{ running: Running; probe: () => Probe }> {
  const rival = await handler('soak');
  let latest: Probe = { delayMs: 0, handles: 0, heapMb: 0 };
  const running = await run({
    ...rival,
    start: () => {
      const [program, ...args] = rival.command;
      const child = spawn(program, ['--import', PROBE, ...args], {
        ...rival.place,
        stdio: ['ignore', 'pipe', 'ignore', 'ipc'],
      });
      spawn('cat', { stdio: [child.stdout, 'ignore', 'ignore'] });
      child.on('message', (probe) => (latest = probe as Probe));
      return child;
    },
  });
  return { running, probe: () => latest };
}

interface Tally {
  answered: number;
  verified: number;
  readonly wrong: string[];
}

/** Sends at a steady rate until told to stop. */
function sendSteadily(
  { url, keys, tokenFile }: Running,
  perSecond: number,
  tally: Tally,
): () => Promise<void> {
  const tokens = readFileSync(tokenFile, 'utf8').split('\n');
  const ids = tokens.map((token) => {
    const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as {
      requestId: string;
    };
    return claims.requestId;
  });
  const agent = new http.Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  const open = new Set<Promise<void>>();
  let sent = 0;
  const send = (): Promise<void> =>
    new Promise((resolve) => {
      const index = sent++ % tokens.length;
      const verify = sent % VERIFY_EVERY === 0;
      const fail = (problem: string): void => {
        tally.wrong.push(problem);
        resolve();
      };
      http
        .request(`${url}/v2/tx_sign_request`, { method: 'POST', agent }, (response) => {
          let body = '';
          response.setEncoding('latin1').on('data', (chunk: string) => (body += chunk));
          response
            .on('error', (error) => fail(String(error)))
            .on('end', () => {
              const status = response.statusCode ?? 0;
              if (verify) {
                const { answer, problem = '' } = readSignedAnswer(
                  { status, body },
                  ids[index],
                  keys.callbackPublicKeys,
                );
                if (answer === undefined) {
                  fail(problem);
                  return;
                }
                tally.verified++;
              } else if (status !== 200) {
                fail(`status ${status}`);
                return;
              }
              tally.answered++;
              resolve();
            });
        })
        .on('error', (error) => fail(String(error)))
        .end(tokens[index]);
    });
  const startedAt = performance.now();
  const timer = setInterval(() => {
    const due = ((performance.now() - startedAt) / 1000) * perSecond;
    while (sent < due) {
      const pending = send();
      open.add(pending);
      void pending.then(() => open.delete(pending));
    }
  }, BURST_MS);
  return async () => {
    clearInterval(timer);
    await Promise.all(open);
    agent.destroy();
  };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** How much higher the last third is than the one before; the first is for warming up. */
function growth(samples: readonly Sample[], read: (sample: Sample) => number): number {
  const third = Math.floor(samples.length / 3);
  return mean(samples.slice(2 * third).map(read)) - mean(samples.slice(third, 2 * third).map(read));
}

const { running, probe } = await startProbed();
try {
  const pid = running.child.pid ?? 0;
  await wrk(running.url, running.tokenFile, CONNECTIONS, 3);
  const { answered, seconds } = await wrk(running.url, running.tokenFile, CONNECTIONS, 3);
  const capacity = answered / seconds;
  const perSecond = capacity * LOAD_SHARE;
  process.stderr.write(`${perSecond.toFixed(0)} requests/s of ${capacity.toFixed(0)} for ${SECONDS} s\n`);
  const tally: Tally = { answered: 0, verified: 0, wrong: [] };
  const stop = sendSteadily(running, perSecond, tally);
  const samples: Sample[] = [];
  for (let second = 0; second < SECONDS; second++) {
    await sleep(1000);
    const files = readdirSync(`/proc/${pid}/fd`).length;
    samples.push({ ...probe(), rssMb: rssMb(pid), files, answered: tally.answered });
    if (second % 60 === 59) {
      process.stderr.write(
        `${(second + 1) / 60} min: ${tally.answered} answered, RSS ${rssMb(pid).toFixed(0)} MB\n`,
      );
    }
  }
  await stop();

  const lastSecond = samples.map(({ answered }, index) => answered - (samples[index - 1]?.answered ?? 0));
  const rows: Row[] = [
    {
      what: `answers, ${tally.verified} of them verified, wrong or lost`,
      measured: `${tally.wrong.length} of ${tally.answered + tally.wrong.length}`,
      limit: '0',
      holds: tally.wrong.length === 0 && tally.verified > 0,
    },
  ];
  if (SECONDS >= SHORTEST) {
    const rss = growth(samples, (sample) => sample.rssMb);
    const handles = growth(samples, (sample) => sample.handles);
    const files = growth(samples, (sample) => sample.files);
    rows.push(
      {
        what: 'RSS, last third against the one before',
        measured: `${rss.toFixed(1)} MB`,
        limit: `${MAX_GROWTH_MB} MB`,
        holds: rss <= MAX_GROWTH_MB,
      },
      {
        what: 'handles, last third against the one before',
        measured: handles.toFixed(1),
        limit: '1',
        holds: handles <= 1,
      },
      {
        what: 'open files, last third against the one before',
        measured: files.toFixed(1),
        limit: '1',
        holds: files <= 1,
      },
    );
    mkdirSync('reports', { recursive: true });
    const title = `${perSecond.toFixed(0)} requests/s, half of the capacity, Node.js ${process.versions.node}`;
    writeFileSync(
      PLOT,
      plot(title, 1, [
        { title: 'RSS', unit: 'MB', values: samples.map((sample) => sample.rssMb) },
        { title: 'heap in use', unit: 'MB', values: samples.map((sample) => sample.heapMb) },
        { title: 'handles', unit: 'active resources', values: samples.map((sample) => sample.handles) },
        {
          title: 'event-loop delay, p99 of each second',
          unit: 'ms',
          values: samples.map((sample) => sample.delayMs),
        },
        { title: 'answers', unit: 'in each second', values: lastSecond },
      ]),
    );
    console.log(`The plot is in ${PLOT}.`);
  }
  const holds = printRows(rows);
  for (const problem of new Set(tally.wrong)) console.log(problem);
  process.exitCode = holds ? 0 : 1;
} finally {
  await kill(running.child);
  rmSync(directory, { recursive: true });
}

// `npm run bench -- lists`: loads, replaces and refuses lists of a million addresses from a file and from S3 under load,
// and compares the cost of a decision with that of a list of 10.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { motoServer } from '../../test/helpers/moto.js';
import { until } from '../../test/helpers/process.js';
import type { Scope } from '../../test/helpers/scope.js';
import { atMost, type Check, megabytes, printChecks, times } from '../limits.js';
import { median, rssMb } from '../measure.js';
import { createTargets, type RunningTarget, withRunning } from '../throughput/targets.js';
import { type Load, wrk } from '../throughput/wrk.js';
import { addressFile, ENTRIES, replaceFile, withBadLine } from './content.js';
import { compareDecisions } from './decisions.js';

const CONNECTIONS = 16;
/** Long enough for the next refresh, and to read a list. */
const ROUND_SECONDS = 3;
const MAX_SECONDS = 5;
const MAX_RSS_MB = 350;
const MAX_P99_RATIO = 2;
const MAX_DECISION_RATIO = 1.1;
const BUCKET = 'lists';
/** The emulator does not check signatures. */
const AUTHORIZATION =
  'AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0';
const LINE_TIMEOUT_MS = 60_000;

interface LogLine {
  readonly event: string;
  readonly durationMs?: number;
}

/** Where the list is. */
interface Place {
  readonly name: string;
  readonly from: string;
  readonly replace: (content: Buffer) => Promise<void>;
}

/** @returns whether all limits hold */
export async function measureLists(): Promise<boolean> {
  const directory = mkdtempSync(join(tmpdir(), 'callback-handler-lists-'));
  const teardowns: (() => unknown)[] = [() => rmSync(directory, { recursive: true })];
  const scope: Scope = {
    teardown(call) {
      teardowns.unshift(call);
    },
  };
  try {
    const checks: Check[] = [];
    // Before the load starts, because it takes a while.
    const first = addressFile();
    const second = addressFile();
    const changes = [second, withBadLine(second)];
    const moto = await motoServer(scope);
    for (const place of [filePlace(directory), await s3Place(moto.endpoint)]) {
      checks.push(...(await measurePlace(directory, { ...place, first, changes }, moto.env)));
    }
    return printChecks([...checks, await decisionCheck()]);
  } finally {
    for (const teardown of teardowns) await teardown();
  }
}

function filePlace(directory: string): Place {
  const path = join(directory, 'sanctioned.txt');
  const replace = (content: Buffer): Promise<void> => {
    replaceFile(path, content);
    return Promise.resolve();
  };
  return { name: 'file', from: path, replace };
}

/** Uploads without the SDK, which computes checksums for so long that the load would stop. */
async function s3Place(endpoint: string): Promise<Place> {
  const put = async (path: string, body?: Buffer): Promise<void> => {
    const headers = { authorization: AUTHORIZATION };
    const { ok, status } = await fetch(`${endpoint}/${path}`, { method: 'PUT', headers, body: body ?? null });
    if (!ok) throw new Error(`uploading ${path}: status ${status}`);
  };
  await put(BUCKET);
  const replace = (content: Buffer): Promise<void> => put(`${BUCKET}/sanctioned.txt`, content);
  return { name: 'S3', from: `s3://${BUCKET}/sanctioned.txt`, replace };
}

async function measurePlace(
  directory: string,
  { name, from, replace, first, changes }: Place & Pick<Running, 'changes'> & { readonly first: Buffer },
  env: Readonly<Record<string, string>>,
): Promise<readonly Check[]> {
  const lines: LogLine[] = [];
  const { AWS_REGION = '', AWS_ENDPOINT_URL = '', AWS_ACCESS_KEY_ID = '', AWS_SECRET_ACCESS_KEY = '' } = env;
  await replace(first);
  const target = await createTargets(directory).createHandler(name, {
    policy: policyWith(from),
    env: {
      ...{ AWS_REGION, AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY },
      POLICY_REFRESH_SECONDS: '1',
    },
    watch: { text: '"event":"list_', onLine: (line) => lines.push(JSON.parse(line) as LogLine) },
  });
  return withRunning([target], async ([running]) => {
    if (running === undefined) throw new Error('the handler is not running');
    return measureRunning(running, { name, replace, lines, changes });
  });
}

interface Running extends Pick<Place, 'name' | 'replace'> {
  /** Grows. */
  readonly lines: LogLine[];
  /** Lists to replace the one in force with, in turn good and bad. */
  readonly changes: readonly Buffer[];
}

async function measureRunning(
  running: RunningTarget,
  { name, replace, lines, changes }: Running,
): Promise<readonly Check[]> {
  const { url, tokenFile, child } = running;
  const round = (): Promise<Load> => wrk(url, tokenFile, CONNECTIONS, ROUND_SECONDS);
  // Warm-up, not measured.
  await round();
  const usual: Load[] = [];
  const during: Load[] = [];
  const durations = lines.flatMap(({ durationMs }) => durationMs ?? []);
  for (const [index, content] of changes.entries()) {
    // Alternate, so that a temporarily busier machine does not favour one of the two.
    usual.push(await round());
    const before = lines.length;
    await replace(content);
    // The list is read while the load runs.
    during.push(await round());
    const line = await until(() => lines[before], LINE_TIMEOUT_MS);
    const event = index % 2 === 0 ? 'list_loaded' : 'list_refused';
    if (line?.event !== event) throw new Error(`expected ${event} in the log: ${JSON.stringify(line)}`);
    if (line.durationMs !== undefined) durations.push(line.durationMs);
  }
  const [usualMs, duringMs] = [usual, during].map((loads) => median(loads.map(({ p99Ms }) => p99Ms)));
  const wrong = [...usual, ...during].reduce((sum, { refused, lost }) => sum + refused + lost, 0);
  return [
    atMost(
      `${name}: ${ENTRIES} addresses loaded under load`,
      Math.max(...durations) / 1000,
      MAX_SECONDS,
      seconds,
    ),
    atMost(
      `${name}: p99 while a list is read (${duringMs?.toFixed(1)} ms), compared with usual (${usualMs?.toFixed(1)} ms)`,
      (duringMs ?? NaN) / (usualMs ?? NaN),
      MAX_P99_RATIO,
      times,
    ),
    atMost(`${name}: peak RSS`, rssMb(child.pid ?? 0, 'VmHWM'), MAX_RSS_MB, megabytes),
    atMost(`${name}: wrong or missing answers`, wrong, 0, String),
  ];
}

function policyWith(from: string): string {
  return `version: 1
lists: { sanctioned: { from: ${JSON.stringify(from)} } }
rules:
  - id: sanctioned
    for: transaction
    when: tx.destinations.exists(d, d.address in lists.sanctioned)
    action: reject
  - { id: rest, for: transaction, when: "true", action: approve }
`;
}

async function decisionCheck(): Promise<Check> {
  const { ratio, ms, otherMs } = await compareDecisions();
  const microseconds = (each: number): string => (each * 1000).toFixed(1);
  return atMost(
    `a decision with ${ENTRIES} entries (${microseconds(ms)} µs), compared with 10 (${microseconds(otherMs)} µs)`,
    ratio,
    MAX_DECISION_RATIO,
    (value) => `${value.toFixed(2)}x`,
  );
}

function seconds(value: number): string {
  return `${value.toFixed(1)} s`;
}

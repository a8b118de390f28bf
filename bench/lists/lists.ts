// `npm run bench -- lists`: loads, replaces and refuses lists of a million addresses from a file and from S3 under load,
// and compares the cost of a decision with that of a list of 10.
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { motoServer } from '../../test/helpers/moto.js';
import { until } from '../../test/helpers/process.js';
import type { Scope } from '../../test/helpers/scope.js';
import { atMost, type Check, megabytes, none, times } from '../limits.js';
import { median, rssMb } from '../measure.js';
import { createTargets, type RunningTarget, withRunning } from '../throughput/targets.js';
import { type Load, wrk } from '../throughput/wrk.js';
import { addressFile, ENTRIES, replaceFile, withBadLine } from './content.js';
import { compareDecisions } from './decisions.js';

/** Many keep the service busy all the time. With few, a request that has to wait stands out. */
const CONNECTIONS = [16, 2];
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
  /** What `replace` costs the machine, but the service finds its list unchanged. */
  readonly rehearse: (content: Buffer) => Promise<void>;
  /** What the service's reading costs the rest of the machine. */
  readonly read: () => Promise<unknown>;
}

export async function measureLists(): Promise<readonly Check[]> {
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
    const changes = [second, withBadLine(second), first, withBadLine(first)];
    const moto = await motoServer(scope);
    for (const place of [filePlace(directory), await s3Place(moto.endpoint)]) {
      checks.push(...(await measurePlace(directory, { ...place, first, changes }, moto.env)));
    }
    return [...checks, await decisionCheck()];
  } finally {
    for (const teardown of teardowns) await teardown();
  }
}

function filePlace(directory: string): Place {
  const path = join(directory, 'sanctioned.txt');
  const other = join(directory, 'other.txt');
  const write = (to: string, content: Buffer): Promise<void> => {
    replaceFile(to, content);
    return Promise.resolve();
  };
  return {
    name: 'file',
    from: path,
    replace: (content) => write(path, content),
    rehearse: (content) => write(other, content),
    read: () => readFile(other),
  };
}

/**
 * Uploads without the SDK, which computes checksums for so long that the load would stop. Uploads in parts, of which
 * there is one: otherwise, the emulator computes the ETag of an object at the first request for it, and gets it wrong if
 * two requests come at once. Two lists with the same ETag are one list to the service.
 */
async function s3Place(endpoint: string): Promise<Place> {
  const send = async (method: string, path: string, body?: Buffer | string): Promise<Buffer> => {
    const headers = { authorization: AUTHORIZATION };
    const response = await fetch(`${endpoint}/${path}`, { method, headers, body: body ?? null });
    if (!response.ok) throw new Error(`${method} ${path}: status ${response.status}`);
    return Buffer.from(await response.arrayBuffer());
  };
  await send('PUT', BUCKET);
  const path = `${BUCKET}/sanctioned.txt`;
  const upload = async (content: Buffer): Promise<void> => {
    const [, id] =
      /<UploadId>(.+)<\/UploadId>/.exec((await send('POST', `${path}?uploads`)).toString()) ?? [];
    const part = `${path}?partNumber=1&uploadId=${id}`;
    await send('PUT', part, content);
    const etag = createHash('md5').update(content).digest('hex');
    const parts = `<Part><PartNumber>1</PartNumber><ETag>"${etag}"</ETag></Part>`;
    await send(
      'POST',
      `${path}?uploadId=${id}`,
      `<CompleteMultipartUpload>${parts}</CompleteMultipartUpload>`,
    );
  };
  return {
    name: 'S3',
    from: `s3://${path}`,
    replace: upload,
    rehearse: upload,
    read: () => send('GET', path),
  };
}

async function measurePlace(
  directory: string,
  { from, first, ...running }: Place & Pick<Running, 'changes' | 'first'>,
  env: Readonly<Record<string, string>>,
): Promise<readonly Check[]> {
  const lines: LogLine[] = [];
  const { AWS_REGION = '', AWS_ENDPOINT_URL = '', AWS_ACCESS_KEY_ID = '', AWS_SECRET_ACCESS_KEY = '' } = env;
  const { name, replace } = running;
  await replace(first);
  const target = await createTargets(directory).createHandler(name, {
    policy: policyWith(from),
    env: {
      ...{ AWS_REGION, AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY },
      POLICY_REFRESH_SECONDS: '1',
    },
    watch: { text: '"event":"list_', onLine: (line) => lines.push(JSON.parse(line) as LogLine) },
  });
  return withRunning([target], async ([handler]) => {
    if (handler === undefined) throw new Error('the handler is not running');
    return measureRunning(handler, { ...running, first, lines });
  });
}

interface Running extends Pick<Place, 'name' | 'replace' | 'rehearse' | 'read'> {
  /** Grows. */
  readonly lines: LogLine[];
  readonly first: Buffer;
  /** Lists to replace the one in force with, in turn good and bad. */
  readonly changes: readonly Buffer[];
}

async function measureRunning(target: RunningTarget, running: Running): Promise<readonly Check[]> {
  const { name, lines, changes, replace, rehearse, read } = running;
  const durations = lines.flatMap(({ durationMs }) => durationMs ?? []);
  const checks: Check[] = [];
  let current = running.first;
  let wrong = 0;
  for (const connections of CONNECTIONS) {
    const round = (): Promise<Load> => wrk(target.url, target.tokenFile, connections, ROUND_SECONDS);
    // Warm-up, not measured.
    await round();
    const usual: Load[] = [];
    const during: Load[] = [];
    for (const [index, content] of changes.entries()) {
      // Alternate, so that a temporarily busier machine does not favour one of the two. Disk and emulator share the
      // machine with the service, so they are kept as busy in a round without a change.
      await rehearse(current);
      const [load] = await Promise.all([round(), sleep((ROUND_SECONDS * 1000) / 6).then(read)]);
      usual.push(load);
      const before = lines.length;
      await replace(content);
      // The list is read while the load runs.
      during.push(await round());
      const line = await until(() => lines[before], LINE_TIMEOUT_MS);
      const event = index % 2 === 0 ? 'list_loaded' : 'list_refused';
      if (line?.event !== event) throw new Error(`expected ${event} in the log: ${JSON.stringify(line)}`);
      if (line.durationMs !== undefined) durations.push(line.durationMs);
      current = content;
    }
    checks.push(latencyCheck(`${name}, ${connections} connections`, usual, during));
    wrong += [...usual, ...during].reduce((sum, { refused, lost }) => sum + refused + lost, 0);
  }
  const slowest = Math.max(...durations) / 1000;
  return [
    atMost(`${name}: ${ENTRIES} addresses loaded under load`, slowest, MAX_SECONDS, seconds),
    ...checks,
    atMost(`${name}: peak RSS`, rssMb(target.child.pid ?? 0, 'VmHWM'), MAX_RSS_MB, megabytes),
    none(`${name}: wrong or missing answers`, wrong),
  ];
}

function latencyCheck(name: string, usual: readonly Load[], during: readonly Load[]): Check {
  const [usualMs = NaN, duringMs = NaN] = [usual, during].map((loads) =>
    median(loads.map(({ p99Ms }) => p99Ms)),
  );
  return atMost(
    `${name}: p99 while a list is read (${duringMs.toFixed(1)} ms), compared with usual (${usualMs.toFixed(1)} ms)`,
    duringMs / usualMs,
    MAX_P99_RATIO,
    times,
  );
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

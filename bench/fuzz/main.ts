// `npm run fuzz`: hostile input against the running process. No signature for what is no valid request, no crash, no 500.
import { mkdirSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { parseArgs } from 'node:util';
import fc from 'fast-check';
import { jwtVerify } from 'jose';
import { readSignedAnswer } from '../../cli/cosigner/client.js';
import { keepAsking, openStand, type Stand } from '../faults/stand.js';
import { markdownTable, printTable } from '../../test/helpers/report.js';
import { type Family, families, type Input } from './inputs.js';
import { attempt, ATTEMPTS } from './smuggling.js';

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '200000' },
    seed: { type: 'string', default: String(Date.now()) },
  },
});
/** From here on it is a run to report. */
const WHOLE = 200_000;
const REPORT = 'reports/fuzz.md';
const COUNT = Number(values.count);
const SEED = Number(values.seed);
const CONNECTIONS = 32;
/** Inputs that are made at a time. */
const BATCH = 1000;

interface Reply {
  readonly status: number;
  readonly body: string;
}

const agent = new http.Agent({ keepAlive: true, maxSockets: CONNECTIONS });

function send(url: string, { body, path = '/callback', headers = {} }: Input): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const request = http.request(`${url}${path}`, { method: 'POST', agent, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() }),
      );
      response.on('error', reject);
    });
    request.on('error', reject);
    request.end(body);
  });
}

/** Whether a signature was due, by jose's own verification: then the request's id. */
async function dueFor({ cosigner }: Stand, { body }: Input): Promise<string | undefined> {
  const verified = await jwtVerify(body.toString('latin1').trim(), cosigner.publicKey, {
    algorithms: ['RS256'],
  }).catch(() => undefined);
  const requestId = verified?.payload['requestId'];
  return typeof requestId === 'string' && requestId !== '' ? requestId : undefined;
}

interface Tally {
  readonly statuses: Map<number, number>;
  readonly violations: string[];
}

async function look(stand: Stand, input: Input, tally: Tally): Promise<void> {
  const shown = `${input.path} ${JSON.stringify(input.headers ?? {})} ${input.body.toString('base64')}`;
  try {
    const { status, body } = await send(stand.handlerUrl, input);
    tally.statuses.set(status, (tally.statuses.get(status) ?? 0) + 1);
    if (status >= 500) tally.violations.push(`status ${status}: ${shown}`);
    const due = await dueFor(stand, input);
    if (status !== 200) {
      if (!body.startsWith('{"code":')) tally.violations.push(`refused with ${body.slice(0, 80)}: ${shown}`);
      // jose reads over white space in a signature.
      const strict = !/\s/.test(input.body.toString('latin1').trim());
      if (due !== undefined && status === 401 && strict)
        tally.violations.push(`refused, though good: ${shown}`);
      return;
    }
    const { answer, problem } = readSignedAnswer({ status, body }, due, [stand.callback.publicKey]);
    if (answer === undefined) tally.violations.push(`${problem}: ${shown}`);
  } catch (error) {
    tally.violations.push(`${String(error)}: ${shown}`);
  }
}

async function fuzz(
  stand: Stand,
  { inputs, share, what }: Family,
): Promise<readonly [string, number, Tally]> {
  const tally: Tally = { statuses: new Map(), violations: [] };
  const count = Math.ceil(COUNT * share);
  for (let done = 0; done < count; done += BATCH) {
    const batch = fc.sample(inputs, { numRuns: Math.min(BATCH, count - done), seed: SEED + done });
    let next = 0;
    const work = async (): Promise<void> => {
      for (;;) {
        const input = batch[next++];
        if (input === undefined) return;
        await look(stand, input, tally);
      }
    };
    await Promise.all(Array.from({ length: CONNECTIONS }, work));
    if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${what}: ${done + batch.length}`);
  }
  if (!process.stderr.isTTY) process.stderr.write(`${what}: ${count}\n`);
  return [what, count, tally];
}

const [stand, close] = await openStand({ LOG_LEVEL: 'error' });
const results: (readonly [string, number, Tally])[] = [];
try {
  // Good requests go on meanwhile, and are answered.
  const stopAsking = keepAsking(stand, 50);
  for (const family of families(stand.cosigner.privateKey)) results.push(await fuzz(stand, family));
  const smuggled: Tally = { statuses: new Map(), violations: [] };
  const times = Math.max(1, Math.round(COUNT / 20_000));
  for (let time = 0; time < times; time++) {
    for (const bytes of ATTEMPTS) {
      for (const body of await attempt(stand.front, bytes)) {
        smuggled.violations.push(`${JSON.stringify(bytes.slice(0, 80))} got ${body}`);
      }
    }
  }
  results.push(['requests smuggled through the proxy', times * ATTEMPTS.length, smuggled]);
  await stopAsking();
} finally {
  agent.destroy();
  await close();
}

const { handler, count } = stand;
const problems = [
  ...results.flatMap(([, , { violations }]) => violations),
  ...handler.lines.filter(({ level }) => level === 'fatal').map((line) => JSON.stringify(line)),
  ...[...count.wrong, ...count.lost].map((problem) => `a good request among them: ${problem}`),
];
const head = ['hostile input', 'sent', 'answers', 'violations'];
const cells = results.map(([what, sent, { statuses, violations }]) => [
  what,
  String(sent),
  [...statuses]
    .sort(([a], [b]) => a - b)
    .map(([status, times]) => `${status}: ${times}`)
    .join(', '),
  String(violations.length),
]);
printTable('Hostile input', head, cells);
const total = results.reduce((sum, [, sent]) => sum + sent, 0);
console.log(
  `\n${total} inputs, seed ${SEED}: ${problems.length} problems; ${count.answered} good requests among them were answered`,
);
if (total >= WHOLE) {
  mkdirSync('reports', { recursive: true });
  const date = new Date().toISOString().slice(0, 10);
  const run = `Done by \`npm run fuzz\` on ${date}, seed ${SEED}, Node.js ${process.versions.node}: ${total} inputs, ${problems.length} signatures that were not due, crashes, replies of 500 or good requests unanswered. Answers are told by status; a 200 is right where jose verifies the token, too.`;
  writeFileSync(REPORT, `${run}\n\n${markdownTable(head, cells)}\n`);
}
for (const problem of problems.slice(0, 20)) console.log(problem.slice(0, 4000));
process.exitCode = problems.length === 0 ? 0 : 1;

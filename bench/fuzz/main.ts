// `npm run fuzz`: sends hostile input to the running process. The process must not sign a response to an invalid
// request, and must not fail.
import http from 'node:http';
import fc from 'fast-check';
import { createProgram, runProgram } from '../../cli/command.js';
import { p256Pair } from '../../test/helpers/keys.js';
import { motoServer } from '../../test/helpers/moto.js';
import { today, updateSection } from '../docs.js';
import { openTestbed, startLoad, type Testbed } from '../faults/testbed.js';
import { wholeNumber } from '../options.js';
import { clearProgress, showProgress } from '../progress.js';
import { markdownTable, printTable, type Table } from '../table.js';
import { reportDecoders } from './decoders/report.js';
import { createFamilies, type Family } from './families.js';
import { BASE_PATH } from './forms.js';
import { createTally, inspect, type Tally, type Target } from './inspect.js';
import { attemptSmuggling, SMUGGLING_ATTEMPTS } from './smuggling.js';

/** A run with at least this many inputs updates the documentation. */
const FULL_COUNT = 200_000;
const CONNECTIONS = 32;
/** Number of inputs generated at a time. */
const BATCH = 1000;
/** Number of inputs for each round of smuggling attempts. */
const INPUTS_PER_SMUGGLING = 20_000;
const VALID_PER_SECOND = 50;
const PRINTED_PROBLEMS = 20;

interface Options {
  readonly count: number;
  readonly seed: number;
}

const program = createProgram(
  'fuzz',
  'Sends hostile input to the running handler, and updates docs/reliability.md. Needs moto_server, nginx and openssl.',
)
  .option(
    '--count <n>',
    `number of inputs; docs/ is updated if at least ${FULL_COUNT}`,
    wholeNumber,
    FULL_COUNT,
  )
  .option(
    '--decoders <n>',
    'send nothing; run the decoders of raw transactions on this many inputs',
    wholeNumber,
  )
  .option('--seed <n>', 'seed of the generators, to repeat a run (default: the time)', wholeNumber)
  .addHelpText('after', '\nExit code: 0 no problem found, 1 otherwise, 2 usage error.')
  .action(
    async ({
      count,
      decoders,
      seed = Date.now(),
    }: Partial<Options> & { count: number; decoders?: number }) => {
      const passed = decoders === undefined ? await runFuzz({ count, seed }) : reportDecoders(decoders, seed);
      process.exitCode = passed ? 0 : 1;
    },
  );

await runProgram(program);

async function runFuzz({ count, seed }: Options): Promise<boolean> {
  const closers: (() => unknown)[] = [];
  const moto = await motoServer({ teardown: (close) => void closers.unshift(close) });
  const agent = new http.Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  closers.unshift(() => agent.destroy());
  const tallies: Tally[] = [];
  try {
    const [testbed, close] = await openTestbed(moto, { LOG_LEVEL: 'error', BASE_PATH });
    closers.unshift(close);
    const { cosigner, callback, handlerUrl } = testbed;
    const successor = p256Pair();
    testbed.client = testbed.clientWith(cosigner, callback, successor);
    const target = { handlerUrl, cosigner, callbackPublicKeys: [callback.publicKey, successor.publicKey] };
    const stopLoad = startLoad(testbed, VALID_PER_SECOND);
    const families = createFamilies(cosigner.privateKey);
    for (const [index, family] of families.entries()) {
      // The second half runs with answers that are signed with ES256.
      if (index === Math.floor(families.length / 2)) await moto.put('callback', successor.privatePem);
      tallies.push(await sendFamily(target, agent, family, { count, seed }));
    }
    tallies.push(await smuggle(testbed, Math.max(1, Math.round(count / INPUTS_PER_SMUGGLING))));
    await stopLoad();
    clearProgress();
    return reportResults(testbed, tallies, { count, seed });
  } finally {
    for (const close of closers) await close();
  }
}

async function sendFamily(
  target: Target,
  agent: http.Agent,
  { inputs, share, title }: Family,
  { count, seed }: Options,
): Promise<Tally> {
  const tally = createTally(title);
  const total = Math.ceil(count * share);
  for (let done = 0; done < total; done += BATCH) {
    const batch = fc.sample(inputs, { numRuns: Math.min(BATCH, total - done), seed: seed + done });
    const work = async (): Promise<void> => {
      for (let input = batch.pop(); input !== undefined; input = batch.pop()) {
        await inspect(target, agent, input, tally);
      }
    };
    await Promise.all(Array.from({ length: CONNECTIONS }, work));
    if (process.stderr.isTTY) showProgress(`${title}: ${tally.sent}`);
  }
  if (!process.stderr.isTTY) showProgress(`${title}: ${tally.sent}`);
  return tally;
}

async function smuggle({ front }: Testbed, repetitions: number): Promise<Tally> {
  const tally = createTally('request-smuggling attempts through the proxy');
  for (let repetition = 0; repetition < repetitions; repetition++) {
    await Promise.all(
      SMUGGLING_ATTEMPTS.map(async (bytes) => {
        tally.sent++;
        for (const body of await attemptSmuggling(front, bytes)) {
          tally.violations.push(`${JSON.stringify(bytes.slice(0, 80))} was answered with ${body}`);
        }
      }),
    );
  }
  return tally;
}

/** @returns whether no problem was found */
function reportResults({ handler, count }: Testbed, tallies: readonly Tally[], options: Options): boolean {
  const problems = [
    ...tallies.flatMap(({ violations }) => violations),
    ...handler.lines.filter(({ level }) => level === 'fatal').map((line) => JSON.stringify(line)),
    ...[...count.wrong, ...count.lost].map((problem) => `a valid request sent meanwhile: ${problem}`),
  ];
  const table = tableOf(tallies);
  printTable(table);
  const total = tallies.reduce((sum, { sent }) => sum + sent, 0);
  console.log(
    `\n${total} inputs, seed ${options.seed}: ${problems.length} problems; ${count.answered} valid requests were answered meanwhile`,
  );
  if (options.count >= FULL_COUNT) {
    const summary = `Measured by \`npm run fuzz\` on ${today()}, seed ${options.seed}, Node.js ${process.versions.node}: ${total} inputs, ${problems.length} violations. A violation is a signature for an invalid request, a crash, a status of 500 or above, or a valid request that is not answered. Replies are counted by status; 200 is correct if jose also verifies the token.`;
    updateSection('reliability.md', 'fuzz', `${summary}\n\n${markdownTable(table)}`);
  }
  for (const problem of problems.slice(0, PRINTED_PROBLEMS)) console.log(problem.slice(0, 4000));
  return problems.length === 0;
}

function tableOf(tallies: readonly Tally[]): Table {
  return {
    title: 'Hostile input',
    head: ['hostile input', 'sent', 'replies by status', 'violations'],
    rows: tallies.map(({ title, sent, statuses, violations }) => [
      title,
      String(sent),
      [...statuses]
        .sort(([a], [b]) => a - b)
        .map(([status, replies]) => `${status}: ${replies}`)
        .join(', '),
      String(violations.length),
    ]),
  };
}

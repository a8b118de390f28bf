// `npm run bench`: the benchmark, and the smaller measurements as commands.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { createProgram, runProgram } from '../cli/command.js';
import { measureAudit } from './audit.js';
import { measureConsole } from './console.js';
import { measureCounters } from './counters.js';
import { measureFootprint } from './footprint.js';
import { measureLambda } from './lambda.js';
import { measureLists } from './lists/lists.js';
import { withinLimits } from './limits.js';
import { wholeNumber } from './options.js';
import { measureStore } from './store.js';
import { runThroughput } from './throughput/throughput.js';
import { measureTls } from './tls.js';

const program = createProgram('bench', 'Measures the handler.').addHelpText(
  'after',
  `
Without a command, throughput runs: npm run bench -- --short

Exit code: 0 all limits hold, 1 a limit is exceeded or an answer is wrong, 2 usage error.`,
);

program
  .command('throughput', { isDefault: true })
  .description(
    "Compares this handler with the example in Fireblocks' documentation and with the OpenSSL signing rate on this machine, and updates docs/performance.md. Needs wrk and openssl.",
  )
  .option('--short', 'one short round: verifies the answers, but does not check the limits or update docs/')
  .action(async ({ short = false }: { short?: boolean }) => setExitCode(await runThroughput({ short })));

program
  .command('footprint')
  .description('Measures start-up time and memory against their limits. Needs wrk.')
  .action(async () => setExitCode(await withinLimits(measureFootprint)));

program
  .command('candidate')
  .description('Measures the throughput that a candidate costs against its limit.')
  .option('--short', 'fewer rounds')
  .action(async ({ short = false }: { short?: boolean }) =>
    setExitCode(await runBundled('candidate', short ? ['--short'] : [])),
  );

program
  .command('policy')
  .description('Measures the cost of rules and lists against their limits.')
  .action(async () => setExitCode(await runBundled('policy')));

program
  .command('lists')
  .description(
    'Measures lists of a million addresses from a file and from S3 against their limits. Needs moto.',
  )
  .action(async () => setExitCode(await withinLimits(measureLists)));

program
  .command('store')
  .description('Measures the throughput that the embedded store costs against its limit. Needs wrk.')
  .action(async () => setExitCode(await withinLimits(measureStore)));

program
  .command('tls')
  .description(
    'Measures what TLS to the task costs, compared with plain HTTP in the same run, against its limits. Needs wrk and moto.',
  )
  .action(async () => setExitCode(await withinLimits(measureTls)));

program
  .command('lambda')
  .description(
    "Measures the Lambda edition: the time to its first answer, and a request's time compared with the service in the same run, against their limits. Needs moto and taskset.",
  )
  .action(async () => setExitCode(await withinLimits(measureLambda)));

program
  .command('counters')
  .description(
    'Measures whether many counters of limits slow a decision with the embedded store, against its limit.',
  )
  .option('--counters <number>', 'how many', wholeNumber, 100_000)
  .action(async ({ counters }: { counters: number }) =>
    setExitCode(await withinLimits(() => measureCounters(counters))),
  );

program
  .command('console')
  .description(
    'Measures the pages of the console with a million records and 1,000 requests that wait, against their limits.',
  )
  .option('--short', 'only 100,000 records')
  .action(async ({ short = false }: { short?: boolean }) =>
    setExitCode(await withinLimits(() => measureConsole(short ? 100_000 : 1_000_000))),
  );

program
  .command('audit')
  .description('Measures how fast the records of a store are verified, against its limit.')
  .option('--records <number>', 'how many', wholeNumber, 10_000)
  .option('--keep <dir>', 'keep the store in a directory, and use it again')
  .action(async ({ records, keep }: { records: number; keep?: string }) =>
    setExitCode(await withinLimits(() => measureAudit(records, keep))),
  );

await runProgram(program);

function setExitCode(passed: boolean): void {
  process.exitCode = passed ? 0 : 1;
}

/** Runs bench/NAME.ts bundled like the service, and in its own process because it sets V8 flags. */
async function runBundled(name: string, args: readonly string[] = []): Promise<boolean> {
  const bundle = fileURLToPath(new URL(`../.tap/bench/${name}.js`, import.meta.url));
  await build({
    entryPoints: [fileURLToPath(new URL(`${name}.ts`, import.meta.url))],
    outfile: bundle,
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    logLevel: 'warning',
  });
  return spawnSync(process.execPath, [bundle, ...args], { stdio: 'inherit' }).status === 0;
}

// `npm run bench`: the benchmark, and the smaller measurements as commands.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { createProgram, runProgram } from '../cli/command.js';
import { measureCandidate } from './candidate.js';
import { measureFootprint } from './footprint.js';
import { measureLists } from './lists/lists.js';
import { runThroughput } from './throughput/throughput.js';

const POLICY_BENCHMARK = fileURLToPath(new URL('policy.ts', import.meta.url));
const BUNDLE = fileURLToPath(new URL('../.tap/bench/policy.js', import.meta.url));

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
  .action(async () => setExitCode(await measureFootprint()));

program
  .command('candidate')
  .description('Measures the throughput that a candidate costs against its limit. Needs wrk.')
  .option('--short', 'fewer rounds, in about half a minute')
  .action(async ({ short = false }: { short?: boolean }) => setExitCode(await measureCandidate({ short })));

program
  .command('policy')
  .description('Measures the cost of rules and lists against their limits.')
  .action(async () => setExitCode(await runPolicyBenchmark()));

program
  .command('lists')
  .description(
    'Measures lists of a million addresses from a file and from S3 against their limits. Needs moto.',
  )
  .action(async () => setExitCode(await measureLists()));

await runProgram(program);

function setExitCode(passed: boolean): void {
  process.exitCode = passed ? 0 : 1;
}

/** Runs bench/policy.ts bundled like the service, and in its own process because it sets V8 flags. */
async function runPolicyBenchmark(): Promise<boolean> {
  await build({
    entryPoints: [POLICY_BENCHMARK],
    outfile: BUNDLE,
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    logLevel: 'warning',
  });
  return spawnSync(process.execPath, [BUNDLE], { stdio: 'inherit' }).status === 0;
}

// `npm test`: runs the tests of one suite. TypeScript is transpiled once, before any test starts, because loaders that
// do it in every process took two thirds of the time.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import process from 'node:process';
import { build } from 'esbuild';

/** Where the tree is mirrored: every .ts file as JavaScript, every other file as a link. */
const TREE = '.build';
/** Directories that are linked as a whole. */
const NOT_MIRRORED = ['dist', 'node_modules'];

const SERVICE = [
  '*.test',
  '{approvals,chain,console,keys,lambda,memory,plugins,policy,protocol,routes,sources,store,tls}/**/*.test',
];
const REST = ['{bench,cli,docker,docs,infra}/**/*.test'];
/** The real operator commands, run against an AWS emulator. */
const DEPLOY = ['deploy/*.test', 'system/{best-practices,deploy,deploy-terminal,infra}.test'];

/**
 * What each suite runs, below test/. Coverage is measured only for the unit tests, because the others test processes.
 */
const SUITES = {
  unit: { files: [...SERVICE, ...REST], args: [], keepsOutput: true },
  /** The unit tests that concern src/. */
  service: { files: SERVICE, args: ['--disable-coverage'], keepsOutput: true },
  system: {
    files: [
      'system/{connections,emergency,lambda,lambda-start,lists,log,policy,sign-terminal,signed,ssm,terminal}.test',
    ],
    args: ['--disable-coverage'],
    keepsOutput: true,
  },
  /** Several processes on one store, which takes longer than tap allows a file by default. */
  store: {
    files: ['system/{holds,lambda-fleet,store,store-cost,store-faults,store-kills,zones}.test'],
    args: ['--disable-coverage', '--timeout=900'],
    keepsOutput: true,
  },
  /** The pages in a browser, which must be installed, and consoles as processes. */
  console: {
    files: ['system/{console,console-*,consoles}.test'],
    args: ['--disable-coverage', '--timeout=900', '--jobs=1'],
    keepsOutput: true,
  },
  // Prints public keys; the tests themselves search its output for private ones.
  // It runs every command, so it also shows which permissions of the operator's policies no command needs.
  deploy: { files: DEPLOY, args: ['--disable-coverage'] },
  image: { files: ['image/*.test'], args: ['--disable-coverage'], keepsOutput: true },
};

const args = process.argv.slice(2);
const isSuite = Object.hasOwn(SUITES, args[0] ?? '');
/** Without a suite or file name, the unit tests run. Without files, tap would find this file and run it. */
const suite = isSuite ? SUITES[args[0]] : args.every((arg) => arg.startsWith('-')) ? SUITES.unit : undefined;
/** File names and tap options can replace a suite or follow it. */
const given = isSuite ? args.slice(1) : args;

execFileSync(process.execPath, ['build.js'], { stdio: 'inherit' });
await mirrorTree();
for (const kept of ['.tap/output', '.tap/operator-calls']) rmSync(kept, { recursive: true, force: true });
const tap = spawnSync(process.execPath, ['node_modules/tap/dist/esm/run.mjs', ...tapArguments()], {
  stdio: 'inherit',
  // Otherwise every process that uses the AWS SDK on Node.js 20 prints a warning.
  env: { ...process.env, AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' },
});
process.exitCode = tap.status ?? 1;
if (suite?.keepsOutput) await import(`../${TREE}/test/no-secrets.js`);
const ranAllCommands = suite === SUITES.deploy && given.length === 0;
if (ranAllCommands || existsSync('.tap/operator-calls')) {
  process.env.ALL_COMMANDS_RAN = String(ranAllCommands);
  await import(`../${TREE}/test/permissions.js`);
}

function tapArguments() {
  const files = suite?.files.map((pattern) => join(TREE, 'test', `${pattern}.js`)) ?? ['--disable-coverage'];
  return [...(suite?.args ?? []), ...files, ...given.map(toTree)];
}

/** @param argument such as `test/policy/evaluate/decide.test.ts` */
function toTree(argument) {
  return argument.endsWith('.ts') ? join(TREE, argument.replace(/\.ts$/, '.js')) : argument;
}

async function mirrorTree() {
  rmSync(TREE, { recursive: true, force: true });
  const files = readdirSync('.', { withFileTypes: true })
    .filter(({ name }) => !name.startsWith('.') && !NOT_MIRRORED.includes(name))
    .flatMap((entry) =>
      entry.isDirectory()
        ? readdirSync(entry.name, { recursive: true, withFileTypes: true })
            .filter((inner) => inner.isFile())
            .map((inner) => join(inner.parentPath, inner.name))
        : [entry.name],
    );
  await build({
    entryPoints: files.filter((file) => file.endsWith('.ts')),
    outdir: TREE,
    outbase: '.',
    format: 'esm',
    platform: 'node',
    target: 'node20',
    sourcemap: 'inline',
    sourcesContent: false,
    logLevel: 'warning',
  });
  for (const file of [...NOT_MIRRORED, ...files.filter((name) => !name.endsWith('.ts'))]) {
    const link = join(TREE, file);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(relative(dirname(link), file), link);
  }
}

// Tests that every command in the documents works as written. Each one is run here or by another suite, or the document
// states that it needs AWS or a container engine. `UPDATE_DOCS=1` replaces documented output that differs from the
// actual output.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { type Ran, ROOT, runCosigner, runPolicy } from '../helpers/cli.js';
import { startHandler } from '../helpers/process.js';
import {
  type Block,
  commandsOf,
  differences,
  type Document,
  documentOf,
  type DocumentedCommand,
  DOCUMENTS,
  inlineCodeOf,
} from './documents.js';

const documents = DOCUMENTS.filter(({ file }) => file !== 'CHANGELOG.md');
const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  scripts: Readonly<Record<string, string>>;
};

/** Markers before a block whose commands are not run. */
const NEEDS = ['needs: aws', 'needs: container engine', 'needs: moto'];

/** Marker before a block that another suite runs as a whole. */
const RUN_BY = /^run by: (test\/\S+)$/;

/** Commands that neither this test nor .ci/run runs as written: the file that does, and the string to find there. */
const RUN_BY_OTHER_SUITES: Readonly<Record<string, readonly [file: string, contains: string]>> = {
  'npm test -- deploy': ['package.json', '"test:deploy": "node test/run.js deploy"'],
  'npm run build': ['package.json', 'npm run --silent build'],
  'npm run policy -- stop --local': ['test/system/emergency.test.ts', "['stop', '--local']"],
  'npm run policy -- resume --local': ['test/system/emergency.test.ts', "['resume', '--local']"],
  'npm run logs -- --follow': ['test/system/deploy.test.ts', "'logs', '--follow'"],
  "pip install 'moto[server]' cfn-lint": ['.ci/run', "'moto[server]' cfn-lint"],
  // Covers the same files: the linter fails if this command would change something.
  'npx prettier --write .': ['package.json', 'prettier --check .'],
  ...Object.fromEntries(
    [
      'mkdir -p .local',
      'cp examples/limits.yaml .local/policy.yaml',
      'cp examples/known-transactions.yaml .local/policy.yaml',
      'npm run expect -- add examples/payouts.json --local',
      'npm run expect -- list --local',
      'npm run expect -- remove payout-1002 --local',
    ].map((command) => [command, ['test/docs/limits-and-known-transactions.test.ts', "'expect'"]] as const),
  ),
  'npm run audit -- verify --local': ['test/docs/limits-and-known-transactions.test.ts', "'audit'"],
  'npm run audit -- export --from 2026-11-01 --to 2026-12-01': ['test/cli/audit/cli.test.ts', "'export'"],
  'npm run audit -- export --from 2026-11-01 --csv': ['test/cli/audit/cli.test.ts', "'--csv'"],
  'npm run audit -- show 9c794cee-7e27-46c9-9e9a-ed68295ff06b': ['test/cli/audit/cli.test.ts', "'show'"],
  'npm run holds': ['test/cli/holds/process.test.ts', 'runHolds([]'],
  'node dist/console.js': ['docker/verify-image.sh', 'node dist/console.js'],
  'node dist/healthcheck.js': ['docker/verify-image.sh', 'node dist/healthcheck.js'],
  'node dist/healthcheck.js 3001': ['infra/stacks/console.ts', "'dist/healthcheck.js', String(CONSOLE_PORT)"],
  'node dist/runtime.js': ['docker/verify/lambda.sh', '"dist/runtime.js"'],
  'npm run scale -- settings': ['test/deploy/function.test.ts', "'settings'"],
  'npm sbom --omit=dev': ['Dockerfile', 'npm sbom --omit=dev'],
  // `npm start` runs this command after the build, with the local-mode flag.
  'node dist/main.js': ['package.json', 'node dist/main.js --local'],
};

/** Files that the commands read, linked into the temporary folder that the commands run in. */
const LINKED = ['cli', 'docs', 'examples', 'node_modules', 'package.json', 'policy.yaml', 'src'];

const cwd = t.testdir();
for (const name of LINKED) symlinkSync(join(ROOT, name), join(cwd, name));
// Without the settings of whoever runs this test: with them, some commands ask which store is meant.
mkdirSync(join(cwd, 'infra'));
for (const name of readdirSync(join(ROOT, 'infra')).filter((name) => name !== 'settings.json'))
  symlinkSync(join(ROOT, 'infra', name), join(cwd, 'infra', name));

const handler = startHandler(t, { cwd, args: ['--local'], built: true });
const url = await handler.listening();

interface Outcome extends Ran {
  /** The printed lines, with the default URL instead of the test's own. */
  readonly lines: readonly string[];
}

const outcomes = new Map<string, Promise<Outcome | undefined>>();

/** At most this many commands run at the same time. */
const CONCURRENCY = 2;
let slots: Promise<unknown>[] = Array.from({ length: CONCURRENCY }, () => Promise.resolve());

/** Runs a command once. Resolves to `undefined` if this test does not run that command. */
function run(command: string): Promise<Outcome | undefined> {
  const known = outcomes.get(command);
  if (known !== undefined) return known;
  const [slot = Promise.resolve(), ...others] = slots;
  const started = slot.then(() => start(command));
  slots = [...others, started];
  outcomes.set(command, started);
  return started;
}

async function start(command: string): Promise<Outcome | undefined> {
  const [, script, args = ''] = /^npm run (?:--silent )?(policy|cosigner)(?: -- (.*))?$/.exec(command) ?? [];
  // A stop would change the answers to the other commands.
  if (script === undefined || /^(stop|resume) /.test(args)) return undefined;
  const words = args.split(' ').filter((word) => word !== '');
  const ran =
    script === 'policy'
      ? await runPolicy(words, { cwd })
      : await runCosigner([...words, '--url', url], { cwd });
  const lines = ran.stdout.replaceAll(url, 'http://127.0.0.1:3000').trimEnd().split('\n');
  return { ...ran, lines };
}

const allBlocks = documents.flatMap((document) =>
  document.blocks
    .filter(({ language }) => language === 'sh' || language === 'console')
    .map((block) => ({ document, block })),
);
/** All documents except DEPLOYMENT.md, whose commands test/deploy/guide.test.ts runs. */
const blocks = allBlocks.filter(({ document }) => document.file !== 'DEPLOYMENT.md');

// The handler's log is complete only after other commands have run.
for (const { block } of blocks) {
  for (const { command } of commandsOf(block)) {
    if (isMarked(block) || command.includes('handler.ndjson')) continue;
    void run(command);
  }
}

function isMarked({ comment }: Block): boolean {
  return comment !== undefined && (comment.startsWith('needs: ') || RUN_BY.test(comment));
}

t.test('the scripts start the programs that this test starts', (t) => {
  t.match(scripts, {
    start: /node dist\/main\.js --local$/,
    policy: 'tsx cli/policy/main.ts',
    cosigner: 'tsx cli/cosigner/main.ts',
  });
  t.end();
});

for (const { document, block } of blocks) {
  t.test(`${document.file}:${block.line}`, async (t) => {
    if (isMarked(block)) {
      const { comment = '' } = block;
      const [, suite] = RUN_BY.exec(comment) ?? [];
      const isRun = suite !== undefined && readFileSync(join(ROOT, suite), 'utf8').includes(document.file);
      t.ok(isRun || NEEDS.includes(comment), comment);
      return;
    }
    for (const documented of commandsOf(block)) {
      await t.test(documented.command, (t) => checkCommand(t, documented, document, block));
    }
  });
}

async function checkCommand(
  t: Test,
  { command, output }: DocumentedCommand,
  document: Document,
  block: Block,
): Promise<void> {
  if (command === 'npm start') {
    t.match(await handler.line({ event: 'listening' }), { url }, 'the handler of this test');
    return;
  }
  if (command.startsWith('npm start > ')) {
    // Standard output is a pipe here and a file there.
    t.match(await handler.line({ event: 'policy_loaded' }), { from: '.local/policy.yaml' });
    return;
  }
  if (command.startsWith('openssl ')) {
    checkFingerprint(t, command);
    return;
  }
  const { file: log } = /-- replay (?<file>handler\.ndjson)/.exec(command)?.groups ?? {};
  if (log !== undefined) {
    await run('npm run --silent cosigner');
    writeFileSync(join(cwd, log), handler.lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  }
  const outcome = await run(command);
  if (outcome === undefined) {
    checkElsewhere(t, command);
    return;
  }
  t.match(outcome.stderr, /^(local store \.local\/store\n)?$/);
  // Output that shows a failed check, a change or a forged request goes with exit code 1.
  t.ok(outcome.code === 0 || (outcome.code === 1 && output !== undefined), `exit code ${outcome.code}`);
  if (output === undefined) return;
  const found = differences(output, outcome.lines);
  if (found.length > 0 && outcome.code <= 1 && process.env['UPDATE_DOCS'] === '1')
    update(document, block, command, output, outcome);
  else t.strictSame(found, []);
}

function checkElsewhere(t: Test, command: string): void {
  const [file, contains] = RUN_BY_OTHER_SUITES[command] ?? ['.ci/run', command];
  const isRun = readFileSync(join(ROOT, file), 'utf8').includes(contains);
  t.ok(isRun, `${file} runs ${contains}: otherwise run it here or in .ci/run, or mark what it needs`);
}

function checkFingerprint(t: Test, command: string): void {
  try {
    execFileSync('openssl', ['version']);
  } catch {
    t.pass('OpenSSL is not installed');
    return;
  }
  const printed = execFileSync('sh', ['-c', command], { cwd, encoding: 'utf8' });
  const loaded = handler.lines.find(({ event, key }) => event === 'key_loaded' && key === 'cosigner');
  t.strictSame(loaded?.['after'], [printed.split(' ')[0]], 'the fingerprint in the log');
}

function update(
  { file }: Document,
  { lines }: Block,
  command: string,
  output: readonly string[],
  outcome: Outcome,
): void {
  const path = join(ROOT, file);
  const before = ['$ ' + command, ...output].join('\n');
  if (!lines.join('\n').includes(before)) throw new Error(`${file}: "${command}" can't be updated`);
  const after = ['$ ' + command, ...outcome.lines].join('\n');
  writeFileSync(
    path,
    readFileSync(path, 'utf8').replace(before, () => after),
  );
}

const fenced = allBlocks.flatMap(({ block }) =>
  commandsOf(block).map(({ command }) => withoutSilent(command)),
);

function withoutSilent(command: string): string {
  return command.replace('npm run --silent ', 'npm run ');
}

t.test('inline commands exist', async (t) => {
  for (const document of documents) {
    for (const code of inlineCodeOf(document)) {
      if (!/^(npm|npx|node|pip|aws|docker) /.test(code)) continue;
      const [, script, rest = ''] = /^npm (?:run (?:--silent )?)?([\w:]+)(.*)$/.exec(code) ?? [];
      const name = `${document.file}: ${code}`;
      // Either the bare name of a script, or its usage with placeholders in capitals.
      if (script !== undefined && (rest === '' || /\b[A-Z]{3,}\b/.test(rest))) {
        t.ok(script === 'ci' || Object.hasOwn(scripts, script), name);
        continue;
      }
      // A mention of a command that appears in a block.
      if (fenced.some((command) => command.startsWith(withoutSilent(code)))) continue;
      const outcome = await run(code);
      if (outcome !== undefined) t.equal(outcome.code, 0, name);
      else {
        await t.test(name, (t) => {
          checkElsewhere(t, code);
          t.end();
        });
      }
    }
  }
});

t.test('each request in the README gets the documented answer and rule', async (t) => {
  const rows = [
    ...documentOf('README.md').prose.matchAll(/^\| `(npm run cosigner.*?)` \| `(\w+)` \| `(.*?)` \|$/gm),
  ];
  t.equal(rows.length, 4);
  for (const [, command = '', action = '', rule = ''] of rows) {
    const { stdout = '' } = (await run(command)) ?? {};
    t.match(stdout, new RegExp(`^\\w+ +${action}\\b`, 'm'), command);
    const requestId = /requestId +(\S+)/.exec(stdout)?.[1] ?? '';
    t.match(await handler.line({ event: 'decision', requestId }), { action, rule }, command);
  }
});

t.test('the documented health status has the fields of the real one', async (t) => {
  const { blocks } = documentOf('docs/routes-and-errors.md');
  const lines = blocks.find(({ comment }) => comment === 'checked: health')?.lines ?? [];
  const documented = JSON.parse(lines.join('\n')) as Record<string, unknown>;
  const real = (await (await fetch(`${url}/health`)).json()) as Record<string, unknown>;
  t.strictSame(Object.keys(documented), Object.keys(real));
  t.equal(documented['version'], real['version']);
});

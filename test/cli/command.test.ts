// Tests the shared parts of all commands with a small program.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Command } from 'commander';
import t from 'tap';
import { createProgram, EXIT_FAILED, InputError, readJson, readText, UsageError } from '../../cli/command.js';
import type { Output } from '../../cli/terminal.js';
import { runInProcess } from '../helpers/cli.js';
import { programPath, ROOT } from '../helpers/paths.js';

/** `npm run files`, with the commands `copy` and `count`. */
function createFilesProgram(stdout: Output): Command {
  const program = createProgram('files', 'Works on files.');
  program
    .command('copy <file>')
    .description('Copies a file.')
    .option('--force', 'overwrite')
    .action((file: string) => {
      if (file === 'usage') throw new UsageError('the target is missing');
      if (file === 'input') throw new InputError('input is empty');
      if (file === 'bug') throw new TypeError('a bug');
      stdout.write(`copied ${file}\n`);
    });
  program
    .command('count')
    .description('Counts files.')
    .action(() => {
      process.exitCode = EXIT_FAILED;
    });
  return program;
}

const run = (...args: readonly string[]) => runInProcess(createFilesProgram, args);

t.test('reads JSON that begins with a byte order mark', (t) => {
  const directory = t.testdir({ 'bom.json': '\ufeff{"requestId":"r6","operation":"TRANSFER"}' });
  t.strictSame(readJson(join(directory, 'bom.json')), { requestId: 'r6', operation: 'TRANSFER' });
  t.end();
});

t.test('keeps a byte order mark in text, because it is part of the policy’s hash', (t) => {
  const directory = t.testdir({ 'policy.yaml': '\ufeffversion: 1' });
  t.equal(readText(join(directory, 'policy.yaml')), '\ufeffversion: 1');
  t.end();
});

t.test('reports a file in UTF-16', (t) => {
  const text = '{"requestId":"r"}';
  const directory = t.testdir({
    'little.json': Buffer.from(`\ufeff${text}`, 'utf16le'),
    'big.json': Buffer.from(`\ufeff${text}`, 'utf16le').swap16(),
    'unmarked.json': Buffer.from(text, 'utf16le'),
  });
  for (const name of ['little.json', 'big.json', 'unmarked.json']) {
    for (const read of [readText, readJson]) {
      t.throws(
        () => read(join(directory, name)),
        { message: /is encoded in UTF-16: save it as UTF-8$/ },
        name,
      );
    }
  }
  t.end();
});

t.test('runs the command’s action', async (t) => {
  t.strictSame(await run('copy', 'a.txt'), { code: 0, stdout: 'copied a.txt\n', stderr: '' });
});

t.test('keeps the exit code that an action sets', async (t) => {
  t.strictSame(await run('count'), { code: 1, stdout: '', stderr: '' });
});

t.test('prints help to stdout with exit code 0', async (t) => {
  const { code, stdout, stderr } = await run('--help');
  t.equal(code, 0);
  t.match(stdout, /^Usage: npm run files -- \[options\] \[command\]\n\nWorks on files\.\n/);
  t.match(stdout, /Commands:\n +copy .*\n +count/);
  t.equal(stderr, '');
});

t.test('prints only the help for the given command', async (t) => {
  const { code, stdout } = await run('copy', '--help');
  t.equal(code, 0);
  t.match(stdout, /^Usage: npm run files -- copy \[options\] <file>\n\nCopies a file\.\n/);
  t.match(stdout, /--force +overwrite/);
  t.notMatch(stdout, 'count');
});

t.test('prints help to stderr with exit code 2 when the command is missing', async (t) => {
  const { code, stdout, stderr } = await run();
  t.equal(code, 2);
  t.equal(stdout, '');
  t.match(stderr, /^Usage: npm run files/);
});

t.test('reports a usage error with exit code 2 and points to the help for that command', async (t) => {
  const ofProgram = '\n\nnpm run files -- --help shows how to use it.\n';
  const ofCopy = '\n\nnpm run files -- copy --help shows how to use it.\n';
  for (const [args, stderr] of [
    [['copi'], `error: unknown command 'copi'\n(Did you mean copy?)${ofProgram}`],
    [['copy', 'a', '--forse'], `error: unknown option '--forse'\n(Did you mean --force?)${ofCopy}`],
    [['copy'], `error: missing required argument 'file'${ofCopy}`],
    [['copy', 'a', 'b'], `error: too many arguments for 'copy'. Expected 1 argument but got 2.${ofCopy}`],
    [['copy', 'usage'], `error: the target is missing${ofCopy}`],
  ] as const) {
    t.strictSame(await run(...args), { code: 2, stdout: '', stderr }, args.join(' '));
  }
});

t.test('reports unusable input with exit code 2, without pointing to the help', async (t) => {
  t.strictSame(await run('copy', 'input'), { code: 2, stdout: '', stderr: 'error: input is empty\n' });
});

t.test('passes other errors to the program’s error reporter', async (t) => {
  const ran = await runInProcess(createFilesProgram, ['copy', 'bug'], (error, command) => {
    t.match(error, { message: 'a bug' });
    t.equal(command.name(), 'copy');
    return 7;
  });
  t.equal(ran.code, 7);
  await t.rejects(run('copy', 'bug'), { message: 'a bug' }, 'without a reporter');
});

t.test('explains why a file can’t be read or parsed', (t) => {
  const directory = t.testdir({ 'text.json': 'not JSON', 'good.json': '{"a":1}' });
  const path = (name: string): string => join(directory, name);
  t.strictSame(readJson(path('good.json')), { a: 1 });
  for (const [read, message] of [
    [() => readText(path('none')), /none can't be read: there is no such file$/],
    [() => readText(directory), /can't be read: it is a directory$/],
    [() => readJson(path('text.json')), /text\.json is not JSON: Unexpected token/],
  ] as const) {
    t.throws(read, { code: 'INPUT_UNUSABLE', message });
  }
  t.end();
});

t.test('exits without an error when its output pipe is closed', async (t) => {
  const child = spawn(process.execPath, [programPath('cli/policy/main.ts'), '--help'], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child.stdout.destroy();
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  t.strictSame(await once(child, 'close'), [0, null]);
  t.equal(stderr, '');
});

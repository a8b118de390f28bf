// Runs the operator commands in a separate directory against an AWS emulator.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Test } from 'tap';
import { EXAMPLE_FILE, SETTINGS_FILE } from '../../infra/settings.js';
import type { Ran } from './cli.js';
import { type InProcessCommand, runInProcess } from './in-process.js';
import { OPERATOR_KEY } from './operator-calls.js';
import { programPath, ROOT } from './paths.js';
import { EXAMPLE, type Json } from './settings.js';

export const REGION = 'ap-northeast-1';
export type OperatorCommand = InProcessCommand;

/** Node.js arguments that start the command. */
export function programOf(command: OperatorCommand): readonly string[] {
  if (['deploy', 'doctor', 'policy'].includes(command)) return [programPath(`cli/${command}/main.ts`)];
  return [programPath('cli/operate/main.ts'), command];
}

export interface Workspace {
  readonly directory: string;
  /** The git revision that images are tagged with. */
  readonly tag: string;
  /** Everything that the commands printed. */
  readonly output: () => string;
  /** Command lines of all processes on this machine that were seen while a command ran in a separate process. */
  readonly commandLines: ReadonlySet<string>;
  /** Starts a process. */
  start(command: OperatorCommand, ...args: readonly string[]): RunningCommand;
  /** Runs the command in a separate process. */
  spawn(command: OperatorCommand, ...args: readonly string[]): Promise<Ran>;
  /** Runs the command in this process, which is much faster. */
  run(command: OperatorCommand, ...args: readonly string[]): Promise<Ran>;
  /** @returns what `--json` printed */
  json<Result>(command: OperatorCommand, ...args: readonly string[]): Promise<Result>;
  settings(changes: Json): void;
  /** @returns the modes of the files, by path relative to the directory */
  files(below?: string): ReadonlyMap<string, number>;
  environment: NodeJS.ProcessEnv;
}

export interface RunningCommand {
  readonly child: ChildProcess;
  readonly ended: Promise<Ran>;
}

/** Creates a repository with the files that the commands need, so that a test can change them. */
export function workspace(t: Test, endpoint: string): Workspace {
  const directory = t.testdir({ infra: {}, home: {}, tmp: {} });
  const printed: string[] = [];
  const commandLines = new Set<string>();
  const finish = (command: OperatorCommand, ran: Ran): Ran => {
    printed.push(ran.stdout, ran.stderr);
    if (showsPrivateKey(place, `${ran.stdout}${ran.stderr}`)) t.fail(`${command} printed a private key`);
    return ran;
  };
  const place: Workspace = {
    directory,
    tag: commitFiles(directory),
    output: () => printed.join('\n'),
    commandLines,
    environment: environmentFor(directory, endpoint),
    start(command, ...args) {
      const running = startProcess(place, command, args, commandLines);
      t.teardown(() => running.child.kill('SIGKILL'));
      return { child: running.child, ended: running.ended.then((ran) => finish(command, ran)) };
    },
    spawn: (command, ...args) => place.start(command, ...args).ended,
    async run(command, ...args) {
      return finish(command, await runInProcess(place, command, args));
    },
    async json<Result>(command: OperatorCommand, ...args: readonly string[]) {
      const { stdout, stderr } = await place.run(command, ...args, '--json');
      try {
        return JSON.parse(stdout) as Result;
      } catch {
        throw new Error(`${command} ${args.join(' ')} printed no JSON: ${stdout}\n${stderr}`);
      }
    },
    settings(changes) {
      writeFileSync(join(directory, SETTINGS_FILE), JSON.stringify({ ...EXAMPLE, ...changes }));
    },
    files: (below = '') => listFiles(directory, below),
  };
  return place;
}

/** @returns the revision */
function commitFiles(directory: string): string {
  const files = ['package.json', 'policy.yaml', EXAMPLE_FILE, '.gitignore'];
  for (const file of files) cpSync(join(ROOT, file), join(directory, file));
  const git = (...args: string[]): string =>
    execFileSync('git', ['-c', 'user.name=test', '-c', 'user.email=test@example.com', ...args], {
      cwd: directory,
      encoding: 'utf8',
    });
  git('init', '--quiet');
  git('add', ...files);
  git('commit', '--quiet', '--message', 'As it is');
  return git('rev-parse', '--short=12', 'HEAD').trim();
}

function environmentFor(directory: string, endpoint: string): NodeJS.ProcessEnv {
  return {
    // Leave out the profile, region and credentials of the user who runs the tests.
    ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(AWS_|TAP|NODE_)/.test(name))),
    HOME: join(directory, 'home'),
    TMPDIR: join(directory, 'tmp'),
    AWS_ENDPOINT_URL: endpoint,
    AWS_ACCESS_KEY_ID: OPERATOR_KEY,
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_EC2_METADATA_DISABLED: 'true',
  };
}

function startProcess(
  { directory, environment }: Workspace,
  command: OperatorCommand,
  args: readonly string[],
  commandLines: Set<string>,
): RunningCommand {
  const child = spawn(process.execPath, [...programOf(command), ...args], {
    cwd: directory,
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const watch = setInterval(() => collectCommandLines(commandLines), 200);
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const ended = new Promise<Ran>((resolve) => {
    child.on('close', (code, signal) => {
      clearInterval(watch);
      resolve({ code: code ?? (signal === null ? -1 : -2), stdout, stderr });
    });
  });
  return { child, ended };
}

function listFiles(directory: string, below: string): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  const walk = (path: string): void => {
    for (const entry of readdirSync(join(directory, path), { withFileTypes: true })) {
      const inner = join(path, entry.name);
      if (entry.name === '.git') continue;
      found.set(inner, statSync(join(directory, inner)).mode & 0o777);
      if (entry.isDirectory()) walk(inner);
    }
  };
  mkdirSync(join(directory, below), { recursive: true });
  walk(below);
  return found;
}

/** The certificate's private key is not stored in a file, so any private key in PEM counts. */
function showsPrivateKey(place: Workspace, printed: string): boolean {
  return (
    /-----BEGIN [A-Z ]*PRIVATE/.test(printed) || privatePieces(place).some((piece) => printed.includes(piece))
  );
}

/** Pieces of every private key in the key directories, including rotated ones. */
function privatePieces(place: Workspace): readonly string[] {
  return [...place.files('.keys').keys()]
    .filter((name) => /callback_private.*\.pem$/.test(name))
    .flatMap((name) => piecesOf(readFileSync(join(place.directory, name), 'utf8')));
}

function collectCommandLines(seen: Set<string>): void {
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      seen.add(readFileSync(`/proc/${entry}/cmdline`, 'utf8').replaceAll('\0', ' '));
    } catch {
      // The process has ended.
    }
  }
}

/** @returns the lines of a PEM's content, so that a key is recognized even without its first and last line */
export function piecesOf(pem: string): readonly string[] {
  return pem.split('\n').filter((line) => line.length > 40 && !line.startsWith('-----'));
}

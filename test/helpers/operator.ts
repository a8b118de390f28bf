// The operator's commands as an operator runs them: in a directory of their own, against an endpoint of one's own.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Test } from 'tap';
import { EXAMPLE_FILE, SETTINGS_FILE } from '../../infra/settings.js';
import { ROOT, type Ran } from './cli.js';
import { EXAMPLE, type Json } from './settings.js';

/** As `tsx` starts a program, without a process in between that a signal would have to get through. */
const LOADER = join(ROOT, 'node_modules/tsx/dist/loader.mjs');

export const REGION = 'ap-northeast-1';
export type OperatorCommand = 'deploy' | 'destroy' | 'keys' | 'logs' | 'restart' | 'scale' | 'policy';

const ENTRIES: Readonly<Partial<Record<OperatorCommand, string>>> = {
  deploy: 'cli/deploy/main.ts',
  policy: 'cli/policy/main.ts',
};

export interface Workspace {
  readonly directory: string;
  /** The git revision that images are tagged with. */
  readonly tag: string;
  /** Everything that the commands printed. */
  readonly output: () => string;
  /** Command lines of all processes that were seen while a command ran. */
  readonly commandLines: ReadonlySet<string>;
  start(command: OperatorCommand, ...args: readonly string[]): Running;
  run(command: OperatorCommand, ...args: readonly string[]): Promise<Ran>;
  /** @returns what `--json` printed */
  json<Result>(command: OperatorCommand, ...args: readonly string[]): Promise<Result>;
  settings(changes: Json): void;
  /** Paths of files relative to the directory, with their modes. */
  files(below?: string): ReadonlyMap<string, number>;
  environment: NodeJS.ProcessEnv;
}

export interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ran>;
}

/** Only what the commands need of the repository, committed, so that a test changes what it likes. */
export function workspace(t: Test, endpoint: string): Workspace {
  const directory = t.testdir({ infra: {}, home: {}, tmp: {} });
  for (const file of ['package.json', 'policy.yaml', EXAMPLE_FILE, '.gitignore']) {
    cpSync(join(ROOT, file), join(directory, file));
  }
  const git = (...args: string[]): string =>
    execFileSync('git', ['-c', 'user.name=test', '-c', 'user.email=test@example.com', ...args], {
      cwd: directory,
      encoding: 'utf8',
    });
  git('init', '--quiet');
  git('add', 'package.json', 'policy.yaml', EXAMPLE_FILE, '.gitignore');
  git('commit', '--quiet', '--message', 'As it is');

  const texts: string[] = [];
  const commandLines = new Set<string>();
  const place: Workspace = {
    directory,
    tag: git('rev-parse', '--short=12', 'HEAD').trim(),
    output: () => texts.join('\n'),
    commandLines,
    environment: {
      // No profile, region or key of whoever runs the tests.
      ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(AWS_|TAP|NODE_)/.test(name))),
      HOME: join(directory, 'home'),
      TMPDIR: join(directory, 'tmp'),
      AWS_ENDPOINT_URL: endpoint,
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
      AWS_EC2_METADATA_DISABLED: 'true',
    },
    start(command, ...args) {
      const entry = ENTRIES[command] ?? `cli/operate/${command}.ts`;
      const child = spawn(process.execPath, ['--import', LOADER, join(ROOT, entry), ...args], {
        cwd: directory,
        env: place.environment,
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      t.teardown(() => child.kill('SIGKILL'));
      const watch = setInterval(() => seeCommandLines(commandLines), 200);
      let stdout = '';
      let stderr = '';
      child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
      child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
      const ended = new Promise<Ran>((resolve) => {
        child.on('close', (code, signal) => {
          clearInterval(watch);
          texts.push(stdout, stderr);
          const printed = `${stdout}${stderr}`;
          // That of the certificate is in no file to compare with.
          if (
            /-----BEGIN [A-Z ]*PRIVATE/.test(printed) ||
            privatePieces(place).some((piece) => printed.includes(piece))
          )
            t.fail(`${command} printed a private key`);
          resolve({ code: code ?? (signal === null ? -1 : -2), stdout, stderr });
        });
      });
      return { child, ended };
    },
    run: (command, ...args) => place.start(command, ...args).ended,
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
    files(below = '') {
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
    },
  };
  return place;
}

/** Of every private key that lies in the key directories now, those before included. */
function privatePieces(place: Workspace): readonly string[] {
  return [...place.files().keys()]
    .filter((name) => name.startsWith('.keys/') && /callback_private.*\.pem$/.test(name))
    .flatMap((name) => piecesOf(readFileSync(join(place.directory, name), 'utf8')));
}

function seeCommandLines(seen: Set<string>): void {
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      seen.add(readFileSync(`/proc/${entry}/cmdline`, 'utf8').replaceAll('\0', ' '));
    } catch {
      // It has ended meanwhile.
    }
  }
}

/** Pieces of a PEM's content, none of which may be anywhere else: not even without its first and last line. */
export function piecesOf(pem: string): readonly string[] {
  return pem.split('\n').filter((line) => line.length > 40 && !line.startsWith('-----'));
}

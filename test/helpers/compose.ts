// Runs the services of docker/compose.yaml without a container engine. They share a network namespace, in which they
// find each other by name. Each has the command, variables, volumes, read-only file system and capabilities from the
// file. The handler runs from the image's file tree, the other services use programs installed on this machine. Memory
// and CPU limits and the separation of the three networks are not applied.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Test } from 'tap';
import { parse } from 'yaml';
import { ROOT } from './cli.js';
import { keepOutput } from './output.js';
import { type Handler, handlerOf, until } from './process.js';

const DIRECTORY = join(ROOT, 'docker');
/** Path of this project inside the services. */
const APP = '/run/app';
const SERVICE_NAMES = ['aws', 'seed', 'handler', 'tls', 'cosigner'] as const;
type ServiceName = (typeof SERVICE_NAMES)[number];

interface Service {
  readonly entrypoint?: readonly string[];
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly volumes?: readonly string[];
  readonly tmpfs?: readonly string[];
  readonly read_only?: boolean;
  readonly cap_add?: readonly string[];
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly networks: string[] | Readonly<Record<string, { readonly aliases?: string[] } | null>>;
}

export interface Ran {
  readonly code: number | null;
  readonly output: string;
}

export interface Started {
  readonly child: ChildProcess;
  /** Standard output and standard error so far. */
  readonly output: () => string;
}

export interface Compose {
  /** Runs a service until it exits. */
  readonly run: (service: 'seed' | 'cosigner', args?: readonly string[]) => Promise<Ran>;
  /** Starts a service that runs until the test ends. */
  readonly start: (service: 'aws' | 'tls' | 'cosigner', args?: readonly string[]) => Started;
  /** Starts the handler. @param nodeArgs options for Node.js */
  readonly startHandler: (nodeArgs?: readonly string[]) => Handler;
  /** Waits until the service's health check passes. @throws if it does not within a minute */
  readonly healthy: (service: 'aws' | 'handler' | 'tls') => Promise<void>;
  /** Sends a signal to the service's program rather than to the processes that started it. */
  readonly signal: (child: ChildProcess, signal: NodeJS.Signals) => void;
}

/**
 * @param tree the image's file tree
 * @param variables values for `${...}` in the file
 */
export async function compose(
  t: Test,
  tree: string,
  variables: Readonly<Record<string, string>> = {},
): Promise<Compose> {
  const services = readServices(variables);
  const volumes = t.testdir();
  const hosts = join(volumes, 'hosts');
  writeFileSync(hosts, hostsOf(services));
  // Like compose, create named volumes empty and owned by root.
  for (const name of ['keys', 'tls']) mkdirSync(join(volumes, name));

  const network = spawn(
    'unshare',
    [
      '--net',
      '--mount',
      'sh',
      '-ec',
      'ip link set lo up; mount --bind "$0" /etc/hosts; exec sleep infinity',
      hosts,
    ],
    { stdio: 'ignore' },
  );
  t.teardown(() => network.kill('SIGKILL'));
  const isUp = await until(
    () => (readFileSync(`/proc/${network.pid}/comm`, 'utf8').trim() === 'sleep' ? true : undefined),
    10_000,
  );
  if (isUp === undefined)
    throw new Error('could not create a network namespace: this needs root, util-linux and iproute2');

  /** Starts the program of a service in the network namespace, with its mounts and capabilities. */
  const start = (name: ServiceName, program: readonly string[]): ChildProcess => {
    const {
      environment,
      volumes: mounts = [],
      tmpfs = [],
      cap_add: capabilities = [],
      read_only,
    } = services[name];
    const script = [
      'set -e',
      // Volumes are mounted below /run.
      'mount -t tmpfs tmpfs /run',
      // Keeps the project visible if it is below /tmp, which another mount hides.
      `mkdir ${APP}`,
      `mount --bind '${ROOT}' ${APP}`,
      ...mounts.flatMap((mount) => mountCommands(mount, volumes)),
      ...tmpfs.map((path) => `mount -t tmpfs tmpfs ${path}`),
      ...(name !== 'handler' && read_only === true ? ['mount -o remount,bind,ro /'] : []),
      `cd ${APP}`,
      // tap sets NODE_OPTIONS with paths that do not exist inside the service.
      'exec env -u NODE_OPTIONS "$@"',
    ];
    const confined =
      name === 'handler' || name === 'aws'
        ? []
        : [
            ...['setpriv', '--no-new-privs', '--inh-caps=-all'],
            `--bounding-set=${['-all', ...capabilities.map((capability) => `+${capability.toLowerCase()}`)].join(',')}`,
          ];
    const child = spawn(
      'nsenter',
      [
        ...[`--target=${network.pid}`, '--net', '--mount', `--wd=${ROOT}`],
        ...['unshare', '--mount', 'sh', '-c', script.join('\n'), 'sh', ...confined, ...program],
      ],
      { cwd: ROOT, env: { PATH: process.env['PATH'], ...environment }, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    t.teardown(() => end(name, child));
    return child;
  };
  const inImage = (...command: string[]): string[] => [
    ...[join(DIRECTORY, 'verify/contain.sh'), '10001', tree],
    ...['env', 'PATH=/usr/local/bin:/usr/bin:/bin', 'HOME=/app', ...command],
  ];
  const programOf = (name: 'aws' | 'seed' | 'tls' | 'cosigner', args: readonly string[]): string[] => {
    const { entrypoint = [], command = [] } = services[name];
    const installed = {
      aws: ['moto_server', '-H', '0.0.0.0'],
      tls: ['nginx', '-e', 'stderr', '-g', 'daemon off;'],
    };
    return name === 'aws' || name === 'tls' ? installed[name] : [...entrypoint, ...command, ...args];
  };

  const run = async (name: ServiceName, program: readonly string[]): Promise<Ran> => {
    const child = start(name, program);
    const output = collect(child);
    const [code] = (await once(child, 'close')) as [number | null];
    return { code, output: output() };
  };

  return {
    run: (name, args = []) => run(name, programOf(name, args)),
    start: (name, args = []) => {
      const child = start(name, programOf(name, args));
      return { child, output: collect(child) };
    },
    startHandler: (nodeArgs = []) => {
      const child = start('handler', inImage('node', ...nodeArgs, 'dist/main.js'));
      return handlerOf(t, child, () => end('handler', child));
    },
    async healthy(name) {
      const [, ...command] = services[name].healthcheck?.test ?? [];
      let last: Ran | undefined;
      await until(async () => {
        last = await run(name, name === 'handler' ? inImage(...command) : command);
        return last.code === 0 ? true : undefined;
      }, 60_000);
      if (last?.code !== 0) throw new Error(`${name} is not healthy: ${last?.output}`);
    },
    signal,
  };
}

function readServices(variables: Readonly<Record<string, string>>): Readonly<Record<ServiceName, Service>> {
  const text = readFileSync(join(DIRECTORY, 'compose.yaml'), 'utf8').replace(
    /\$\{(\w+):-([^}]*)\}/g,
    (_, name: string, value: string) => variables[name] ?? value,
  );
  return (parse(text, { merge: true }) as { services: Record<ServiceName, Service> }).services;
}

/** A hosts file with an address for each service, under its name and its network aliases. */
function hostsOf(services: Readonly<Record<ServiceName, Service>>): string {
  const lines = SERVICE_NAMES.map((name, index) => {
    const { networks } = services[name];
    const aliases = Array.isArray(networks)
      ? []
      : Object.values(networks).flatMap((network) => network?.aliases ?? []);
    return [`127.0.0.${index + 2}`, name, ...aliases].join(' ');
  });
  return ['127.0.0.1 localhost', ...lines, ''].join('\n');
}

/** @param mount `NAME:PATH` or `./FILE:PATH`, optionally followed by `:ro` */
function mountCommands(mount: string, volumes: string): string[] {
  const [from = '', to = '', mode] = mount.split(':');
  const source = from.startsWith('.') ? resolve(DIRECTORY, from) : join(volumes, from);
  return [
    ...(from.startsWith('.') ? [] : [`mkdir -p ${to}`]),
    `mount --bind '${source}' ${to}`,
    ...(mode === 'ro' ? [`mount -o remount,bind,ro ${to}`] : []),
  ];
}

function collect(child: ChildProcess): () => string {
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      keepOutput(chunk);
      output += chunk;
    });
  }
  return () => output;
}

function signal(child: ChildProcess, name: NodeJS.Signals): void {
  process.kill(innermost(child.pid ?? 0), name);
}

/** The last process in a chain in which each process started the next. */
function innermost(pid: number): number {
  const [child] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
  return child === undefined || child === '' ? pid : innermost(Number(child));
}

function end(name: ServiceName, child: ChildProcess): void {
  if (child.exitCode !== null || child.signalCode !== null) return;
  // nginx stops its workers only if it receives SIGTERM.
  if (name === 'tls') child.kill('SIGTERM');
  else signal(child, 'SIGKILL');
}

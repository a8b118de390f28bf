// A load balancer with a node in each of two zones, as an Application Load Balancer has them: DNS gives both
// addresses, each node forwards to the healthy tasks of both zones over HTTPS, and health checks decide which are
// healthy.
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:https';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { httpSettings, makeFrontCertificate, runNginx, type RunningNginx, surroundings } from './nginx.js';
import { freePort } from './port.js';
import { until } from './process.js';
import type { Scope } from './scope.js';

/** More are not registered at a time: during a deployment, both old and both new tasks. */
const MAX_TARGETS = 4;
const CHECK_INTERVAL_MS = 100;
const CHECK_TIMEOUT_MS = 2000;
/** Consecutive failures until a target is unhealthy: the load balancer's own default. */
const UNHEALTHY_THRESHOLD = 2;
/** How long nginx sends no request to a target that it could not reach. */
const FAIL_TIMEOUT = '1s';

export interface ZoneNode {
  readonly url: string;
  /** The CA of its certificate, PEM. */
  readonly ca: string;
  start(): Promise<void>;
  /** Ends it with SIGKILL. */
  kill(): Promise<void>;
  /** Its error log, with the reason for every request that failed. */
  errors(): string;
}

export interface Zones {
  readonly nodes: readonly [ZoneNode, ZoneNode];
  /** Registers a task, and waits until it is healthy. */
  register(port: number): Promise<void>;
  /** From now on, no request is sent to it. Those in flight go on. */
  deregister(port: number): void;
  /** Waits until the health checks have found a task unhealthy. */
  unhealthy(port: number): Promise<void>;
  /** The smallest number of healthy targets since this was called last. */
  fewestHealthy(): number;
}

/** @param ports of all tasks that may be registered */
export async function startZones(
  t: Scope & { readonly testdirName: string },
  ports: readonly number[],
): Promise<Zones> {
  if (ports.length > MAX_TARGETS) throw new Error(`at most ${MAX_TARGETS} targets`);
  const directory = join(t.testdirName, 'targets');
  mkdirSync(directory, { recursive: true });
  const targets = new HealthyTargets(directory, ports);
  t.teardown(() => targets.stopChecking());
  const nodes = [await createNode(t, 'a', ports), await createNode(t, 'b', ports)] as const;
  await Promise.all(nodes.map((node) => node.start()));
  return {
    nodes,
    async register(port) {
      void targets.check(port);
      if ((await until(() => targets.has(port) || undefined, 15_000)) === undefined)
        throw new Error(`the task on port ${port} did not become healthy`);
    },
    deregister: (port) => targets.deregister(port),
    async unhealthy(port) {
      if ((await until(() => !targets.has(port) || undefined, 15_000)) === undefined)
        throw new Error(`the task on port ${port} is still healthy`);
    },
    fewestHealthy: () => targets.fewest(),
  };
}

/** A file for each healthy target, which the nodes look for at each request, so that nginx need not be reloaded. */
class HealthyTargets {
  readonly #directory: string;
  readonly #ports: readonly number[];
  readonly #registered = new Set<number>();
  #fewest = Infinity;

  constructor(directory: string, ports: readonly number[]) {
    this.#directory = directory;
    this.#ports = ports;
  }

  has(port: number): boolean {
    return existsSync(this.#fileOf(port));
  }

  async check(port: number): Promise<void> {
    this.#registered.add(port);
    let failures = 0;
    while (this.#registered.has(port)) {
      const isHealthy = await respondsWith200(port);
      failures = isHealthy ? 0 : failures + 1;
      if (!this.#registered.has(port)) return;
      if (isHealthy) writeFileSync(this.#fileOf(port), '');
      else if (failures >= UNHEALTHY_THRESHOLD) this.#remove(port);
      await sleep(CHECK_INTERVAL_MS);
    }
  }

  deregister(port: number): void {
    this.#registered.delete(port);
    this.#remove(port);
  }

  stopChecking(): void {
    this.#registered.clear();
  }

  fewest(): number {
    const fewest = Math.min(this.#fewest, this.#count());
    this.#fewest = this.#count();
    return fewest;
  }

  #remove(port: number): void {
    rmSync(this.#fileOf(port), { force: true });
    this.#fewest = Math.min(this.#fewest, this.#count());
  }

  #count(): number {
    return this.#ports.filter((port) => this.has(port)).length;
  }

  #fileOf(port: number): string {
    return join(this.#directory, String(this.#ports.indexOf(port)));
  }
}

function respondsWith200(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    // Like the load balancer, without verification of the certificate, and on a new connection.
    const options = { host: '127.0.0.1', port, path: '/health', agent: false, rejectUnauthorized: false };
    const request = get({ ...options, timeout: CHECK_TIMEOUT_MS }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    request.on('timeout', () => request.destroy(new Error('timeout')));
    request.on('error', () => resolve(false));
  });
}

async function createNode(
  t: Scope & { readonly testdirName: string },
  zone: string,
  ports: readonly number[],
): Promise<ZoneNode> {
  const directory = join(t.testdirName, `zone-${zone}`);
  const ca = makeFrontCertificate(directory);
  const port = await freePort();
  const configuration = nodeConfiguration(directory, {
    port,
    ports,
    targets: join(t.testdirName, 'targets'),
  });
  let running: RunningNginx | undefined;
  return {
    url: `https://127.0.0.1:${port}`,
    ca,
    async start() {
      running = await runNginx(t, { directory, port, configuration });
    },
    async kill() {
      await running?.kill();
    },
    errors: () => running?.errors() ?? '',
  };
}

interface NodeOptions {
  readonly port: number;
  readonly ports: readonly number[];
  /** Where the files of the healthy targets are. */
  readonly targets: string;
}

/** For each set of targets there is an upstream, such as `tasks_02`. The files of healthy targets choose one. */
function nodeConfiguration(directory: string, { port, ports, targets }: NodeOptions): string {
  const sets = Array.from({ length: 2 ** ports.length - 1 }, (_, index) =>
    ports.map((_port, place) => place).filter((place) => ((index + 1) >> place) & 1),
  );
  const upstreams = sets.map((places) => {
    const servers = places.map(
      (place) => `server 127.0.0.1:${ports[place]} max_fails=1 fail_timeout=${FAIL_TIMEOUT};`,
    );
    return `upstream tasks_${places.join('')} { ${servers.join(' ')} keepalive 32; keepalive_timeout 60s; }`;
  });
  const choose = ports.map(
    (_port, place) => `if (-f ${targets}/${place}) { set $healthy "\${healthy}${place}"; }`,
  );
  return `${surroundings(directory)}
master_process off;
http {
  ${httpSettings(directory)}
  ${upstreams.join('\n  ')}
  server {
    listen 127.0.0.1:${port} ssl;
    ssl_certificate ${directory}/tls.crt;
    ssl_certificate_key ${directory}/tls.key;
    keepalive_requests 1000000;
    location / {
      set $healthy "";
      ${choose.join('\n      ')}
      proxy_pass https://tasks_$healthy;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      # Only what has not been sent to a task is sent to another one: a POST is not repeated.
      proxy_next_upstream error;
      proxy_connect_timeout 2s;
    }
  }
}
`;
}

// nginx as the TLS proxy in front of the handler; like an Application Load Balancer, it keeps connections alive.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { freePort } from './port.js';
import { until } from './process.js';
import type { Scope } from './scope.js';

export interface Nginx {
  /** `https://127.0.0.1:…` */
  readonly url: string;
  /** The CA of its certificate, PEM. */
  readonly ca: string;
  /** nginx's error log, with the reason for every failed request. */
  readonly errors: () => string;
  /** Sends subsequent requests to the successor, as a load balancer does before a task is stopped. */
  readonly deregister: () => void;
  /** Sends subsequent requests to the first handler again. */
  readonly register: () => void;
}

/**
 * @param port the handler's port
 * @param nextPort its successor's port, used while the handler is deregistered
 * @param toTask the protocol of both. Like the load balancer, nginx does not verify their certificates
 */
export async function nginx(
  t: Scope & { readonly testdirName: string },
  port: number,
  nextPort = port,
  toTask: 'http' | 'https' = 'http',
): Promise<Nginx> {
  const directory = join(t.testdirName, 'nginx');
  const ca = makeFrontCertificate(directory);
  const ownPort = await freePort();
  const configured = configuration(directory, ownPort, { targets: [port, nextPort], toTask });
  const { errors } = await runNginx(t, { directory, port: ownPort, configuration: configured });
  return {
    url: `https://127.0.0.1:${ownPort}`,
    ca,
    errors,
    deregister: () => writeFileSync(join(directory, 'deregistered'), ''),
    register: () => rmSync(join(directory, 'deregistered'), { force: true }),
  };
}

/** Creates `tls.crt` and `tls.key` for callback.internal and 127.0.0.1. @returns the CA that clients trust, PEM */
export function makeFrontCertificate(directory: string): string {
  mkdirSync(directory, { recursive: true });
  execFileSync(
    'openssl',
    [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'],
      ...['-nodes', '-days', '1', '-subj', '/CN=callback.internal'],
      ...['-addext', 'subjectAltName=DNS:callback.internal,IP:127.0.0.1'],
      ...['-keyout', 'tls.key', '-out', 'tls.crt'],
    ],
    { cwd: directory, stdio: 'ignore' },
  );
  return readFileSync(join(directory, 'tls.crt'), 'utf8');
}

export interface RunningNginx {
  readonly errors: () => string;
  /** Ends the process at once, but its workers only with `master_process off`. */
  readonly kill: () => Promise<void>;
}

/** Starts nginx, and waits until it listens. @param configuration the content of nginx.conf */
export async function runNginx(
  t: Scope,
  {
    directory,
    port,
    configuration,
  }: { readonly directory: string; readonly port: number; readonly configuration: string },
): Promise<RunningNginx> {
  writeFileSync(join(directory, 'nginx.conf'), configuration);
  const child = spawn('nginx', ['-p', directory, '-c', join(directory, 'nginx.conf'), '-e', 'error.log'], {
    stdio: 'ignore',
  });
  await once(child, 'spawn').catch(() => {
    throw new Error('nginx is not installed: apt-get install nginx');
  });
  const exited = once(child, 'exit');
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    child.kill(signal);
    await exited;
  };
  t.teardown(() => end('SIGTERM'));
  const up = await until(() => canConnect(port), 10_000);
  const errors = (): string => readFileSync(join(directory, 'error.log'), 'utf8');
  if (up === undefined) throw new Error(`nginx did not start: ${errors()}`);
  return { errors, kill: () => end('SIGKILL') };
}

/** The settings that nginx needs to run in a directory of its own, without a daemon. */
export function surroundings(directory: string): string {
  return `
daemon off;
${process.getuid?.() === 0 ? 'user root;' : ''}
pid ${directory}/nginx.pid;
worker_processes 1;
error_log ${directory}/error.log warn;
events { worker_connections 512; }`;
}

/** The beginning of nginx's block `http`. */
export function httpSettings(directory: string): string {
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${directory}/${name};`,
  );
  return `${paths.join('\n  ')}\n  access_log off;`;
}

function configuration(
  directory: string,
  ownPort: number,
  {
    targets: [port, nextPort],
    toTask,
  }: { readonly targets: readonly [number, number]; readonly toTask: string },
): string {
  return `${surroundings(directory)}
http {
  ${httpSettings(directory)}
  upstream handler { server 127.0.0.1:${port} max_fails=0; keepalive 32; keepalive_timeout 60s; }
  upstream successor { server 127.0.0.1:${nextPort} max_fails=0; keepalive 32; keepalive_timeout 60s; }
  server {
    listen 127.0.0.1:${ownPort} ssl;
    ssl_certificate ${directory}/tls.crt;
    ssl_certificate_key ${directory}/tls.key;
    keepalive_requests 1000000;
    client_max_body_size 16m;
    client_body_buffer_size 16m;
    location / {
      set $target handler;
      if (-f ${directory}/deregistered) { set $target successor; }
      proxy_pass ${toTask}://$target;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header X-Amzn-Trace-Id "Root=1-67891233-abcdef012345678912345678";
    }
  }
}
`;
}

function canConnect(port: number): Promise<true | undefined> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(undefined));
  });
}

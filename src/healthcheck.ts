// The container's health check, run inside the container. Exits with 0 if /health responds with 200, otherwise with 1.
// It reads HOST, PORT and TLS directly because it runs twice a minute, and loading the whole configuration takes longer.
//
// Usage: node dist/healthcheck.js [PORT]     the port of the console in its own process; default: that of the service
import { get as getHttp } from 'node:http';
import { isIP } from 'node:net';
import { HEALTH_PATH, PORT } from './timeouts.js';

const TIMEOUT_MS = 4000;
/** A process that listens on all addresses is reached on its loopback one. */
const LOOPBACK: Readonly<Record<string, string>> = { '': '127.0.0.1', '0.0.0.0': '127.0.0.1', '::': '::1' };

/** An empty variable counts as not set. */
const variable = (name: 'HOST' | 'PORT' | 'TLS'): string => process.env[name] ?? '';

const host = LOOPBACK[variable('HOST')] ?? variable('HOST');
const isLoopback = host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
const port = process.argv[2] ?? (variable('PORT') || String(PORT));
// The bundle's node:https has only a default export (see build.js).
const get = variable('TLS') === '' ? getHttp : (await import('node:https')).default.get;

const request = get(
  // On this machine nobody else can answer, and the certificate is not known; elsewhere it would have to be.
  { host, port, path: HEALTH_PATH, timeout: TIMEOUT_MS, rejectUnauthorized: !isLoopback },
  ({ statusCode }) => process.exit(statusCode === 200 ? 0 : 1),
);
request.on('timeout', () => request.destroy(new Error(`no response within ${TIMEOUT_MS / 1000} s`)));
request.on('error', ({ message }) => {
  console.error(`unhealthy: ${message}`);
  process.exit(1);
});

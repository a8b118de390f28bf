// The container's health check, run inside the container. Exits with 0 if /health responds with 200, otherwise with 1.
// It reads HOST and PORT directly because it runs twice a minute, and loading the whole configuration takes longer.
import { get } from 'node:http';
import { HEALTH_PATH, PORT } from './timeouts.js';

const TIMEOUT_MS = 4000;

/** An empty variable counts as not set. */
const variable = (name: 'HOST' | 'PORT', fallback: string): string => {
  const value = process.env[name] ?? '';
  return value === '' ? fallback : value;
};

const request = get(
  {
    host: variable('HOST', '127.0.0.1'),
    port: variable('PORT', String(PORT)),
    path: HEALTH_PATH,
    timeout: TIMEOUT_MS,
  },
  ({ statusCode }) => process.exit(statusCode === 200 ? 0 : 1),
);
request.on('timeout', () => request.destroy(new Error(`no response within ${TIMEOUT_MS / 1000} s`)));
request.on('error', ({ message }) => {
  console.error(`unhealthy: ${message}`);
  process.exit(1);
});

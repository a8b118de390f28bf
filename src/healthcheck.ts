// The container's health check, run inside it: exit code 0 if the service answers /health with 200.
// It reads two variables by itself, for it runs twice a minute: the whole configuration takes longer to load.
import { get } from 'node:http';
import { HEALTH_PATH, PORT } from './timeouts.js';

const TIMEOUT_MS = 4000;
/** An empty variable counts as not set, as everywhere. */
const variable = (name: 'HOST' | 'PORT', otherwise: string): string => {
  const value = process.env[name] ?? '';
  return value === '' ? otherwise : value;
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
request.on('timeout', () => request.destroy(new Error(`no answer within ${TIMEOUT_MS / 1000} s`)));
request.on('error', ({ message }) => {
  console.error(`not healthy: ${message}`);
  process.exit(1);
});

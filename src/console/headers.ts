// Security headers on every response of the console.
import type { FastifyInstance } from 'fastify';

/** Scripts and styles are files of this host. Nothing is inline, and nothing comes from elsewhere. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** Besides passkeys, pages need nothing of the device. */
const PERMISSIONS = [
  'publickey-credentials-get=(self)',
  'publickey-credentials-create=(self)',
  'clipboard-write=(self)',
  ...['camera', 'microphone', 'geolocation', 'payment', 'usb', 'serial', 'hid'].map((name) => `${name}=()`),
].join(', ');

export const HEADERS = {
  'content-security-policy': POLICY,
  'x-frame-options': 'DENY',
  'x-content-type-options': 'nosniff',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
  'referrer-policy': 'no-referrer',
  'permissions-policy': PERMISSIONS,
  'cache-control': 'no-store',
} as const;

/** Half a year. Only this host: the console does not speak for its siblings. */
const TRANSPORT = 'max-age=15552000';

export function addHeaders(app: FastifyInstance, origin: string): void {
  const transport = origin.startsWith('https:') ? { 'strict-transport-security': TRANSPORT } : {};
  const headers = { ...HEADERS, ...transport };
  app.addHook('onRequest', (_request, reply, done) => {
    reply.headers(headers);
    done();
  });
}

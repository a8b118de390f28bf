// Starts the console on its port.
import type { FastifyInstance } from 'fastify';
import { buildConsole, type ConsoleOptions } from './app.js';
import type { NotifyConfig } from './notify/config.js';
import { startNotifying } from './notify/start.js';
import type { Watch } from './notify/watch.js';

export interface StartOptions extends ConsoleOptions {
  readonly host: string;
  readonly port: number;
  readonly notify: NotifyConfig;
  /** Called when the last request was answered. */
  readonly onClose?: () => Promise<void>;
}

/** @throws {Error} if it can't listen @throws {SourceError} if the webhook's secret can't be created */
export async function startConsole(given: StartOptions): Promise<FastifyInstance> {
  const { host, port, notify, onClose, ...options } = given;
  const { log, origin, table, blobs, now } = options;
  const app = await buildConsole(options);
  let watch: Watch | undefined;
  app.addHook('onClose', async () => {
    await watch?.stop();
    await onClose?.();
  });
  try {
    await app.listen({ host, port });
    watch = await startNotifying(notify, { store: { table, blobs }, origin, log, now });
  } catch (error) {
    await app.close();
    throw error;
  }
  log.info({ event: 'console_listening', url: origin, port }, `people decide at ${origin}`);
  return app;
}

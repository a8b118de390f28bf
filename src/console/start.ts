// Starts the console on its port.
import type { FastifyInstance } from 'fastify';
import { buildConsole, type ConsoleOptions } from './app.js';

export interface StartOptions extends ConsoleOptions {
  readonly host: string;
  readonly port: number;
  /** Called when the last request was answered. */
  readonly onClose?: () => Promise<void>;
}

/** @throws {Error} if it can't listen */
export async function startConsole({
  host,
  port,
  onClose,
  ...options
}: StartOptions): Promise<FastifyInstance> {
  const app = await buildConsole(options);
  if (onClose !== undefined) app.addHook('onClose', onClose);
  try {
    await app.listen({ host, port });
  } catch (error) {
    await app.close();
    throw error;
  }
  const { log, origin } = options;
  log.info({ event: 'console_listening', url: origin, port }, `people decide at ${origin}`);
  return app;
}

// A way to notify people.
import { BaseError } from '../../protocol/error.js';
import type { Notice } from './notice.js';

export interface Channel {
  readonly name: 'sns' | 'webhook';
  /** @throws {NotifyError} if it is not known to have arrived */
  send(notice: Notice): Promise<void>;
}

/** People could not be notified. The message has no secret: never the webhook's URL. */
export class NotifyError extends BaseError<'NOTIFY_FAILED'> {
  constructor(message: string, cause?: unknown) {
    super('NOTIFY_FAILED', message, { cause });
  }
}

/** How long sending may take, in ms. */
export const SEND_TIMEOUT_MS = 10_000;

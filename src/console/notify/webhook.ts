// Notifies people by a webhook, signed as Standard Webhooks says (https://www.standardwebhooks.com), version 1.
import { createHmac } from 'node:crypto';
import { codeOf } from '../../protocol/error.js';
import { type Channel, NotifyError, SEND_TIMEOUT_MS } from './channel.js';
import { bodyOf } from './notice.js';

export interface WebhookOptions {
  readonly url: string;
  /** Reads the secrets: one signature for each. @throws {NotifyError} */
  readonly secrets: () => Promise<readonly Buffer[]>;
  readonly now: () => Date;
  /** @default SEND_TIMEOUT_MS */
  readonly timeoutMs?: number;
}

export function webhookChannel(options: WebhookOptions): Channel {
  const { url, secrets, now, timeoutMs = SEND_TIMEOUT_MS } = options;
  return {
    name: 'webhook',
    async send(notice) {
      const at = now();
      const body = bodyOf(notice, at);
      const timestamp = String(Math.floor(at.getTime() / 1000));
      const signed = `${notice.id}.${timestamp}.${body}`;
      const headers = {
        'content-type': 'application/json',
        'user-agent': 'fireblocks-callback-handler',
        'webhook-id': notice.id,
        'webhook-timestamp': timestamp,
        'webhook-signature': (await secrets()).map((secret) => signatureOf(signed, secret)).join(' '),
      };
      const status = await post(url, headers, body, timeoutMs);
      if (status < 200 || status > 299) throw new NotifyError(`the webhook answered ${status}`);
    },
  };
}

function signatureOf(signed: string, secret: Buffer): string {
  return `v1,${createHmac('sha256', secret).update(signed).digest('base64')}`;
}

/** Follows no redirect, and reads nothing but the status. @throws {NotifyError} */
async function post(
  url: string,
  headers: Readonly<Record<string, string>>,
  body: string,
  timeoutMs: number,
): Promise<number> {
  try {
    const response = await fetch(url, {
      ...{ method: 'POST', headers, body, redirect: 'manual' },
      signal: AbortSignal.timeout(timeoutMs),
    });
    await response.body?.cancel().catch(() => undefined);
    return response.status;
  } catch (error) {
    if (error instanceof Error && error.name === 'TimeoutError') {
      throw new NotifyError(`the webhook did not answer within ${timeoutMs / 1000} s`, error);
    }
    // The error of fetch is only "fetch failed"; the code of its cause is safe, its message may quote the URL.
    const cause = error instanceof Error ? error.cause : undefined;
    throw new NotifyError(`the webhook can't be reached (${codeOf(cause) ?? 'no connection'})`, error);
  }
}

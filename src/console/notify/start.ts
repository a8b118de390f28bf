// Starts to notify people, by what is configured. What is not configured is not loaded.
import { type Channel, NotifyError } from './channel.js';
import type { NotifyConfig } from './config.js';
import { startWatch, type Watch, type WatchOptions } from './watch.js';

/** @throws {SourceError} if the file with the webhook's secret can't be created */
export async function startNotifying(
  config: NotifyConfig,
  options: Omit<WatchOptions, 'channels'>,
): Promise<Watch> {
  return startWatch({ ...options, channels: await channelsOf(config, options) });
}

async function channelsOf(
  { topic, webhook }: NotifyConfig,
  { log, now = () => new Date() }: Omit<WatchOptions, 'channels'>,
): Promise<readonly Channel[]> {
  const channels: Channel[] = [];
  if (topic !== undefined) {
    const { snsChannel } = await import('./sns.js');
    channels.push(snsChannel(topic));
  }
  if (webhook !== undefined) {
    const { webhookChannel } = await import('./webhook.js');
    const { secretReader, secretSource } = await import('./webhook-secret.js');
    const secrets = secretReader(await secretSource(webhook.secret));
    // Said at once, not only when the first request waits.
    secrets().catch((error: unknown) => {
      const reason = error instanceof NotifyError ? error.message : 'unexpected error';
      log.error(
        { event: 'notify_failed', channel: 'webhook', reason },
        `people can't be notified: ${reason}`,
      );
    });
    channels.push(webhookChannel({ url: webhook.url, secrets, now }));
  }
  return channels;
}

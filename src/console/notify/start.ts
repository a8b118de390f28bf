// Starts telling people, by what is configured. What is not configured is not loaded.
import type { Channel } from './channel.js';
import type { NotifyConfig } from './config.js';
import { startWatch, type Watch, type WatchOptions } from './watch.js';

/** @throws {SourceError} if the file with the webhook's secret can't be created */
export async function startNotifying(
  config: NotifyConfig,
  options: Omit<WatchOptions, 'channels'>,
): Promise<Watch> {
  return startWatch({ ...options, channels: await channelsOf(config, options.now) });
}

async function channelsOf(
  { topic, webhook }: NotifyConfig,
  now: () => Date = () => new Date(),
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
    channels.push(webhookChannel({ url: webhook.url, secrets, now }));
  }
  return channels;
}

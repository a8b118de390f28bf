// Notifies people by an SNS topic: e-mail, chat and more, by the topic's subscriptions.
import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { within } from '../../sources/read.js';
import { SourceError } from '../../sources/source.js';
import { type Channel, NotifyError, SEND_TIMEOUT_MS } from './channel.js';
import { subjectOf, textOf } from './notice.js';

/** @param topic its ARN, which also says in which region it is */
export function snsChannel(topic: string): Channel {
  // The watch has attempts of its own.
  const createClient = () => new SNSClient({ region: topic.split(':')[3], maxAttempts: 1 });
  let client = createClient();
  return {
    name: 'sns',
    async send(notice) {
      const current = client;
      const command = new PublishCommand({
        TopicArn: topic,
        Subject: subjectOf(notice),
        Message: textOf(notice),
      });
      try {
        await within(SEND_TIMEOUT_MS, 'SNS did not answer', async (abortSignal) => {
          abortSignal.addEventListener('abort', () => {
            // A client waits forever for credentials that it has requested once, whatever the signal says.
            current.destroy();
            if (client === current) client = createClient();
          });
          await current.send(command, { abortSignal });
        });
      } catch (error) {
        throw new NotifyError(reasonOf(error), error);
      }
    },
  };
}

function reasonOf(error: unknown): string {
  if (error instanceof SourceError) return error.message;
  const { name, message } = error instanceof Error ? error : { name: 'error', message: String(error) };
  if (/AuthorizationError|AccessDenied/.test(name)) {
    return `SNS denies access (${name}): grant the console's role sns:Publish on the topic, and kms:GenerateDataKey and kms:Decrypt on its key`;
  }
  return `SNS: ${name}: ${message}`;
}

// Tests the SNS topic on an emulator: what is published arrives at a subscription.
import '../helpers/needs-moto.js';
import { SNSClient, CreateTopicCommand, SubscribeCommand } from '@aws-sdk/client-sns';
import t from 'tap';
import { startNotifying } from '../../src/console/notify/start.js';
import { snsChannel } from '../../src/console/notify/sns.js';
import { textOf } from '../../src/console/notify/notice.js';
import { parseRequest } from '../../src/protocol/request.js';
import { ORIGIN } from '../helpers/held-people.js';
import { heldWorld } from '../helpers/held-world.js';
import { memoryLog } from '../helpers/log.js';
import { payment } from '../helpers/memory-world.js';
import { motoServer } from '../helpers/moto.js';
import { noticeAbout } from '../helpers/notice.js';
import { until } from '../helpers/process.js';

const moto = await motoServer(t);
Object.assign(process.env, moto.env);
const client = new SNSClient({ region: 'eu-central-1' });
t.teardown(() => client.destroy());

/** Calls SQS, whose client is not installed, by its query protocol. */
async function sqs(path: string, parameters: Readonly<Record<string, string>>): Promise<string> {
  const credential = 'Credential=test/20261126/eu-central-1/sqs/aws4_request';
  const response = await fetch(`${moto.endpoint}${path}`, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      authorization: `AWS4-HMAC-SHA256 ${credential}, SignedHeaders=host, Signature=0`,
    },
    body: new URLSearchParams({ Version: '2012-11-05', ...parameters }),
  });
  return response.text();
}

/** A topic, and what arrives at a queue that is subscribed to it. */
async function topicWithQueue(name: string) {
  const { TopicArn = '' } = await client.send(new CreateTopicCommand({ Name: name }));
  await sqs('/', { Action: 'CreateQueue', QueueName: name });
  const Endpoint = `arn:aws:sqs:eu-central-1:123456789012:${name}`;
  await client.send(new SubscribeCommand({ TopicArn, Protocol: 'sqs', Endpoint }));
  const received = async (): Promise<{ readonly Subject: string; readonly Message: string } | undefined> => {
    const xml = await sqs(`/123456789012/${name}`, { Action: 'ReceiveMessage', MaxNumberOfMessages: '10' });
    const [, body] = /<Body>([\s\S]*?)<\/Body>/.exec(xml) ?? [];
    if (body === undefined) return undefined;
    const text = body
      .replaceAll('&quot;', '"')
      .replaceAll('&lt;', '<')
      .replaceAll('&gt;', '>')
      .replaceAll('&amp;', '&');
    return JSON.parse(text) as { Subject: string; Message: string };
  };
  return { topic: TopicArn, received: () => until(received, 10_000) };
}

t.test('publishes a subject and a text', async (t) => {
  const { topic, received } = await topicWithQueue('plain');
  await snsChannel(topic).send(noticeAbout());
  t.match(await received(), {
    Subject: 'Decision needed: TRANSFER 250 COIN (large)',
    Message: textOf(noticeAbout()),
  });
});

t.test('publishes hostile values, without what they would do', async (t) => {
  const { topic, received } = await topicWithQueue('hostile');
  const evil = `${'é'.repeat(50)}\r\nBcc: x@evil.example\u202e${'x'.repeat(5000)}`;
  await snsChannel(topic).send(
    noticeAbout(parseRequest(payment(evil, '4', { asset: evil, operation: evil }))),
  );
  const message = await received();
  t.match(message?.Subject, /^Decision needed: [ -~]{1,82}$/);
  t.notMatch(message?.Message, /^Bcc|@|evil\.example\b(?!.*holds)/m);
});

t.test('notifies of a held request', async (t) => {
  const { topic, received } = await topicWithQueue('held');
  const { table, blobs, state, process } = heldWorld(t);
  await process().ask(payment('a', '250'));
  const { log, of } = memoryLog();
  const now = () => new Date(state.now);
  const config = { topic, webhook: undefined };
  const watch = await startNotifying(config, { store: { table, blobs }, origin: ORIGIN, log, now });
  t.match(await received(), { Subject: /250 COIN/, Message: /^Look at it and decide: https:\/\/callback/m });
  await watch.stop();
  t.match(of('hold_notified'), [{ channels: ['sns'] }]);
});

t.test('says why nobody was notified', async (t) => {
  const missing = 'arn:aws:sns:eu-central-1:123456789012:missing';
  await t.rejects(snsChannel(missing).send(noticeAbout()), {
    code: 'NOTIFY_FAILED',
    message: /^SNS: NotFound/,
  });
});

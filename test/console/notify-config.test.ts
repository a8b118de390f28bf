import t from 'tap';
import { localNotify, productionNotify } from '../../src/console/notify/config.js';

const TOPIC = 'arn:aws:sns:eu-central-1:111122223333:approvals';
const URL_SET = { NOTIFY_WEBHOOK: 'https://hooks.example.com/a?b=c' };
const PARAMETER = { NOTIFY_WEBHOOK_SECRET_PARAMETER: '/fireblocks/prod/webhook-secret' };

const problemsOf = (schema: typeof productionNotify | typeof localNotify, env: object): readonly string[] =>
  schema.safeParse(env).error?.issues.map(({ path, message }) => `${path.join('.')} ${message}`) ?? [];

t.test('notifies nobody by default', (t) => {
  t.strictSame(productionNotify.parse({}), { topic: undefined, webhook: undefined });
  t.strictSame(localNotify.parse({}), { topic: undefined, webhook: undefined });
  t.end();
});

t.test('reads a topic, and a webhook with the place of its secret', (t) => {
  t.strictSame(productionNotify.parse({ NOTIFY_TOPIC: TOPIC, ...URL_SET, ...PARAMETER }), {
    topic: TOPIC,
    webhook: {
      url: URL_SET.NOTIFY_WEBHOOK,
      secret: { parameter: PARAMETER.NOTIFY_WEBHOOK_SECRET_PARAMETER },
    },
  });
  t.strictSame(localNotify.parse({ NOTIFY_WEBHOOK: 'http://localhost:9000/' }), {
    topic: undefined,
    webhook: { url: 'http://localhost:9000/', secret: { file: '.local/webhook-secret' } },
  });
  t.end();
});

t.test('refuses what can not work, or would send over the network in the clear', (t) => {
  t.match(problemsOf(productionNotify, URL_SET), [
    /^NOTIFY_WEBHOOK is set without NOTIFY_WEBHOOK_SECRET_PARAMETER/,
  ]);
  t.match(problemsOf(productionNotify, PARAMETER), [
    /^NOTIFY_WEBHOOK_SECRET_PARAMETER is set without NOTIFY_WEBHOOK/,
  ]);
  for (const topic of [
    'approvals',
    `${TOPIC}.fifo`,
    'arn:aws:sqs:eu-central-1:111122223333:a',
    `${TOPIC}\n`,
  ]) {
    t.match(problemsOf(productionNotify, { NOTIFY_TOPIC: topic }), [/^NOTIFY_TOPIC must be the ARN/], topic);
  }
  const urls = [
    'hooks',
    'http://hooks.example.com/',
    'https://user:secret@a.b/',
    'https://a.b/#c',
    'file:///x',
  ];
  for (const url of urls) {
    const problems = problemsOf(productionNotify, { NOTIFY_WEBHOOK: url, ...PARAMETER });
    t.match(problems, [/^NOTIFY_WEBHOOK must be an https URL/], url);
    t.notOk(problems.join().includes('secret@'), 'the URL is not quoted');
  }
  t.match(problemsOf(localNotify, { NOTIFY_TOPIC: TOPIC, ...PARAMETER }), [
    /^NOTIFY_TOPIC can't be used in local mode/,
    /^NOTIFY_WEBHOOK_SECRET_PARAMETER can't be used in local mode/,
  ]);
  t.end();
});

// The part of the configuration that says how people are notified of requests that wait for them.
import * as z from 'zod';
import { parameterName } from '../../config-values.js';

/** The webhook's secret in local mode, which is created on first use. */
export const LOCAL_WEBHOOK_SECRET = '.local/webhook-secret';

export interface NotifyConfig {
  /** ARN of an SNS topic. */
  readonly topic: string | undefined;
  readonly webhook: WebhookConfig | undefined;
}

export interface WebhookConfig {
  readonly url: string;
  /** Where the secret is that messages are signed with. */
  readonly secret: { readonly parameter: string } | { readonly file: string };
}

const NOT_LOCAL = "can't be used in local mode, which does not use AWS: set NOTIFY_WEBHOOK instead";
const NO_PARAMETER = `can't be used in local mode: the secret is in ${LOCAL_WEBHOOK_SECRET}, which is created on first use`;
/** Hosts that are reached without leaving the machine, where TLS protects nothing. */
const OWN_HOSTS = ['localhost', '127.0.0.1', '[::1]'];

/** ARN of an SNS topic. Not a FIFO topic, which has no subscriptions by e-mail. */
const topicArn = z
  .string()
  .regex(
    /^arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[\w-]{1,256}$/,
    'must be the ARN of an SNS topic, such as arn:aws:sns:eu-central-1:111122223333:approvals',
  );

/** Messages never quote the value: the path of such a URL is often a secret. */
const webhookUrl = z
  .string()
  .max(2000, 'is longer than 2,000 characters')
  .refine(
    isWebhookUrl,
    'must be an https URL without user, password and fragment; http only for this machine (localhost)',
  );

const WEBHOOK = 'NOTIFY_WEBHOOK';
const SECRET = 'NOTIFY_WEBHOOK_SECRET_PARAMETER';

/** In production. @returns without topic and webhook, nobody is notified */
export const productionNotify = z
  .object({
    NOTIFY_TOPIC: topicArn.optional(),
    NOTIFY_WEBHOOK: webhookUrl.optional(),
    NOTIFY_WEBHOOK_SECRET_PARAMETER: parameterName.optional(),
  })
  .check(({ value, issues }) => {
    const hasUrl = value.NOTIFY_WEBHOOK !== undefined;
    if (hasUrl === (value.NOTIFY_WEBHOOK_SECRET_PARAMETER !== undefined)) return;
    const [set, missing] = hasUrl ? [WEBHOOK, SECRET] : [SECRET, WEBHOOK];
    const message = `is set without ${missing}: set both, or remove it`;
    issues.push({ code: 'custom', path: [set], input: undefined, message });
  })
  .transform((value): NotifyConfig => {
    const { NOTIFY_TOPIC: topic, NOTIFY_WEBHOOK: url, NOTIFY_WEBHOOK_SECRET_PARAMETER: parameter } = value;
    const hasWebhook = url !== undefined && parameter !== undefined;
    return { topic, webhook: hasWebhook ? { url, secret: { parameter } } : undefined };
  });

/** In local mode, which uses no AWS. */
export const localNotify = z
  .object({
    NOTIFY_TOPIC: z.undefined(NOT_LOCAL).optional(),
    NOTIFY_WEBHOOK: webhookUrl.optional(),
    NOTIFY_WEBHOOK_SECRET_PARAMETER: z.undefined(NO_PARAMETER).optional(),
  })
  .transform(({ NOTIFY_WEBHOOK: url }): NotifyConfig => {
    const secret = { file: LOCAL_WEBHOOK_SECRET };
    return { topic: undefined, webhook: url === undefined ? undefined : { url, secret } };
  });

function isWebhookUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password, hash, hostname } = new URL(text);
  const isSafe = protocol === 'https:' || (protocol === 'http:' && OWN_HOSTS.includes(hostname));
  return isSafe && username === '' && password === '' && hash === '';
}

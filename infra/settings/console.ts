// The setting `console`: who reaches the console, and who is notified of requests that wait.
import { isIPv4 } from 'node:net';
import * as z from 'zod';
import { CONSOLE_LISTENER_PORT } from '../names.js';
import type { JsonObject } from './json.js';

const LIST_OF_GROUPS = 'must be a list of security groups such as sg-0123456789abcdef0';
const LIST_OF_RANGES = 'must be a list of address ranges such as 10.8.0.0/16';
const LIST_OF_ADDRESSES = 'must be a list of e-mail addresses';
const WEBHOOK =
  'must be a URL such as https://hooks.example.com/approvals, without user, password and fragment';

/** The largest range that clients may be in. A larger one would be a mistake, whatever network it is. */
const SHORTEST_PREFIX = 8;

const range = z.string(LIST_OF_RANGES).check(({ value, issues }) => {
  const parsed = parseRange(value);
  if (typeof parsed === 'string') issues.push({ code: 'custom', input: value, message: parsed });
});

const webhook = z.string({ error: WEBHOOK }).check(({ value, issues }) => {
  if (!isWebhook(value)) issues.push({ code: 'custom', input: value, message: WEBHOOK });
});

export const consoleSetting = z
  .strictObject(
    {
      /**
       * Whether to create a host through which Session Manager forwards the console's port.
       * @default false
       */
      host: z.boolean({ error: 'must be true or false' }).default(false),
      /**
       * Security groups of those who may reach the console.
       * @default - none
       */
      clientSecurityGroups: z
        .array(z.string().regex(/^sg-[0-9a-f]{8,17}$/, LIST_OF_GROUPS), LIST_OF_GROUPS)
        .default([]),
      /**
       * Address ranges of those who may reach the console, such as that of a VPN.
       * @default - none
       */
      clientCidrs: z.array(range, LIST_OF_RANGES).default([]),
      /**
       * E-mail addresses that are notified of each request that waits for people.
       * @default - nobody is subscribed to the topic
       */
      alertEmails: z.array(z.email('must be an e-mail address'), LIST_OF_ADDRESSES).default([]),
      /**
       * Where a signed message about each request that waits for people is posted to.
       * @default - nowhere
       */
      webhookUrl: webhook.optional(),
      /**
       * Number of the console's tasks.
       * @default 1
       */
      desiredCount: z
        .int('must be a whole number')
        .min(0, 'must be at least 0')
        .max(10, 'must be at most 10')
        .default(1),
    },
    {
      error: ({ code }) =>
        code === 'unrecognized_keys' ? undefined : 'must be {"host": true} or name who may reach it',
    },
  )
  .check(({ value, issues }) => {
    if (value.host || value.clientSecurityGroups.length > 0 || value.clientCidrs.length > 0) return;
    const message = 'admits nobody: set host, clientSecurityGroups or clientCidrs';
    issues.push({ code: 'custom', input: value, message });
  });

export type ConsoleSetting = z.infer<typeof consoleSetting>;

/** Keys of `console`. */
export const CONSOLE_SETTING_NAMES = Object.keys(consoleSetting.shape);

/** Where a browser finds the console. Passkeys are bound to this origin. */
export function consoleOrigin({ hostName }: { readonly hostName: string }): string {
  return `https://${hostName}:${CONSOLE_LISTENER_PORT}`;
}

/**
 * Finds clients that would let the Co-signer, or the handler itself, reach the console.
 * @param settings not yet validated against the schema
 */
export function consoleProblems({
  console: setting,
  network,
  cosignerSecurityGroupId,
}: JsonObject): string[] {
  if (typeof setting !== 'object' || setting === null) return [];
  const { clientSecurityGroups, clientCidrs } = setting as JsonObject;
  const problems: string[] = [];
  if (Array.isArray(clientSecurityGroups) && clientSecurityGroups.includes(cosignerSecurityGroupId)) {
    problems.push(
      'console.clientSecurityGroups has the group of the Co-signer, which must not reach the console: remove it',
    );
  }
  const vpc = newNetworkRange(network);
  for (const given of Array.isArray(clientCidrs) ? (clientCidrs as readonly unknown[]) : []) {
    if (vpc === undefined || typeof given !== 'string' || !overlap(given, vpc)) continue;
    problems.push(
      `console.clientCidrs ${given} has addresses of the VPC, ${vpc}, where the Co-signer and the handler are: name security groups for clients in the VPC`,
    );
  }
  return problems;
}

/** @returns undefined for an existing VPC, whose range is not known here */
function newNetworkRange(network: unknown): string | undefined {
  if (network === undefined) return '10.0.0.0/16';
  if (typeof network !== 'object' || network === null || 'vpcId' in network) return undefined;
  const { cidr = '10.0.0.0/16' } = network as JsonObject;
  return typeof cidr === 'string' ? cidr : undefined;
}

interface Range {
  readonly first: number;
  readonly last: number;
}

/** @returns what is wrong with it, if it is not a range for clients */
function parseRange(text: string): Range | string {
  const [, address = '', prefix = ''] = /^([\d.]+)\/(\d{1,2})$/.exec(text) ?? [];
  const bits = Number(prefix);
  if (!isIPv4(address) || prefix === '' || bits > 32) return LIST_OF_RANGES;
  if (bits < SHORTEST_PREFIX) {
    return `must not be ${text}: that is nearly everybody, and the range of a VPN or an office has at least /${SHORTEST_PREFIX}`;
  }
  const first = address.split('.').reduce((number, byte) => number * 256 + Number(byte), 0);
  const size = 2 ** (32 - bits);
  if (first % size !== 0) return `must not be ${text}: the address is not the first one of the range`;
  return { first, last: first + size - 1 };
}

function overlap(one: string, other: string): boolean {
  const [a, b] = [parseRange(one), parseRange(other)];
  return typeof a !== 'string' && typeof b !== 'string' && a.first <= b.last && b.first <= a.last;
}

function isWebhook(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password, hash } = new URL(text);
  return protocol === 'https:' && username === '' && password === '' && hash === '';
}

// Sends one hostile input, and checks the reply: no signature unless one is due, no 500, errors as JSON.
import http from 'node:http';
import type { KeyObject } from 'node:crypto';
import { compactVerify } from 'jose';
import { readSignedAnswer } from '../../cli/cosigner/client.js';
import type { Testbed } from '../faults/testbed.js';
import type { Input } from './families.js';

/** Results of one family of inputs. */
export interface Tally {
  readonly title: string;
  sent: number;
  /** Number of replies, by status. */
  readonly statuses: Map<number, number>;
  /** What was wrong, and the input that caused it. */
  readonly violations: string[];
}

export function createTally(title: string): Tally {
  return { title, sent: 0, statuses: new Map(), violations: [] };
}

/** The handler, and what a reply from it is checked with. */
export interface Target {
  readonly handlerUrl: string;
  readonly cosigner: Testbed['cosigner'];
  /** Public keys of the handler; it signs with one of them. */
  readonly callbackPublicKeys: readonly KeyObject[];
}

/** Counts the reply, and adds any problem with it to the tally. */
export async function inspect(target: Target, agent: http.Agent, input: Input, tally: Tally): Promise<void> {
  tally.sent++;
  const problem = await findProblem(target, agent, input, tally).catch(String);
  if (problem === undefined) return;
  const { path, headers = {}, body } = input;
  tally.violations.push(`${problem}: ${path} ${JSON.stringify(headers)} ${body.toString('base64')}`);
}

async function findProblem(
  target: Target,
  agent: http.Agent,
  input: Input,
  { statuses }: Tally,
): Promise<string | undefined> {
  const { status, body } = await send(target.handlerUrl, input, agent);
  statuses.set(status, (statuses.get(status) ?? 0) + 1);
  if (status >= 500) return `status ${status}`;
  const requestId = await validRequestId(target, input);
  if (status === 200) return readSignedAnswer({ status, body }, requestId, target.callbackPublicKeys).problem;
  if (!body.startsWith('{"code":')) return `status ${status} with the body ${body.slice(0, 80)}`;
  // jose ignores white space in a signature; the handler does not.
  const hasSpace = /\s/.test(input.body.toString('latin1').trim());
  return requestId !== undefined && status === 401 && !hasSpace ? 'a valid token was refused' : undefined;
}

/** @returns the request's id if jose verifies the token and its times are right, so that a signature is due */
async function validRequestId({ cosigner }: Target, { body }: Input): Promise<string | undefined> {
  try {
    const token = body.toString('latin1').trim();
    const { payload } = await compactVerify(token, cosigner.publicKey, { algorithms: ['RS256'] });
    const claims = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload)) as Record<
      string,
      unknown
    >;
    const { requestId, exp, nbf } = claims;
    const now = Date.now() / 1000;
    const timely =
      isTimely(exp, (time) => time > now - TOLERANCE) && isTimely(nbf, (time) => time < now + TOLERANCE);
    return typeof requestId === 'string' && requestId !== '' && timely ? requestId : undefined;
  } catch {
    return undefined;
  }
}

/** Seconds by which clocks may differ. */
const TOLERANCE = 30;

function isTimely(claim: unknown, isRight: (time: number) => boolean): boolean {
  return (
    claim === undefined || claim === null || claim === '' || (typeof claim === 'number' && isRight(claim))
  );
}

interface Reply {
  readonly status: number;
  readonly body: string;
}

function send(
  url: string,
  { body, path = '/callback', headers = {} }: Input,
  agent: http.Agent,
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const request = http.request(`${url}${path}`, { method: 'POST', agent, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() }),
      );
      response.on('error', reject);
    });
    request.on('error', reject);
    request.end(body);
  });
}

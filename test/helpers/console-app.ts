// The console in this process, on a store in memory, with people whose passkeys are software.
import type { FastifyInstance, InjectOptions } from 'fastify';
import type { Test } from 'tap';
import { challengeOf, type Verdict } from '../../src/approvals/statement.js';
import { buildConsole } from '../../src/console/app.js';
import { askedOf, hashOf } from '../../src/memory/recall.js';
import { parsePolicy } from '../../src/policy/parse/file.js';
import { parseRequest } from '../../src/protocol/request.js';
import { personKey } from '../../src/store/keys.js';
import type { ServerCertificate } from '../../src/tls/certificate.js';
import type { Overrides } from './authenticator.js';
import { createPeople, heldPolicy, ORIGIN, type PersonName, type PolicyParts } from './held-people.js';
import { memoryLog } from './log.js';
import { MemoryBlobs } from './memory-blobs.js';
import { MemoryTable } from './memory-table.js';
import { type Payload, worldOn, worldState } from './memory-world.js';

const HOST = new URL(ORIGIN).host;
const START = Date.parse('2026-11-26T10:00:00Z');

export interface Answered {
  readonly status: number;
  readonly body: string;
  readonly json: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, unknown>>;
}

export interface Trick extends Overrides {
  /** What is signed instead. */
  readonly signs?: Buffer;
  /** Whose passkey signs. */
  readonly by?: PersonName;
}

export async function consoleApp(t: Test, parts: PolicyParts = {}) {
  const people = createPeople();
  const policyOf = (changed: PolicyParts) =>
    parsePolicy(heldPolicy(people, { ...parts, ...changed }), 'test');
  const state = worldState('version: 1\nrules: []\n', START);
  state.policy = policyOf({});
  state.origin = ORIGIN;
  const table = new MemoryTable({ now: () => state.now });
  const blobs = new MemoryBlobs();
  const { log, lines } = memoryLog();
  const lifecycle = { stopping: false };
  const start = (certificate?: ServerCertificate) =>
    buildConsole({
      ...{ table, blobs, log, lifecycle, origin: ORIGIN, now: () => new Date(state.now) },
      policy: {
        get current() {
          return state.policy;
        },
      },
      candidate: { current: undefined },
      certificate,
    });
  const app = await start();
  t.teardown(async () => {
    await app.close();
    await table.close();
  });
  const handler = worldOn(table, state, blobs).process();
  const client = clientOf(app);
  const hash = (payload: Payload): string => hashOf(askedOf(parseRequest(payload)));
  return {
    ...{ app, start, state, table, lines, lifecycle, people, policyOf, hash },
    ...client,
    /** Asks as the Co-signer does. @returns what was decided */
    ask: async (payload: Payload) => (await handler.ask(payload)).decision,
    /** @returns the cookie of the session */
    async signIn(name: PersonName, trick: Trick = {}): Promise<string> {
      const answered = await client.post('/sign-in', await this.signInBody(name, trick));
      return cookieIn(answered);
    },
    /** What the browser posts to sign in. */
    async signInBody(name: PersonName, { signs, by = name, ...overrides }: Trick = {}) {
      const { sealed, publicKey } = (await client.post('/sign-in/options', {})).json;
      const { challenge } = publicKey as { readonly challenge: string };
      return { sealed, credential: people[by][0].sign(signs ?? challenge, overrides) };
    },
    /** Posts a person's decision. */
    async decide(name: PersonName, verdict: Verdict, payload: Payload, given: Decide): Promise<Answered> {
      const { cookie, about = payload, signs, by = name, reason, ...overrides } = given;
      const challenge = signs ?? challengeOf({ verdict, request: hash(payload), approver: name });
      const credential = people[by][0].sign(challenge, overrides);
      const path = `/holds/${encodeURIComponent(String(about['requestId']))}/decisions`;
      return client.post(path, { hash: hash(about), verdict, reason, credential }, { cookie });
    },
    /** @returns what is stored of a person's decision */
    async stored(name: PersonName, payload: Payload): Promise<string | undefined> {
      const [item] = await table.read([personKey(hash(payload), name)]);
      return item?.data;
    },
  };
}

export interface Decide extends Trick {
  readonly cookie: string;
  /** The request that the decision is posted for. */
  readonly about?: Payload;
  readonly reason?: string;
}

/** What a browser does. */
export function clientOf(app: FastifyInstance) {
  const send = async (options: InjectOptions): Promise<Answered> => {
    const { statusCode: status, body, headers } = await app.inject(options);
    const isJson = String(headers['content-type']).startsWith('application/json');
    return { status, body, headers, json: isJson ? (JSON.parse(body) as Record<string, unknown>) : {} };
  };
  type Headers = Readonly<Record<string, string>>;
  return {
    get: (url: string, headers: Headers = {}) => send({ url, headers: { host: HOST, ...headers } }),
    post: (url: string, payload: object | string, headers: Headers = {}) =>
      send({
        ...{ method: 'POST', url, payload },
        headers: { host: HOST, origin: ORIGIN, 'content-type': 'application/json', ...headers },
      }),
  };
}

export function cookieIn({ headers }: Answered): string {
  const cookie = headers['set-cookie'];
  return typeof cookie === 'string' ? (cookie.split(';')[0] ?? '') : '';
}

// Decides with a memory: read, decide, sign, write, and only then answer. A conflict with another decision starts it anew.
import type { Logger } from 'pino';
import type { Signed } from '../chain/read.js';
import type { PolicyDecision } from '../policy/evaluate/decide.js';
import type { Memory } from '../policy/evaluate/memory.js';
import { type Policy, type RuleDecision, signedBy } from '../policy/evaluate/rules.js';
import { counterId } from '../policy/limits/counter.js';
import { type Answer, assertAllowed, toAnswer } from '../protocol/decision.js';
import type { SigningKey, VerifyingKey } from '../protocol/key.js';
import type { CallbackRequest } from '../protocol/request.js';
import { StoreError } from '../store/error.js';
import type { Entry, Journal, PlacedWrite } from '../store/journal.js';
import { answerKey } from '../store/keys.js';
import type { Write, Table } from '../store/table.js';
import { KeyLock } from './key-lock.js';
import type { Keeper } from './keeper.js';
import {
  type Asked,
  askedOf,
  hashOf,
  type Question,
  questionOf,
  recall,
  type Recalled,
  withVotes,
} from './recall.js';
import { type Decided as People, logUnverified, NOBODY, readPeople } from './people.js';
import { type Decision, recordOf } from './record.js';
import { isFinal, macKeyFrom, readStoredAnswer, storedAnswerToData } from './stored-answer.js';
import { effectsOf, keptUntil, recordedUntil } from './writes.js';

export interface MemoryOptions {
  readonly table: Table;
  readonly journal: Journal;
  /** Keeps policies and public keys. */
  readonly keeper: Keeper;
  /** Whether the store has lost something, so that nothing may be decided. */
  readonly loss: { readonly isLost: boolean; report(): void };
  readonly policy: { readonly current: Policy };
  /** What overrides policy and memory. */
  readonly emergency: () => PolicyDecision | undefined;
  readonly decideBy: (
    policy: Policy,
    request: CallbackRequest,
    now: Date,
    memory: Memory,
    signed: Signed | undefined,
  ) => RuleDecision;
  /** Of the console, where people decide; `undefined`: no decision of a person counts. */
  readonly origin: string | undefined;
  readonly retentionDays: number;
  readonly log: Logger;
  /** @default the system's clock */
  readonly now?: () => Date;
}

/** How a request came, and how it is answered. */
export interface Exchange {
  readonly auth: 'jwt' | 'json';
  /** The body as it was received. */
  readonly body: string;
  readonly cosignerKey: VerifyingKey | undefined;
  readonly callbackKey: SigningKey;
  readonly encode: (answer: Answer) => string | Promise<string>;
  /** On the clock of `performance.now()`: nothing is begun after it. */
  readonly deadline: number;
}

export interface Remembered {
  readonly decision: PolicyDecision;
  /** The body to send. */
  readonly answer: string;
  /** Whether it is the answer that was given before. */
  readonly repeated: boolean;
}

export class DecisionMemory {
  readonly #options: MemoryOptions;
  readonly #lock = new KeyLock();

  constructor(options: MemoryOptions) {
    this.#options = options;
  }

  /**
   * Decides, and remembers the decision before it returns.
   * @throws {StoreError} if the store fails or has lost something, or time is short
   * @throws {Error} any other; nothing final has been answered then
   */
  async decide(request: CallbackRequest, exchange: Exchange): Promise<Remembered> {
    const asked = askedOf(request);
    for (let attempt = 1; ; attempt++) {
      assertTime(exchange);
      this.#assertNotLost();
      const emergency = this.#options.emergency();
      const done =
        emergency === undefined
          ? await this.#decideByPolicy(asked, exchange)
          : await this.#remember(asked, exchange, { decision: emergency, now: this.#now() });
      if (done !== 'conflict') return done;
      const { requestId } = request;
      this.#options.log.info(
        { event: 'store_conflict', requestId, attempt },
        'decided anew after a conflict',
      );
    }
  }

  async #decideByPolicy(asked: Asked, exchange: Exchange): Promise<Remembered | 'conflict'> {
    const { policy: source, table, journal } = this.#options;
    const policy = source.current;
    const now = this.#now();
    const signed = signedBy(policy, asked.request);
    const question = questionOf(policy, asked.request, now, signed);
    return this.#lock.run(lockedKeys(asked, question), async () => {
      assertTime(exchange);
      const recalled = await recall(table, asked, question, journal.checkHead());
      if (!recalled.isCurrent) {
        this.#options.loss.report();
        this.#assertNotLost();
      }
      const answered = await this.#answered(asked, exchange, recalled);
      if (answered !== undefined) return answered;
      return this.#decideAnew(asked, exchange, { policy, now, signed, question, recalled });
    });
  }

  /** @returns the stored answer, if it is the handler's own */
  async #answered(
    asked: Asked,
    exchange: Exchange,
    { answer: item }: Recalled,
  ): Promise<Remembered | undefined> {
    if (item === undefined) return undefined;
    const stored = readStoredAnswer(item.data, contextOf(asked), macKeyFrom(exchange.callbackKey.key));
    if ('problem' in stored) {
      this.#options.log.error(
        { event: 'stored_answer_unverified', requestId: asked.request.requestId, reason: stored.problem },
        'a stored answer is not this handler’s own, and was not repeated; the request was decided anew',
      );
      return undefined;
    }
    const { action, answer, auth } = stored;
    const { requestId } = asked.request;
    // After the operator changed the mode, that body would not be understood: the same answer, in the other form.
    const body = auth === exchange.auth ? answer : await exchange.encode({ action, requestId });
    return { decision: { action }, answer: body, repeated: true };
  }

  async #decideAnew(
    asked: Asked,
    exchange: Exchange,
    { policy, now, signed, question, recalled }: Basis,
  ): Promise<Remembered | 'conflict'> {
    const { origin, retentionDays, decideBy } = this.#options;
    const people = await this.#people(asked, policy, question, recalled);
    const memory = withVotes(recalled.memory, people.votes);
    const known = { ...recalled, memory };
    const decision = decideBy(policy, asked.request, now, memory, signed);
    const effects = effectsOf({ ...asked, ...question, policy, decision, now, people, retentionDays }, known);
    return this.#remember(asked, exchange, {
      ...{ decision, now, policy, memory, recalled: known },
      ...effects,
      people: { origin, decisions: people.decisions },
    });
  }

  /** Of a request that was not held before nobody's decision is looked for. */
  async #people(asked: Asked, policy: Policy, { approvers }: Question, { held }: Recalled): Promise<People> {
    if (held === undefined) return NOBODY;
    const { table, origin, log } = this.#options;
    return readPeople(table, { policy, approvers, hash: hashOf(asked), origin }, (unverified) =>
      logUnverified(log, asked.request.requestId, unverified),
    );
  }

  /** Signs the answer, and writes everything. */
  async #remember(
    asked: Asked,
    exchange: Exchange,
    made: Omit<Made, 'answer'>,
  ): Promise<Remembered | 'conflict'> {
    const { journal, keeper, retentionDays } = this.#options;
    const { decision, now, policy } = made;
    assertAllowed(decision, asked.request);
    let answer = '';
    const entry = async (): Promise<Entry> => {
      [answer] = await Promise.all([
        exchange.encode(toAnswer(decision, asked.request.requestId)),
        keeper.keep(exchange, policy, now),
      ]);
      assertTime(exchange);
      return {
        writes: made.writes ?? [],
        placed: made.placed ?? answerWrite(asked, exchange, { ...made, answer }, retentionDays),
        body: recordOf(asked, exchange, { ...made, answer }),
        expires: recordedUntil(now, retentionDays),
      };
    };
    const outcome = await journal.append(entry());
    return outcome === 'conflict' ? outcome : { decision, answer, repeated: false };
  }

  #assertNotLost(): void {
    if (this.#options.loss.isLost) throw new StoreError('the store has lost what was remembered');
  }

  #now(): Date {
    return this.#options.now?.() ?? new Date();
  }
}

interface Made extends Decision {
  /** Absent if something overrode the policy: what it answers is not what would be answered after it. */
  readonly recalled?: Recalled;
  readonly policy?: Policy;
  readonly writes?: readonly Write[];
  /** Of a RETRY, which has no answer to store. */
  readonly placed?: PlacedWrite;
}

interface Basis {
  readonly policy: Policy;
  readonly now: Date;
  readonly signed: Signed | undefined;
  readonly question: Question;
  readonly recalled: Recalled;
}

/** The size of a stored answer beside the answer itself, in bytes: more than it needs. */
const ANSWER_BYTES = 500;

/** A final answer, which is given again to the same request. */
function answerWrite(
  asked: Asked,
  { auth, callbackKey }: Exchange,
  { decision: { action }, answer, recalled, now }: Made,
  retentionDays: number,
): PlacedWrite | undefined {
  if (recalled === undefined || !isFinal(action)) return undefined;
  const { request, stage, content } = asked;
  const key = answerKey(request.kind, request.requestId, stage, content);
  const put = { type: 'put', ...key, seen: recalled.versionOf(key) } as const;
  const expires = keptUntil(now, retentionDays);
  return {
    key,
    bytes: Buffer.byteLength(answer) + ANSWER_BYTES,
    put: (place) => {
      const macKey = macKeyFrom(callbackKey.key);
      return {
        ...put,
        expires,
        data: storedAnswerToData({ action, answer, auth }, contextOf(asked), place, macKey),
      };
    },
  };
}

function contextOf({ request: { kind, requestId }, stage, content }: Asked) {
  return { kind, requestId, stage, content };
}

/** What only one request at a time may be decided about. */
function lockedKeys({ subject }: Asked, { claims, expectedIds, proof }: Question): readonly string[] {
  return [
    `subject ${subject}`,
    ...claims.map((claim) => `counter ${counterId(claim)}`),
    ...expectedIds.map((id) => `expected ${id}`),
    ...(proof === undefined ? [] : [`proof ${proof}`]),
  ];
}

function assertTime({ deadline }: Exchange): void {
  if (performance.now() > deadline) throw new StoreError('there was no time left to remember a decision');
}

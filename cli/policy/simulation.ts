// Remembers what a policy approves, as the store does for the service: for test cases and replays. What is remembered,
// and what it means, is the service’s own code; only the items are kept in memory.
import type { Vote } from '../../src/approvals/quorum.js';
import type { Signed } from '../../src/chain/read.js';
import { NOBODY } from '../../src/memory/people.js';
import {
  type Asked,
  askedOf,
  type Question,
  questionOf,
  type Recalled,
  recalledFrom,
  relatedIn,
} from '../../src/memory/recall.js';
import { isFinal } from '../../src/memory/stored-answer.js';
import { effectsOf } from '../../src/memory/writes.js';
import type { Memory } from '../../src/policy/evaluate/memory.js';
import { decideBy, type Policy, type RuleDecision } from '../../src/policy/evaluate/rules.js';
import { counterToJson } from '../../src/policy/limits/counter-json.js';
import { bucketAt } from '../../src/policy/limits/window.js';
import type { Decimal } from '../../src/protocol/decimal.js';
import type { CallbackRequest } from '../../src/protocol/request.js';
import { answerKey, counterKey, expectedKey } from '../../src/store/keys.js';
import type { Item, Key } from '../../src/store/table.js';

/** A request at the time of its decision. */
interface Moment extends Pick<Asked, 'request'> {
  readonly now: Date;
  /** What a transaction signs. */
  readonly signed: Signed | undefined;
}

/** And where it stands. */
export interface Occasion extends Moment, Asked {
  /** What people have decided about this request: taken as verified. It matters only if a rule holds the request. */
  readonly people?: readonly Vote[];
}

/** An announced transaction, as it is stored. */
export interface Announced {
  /** Its `externalTxId` or `txId`. */
  readonly id: string;
  /** JSON. */
  readonly data: string;
  /** Absent: it does not expire. */
  readonly expires: Date | undefined;
}

/** What is remembered at an occasion. */
export interface Recollection {
  readonly occasion: Occasion;
  readonly question: Question;
  readonly recalled: Recalled;
}

/** What the service would answer, and what it knew. */
export interface Simulated {
  readonly decision: RuleDecision;
  readonly memory: Memory;
}

/** How long the service keeps records by default. Here, nothing is forgotten. */
const RETENTION_DAYS = 400;

/** There are no records. */
const NO_RECORD = { writer: '', sequence: 0 };

/** @throws {Refusal} if the request is nested too deeply; the service refuses it, too */
export function occasionOf(
  request: CallbackRequest,
  now: Date,
  signed: Signed | undefined,
  held: Pick<Occasion, 'people'> = {},
): Occasion {
  return { ...askedOf(request), now, signed, ...held };
}

export class Simulation {
  readonly #policy: Policy;
  readonly #items = new Map<string, Item>();
  /** Final decisions, by the key of their answer. */
  readonly #answers = new Map<string, RuleDecision>();

  constructor(policy: Policy) {
    this.#policy = policy;
  }

  announce(announced: readonly Announced[]): void {
    for (const { id, data } of announced) this.#put(expectedKey(id), data);
  }

  /** Sets what others have spent, in the counters that this request belongs to. @param spent keyed by limit */
  setSpent(spent: ReadonlyMap<string, Decimal>, { request, now, signed }: Moment): void {
    for (const { limit: name, key } of questionOf(this.#policy, request, now, signed).claims) {
      const amount = spent.get(name);
      const limit = this.#policy.limits.find((each) => each.name === name);
      if (amount === undefined || limit === undefined) continue;
      const bucket = { ...bucketAt(limit.window, now.getTime()), sum: amount };
      this.#put(counterKey(name, key), JSON.stringify(counterToJson({ buckets: [bucket] })));
    }
  }

  /** Decides as the service would, and remembers it. The same request gets the same final answer again. */
  decide(occasion: Occasion): Simulated {
    const recollection = this.recall(occasion);
    const { memory } = recollection.recalled;
    const key = textOf(answerKeyOf(occasion));
    const answered = this.#answers.get(key);
    if (answered !== undefined) return { decision: answered, memory };
    const { request, now, signed } = occasion;
    const decision = decideBy(this.#policy, request, now, signed, undefined, memory);
    if (isFinal(decision.action)) this.#answers.set(key, decision);
    this.remember(recollection, decision);
    return { decision, memory };
  }

  /** What the service would remember before it decides. */
  recall(occasion: Occasion): Recollection {
    const { request, now, signed } = occasion;
    const question = questionOf(this.#policy, request, now, signed);
    const items = { get: (key: Key) => this.#items.get(textOf(key)) };
    const related = relatedIn(items, occasion, question);
    const recalled = recalledFrom(items, occasion, question, related);
    const memory = withPeople(recalled.memory, occasion);
    return { occasion, question, recalled: { answer: undefined, isCurrent: true, ...recalled, memory } };
  }

  /** Remembers a decision, as the service would. */
  remember(
    { occasion, question, recalled }: Recollection,
    decision: Pick<RuleDecision, 'action'> & Partial<Pick<RuleDecision, 'rule' | 'hold'>>,
  ): void {
    const context = { policy: this.#policy, retentionDays: RETENTION_DAYS, people: NOBODY };
    const { writes, placed } = effectsOf({ ...occasion, ...question, ...context, decision }, recalled);
    const first = placed === undefined ? [] : [placed.put(NO_RECORD)];
    for (const write of [...writes, ...first]) if (write.type === 'put') this.#put(write, write.data);
  }

  #put(key: Key, data: string): void {
    const { partition, sort } = key;
    const { version = 0 } = this.#items.get(textOf(key)) ?? {};
    this.#items.set(textOf(key), { partition, sort, data, version: version + 1 });
  }
}

/** Who decides about a request has been asked before. */
function withPeople(memory: Memory, { people: votes, now }: Occasion): Memory {
  if (votes === undefined) return memory;
  const { since = now.getTime() } = memory.people;
  return { ...memory, people: { ...memory.people, since, votes } };
}

function answerKeyOf({ request: { kind, requestId }, stage, content }: Occasion): Key {
  return answerKey(kind, requestId, stage, content);
}

function textOf({ partition, sort }: Key): string {
  return `${partition}\n${sort}`;
}

// Decides each request a second time, by the candidate, after the answer has been sent, and logs where it would differ.
// The candidate decides nothing: it can't change an answer, and what it costs is bounded.
import { isDeepStrictEqual } from 'node:util';
import type { Logger } from 'pino';
import type { Signed } from '../chain/read.js';
import type { PolicyDecision } from '../policy/evaluate/decide.js';
import type { Memory } from '../policy/evaluate/memory.js';
import { decideBy, type Policy, type RuleDecision, signedBy } from '../policy/evaluate/rules.js';
import type { CallbackRequest } from '../protocol/request.js';
import { shorten } from './decision-line.js';

/**
 * Comparisons may take this share of the process's CPU time, so that under full load, on any machine, they cost little of
 * the throughput, and some of the time in which the process has nothing to do.
 */
const SHARE_OF_CPU = 0.03;
const SHARE_OF_IDLE = 0.02;
/** How much of it may be saved up, in ms. */
const MAX_CREDIT_MS = 60;
/** How often to look how much it is, in ms: that takes 5 µs, and a request less than 1 ms. */
const EARN_EVERY_MS = 10;
/** Comparisons that may wait, and the bytes of their requests. Under load, further ones are skipped. */
const MAX_WAITING = 100;
const MAX_WAITING_BYTES = 1024 * 1024;
/** How long comparisons may keep requests waiting in one turn of the event loop, in ms. */
const MAX_TURN_MS = 5;
/** A comparison that takes longer is slow, in ms. */
const SLOW_MS = 50;
/** No rule of the candidate is evaluated after this time, in ms. */
const MAX_DECISION_MS = 200;
/** A comparison that takes longer suspends the candidate at once, in ms. */
const MUCH_TOO_SLOW_MS = 500;
/** This many slow ones among so many comparisons suspend the candidate. A pause of the process makes one slow, too. */
const MAX_SLOW = 3;
const SLOW_AMONG = 100;
/** How often skipped comparisons are logged, in ms. */
const REPORT_MS = 60_000;

export interface ComparisonOptions {
  /** The candidate now, if there is one. */
  readonly candidate: { readonly current: Policy | undefined };
  readonly log: Logger;
  /** A monotonic clock, in ms. */
  readonly now?: () => number;
  /** The time that comparisons may have taken since the process started, in ms. */
  readonly allowance?: () => number;
  /** How often skipped comparisons are logged, in ms. */
  readonly reportMs?: number;
}

/** What a decision was made of. */
interface Basis {
  readonly policy: Policy;
  readonly now: Date;
  readonly signed: Signed | undefined;
  /**
   * As read for the policy in force: counters of limits that only the candidate has are empty, and nobody has decided
   * about what only the candidate holds.
   */
  readonly memory: Memory | undefined;
}

interface Waiting extends Basis {
  readonly request: CallbackRequest;
  readonly decision: PolicyDecision;
  readonly bytes: number;
}

/** How the comparison with one candidate goes. */
interface Progress {
  compared: number;
  slow: number;
  suspended: boolean;
  /** Whether it reads the same from what is signed as another policy, so that it need not be read again. */
  readonly readsLike: WeakMap<Policy, boolean>;
}

export class Comparison {
  readonly #candidate: ComparisonOptions['candidate'];
  readonly #log: Logger;
  readonly #now: () => number;
  readonly #allowance: () => number;
  readonly #reportMs: number;
  /** Of decisions by the policy only: an emergency stop's answer is the same whatever the policy says. */
  readonly #bases = new WeakMap<PolicyDecision, Basis>();
  #waiting: Waiting[] = [];
  #waitingBytes = 0;
  /** What comparisons may take now, in ms; negative after one that took longer. */
  #creditMs = MAX_CREDIT_MS;
  #allowedMs: number;
  #earnedAt = -Infinity;
  /** Of each candidate. Weak, because a policy with long lists must not outlast its use. */
  readonly #progress = new WeakMap<Policy, Progress>();
  #skipped = 0;

  constructor({
    candidate,
    log,
    now = () => performance.now(),
    allowance = spareTime,
    reportMs = REPORT_MS,
  }: ComparisonOptions) {
    this.#candidate = candidate;
    // Written at every level, like the decisions that they belong to.
    this.#log = log.isLevelEnabled('info') ? log : log.child({}, { level: 'info' });
    this.#now = now;
    this.#allowance = allowance;
    this.#allowedMs = allowance();
    this.#reportMs = reportMs;
  }

  /** The candidate that requests are compared with: `undefined` if there is none, or while it is suspended. */
  get candidate(): Policy | undefined {
    const { current } = this.#candidate;
    return current === undefined || this.#progress.get(current)?.suspended === true ? undefined : current;
  }

  /** Decides by the policy in force, and remembers what the decision was made of if there is a candidate. */
  decideBy(
    policy: Policy,
    request: CallbackRequest,
    now: Date,
    memory?: Memory,
    signed = signedBy(policy, request),
  ): RuleDecision {
    const decision = decideBy(policy, request, now, signed, Infinity, memory);
    if (this.candidate === undefined) return decision;
    if (this.#isSpent()) this.#skip(1);
    else this.#bases.set(decision, { policy, now, signed, memory });
    return decision;
  }

  /**
   * Compares a decision that has been answered, in a later turn of the event loop. Never throws. Decisions that the
   * policy did not make are not compared.
   * @param bytes of the request's body
   */
  compareLater(request: CallbackRequest, decision: PolicyDecision, bytes: number): void {
    const basis = this.#bases.get(decision);
    if (basis === undefined || this.candidate === undefined) return;
    const isFull = this.#waiting.length >= MAX_WAITING || this.#waitingBytes + bytes > MAX_WAITING_BYTES;
    if ((isFull && this.#waiting.length > 0) || this.#isSpent()) {
      this.#skip(1);
      return;
    }
    this.#waiting.push({ ...basis, request, decision, bytes });
    this.#waitingBytes += bytes;
    if (this.#waiting.length === 1) setImmediate(() => this.#compareWaiting());
  }

  /** Compares what waits, and reports what was skipped, at once: for a process that may stand still now. */
  settle(): void {
    while (this.#waiting.length > 0) this.#compareWaiting();
    this.#reportSkipped();
  }

  #compareWaiting(): void {
    const startedAt = this.#now();
    let compared = 0;
    for (const waiting of this.#waiting) {
      if (compared > 0 && (this.#isSpent() || this.#now() - startedAt > MAX_TURN_MS)) break;
      compared++;
      this.#waitingBytes -= waiting.bytes;
      const candidate = this.candidate;
      if (candidate !== undefined) this.#measure(candidate, waiting);
    }
    this.#waiting = this.#waiting.slice(compared);
    if (this.#isSpent()) {
      this.#skip(this.#waiting.length);
      this.#waiting = [];
      this.#waitingBytes = 0;
    } else if (this.#waiting.length > 0) setImmediate(() => this.#compareWaiting());
  }

  #measure(candidate: Policy, waiting: Waiting): void {
    const startedAt = this.#now();
    this.#compare(candidate, waiting);
    const ms = this.#now() - startedAt;
    this.#creditMs -= ms;
    const progress = this.#progressOf(candidate);
    if (progress.compared++ % SLOW_AMONG === 0) progress.slow = 0;
    if (ms > SLOW_MS) progress.slow++;
    if (progress.slow < MAX_SLOW && ms <= MUCH_TOO_SLOW_MS) return;
    progress.suspended = true;
    this.#log.warn(
      { event: 'candidate_suspended', candidate: candidate.hash, slow: progress.slow, limitMs: SLOW_MS },
      `the candidate is no longer compared, because ${count(progress.slow)} longer than ${SLOW_MS} ms; it decided nothing. Store another one`,
    );
  }

  #progressOf(candidate: Policy): Progress {
    let progress = this.#progress.get(candidate);
    if (progress === undefined) {
      progress = { compared: 0, slow: 0, suspended: false, readsLike: new WeakMap() };
      this.#progress.set(candidate, progress);
    }
    return progress;
  }

  #compare(candidate: Policy, waiting: Waiting): void {
    const { policy, request, decision } = waiting;
    const other = this.#decide(candidate, waiting);
    const failsAlone = other.ruleError !== undefined && decision.ruleError === undefined;
    if (other.action === decision.action && !failsAlone) return;
    const { action, rule, ruleError } = other;
    this.#log.info(
      {
        event: 'candidate_differs',
        requestId: shorten(request.requestId),
        txId: shorten(request.payload['txId']),
        action: decision.action,
        rule: decision.rule,
        policy: policy.hash,
        candidate: { action, rule, policy: candidate.hash, ruleError },
      },
      `the candidate would have decided ${action} by ${rule} instead of ${decision.action} by ${decision.rule ?? 'none'}`,
    );
  }

  /** A failure is the RETRY that the service would have answered. */
  #decide(
    candidate: Policy,
    { policy, request, now, signed, memory }: Waiting,
  ): Pick<RuleDecision, 'action' | 'rule' | 'ruleError'> {
    try {
      const read = this.#readAlike(policy, candidate) ? signed : undefined;
      return decideBy(candidate, request, now, read, performance.now() + MAX_DECISION_MS, memory);
    } catch (error) {
      const ruleError = `the decision failed: ${error instanceof Error ? error.name : 'unknown error'}`;
      return { action: 'RETRY', rule: 'none', ruleError };
    }
  }

  #readAlike(policy: Policy, candidate: Policy): boolean {
    const { readsLike } = this.#progressOf(candidate);
    let alike = readsLike.get(policy);
    if (alike === undefined) {
      alike = isDeepStrictEqual(policy.catalog, candidate.catalog);
      readsLike.set(policy, alike);
    }
    return alike;
  }

  #isSpent(): boolean {
    if (this.#creditMs > 0) return false;
    const now = this.#now();
    if (now - this.#earnedAt < EARN_EVERY_MS) return true;
    this.#earnedAt = now;
    const allowedMs = this.#allowance();
    this.#creditMs = Math.min(MAX_CREDIT_MS, this.#creditMs + allowedMs - this.#allowedMs);
    this.#allowedMs = allowedMs;
    return this.#creditMs <= 0;
  }

  #skip(count: number): void {
    if (count === 0) return;
    if (this.#skipped === 0) setTimeout(() => this.#reportSkipped(), this.#reportMs).unref();
    this.#skipped += count;
  }

  #reportSkipped(): void {
    if (this.#skipped === 0) return;
    this.#log.info(
      { event: 'candidate_skipped', skipped: this.#skipped },
      `${this.#skipped} decisions were not compared with the candidate, because the service is busy`,
    );
    this.#skipped = 0;
  }
}

function count(slow: number): string {
  return slow === 1 ? 'one of its decisions took much' : `${slow} of its decisions took`;
}

/** @returns the time that comparisons may have taken since the process started, in ms */
export function spareTime(): number {
  const { user, system } = process.cpuUsage();
  return SHARE_OF_CPU * ((user + system) / 1000) + SHARE_OF_IDLE * performance.eventLoopUtilization().idle;
}

// Notifies people of one request, once: a mark in the store says which console does it, and whether it was done.
import type { Logger } from 'pino';
import { type HeldState, readHeld, readWaiting, type Waiting } from '../../memory/held.js';
import { heldKey, notifiedKey } from '../../store/keys.js';
import type { Item, Key } from '../../store/table.js';
import { readDecision, type RecordStore, requestOf } from '../records.js';
import { type Channel, NotifyError } from './channel.js';
import { type Mark, MAX_TRIES, nextStep, pauseAfter } from './mark.js';
import { type Notice, noticeOf } from './notice.js';
import { holdExpiryOf } from './waiting-list.js';

export interface NotifierOptions {
  readonly store: RecordStore;
  /** At least one. */
  readonly channels: readonly Channel[];
  /** Of the console, for links. */
  readonly origin: string;
  readonly log: Logger;
  readonly now: () => Date;
}

/** When to look again, Unix time in ms; `undefined`: nothing is left to do. */
export type LookAgain = number | undefined;

/** How much longer than the list's entry a mark is kept, in s. */
const KEPT_SECONDS = 86_400;

interface Claim {
  readonly key: Key;
  /** Of the item, after the claim. */
  readonly version: number;
  readonly mark: Mark;
  readonly expires: number | undefined;
}

export class Notifier {
  readonly #options: NotifierOptions;

  constructor(options: NotifierOptions) {
    this.#options = options;
  }

  /** @param item of the list of waiting requests @throws {StoreError} */
  async notify(item: Item): Promise<LookAgain> {
    const waiting = readWaiting(item.data);
    const { kind, requestId, hash } = waiting;
    const key = notifiedKey(hash);
    const [heldItem, marked] = await this.#options.store.table.read([heldKey(kind, requestId, hash), key]);
    const held = heldItem && readHeld(heldItem.data);
    // It has its answer.
    if (held === undefined || held.done !== undefined) return undefined;
    const now = this.#now();
    const next = nextStep(marked?.data, held.hold, now);
    if (next.do !== 'send') return next.do === 'wait' ? next.until : undefined;
    const { tries, told } = next;
    const mark: Mark = { state: 'sending', at: now, tries, hold: held.hold, told };
    const claim: Claim = {
      ...{ key, mark, version: (marked?.version ?? 0) + 1 },
      expires: item.expires === undefined ? undefined : item.expires + KEPT_SECONDS,
    };
    // Another console was faster: it notifies them, unless it dies.
    if (!(await this.#put(claim, mark, claim.version - 1))) return now;
    return this.#send(claim, await this.#notice(item, waiting, held));
  }

  async #notice(item: Item, waiting: Waiting, held: HeldState): Promise<Notice> {
    const { store, origin } = this.#options;
    // People are notified in any case, without an amount if need be.
    const record = await readDecision(store, held.record).catch(() => undefined);
    const request = record && requestOf(record);
    return noticeOf({ waiting, held, request, origin, expires: holdExpiryOf(item) });
  }

  async #send(claim: Claim, notice: Notice): Promise<LookAgain> {
    const { channels, log } = this.#options;
    const { mark } = claim;
    const sent = await Promise.all(
      channels.map(async (channel) => {
        if (mark.told.includes(channel.name)) return { channel, reason: undefined };
        return { channel, reason: await failureOf(channel, notice) };
      }),
    );
    const failed = sent.filter(({ reason }) => reason !== undefined);
    const told = sent.filter(({ reason }) => reason === undefined).map(({ channel }) => channel.name);
    const isLast = mark.tries >= MAX_TRIES;
    const at = this.#now();
    const state = failed.length === 0 ? 'sent' : isLast ? 'given-up' : 'failed';
    const { requestId, rule, hold } = notice;
    const fields = { requestId, rule, hold, tries: mark.tries };
    if (state === 'sent') {
      log.info({ event: 'hold_notified', ...fields, channels: told }, `notified people of ${requestId}`);
    }
    const retryInMs = state === 'failed' ? pauseAfter(mark.tries) : undefined;
    for (const { channel, reason } of failed) {
      const line = { event: 'notify_failed', ...fields, channel: channel.name, reason, retryInMs };
      log[isLast ? 'error' : 'warn'](line, `people were not notified of ${requestId}: ${reason}`);
    }
    // If another console has taken over meanwhile, its mark stays.
    await this.#put(claim, { ...mark, state, at, told }, claim.version);
    return retryInMs === undefined ? undefined : at + retryInMs;
  }

  /** @param seen the version that it must have @returns whether it was written */
  async #put({ key, expires }: Claim, mark: Mark, seen: number): Promise<boolean> {
    const failed = await this.#options.store.table.write([
      {
        ...{ type: 'put', ...key, data: JSON.stringify(mark), seen },
        ...(expires !== undefined && { expires }),
      },
    ]);
    return failed.length === 0;
  }

  #now(): number {
    return this.#options.now().getTime();
  }
}

/** @returns why it did not arrive; `undefined` if it did */
async function failureOf(channel: Channel, notice: Notice): Promise<string | undefined> {
  try {
    await channel.send(notice);
    return undefined;
  } catch (error) {
    // Messages of other errors may quote what is secret.
    return error instanceof NotifyError ? error.message : 'unexpected error';
  }
}

// Compares stored answers with the records of the decisions that they answer, both ways.
import { keptUntil, recordedUntil } from '../../../src/memory/writes.js';
import { keyText } from '../../../src/store/chain.js';
import { answerKey, recordKey } from '../../../src/store/keys.js';
import type { DecisionRecord } from '../../../src/store/record.js';
import type { Item, Key } from '../../../src/store/table.js';
import { type AuditedStore, bodyOf, parseRecord } from '../store.js';
import { Digests } from './digests.js';
import type { Problem } from './problem.js';

/** A decision record in its place. */
export interface Placed {
  readonly writer: string;
  readonly sequence: number;
  readonly record: DecisionRecord;
}

interface NamedAnswer {
  readonly action: unknown;
  readonly answer: unknown;
  readonly record: { readonly writer: string; readonly sequence: number };
}

/** How much longer an answer is kept than its record, in seconds. */
const OUTLIVES_SECONDS = keptUntil(new Date(0), 0) - recordedUntil(new Date(0), 0);
const ANSWERS = 'A#';

export class Answers {
  readonly #store: AuditedStore;
  readonly #now: number;
  /** The keys of the answers that agree with the record in a place. */
  readonly #proven = new Digests();

  /** @param now Unix time in ms */
  constructor(store: AuditedStore, now: number) {
    this.#store = store;
    this.#now = now;
  }

  /** Looks for the stored answers of some decisions. @throws {StoreError} */
  async check(decisions: readonly Placed[]): Promise<readonly Problem[]> {
    const final = decisions.filter(({ record }) => isStored(record));
    if (final.length === 0) return [];
    const keys = new Map<string, Key>(final.map(({ record }) => [keyText(keyOf(record)), keyOf(record)]));
    const found = await this.#store.table.read([...keys.values()]);
    const items = new Map([...keys.keys()].map((text, place) => [text, found[place]]));
    return final.flatMap((placed) => this.#compare(placed, items.get(keyText(keyOf(placed.record)))));
  }

  #compare({ writer, sequence, record }: Placed, item: Item | undefined): readonly Problem[] {
    const problem = (message: string): readonly Problem[] => [{ writer, sequence, what: 'answer', message }];
    if (item === undefined) return problem('its stored answer is missing');
    const stored = parseAnswer(item.data);
    if (stored === undefined) return problem('its stored answer is malformed');
    // Another record of the same request has replaced it, which is compared in its own place.
    if (stored.record.writer !== writer || stored.record.sequence !== sequence) return [];
    if (!isSame(stored, record)) return problem('its stored answer is another one');
    this.#proven.set(writer, sequence, keyText(item));
    return [];
  }

  /**
   * Looks through all stored answers for those that no record has.
   * @param isNamed whether a missing record is a problem that is known already
   * @throws {StoreError}
   */
  async findPlanted(isNamed: (place: NamedAnswer['record']) => boolean): Promise<{
    readonly problems: readonly Problem[];
    readonly answers: number;
    /** Their records have expired, so nothing proves them. */
    readonly outlived: number;
  }> {
    const problems: Problem[] = [];
    let [answers, outlived] = [0, 0];
    for await (const item of this.#store.table.scan(ANSWERS)) {
      answers++;
      const stored = parseAnswer(item.data);
      const place = stored?.record ?? { writer: '', sequence: 0 };
      const planted = (message: string): void =>
        void problems.push({
          ...place,
          what: 'planted',
          message: `${message}: ${item.partition} ${item.sort}`,
        });
      if (stored === undefined) planted('a stored answer is malformed');
      else if (this.#proven.compare(place.writer, place.sequence, keyText(item)) !== 'same') {
        const judged = await this.#judge(item, stored, isNamed(place));
        if (judged === 'outlived') outlived++;
        else if (judged !== undefined) planted(judged);
      }
    }
    return { problems, answers, outlived };
  }

  /** @returns why an answer is planted; `undefined` if it is not */
  async #judge(
    { partition, sort, expires = Infinity }: Item,
    stored: NamedAnswer,
    isNamed: boolean,
  ): Promise<string | undefined> {
    const { writer, sequence } = stored.record;
    const [item] = await this.#store.table.read([recordKey(writer, sequence)]);
    if (item === undefined) {
      const isOutlived = (expires - OUTLIVES_SECONDS) * 1000 <= this.#now;
      if (isOutlived) return 'outlived';
      return isNamed ? undefined : 'a stored answer names a record that does not exist';
    }
    const parsed = parseRecord(item.data);
    const record = parsed === undefined ? undefined : await bodyOf(this.#store, parsed);
    // Whether it is the answer that the record has was compared with the record.
    const isOfRecord =
      record !== undefined &&
      'type' in record &&
      record.type === 'decision' &&
      isStored(record) &&
      keyText(keyOf(record)) === keyText({ partition, sort });
    return isOfRecord ? undefined : 'a stored answer is not the one of the record that it names';
  }
}

/** What overrides the policy is not stored, and a RETRY is not final. */
function isStored({ action, policy }: DecisionRecord): boolean {
  return policy !== undefined && action !== 'RETRY';
}

function keyOf({ kind, requestId, stage, content }: DecisionRecord): Key {
  return answerKey(kind, requestId, stage, content);
}

function isSame({ action, answer }: NamedAnswer, record: DecisionRecord): boolean {
  return action === record.action && answer === record.answer;
}

function parseAnswer(data: string): NamedAnswer | undefined {
  try {
    const value = JSON.parse(data) as Partial<NamedAnswer> | null;
    const { writer, sequence } = value?.record ?? {};
    const isValid = typeof writer === 'string' && Number.isSafeInteger(sequence) && Number(sequence) > 0;
    return isValid ? (value as NamedAnswer) : undefined;
  } catch {
    return undefined;
  }
}

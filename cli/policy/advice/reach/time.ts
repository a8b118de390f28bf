// The times to try for `now`: one for each combination of results of the comparisons that rules make.

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Days of the week and of the month coincide again after so many years. */
const CALENDAR_CYCLE = 28;
/** Instants further apart than this are not tried. */
const MAX_YEARS = 60;

/** What rules ask about `now`. */
export class TimeMentions {
  /** All comparisons. Times with the same results are alike. */
  readonly comparisons: ((now: Date) => number)[] = [];
  /** Instants that it is compared with, in ms. */
  readonly instants = new Set<number>();
  readonly minutes = new Set<number>();
  /** Whether a rule reads the hour. */
  readsHours = false;
  /** Whether a rule reads the month or its day. */
  readsDates = false;

  /** Whether `timesFor` finds a time for every combination of results. */
  get isComplete(): boolean {
    const instants = [...this.instants];
    return instants.length === 0 || Math.max(...instants) - Math.min(...instants) < MAX_YEARS * 365 * DAY;
  }
}

/** The start of the times that are tried if no rule names an instant: a Thursday. */
const START = Date.UTC(2026, 0, 1);

export function timesFor(mentions: TimeMentions): readonly Date[] {
  const times = new Map<string, Date>();
  for (const time of candidates(mentions)) {
    const now = new Date(time);
    const key = mentions.comparisons.map((compare) => compare(now)).join();
    if (!times.has(key)) times.set(key, now);
  }
  return [...times.values()];
}

function* candidates({
  instants,
  minutes,
  readsHours,
  readsDates,
  isComplete,
}: TimeMentions): Generator<number> {
  for (const instant of instants) yield* [instant - 1, instant, instant + 1];
  const span = (readsDates ? CALENDAR_CYCLE * 366 : 400) * DAY;
  const first = instants.size === 0 || !isComplete ? START : Math.min(...instants) - span;
  const last = (instants.size === 0 || !isComplete ? START : Math.max(...instants)) + span;
  // Zones are whole quarters of an hour apart.
  const hours =
    readsHours || minutes.size > 0 ? Array.from({ length: 24 }, (_, hour) => hour) : [0, 6, 12, 18, 23];
  const tried = new Set([0, ...[...minutes].flatMap((minute) => [minute - 1, minute, minute + 1])]);
  const shifts = minutes.size > 0 ? [0, 15, 30, 45] : [0, 30];
  const places = new Set([...tried].flatMap((minute) => shifts.map((shift) => (minute + shift + 60) % 60)));
  for (let day = first - (first % DAY); day <= last; day += DAY) {
    for (const hour of hours) {
      for (const minute of places) yield day + hour * HOUR + minute * MINUTE;
    }
  }
}

/** A part of the local time in a zone. */
export interface LocalTime {
  readonly year: number;
  /** From 0. */
  readonly month: number;
  /** From 1. */
  readonly date: number;
  /** 0 is Sunday. */
  readonly day: number;
  readonly hours: number;
  readonly minutes: number;
}

export function localTime(now: Date, zone: string): LocalTime {
  const local = new Date(now.getTime() + offsetAt(now.getTime(), zone));
  return {
    year: local.getUTCFullYear(),
    month: local.getUTCMonth(),
    date: local.getUTCDate(),
    day: local.getUTCDay(),
    hours: local.getUTCHours(),
    minutes: local.getUTCMinutes(),
  };
}

/** What is known about a zone. */
class Zone {
  readonly #formatter: Intl.DateTimeFormat;
  readonly #offsets = new Map<number, number>();

  constructor(timeZone: string) {
    this.#formatter = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'medium' });
  }

  /** Difference from UTC, in ms. Zones change it at full or half hours only. */
  offsetAt(time: number): number {
    const start = time - (time % (HOUR / 2));
    const day = start - (start % DAY);
    const offset = this.#offset(day);
    return offset === this.#offset(day + DAY) ? offset : this.#offset(start);
  }

  /** Reading it takes 5 µs. */
  #offset(time: number): number {
    const known = this.#offsets.get(time);
    if (known !== undefined) return known;
    const offset = Date.parse(`${this.#formatter.format(time).replace(' ', 'T')}Z`) - time;
    this.#offsets.set(time, offset);
    return offset;
  }
}

const zones = new Map<string, Zone>();

function offsetAt(time: number, timeZone: string): number {
  if (timeZone === 'UTC') return 0;
  const zone = zones.get(timeZone) ?? new Zone(timeZone);
  zones.set(timeZone, zone);
  return zone.offsetAt(time);
}

// Dates, times of day and weekdays, as `date(now, zone)`, `time(now, zone)` and `weekday(now, zone)` return them and as
// policies write them.
import { isoIn } from '../facts/clock.js';
import { FactError } from '../facts/fact.js';
import type { NamedList } from './named-list.js';
import { nearest } from './nearest.js';

/** A value of the calendar in a time zone. */
export abstract class CalendarValue {
  /** As policies write it. Dates and times are in the order of their text. */
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** A day: `2026-01-31`. */
class LocalDate extends CalendarValue {}
/** A time of day to the minute, without its seconds: `09:00`. */
class LocalTime extends CalendarValue {}
/** A day of the week: `Monday`. */
class Weekday extends CalendarValue {}

const WEEKDAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'] as const;

/** One kind of values. */
export interface CalendarKind {
  /** Its type in the rule language. */
  readonly type: string;
  readonly ctor: new (text: string) => CalendarValue;
  /** What a policy has to write. */
  readonly demand: string;
  /** Whether values can be compared with `<`. */
  readonly isOrdered: boolean;
  readonly isValid: (text: string) => boolean;
  /** What the author of an invalid text probably meant. */
  readonly meant: (text: string) => string | undefined;
  /** @param local such as `2026-03-08T02:30:00` */
  readonly read: (local: string) => string;
}

/** All kinds, keyed by the function that returns them. */
export const CALENDAR: Readonly<Record<string, CalendarKind>> = {
  date: {
    type: 'Date',
    ctor: LocalDate,
    demand: 'a day of the calendar such as "2026-12-31"',
    isOrdered: true,
    isValid: isDate,
    meant(text) {
      const [, year = '', month = '', day = ''] = /^(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})$/.exec(text) ?? [];
      return [year, month.padStart(2, '0'), day.padStart(2, '0')].join('-');
    },
    read: dateIn,
  },
  time: {
    type: 'Time',
    ctor: LocalTime,
    demand: 'a time of day from "00:00" to "23:59"',
    isOrdered: true,
    isValid: (text) => /^(?:[01]\d|2[0-3]):[0-5]\d$/.test(text),
    meant(text) {
      const [, hour = '', minute = '00'] = /^(\d{1,2})(?::(\d\d)(?::00)?)?$/.exec(text) ?? [];
      return `${hour.padStart(2, '0')}:${minute}`;
    },
    read: (local) => local.slice(11, 16),
  },
  weekday: {
    type: 'Weekday',
    ctor: Weekday,
    demand: `one of ${WEEKDAYS.map((day) => `"${day}"`).join(', ')}`,
    isOrdered: false,
    isValid: (text) => WEEKDAYS.some((day) => day === text),
    meant: (text) =>
      WEEKDAYS.find((day) => text.length >= 2 && day.toLowerCase().startsWith(text.toLowerCase())) ??
      nearest(text, WEEKDAYS),
    read: (local) => WEEKDAYS[new Date(`${dateIn(local)}T00:00:00Z`).getUTCDay()] ?? '',
  },
};

/** @returns the kind of values of this type in the rule language, if it is one of the calendar */
export function calendarKind(type: string): CalendarKind | undefined {
  return Object.values(CALENDAR).find((kind) => kind.type === type);
}

/** @returns what is wrong with a text that is compared with values of this kind, and how to write it */
export function calendarProblem(kind: CalendarKind, text: string): string | undefined {
  if (kind.isValid(text)) return undefined;
  const meant = kind.meant(text);
  const advice = meant !== undefined && kind.isValid(meant) ? `write "${meant}"` : `write ${kind.demand}`;
  return `"${text}" is not a ${kind.type.toLowerCase()}: ${advice}`;
}

/** Entries that are not of a kind, so that long lists are searched for them only once. */
const invalidEntries = new Map(
  Object.values(CALENDAR).map((kind) => [kind, new WeakMap<NamedList, string | false>()]),
);

/** @returns an entry of the list that no value of this kind can be equal to */
export function invalidEntry(kind: CalendarKind, list: NamedList): string | undefined {
  const known = invalidEntries.get(kind)?.get(list);
  if (known !== undefined) return known === false ? undefined : known;
  const invalid = list.find((text) => !kind.isValid(text));
  invalidEntries.get(kind)?.set(list, invalid ?? false);
  return invalid;
}

/** @throws {FactError} for a year that does not have four digits */
export function calendarValue(kind: CalendarKind, time: Date, timeZone: string): CalendarValue {
  return new kind.ctor(kind.read(isoIn(timeZone, time)));
}

function dateIn(local: string): string {
  const date = local.slice(0, 10);
  if (!isDate(date)) throw new FactError('a date must be between the years 1000 and 9999');
  return date;
}

/** Whether it is a day of the calendar in ISO form, such as `2026-01-31`. */
function isDate(text: string): boolean {
  if (!/^\d{4}-\d\d-\d\d$/.test(text)) return false;
  const date = new Date(`${text}T00:00:00Z`);
  // JavaScript takes 30 February for 2 March.
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text);
}

// What the store knows of the notifications of one request. Consoles share it, so that each is sent once; where it is not
// known to have arrived, twice rather than never.
import * as z from 'zod';

export interface Mark {
  /** `sending`: a console began; `failed`: it may be tried again; `given-up`: it was tried often enough. */
  readonly state: 'sending' | 'sent' | 'failed' | 'given-up';
  /** When it came to that, Unix time in ms. */
  readonly at: number;
  /** How often a console began. */
  readonly tries: number;
  /** Under which people were notified: those of another one were not. */
  readonly hold: string;
  /** Names of the channels that have taken it. */
  readonly told: readonly string[];
}

const schema = z.strictObject({
  state: z.enum(['sending', 'sent', 'failed', 'given-up']),
  at: z.int(),
  tries: z.int().min(0),
  hold: z.string(),
  told: z.array(z.string()),
});

/** A console that has not finished after this time is taken for dead, in ms. Much longer than sending may take. */
export const CLAIM_MS = 60_000;
/** Pauses after each failure, in ms. Nobody is notified after the last one fails. */
const PAUSES_MS = [5000, 20_000, 80_000, 320_000];
export const MAX_TRIES = PAUSES_MS.length + 1;

export type Next =
  | { readonly do: 'nothing' }
  | { readonly do: 'wait'; readonly until: number }
  | { readonly do: 'send'; readonly tries: number; readonly told: readonly string[] };

/**
 * @param data as stored; what is malformed counts as absent, because anybody who serves the console may write it
 * @param hold under which the request is held
 * @param now Unix time in ms
 */
export function nextStep(data: string | undefined, hold: string, now: number): Next {
  const mark = readMark(data);
  if (mark?.hold !== hold) return { do: 'send', tries: 1, told: [] };
  const { state, at, tries, told } = mark;
  if (state === 'sent' || state === 'given-up') return { do: 'nothing' };
  const until = state === 'sending' ? at + CLAIM_MS : at + pauseAfter(tries);
  // A time in the future is not that of an honest clock.
  if (now < until && at <= now + CLAIM_MS) return { do: 'wait', until };
  return tries >= MAX_TRIES && state === 'failed'
    ? { do: 'nothing' }
    : { do: 'send', tries: tries + 1, told };
}

/** @param tries how often it failed @returns in ms */
export function pauseAfter(tries: number): number {
  return PAUSES_MS[Math.min(tries, PAUSES_MS.length) - 1] ?? 0;
}

function readMark(data: string | undefined): Mark | undefined {
  if (data === undefined) return undefined;
  try {
    return schema.safeParse(JSON.parse(data)).data;
  } catch {
    return undefined;
  }
}

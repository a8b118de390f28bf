// One thing that goes wrong in production, as `npm run faults` does it.
import type { Stand } from './stand.js';

export interface Fault {
  readonly what: string;
  /** Of the handler. */
  readonly env?: Readonly<Record<string, string>>;
  /** Requests a second while it lasts. @default 100 */
  readonly perSecond?: number;
  /** Why it can't be tried here. */
  readonly leftOut?: string | undefined;
  /** @throws what did not happen as it should */
  readonly run: (stand: Stand) => Promise<void>;
}

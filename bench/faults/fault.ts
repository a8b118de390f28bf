// A production fault, and how `npm run faults` reproduces it.
import type { Testbed } from './testbed.js';

export interface Fault {
  readonly title: string;
  /** Environment variables for the handler. */
  readonly env?: Readonly<Record<string, string>>;
  /** Requests per second during the fault. @default 100 */
  readonly perSecond?: number;
  /** Why the fault can't be reproduced on this machine. */
  readonly skip?: string | undefined;
  /** @throws {Error} if the handler misbehaves */
  readonly run: (testbed: Testbed) => Promise<void>;
}

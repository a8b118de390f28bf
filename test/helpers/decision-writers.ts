// Processes that store decisions of people at once, as several consoles do, and that may be killed at any moment.
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { StorePlace } from '../../src/store/open.js';
import type { Key } from '../../src/store/table.js';
import { programPath } from './paths.js';
import type { Scope } from './scope.js';

interface Options {
  readonly place: StorePlace;
  readonly env?: Readonly<Record<string, string>>;
}

/** What is printed about an order. */
interface Outcome {
  readonly id: number;
  /** false: something is stored under the key already. */
  readonly isNew?: boolean;
  readonly problem?: string;
}

export class DecisionWriter {
  readonly #options: Options;
  readonly #waiting = new Map<number, (outcome: Outcome | undefined) => void>();
  #child: ChildProcessWithoutNullStreams;
  #last = 0;

  constructor(t: Scope, options: Options) {
    this.#options = options;
    this.#child = this.#start();
    t.teardown(() => void this.#child.kill('SIGKILL'));
  }

  /** Stores a decision, however often the process is killed. @returns whether this process was the one that stored it */
  async store(key: Key, data: string): Promise<boolean> {
    for (;;) {
      const outcome = await this.#order(key, data);
      if (outcome?.isNew !== undefined) return outcome.isNew;
    }
  }

  /** Kills the process with SIGKILL, and starts another one. */
  async restart(): Promise<void> {
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exited;
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    this.#child = this.#start();
    for (const resolve of waiting) resolve(undefined);
  }

  /** A process that has only just started reads it later. */
  #order(key: Key, data: string): Promise<Outcome | undefined> {
    const id = ++this.#last;
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      this.#child.stdin.write(`${JSON.stringify({ id, key, data })}\n`);
    });
  }

  #start(): ChildProcessWithoutNullStreams {
    const { place, env } = this.#options;
    const child = spawn(
      process.execPath,
      [programPath('test/helpers/decision-writer.ts'), JSON.stringify(place)],
      { env: { ...process.env, ...env } },
    );
    // What is written while it is killed.
    child.stdin.on('error', () => undefined);
    createInterface({ input: child.stdout }).on('line', (line) => {
      const outcome = JSON.parse(line) as Outcome;
      this.#waiting.get(outcome.id)?.(outcome);
      this.#waiting.delete(outcome.id);
    });
    return child;
  }
}

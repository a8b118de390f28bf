// Challenges for passkeys: random, of a few minutes, and used once by whichever process gets them back.
import { randomBytes } from 'node:crypto';
import { consoleKey } from '../store/keys.js';
import type { Table } from '../store/table.js';
import type { Secret } from './secret.js';

/** How long a person has, in ms. */
const LIFE_MS = 300_000;

export interface Challenge {
  /** In base64url. */
  readonly challenge: string;
  /** To be sent back with the answer. */
  readonly sealed: string;
}

export class Challenges {
  readonly #table: Table;
  readonly #secret: Secret;
  readonly #now: () => Date;

  constructor(table: Table, secret: Secret, now: () => Date) {
    this.#table = table;
    this.#secret = secret;
    this.#now = now;
  }

  /** Nothing is stored yet, so that nobody can fill the store. @throws {StoreError} */
  async create(purpose: string): Promise<Challenge> {
    const challenge = randomBytes(32).toString('base64url');
    const until = this.#now().getTime() + LIFE_MS;
    return { challenge, sealed: await this.#secret.seal(purpose, `${challenge} ${until}`) };
  }

  /** @returns the challenge, unless it is unknown or too old @throws {StoreError} */
  async open(purpose: string, sealed: string): Promise<string | undefined> {
    const [challenge = '', until = ''] = ((await this.#secret.open(purpose, sealed)) ?? '').split(' ');
    return this.#now().getTime() < Number(until) ? challenge : undefined;
  }

  /** @returns whether it is the first use @throws {StoreError} */
  async use(challenge: string): Promise<boolean> {
    const expires = Math.ceil((this.#now().getTime() + 2 * LIFE_MS) / 1000);
    const put = { type: 'put', ...consoleKey(`used#${challenge}`), data: '', seen: 0, expires } as const;
    return (await this.#table.write([put])).length === 0;
  }
}

// The secret of the console, which all its processes share through the store: it makes sessions and challenges.
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { consoleKey } from '../store/keys.js';
import type { Table } from '../store/table.js';

const BYTES = 32;
/** How long a process knows the secret before it reads it again, in ms: deleting it signs everybody out. */
const KNOWN_MS = 60_000;

/** Whoever can read or write it can sign in, and see everything. Nobody can decide with it. */
export class Secret {
  readonly #table: Table;
  readonly #now: () => Date;
  #known: { readonly key: Buffer; readonly until: number } | undefined;

  constructor(table: Table, now: () => Date) {
    this.#table = table;
    this.#now = now;
  }

  /** @param purpose keeps different uses apart. @returns the text with its MAC @throws {StoreError} */
  async seal(purpose: string, text: string): Promise<string> {
    return `${Buffer.from(text).toString('base64url')}.${(await this.#mac(purpose, text)).toString('base64url')}`;
  }

  /** @returns the text, if this secret sealed it for the same purpose @throws {StoreError} */
  async open(purpose: string, sealed: string): Promise<string | undefined> {
    const [encoded = '', mac = '', ...rest] = sealed.split('.');
    const text = Buffer.from(encoded, 'base64url').toString();
    const [given, expected] = [Buffer.from(mac, 'base64url'), await this.#mac(purpose, text)];
    const isOwn = rest.length === 0 && given.length === expected.length && timingSafeEqual(given, expected);
    return isOwn ? text : undefined;
  }

  async #mac(purpose: string, text: string): Promise<Buffer> {
    return createHmac('sha256', await this.#key())
      .update(JSON.stringify([purpose, text]))
      .digest();
  }

  async #key(): Promise<Buffer> {
    const now = this.#now().getTime();
    if (this.#known !== undefined && now < this.#known.until) return this.#known.key;
    const key = (await this.#read()) ?? (await this.#create());
    this.#known = { key, until: now + KNOWN_MS };
    return key;
  }

  async #read(): Promise<Buffer | undefined> {
    const [item] = await this.#table.read([consoleKey('secret')]);
    const key = Buffer.from(item?.data ?? '', 'base64url');
    return key.length === BYTES ? key : undefined;
  }

  /** One process creates it, the others read it. */
  async #create(): Promise<Buffer> {
    const [item] = await this.#table.read([consoleKey('secret')]);
    const data = randomBytes(BYTES).toString('base64url');
    await this.#table.write([{ type: 'put', ...consoleKey('secret'), data, seen: item?.version ?? 0 }]);
    const key = await this.#read();
    if (key === undefined) throw new Error('the secret of the console can’t be stored');
    return key;
  }
}

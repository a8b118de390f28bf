// Sealed heads in S3, one object each, which is never replaced. All of a head is in its object's name, so that listing
// names is enough, and newer heads of a writer come first, so that one listing finds its last one.
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { codeOf } from '../protocol/error.js';
import { type Head, parseHead } from './chain.js';
import { StoreError } from './error.js';
import { type Acceptance, type HeadStore, MAX_WRITERS, newestOfEach, parseAcceptance } from './heads.js';

const TIMEOUT_MS = 10_000;
/** Days whose heads are looked at: the last ones on which anything was written. */
const MAX_DAYS = 7;
const MAX_ACCEPTANCES = 20;
/** Requests under way at once. */
const CONCURRENCY = 8;
/** Sequences are subtracted from it. */
const MAX_SEQUENCE = 999_999_999_999;

/** @param archive `s3://bucket` or `s3://bucket/prefix` */
export function s3HeadStore(archive: string, client = createClient()): HeadStore {
  const [, bucket = '', path = ''] = /^s3:\/\/([^/]+)\/*(.*?)\/*$/s.exec(archive) ?? [];
  const store = new Bucket(client, bucket, archive);
  const prefix = path === '' ? '' : `${path}/`;
  const [heads, accepted] = [`${prefix}heads/`, `${prefix}accepted/`];
  return {
    name: archive,
    async seal(sealing) {
      await eachOf(sealing, (head) => store.put(`${heads}${nameOf(head)}`, head));
    },
    sealed: () => lastHeads(store, heads),
    async *everSealed() {
      for await (const { keys } of store.list(heads)) yield* keys.flatMap((key) => headFrom(key, heads));
    },
    accept: (acceptance) => store.put(`${accepted}${acceptance.at}.json`, acceptance),
    async acceptances() {
      const keys: string[] = [];
      for await (const page of store.list(accepted)) keys.push(...page.keys);
      const found: Acceptance[] = [];
      await eachOf(keys.sort().slice(-MAX_ACCEPTANCES), async (key) => {
        const acceptance = parseAcceptance(await store.get(key));
        if (acceptance !== undefined) found.push(acceptance);
      });
      return found;
    },
  };
}

/** @returns such as `2026-11-26/20261126T101500Z-0123456789ab/999999999876.<hash>.2026-11-26T10:15:00.000Z.1830247200` */
function nameOf({ writer, sequence, hash, at, expires }: Head): string {
  const place = String(MAX_SEQUENCE - sequence).padStart(12, '0');
  return `${at.slice(0, 10)}/${writer}/${place}.${hash}.${at}.${expires}`;
}

function headFrom(key: string, prefix: string): readonly Head[] {
  const [, writer, name = ''] = key.slice(prefix.length).split('/');
  const [, place, hash, at, expires] = /^(\d{12})\.(\w+)\.(.+)\.(\d+)$/.exec(name) ?? [];
  if (writer === undefined || place === undefined) return [];
  const fields = { writer, sequence: MAX_SEQUENCE - Number(place), hash, at, expires: Number(expires) };
  const head = parseHead(JSON.stringify(fields));
  return head === undefined ? [] : [head];
}

async function lastHeads(store: Bucket, heads: string): Promise<readonly Head[]> {
  const days: string[] = [];
  for await (const { folders } of store.list(heads, { byFolder: true })) days.push(...folders);
  const found = new Map<string, Head>();
  for (const day of days.sort().slice(-MAX_DAYS).reverse()) {
    const writers: string[] = [];
    for await (const { folders } of store.list(day, { byFolder: true })) writers.push(...folders);
    const unknown = writers.filter((folder) => !found.has(folder.slice(day.length, -1)));
    await eachOf(unknown.sort().slice(-MAX_WRITERS), async (folder) => {
      for await (const { keys } of store.list(folder, { limit: 1 })) {
        for (const head of keys.flatMap((key) => headFrom(key, heads))) found.set(head.writer, head);
        break;
      }
    });
    if (found.size >= MAX_WRITERS) break;
  }
  return newestOfEach(found.values());
}

interface Page {
  readonly keys: readonly string[];
  readonly folders: readonly string[];
}

class Bucket {
  readonly #client: S3Client;
  readonly #bucket: string;
  readonly #name: string;

  constructor(client: S3Client, bucket: string, name: string) {
    this.#client = client;
    this.#bucket = bucket;
    this.#name = name;
  }

  /** Creates an object; if it exists, it stays as it is. */
  async put(key: string, value: object): Promise<void> {
    const command = new PutObjectCommand({
      ...{ Bucket: this.#bucket, Key: key, Body: JSON.stringify(value), ContentType: 'application/json' },
      IfNoneMatch: '*',
    });
    try {
      await this.#client.send(command, { abortSignal: AbortSignal.timeout(TIMEOUT_MS) });
    } catch (error) {
      if (error instanceof Error && error.name === 'PreconditionFailed') return;
      throw this.#failed('write to', error);
    }
  }

  async get(key: string): Promise<string> {
    try {
      const command = new GetObjectCommand({ Bucket: this.#bucket, Key: key });
      const { Body } = await this.#client.send(command, { abortSignal: AbortSignal.timeout(TIMEOUT_MS) });
      return (await Body?.transformToString()) ?? '';
    } catch (error) {
      throw this.#failed('read', error);
    }
  }

  async *list(prefix: string, { byFolder = false, limit = 1000 } = {}): AsyncGenerator<Page> {
    let token: string | undefined;
    do {
      const command = new ListObjectsV2Command({
        ...{ Bucket: this.#bucket, Prefix: prefix, MaxKeys: limit },
        ...(byFolder && { Delimiter: '/' }),
        ...(token !== undefined && { ContinuationToken: token }),
      });
      let page;
      try {
        page = await this.#client.send(command, { abortSignal: AbortSignal.timeout(TIMEOUT_MS) });
      } catch (error) {
        throw this.#failed('list', error);
      }
      const { Contents = [], CommonPrefixes = [], NextContinuationToken } = page;
      yield {
        keys: Contents.flatMap(({ Key }) => Key ?? []),
        folders: CommonPrefixes.flatMap(({ Prefix }) => Prefix ?? []),
      };
      token = NextContinuationToken;
    } while (token !== undefined);
  }

  #failed(action: string, cause: unknown): StoreError {
    const { name, message } = cause instanceof Error ? cause : new Error(String(cause));
    return new StoreError(`can't ${action} ${this.#name}: ${codeOf(cause) ?? name}: ${message}`, { cause });
  }
}

async function eachOf<Value>(
  values: readonly Value[],
  action: (value: Value) => Promise<void>,
): Promise<void> {
  for (let start = 0; start < values.length; start += CONCURRENCY) {
    await Promise.all(values.slice(start, start + CONCURRENCY).map(action));
  }
}

function createClient(): S3Client {
  return new S3Client({ requestHandler: { connectionTimeout: 5000, requestTimeout: TIMEOUT_MS } });
}

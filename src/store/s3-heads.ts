// Sealed heads in S3, one object each, which is never replaced. All of a head is in its object's name, so that listing
// names is enough, and newer heads of a writer come first, so that one listing finds its last one.
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import type { ArchivePlace } from './archive.js';
import { AwsCalls, CLIENT_OPTIONS } from './aws-calls.js';
import { type Head, parseHead } from './chain.js';
import { type Acceptance, type HeadStore, MAX_WRITERS, newestOfEach, parseAcceptance } from './heads.js';

/** Time limit of each call, with its repetitions, in ms. */
const TIMEOUT_MS = 10_000;

const PERMISSIONS =
  's3:GetObject and s3:PutObject on it, s3:ListBucket on the bucket, and kms:Decrypt and kms:GenerateDataKey on its key';

/** Days whose heads are looked at: the last ones on which anything was written. */
const MAX_DAYS = 7;
const MAX_ACCEPTANCES = 20;
/** Requests under way at once. */
const CONCURRENCY = 8;
/** Sequences are subtracted from it. */
const MAX_SEQUENCE = 999_999_999_999;

/** @param createClient @default takes region, credentials and endpoint from the environment, like all AWS tools */
export function s3HeadStore(place: ArchivePlace, createClient = defaultClient): HeadStore {
  const { bucket, prefix } = place;
  const name = `archive s3://${bucket}/${prefix}`;
  const store = new Bucket(place, name, createClient);
  const [heads, accepted] = [`${prefix}heads/`, `${prefix}accepted/`];
  return {
    name,
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
  readonly #place: ArchivePlace;
  readonly #calls: AwsCalls<S3Client>;

  constructor(place: ArchivePlace, name: string, createClient: () => S3Client) {
    this.#place = place;
    this.#calls = new AwsCalls({ name, permissions: PERMISSIONS, createClient });
  }

  /** Creates an object; if it exists, it stays as it is. */
  async put(key: string, value: object): Promise<void> {
    const command = new PutObjectCommand({
      ...{
        Bucket: this.#place.bucket,
        Key: key,
        Body: JSON.stringify(value),
        ContentType: 'application/json',
      },
      IfNoneMatch: '*',
    });
    await this.#calls.run({ what: 'be written', timeoutMs: TIMEOUT_MS }, (client, abortSignal) =>
      client.send(command, { abortSignal }).catch((error: unknown) => {
        if (!(error instanceof Error) || error.name !== 'PreconditionFailed') throw error;
      }),
    );
  }

  get(key: string): Promise<string> {
    const command = new GetObjectCommand({ Bucket: this.#place.bucket, Key: key });
    return this.#calls.run({ what: 'be read', timeoutMs: TIMEOUT_MS }, async (client, abortSignal) => {
      const { Body } = await client.send(command, { abortSignal });
      return (await Body?.transformToString()) ?? '';
    });
  }

  async *list(prefix: string, { byFolder = false, limit = 1000 } = {}): AsyncGenerator<Page> {
    let token: string | undefined;
    do {
      const command = new ListObjectsV2Command({
        ...{ Bucket: this.#place.bucket, Prefix: prefix, MaxKeys: limit },
        ...(byFolder && { Delimiter: '/' }),
        ...(token !== undefined && { ContinuationToken: token }),
      });
      const page = await this.#calls.run(
        { what: 'be listed', timeoutMs: TIMEOUT_MS },
        (client, abortSignal) => client.send(command, { abortSignal }),
      );
      const { Contents = [], CommonPrefixes = [], NextContinuationToken } = page;
      yield {
        keys: Contents.flatMap(({ Key }) => Key ?? []),
        folders: CommonPrefixes.flatMap(({ Prefix }) => Prefix ?? []),
      };
      token = NextContinuationToken;
    } while (token !== undefined);
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

function defaultClient(): S3Client {
  return new S3Client(CLIENT_OPTIONS);
}

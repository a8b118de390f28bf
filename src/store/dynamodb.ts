// The store in a DynamoDB table, for production: several tasks share it.
import { randomUUID } from 'node:crypto';
import {
  BatchGetItemCommand,
  DynamoDBClient,
  QueryCommand,
  ScanCommand,
  TransactionCanceledException,
  TransactWriteItemsCommand,
} from '@aws-sdk/client-dynamodb';
import { AwsCalls, CLIENT_OPTIONS } from './aws-calls.js';
import { ThrottledError } from './aws-error.js';
import { checkKey, checkKeys, checkWrites } from './check.js';
import { type Attributes, keyAttributes, toItem, toTransactItem } from './dynamodb-item.js';
import { StoreError } from './error.js';
import type { Item, Key, Query, Table, Write } from './table.js';
import { PARTITION_ATTRIBUTE as PARTITION, SORT_ATTRIBUTE as SORT } from './table-definition.js';
import { type Clock, inSeconds } from './time.js';

/** Time limit of each call, with its repetitions, in ms. A slower store counts as failing. */
const TIMEOUT_MS = 3000;

const PERMISSIONS =
  'dynamodb:BatchGetItem, ConditionCheckItem, DeleteItem, PutItem, Query and UpdateItem on the table, and kms:Decrypt on its key';

/** Why a write was not done, of those that the interface calls a condition that did not hold. */
const CONFLICTS = ['ConditionalCheckFailed', 'TransactionConflict'];
const THROTTLES = ['ProvisionedThroughputExceeded', 'ThrottlingError', 'RequestLimitExceeded'];

export interface DynamoOptions {
  readonly now?: Clock;
  /** @default takes region, credentials and endpoint from the environment, like all AWS tools */
  readonly createClient?: () => DynamoDBClient;
  readonly timeoutMs?: number;
}

export class DynamoTable implements Table {
  readonly name: string;
  readonly #table: string;
  readonly #calls: AwsCalls<DynamoDBClient>;
  readonly #now: Clock;
  readonly #timeoutMs: number;
  #closed = false;

  constructor(
    table: string,
    { now = Date.now, createClient = defaultClient, timeoutMs = TIMEOUT_MS }: DynamoOptions = {},
  ) {
    this.name = `table ${table}`;
    this.#table = table;
    this.#calls = new AwsCalls({ name: this.name, permissions: PERMISSIONS, createClient });
    this.#now = now;
    this.#timeoutMs = timeoutMs;
  }

  async read(
    keys: readonly Key[],
    { signal }: { readonly signal?: AbortSignal } = {},
  ): Promise<readonly (Item | undefined)[]> {
    checkKeys(keys);
    this.#checkOpen();
    const found = new Map<string, Attributes>();
    let wanted: Attributes[] = keys.map(keyAttributes);
    if (wanted.length === 0) return [];
    await this.#calls.run(
      { what: 'be read', timeoutMs: this.#timeoutMs, signal },
      async (client, abortSignal) => {
        const RequestItems = { [this.#table]: { Keys: wanted, ConsistentRead: true } };
        const { Responses, UnprocessedKeys } = await client.send(new BatchGetItemCommand({ RequestItems }), {
          abortSignal,
        });
        // A table given by its ARN may be named otherwise in the response.
        for (const item of Object.values(Responses ?? {}).flat()) found.set(idOf(item), item);
        wanted = Object.values(UnprocessedKeys ?? {}).flatMap(({ Keys }) => Keys ?? []);
        if (wanted.length > 0) throw new ThrottledError('UnprocessedKeys');
      },
    );
    const now = inSeconds(this.#now);
    return keys.map((key) => {
      const attributes = found.get(idOf(keyAttributes(key)));
      return attributes && toItem(attributes, now);
    });
  }

  async write(
    writes: readonly Write[],
    { signal }: { readonly signal?: AbortSignal } = {},
  ): Promise<readonly number[]> {
    checkWrites(writes);
    this.#checkOpen();
    if (writes.length === 0) return [];
    const now = inSeconds(this.#now);
    const command = new TransactWriteItemsCommand({
      TransactItems: writes.map((write) => toTransactItem(write, now, this.#table)),
      // With the same token, a repetition of what was done already succeeds and does nothing.
      ClientRequestToken: randomUUID(),
    });
    return this.#calls.run(
      { what: 'be written', timeoutMs: this.#timeoutMs, signal, writes: true },
      async (client, abortSignal, doubtful) => {
        try {
          await client.send(command, { abortSignal });
          return [];
        } catch (error) {
          const reasons = reasonsOf(error);
          const conflicts = placesOf(CONFLICTS, reasons);
          if (conflicts.length === 0) throw throttledBy(reasons) ?? error;
          // Emulators ignore the token: the conflict may be with what an earlier attempt has written.
          if (doubtful) throw this.#unknownOutcome(error);
          return conflicts;
        }
      },
    );
  }

  async *query(partition: string, query: Query = {}): AsyncIterable<Item> {
    const { from, to, reverse = false, limit = Infinity } = query;
    checkKey({ partition, sort: from ?? to ?? '-' });
    // DynamoDB refuses a range that ends before it starts.
    if (from !== undefined && to !== undefined && Buffer.compare(Buffer.from(from), Buffer.from(to)) > 0)
      return;
    let remaining = limit;
    let start: Attributes | undefined;
    do {
      if (remaining <= 0) return;
      this.#checkOpen();
      const command = new QueryCommand({
        TableName: this.#table,
        ConsistentRead: true,
        ScanIndexForward: !reverse,
        ...keyCondition(partition, from, to),
        ...(remaining !== Infinity && { Limit: remaining }),
        ...(start !== undefined && { ExclusiveStartKey: start }),
      });
      const page = await this.#calls.run(
        { what: 'be read', timeoutMs: this.#timeoutMs },
        (client, abortSignal) => client.send(command, { abortSignal }),
      );
      const now = inSeconds(this.#now);
      const items = (page.Items ?? []).flatMap((attributes) => toItem(attributes, now) ?? []);
      yield* items;
      remaining -= items.length;
      start = page.LastEvaluatedKey;
    } while (start !== undefined);
  }

  async *scan(prefix: string): AsyncIterable<Item> {
    let start: Attributes | undefined;
    do {
      this.#checkOpen();
      const command = new ScanCommand({
        TableName: this.#table,
        ConsistentRead: true,
        FilterExpression: `begins_with(${PARTITION}, :prefix)`,
        ExpressionAttributeValues: { ':prefix': { S: prefix } },
        ...(start !== undefined && { ExclusiveStartKey: start }),
      });
      const page = await this.#calls.run(
        { what: 'be read', timeoutMs: this.#timeoutMs },
        (client, abortSignal) => client.send(command, { abortSignal }),
      );
      const now = inSeconds(this.#now);
      for (const attributes of page.Items ?? []) {
        const item = toItem(attributes, now);
        if (item !== undefined) yield item;
      }
      start = page.LastEvaluatedKey;
    } while (start !== undefined);
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- the interface is asynchronous
  async close(): Promise<void> {
    this.#closed = true;
    this.#calls.destroy();
  }

  #checkOpen(): void {
    if (this.#closed) throw new StoreError(`${this.name} is closed`);
  }

  #unknownOutcome(cause: unknown): StoreError {
    const reason = 'the connection failed, and it is not known what was written';
    return new StoreError(`${this.name} can't be written: ${reason}`, { cause, mayBeWritten: true });
  }
}

function defaultClient(): DynamoDBClient {
  // One host name for all accounts, which proxies and endpoint policies can allow.
  return new DynamoDBClient({ ...CLIENT_OPTIONS, accountIdEndpointMode: 'disabled' });
}

/** @returns for each write, why it kept the transaction from being done: `None` if it did not */
function reasonsOf(error: unknown): readonly string[] {
  if (!(error instanceof TransactionCanceledException)) return [];
  return (error.CancellationReasons ?? []).map(({ Code }) => Code ?? '');
}

function placesOf(codes: readonly string[], reasons: readonly string[]): readonly number[] {
  return reasons.flatMap((reason, place) => (codes.includes(reason) ? [place] : []));
}

function throttledBy(reasons: readonly string[]): ThrottledError | undefined {
  const reason = reasons.find((code) => THROTTLES.includes(code));
  return reason === undefined ? undefined : new ThrottledError(reason);
}

function idOf(attributes: Attributes): string {
  return JSON.stringify([attributes[PARTITION]?.S, attributes[SORT]?.S]);
}

function keyCondition(partition: string, from: string | undefined, to: string | undefined) {
  const range =
    from !== undefined && to !== undefined
      ? ` AND ${SORT} BETWEEN :from AND :to`
      : from !== undefined
        ? ` AND ${SORT} >= :from`
        : to !== undefined
          ? ` AND ${SORT} <= :to`
          : '';
  return {
    KeyConditionExpression: `${PARTITION} = :partition${range}`,
    ExpressionAttributeValues: {
      ':partition': { S: partition },
      ...(from !== undefined && { ':from': { S: from } }),
      ...(to !== undefined && { ':to': { S: to } }),
    },
  };
}

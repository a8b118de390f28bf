// How the store writes items and conditions in DynamoDB.
import type { AttributeValue, TransactWriteItem } from '@aws-sdk/client-dynamodb';
import type { Item, Key, Put, Write } from './table.js';
import {
  EXPIRES_ATTRIBUTE as EXPIRES,
  PARTITION_ATTRIBUTE as PARTITION,
  SORT_ATTRIBUTE as SORT,
} from './table-definition.js';

/** Names that are reserved words are replaced by these. */
const DATA = { '#data': 'data' };
const VERSION = { '#version': 'version' };
const EXPIRY = { '#expires': EXPIRES };

export type Attributes = Record<string, AttributeValue>;

export function keyAttributes({ partition, sort }: Key): Attributes {
  return { [PARTITION]: { S: partition }, [SORT]: { S: sort } };
}

/**
 * Items that your own systems write may have no version: it counts as 1.
 * @returns `undefined` if it has expired, or its expiry is not a number
 * @param now Unix time in seconds
 */
export function toItem(attributes: Attributes, now: number): Item | undefined {
  const { data, version, expires } = attributes;
  const item = {
    partition: attributes[PARTITION]?.S ?? '',
    sort: attributes[SORT]?.S ?? '',
    data: data?.S ?? '',
    version: Number(version?.N ?? 1),
  };
  if (expires === undefined) return item;
  const time = Number(expires.N);
  return time > now ? { ...item, expires: time } : undefined;
}

/** @param now Unix time in seconds */
export function toTransactItem(write: Write, now: number, TableName: string): TransactWriteItem {
  const Key = keyAttributes(write);
  switch (write.type) {
    case 'put':
      if (write.seen === undefined) return { Update: { TableName, Key, ...replacement(write) } };
      return {
        Put: { TableName, Item: itemAttributes(write, write.seen + 1), ...condition(write.seen, now) },
      };
    case 'check':
      return { ConditionCheck: { TableName, Key, ...condition(write.seen, now) } };
    case 'remove':
      return { Delete: { TableName, Key, ...(write.seen !== undefined && condition(write.seen, now)) } };
  }
}

function itemAttributes(put: Put, version: number): Attributes {
  const { data, expires } = put;
  return {
    ...keyAttributes(put),
    data: { S: data },
    version: { N: String(version) },
    ...(expires !== undefined && { expires: { N: String(expires) } }),
  };
}

/** An update counts the version on without knowing it. */
function replacement({ data, expires }: Put) {
  const set = 'SET #data = :data, #version = if_not_exists(#version, :zero) + :one';
  return {
    UpdateExpression: expires === undefined ? `${set} REMOVE #expires` : `${set}, #expires = :expires`,
    ExpressionAttributeNames: { ...DATA, ...VERSION, ...EXPIRY },
    ExpressionAttributeValues: {
      ':data': { S: data },
      ':zero': { N: '0' },
      ':one': { N: '1' },
      ...(expires !== undefined && { ':expires': { N: String(expires) } }),
    },
  };
}

/** An expired item counts as absent. */
function condition(seen: number, now: number) {
  const values = { ':now': { N: String(now) } };
  if (seen === 0) {
    return {
      ConditionExpression: `attribute_not_exists(${PARTITION}) OR #expires <= :now`,
      ExpressionAttributeNames: EXPIRY,
      ExpressionAttributeValues: values,
    };
  }
  const isSeen = '#version = :seen';
  const unversioned = `(attribute_exists(${PARTITION}) AND attribute_not_exists(#version))`;
  return {
    ConditionExpression: `(${seen === 1 ? `${isSeen} OR ${unversioned}` : isSeen}) AND (attribute_not_exists(#expires) OR #expires > :now)`,
    ExpressionAttributeNames: { ...VERSION, ...EXPIRY },
    ExpressionAttributeValues: { ...values, ':seen': { N: String(seen) } },
  };
}

// Creates the table of the store, with the keys, the billing and the expiry of the table in the stack.
import {
  CreateTableCommand,
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  type DynamoDBClient,
  type TableDescription,
  UpdateTimeToLiveCommand,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb';
import { DeployError, isAwsError } from '../aws/error.js';
import { EXPIRES_ATTRIBUTE, tableDefinition } from '../../src/store/table-definition.js';

/** How long a new table may take, in s. */
const MAX_WAIT_SECONDS = 120;

export interface CreatedTable {
  readonly table: string;
  /** Whether there was no such table. */
  readonly created: boolean;
  /** Whether expiry was turned on. */
  readonly expiryEnabled: boolean;
}

/**
 * Creates a table if there is none, and turns on expiry if it is off.
 * @throws {DeployError} if there is a table of that name with other keys
 */
export async function createTable(client: DynamoDBClient, name: string): Promise<CreatedTable> {
  const created = await create(client, name);
  await waitUntilTableExists({ client, maxWaitTime: MAX_WAIT_SECONDS }, { TableName: name });
  const { Table } = await client.send(new DescribeTableCommand({ TableName: name }));
  assertKeys(name, Table);
  return { table: name, created, expiryEnabled: await enableExpiry(client, name) };
}

async function create(client: DynamoDBClient, name: string): Promise<boolean> {
  try {
    await client.send(new CreateTableCommand(tableDefinition(name)));
    return true;
  } catch (error) {
    if (isAwsError(error, 'ResourceInUseException')) return false;
    throw error;
  }
}

function assertKeys(name: string, found: TableDescription = {}): void {
  const keys = keysOf(found);
  if (keys.join() === keysOf(tableDefinition(name)).join()) return;
  throw new DeployError(
    'TABLE_DIFFERS',
    `the table ${name} exists with other keys (${keys.join(', ')})`,
    'choose another name with --table',
  );
}

function keysOf({
  KeySchema = [],
  AttributeDefinitions = [],
}: Pick<TableDescription, 'KeySchema' | 'AttributeDefinitions'>): readonly string[] {
  return KeySchema.map(({ AttributeName, KeyType }) => {
    const type = AttributeDefinitions.find((definition) => definition.AttributeName === AttributeName);
    return `${AttributeName} ${KeyType} ${type?.AttributeType}`;
  });
}

async function enableExpiry(client: DynamoDBClient, name: string): Promise<boolean> {
  const { TimeToLiveDescription: expiry } = await client.send(
    new DescribeTimeToLiveCommand({ TableName: name }),
  );
  if (expiry?.TimeToLiveStatus === 'ENABLED' || expiry?.TimeToLiveStatus === 'ENABLING') return false;
  await client.send(
    new UpdateTimeToLiveCommand({
      TableName: name,
      TimeToLiveSpecification: { AttributeName: EXPIRES_ATTRIBUTE, Enabled: true },
    }),
  );
  return true;
}

// What a table contains, as DynamoDB stores it: read, and replaced as a restore would.
import {
  DeleteItemCommand,
  type DynamoDBClient,
  PutItemCommand,
  ScanCommand,
} from '@aws-sdk/client-dynamodb';

export type TableItems = NonNullable<Awaited<ReturnType<typeof allItems>>>;

export async function allItems(client: DynamoDBClient, table: string) {
  return (await client.send(new ScanCommand({ TableName: table }))).Items ?? [];
}

/** Deletes what the table contains, and stores these items instead. */
export async function replaceAll(client: DynamoDBClient, table: string, items: TableItems): Promise<void> {
  for (const { pk, sk } of await allItems(client, table)) {
    if (pk === undefined || sk === undefined) throw new Error('an item has no key');
    await client.send(new DeleteItemCommand({ TableName: table, Key: { pk, sk } }));
  }
  for (const Item of items) await client.send(new PutItemCommand({ TableName: table, Item }));
}

// The definition of the table in DynamoDB, for emulators and tests, and for the stack, whose table a test compares with it.
import type { CreateTableCommandInput } from '@aws-sdk/client-dynamodb';

/** The attribute with a key's `partition`. */
export const PARTITION_ATTRIBUTE = 'pk';
/** The attribute with a key's `sort`. */
export const SORT_ATTRIBUTE = 'sk';
/** The attribute with the Unix time in seconds after which DynamoDB removes an item, for `UpdateTimeToLiveCommand`. */
export const EXPIRES_ATTRIBUTE = 'expires';

/** @returns the input of `CreateTableCommand`: two strings as the key, on-demand capacity */
export function tableDefinition(tableName: string) {
  return {
    TableName: tableName,
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: [
      { AttributeName: PARTITION_ATTRIBUTE, AttributeType: 'S' },
      { AttributeName: SORT_ATTRIBUTE, AttributeType: 'S' },
    ],
    KeySchema: [
      { AttributeName: PARTITION_ATTRIBUTE, KeyType: 'HASH' },
      { AttributeName: SORT_ATTRIBUTE, KeyType: 'RANGE' },
    ],
  } satisfies CreateTableCommandInput;
}

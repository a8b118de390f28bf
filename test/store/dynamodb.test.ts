import '../helpers/needs-moto.js';
import t, { type Test } from 'tap';
import { DynamoTable } from '../../src/store/dynamodb.js';
import { motoStore } from '../helpers/moto-store.js';
import { tableSuite } from './table-suite.js';

const moto = await motoStore(t);

tableSuite(t, async (t: Test, now) => {
  const name = await moto.createTable();
  const table = new DynamoTable(name, {
    createClient: () => moto.client(),
    timeoutMs: 30_000,
    ...(now !== undefined && { now }),
  });
  t.teardown(() => table.close());
  return table;
});

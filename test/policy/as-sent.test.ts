// Requests as Co-signers send them, decided by policies as operators write them.
import { readFileSync } from 'node:fs';
import t from 'tap';
import { parsePolicy } from '../../src/policy/parse/file.js';
import { decideBy, type RuleDecision } from '../../src/policy/evaluate/rules.js';
import { parseRequest } from '../../src/protocol/request.js';
import { ROOT } from '../helpers/cli.js';

const LOCAL = readFileSync(`${ROOT}examples/local-policy.yaml`, 'utf8');

function decide(policy: string, json: string): RuleDecision {
  return decideBy(parsePolicy(policy, 'test.yaml'), parseRequest(JSON.parse(json)), new Date(0));
}

t.test('a transfer without operation is a TRANSFER', (t) => {
  for (const operation of ['', '"operation": null, ', '"operation": "", ']) {
    const json = `{ ${operation}"requestId": "r3", "txId": "t3", "sourceType": "VAULT", "sourceId": "0", "destType": "VAULT",
      "destId": "1", "asset": "ETH", "amountStr": "0.01", "fee": "0.0005", "destinations": [{ "amountNativeStr": "0.01",
      "amountUSD": 18.7, "dstType": "VAULT", "dstId": "1",
      "displayDstAddress": "0x5dC69B1Fbb13Bafd09af88a782F0F285772Ad5f8" }] }`;
    t.match(decide(LOCAL, json), { action: 'APPROVE', rule: 'small-internal' }, operation);
  }
  t.end();
});

t.test('a null or empty fee and displayed address make an approval request, which can be ignored', (t) => {
  const policy = `{ version: 1, rules: [
    { id: people-approve, for: transaction, when: 'tx.stage == "approval"', action: ignore } ] }`;
  for (const nothing of ['null', '""']) {
    const json = `{ "requestId": "r2", "txId": "t2", "operation": "TRANSFER", "asset": "ETH", "amountStr": "5",
      "fee": ${nothing}, "destinations": [{ "amountUSD": 1, "dstAddress": "0x1", "displayDstAddress": ${nothing} }] }`;
    t.match(decide(policy, json), { action: 'IGNORE', rule: 'people-approve' }, nothing);
  }
  const both = '{ "requestId": "r2", "fee": "0.1", "destinations": [{ "dstAddress": "0x1" }] }';
  t.match(decide(policy, both), { action: 'REJECT', rule: 'otherwise' }, 'approval and signing at once');
  t.end();
});

t.test('a configuration change with a txId is decided by the rules for configuration changes', (t) => {
  const json = `{ "requestId": "r5", "type": "ENABLE_ONE_TIME_ADDRESS",
    "txId": "9c794cee-7e27-46c9-9e9a-ed68295ff06b", "extraInfo": {} }`;
  t.match(decide(LOCAL, json), { action: 'IGNORE', rule: 'configuration-changes' });
  t.end();
});

t.test('the addresses of an exchange, documented as JSON in a string, are found in a list', (t) => {
  const policy = `
version: 1
lists: { payees: ["0x5dc69b1fbb13bafd09af88a782f0f285772ad5f8"] }
rules:
  - id: exchange
    for: configuration
    when: config.type == "EXCHANGE" && config.extraInfo.addresses.all(a, a in lists.payees)
    action: approve
`;
  const exchange = (addresses: unknown): string =>
    JSON.stringify({
      requestId: 'r1',
      type: 'EXCHANGE',
      extraInfo: { subType: 'KRAKEN', accountName: 'a', accountId: '1', addresses },
    });
  const known = '0x5dC69B1Fbb13Bafd09af88a782F0F285772Ad5f8';
  const other = '0x00000000219ab540356cBB839Cbe05303d7705Fa';
  for (const encode of [JSON.stringify, (value: unknown): unknown => value]) {
    t.match(decide(policy, exchange(encode({ ETH: known }))), { action: 'APPROVE', rule: 'exchange' });
    t.match(decide(policy, exchange(encode([known]))), { action: 'APPROVE', rule: 'exchange' });
    t.match(decide(policy, exchange(encode({ ETH: known, XYZ: other }))), { action: 'REJECT' });
  }
  t.match(decide(policy, exchange('{}')), {
    action: 'RETRY',
    ruleError: 'config.extraInfo.addresses is absent',
  });
  t.end();
});

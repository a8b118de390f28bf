// The JSON schema of files with test cases.
import { fileSchema } from '../case-file.js';
import { type JsonSchema, schemaDocument } from './json-schema.js';

export function casesJsonSchema(): JsonSchema {
  return schemaDocument('Test cases for a policy', fileSchema, {
    descriptions: DESCRIPTIONS,
    stringTypes: 'string',
    keywords: {
      // The format says the same, and editors show the pattern when it does not match.
      now: { pattern: undefined },
      'cases[].now': { pattern: undefined },
      'cases[].earlier[].now': { pattern: undefined },
      'cases[].earlier[]': { oneOf: [{ required: ['payload'] }, { required: ['file'] }] },
      'cases[]': { oneOf: [{ required: ['payload'] }, { required: ['file'] }] },
    },
  });
}

const DESCRIPTIONS: Readonly<Record<string, string>> = {
  now: 'Time of the decisions of all cases that do not say their own.',
  cases: 'Requests, each with the decision that you expect.',
  'cases[].name': 'What the case shows. It appears in the report.',
  'cases[].for': 'Which kind of request it is, for a payload that does not show it.',
  'cases[].payload': 'The request in place, as Fireblocks sends it.',
  'cases[].file': 'JSON file with the request, relative to this file.',
  'cases[].set':
    'What differs from the request, by path, such as `destinations.0.amountUSD: 18000`. `null` makes a fact absent.',
  'cases[].now': 'Time of the decision, with its offset: `2026-03-03T10:00:00+01:00`.',
  'cases[].limits': 'What other transactions have spent before, by limit, in the counters of this request.',
  'cases[].limits.*.spent': 'A decimal, such as `"1000"`.',
  'cases[].expected':
    'Transactions that are announced, in the form of the JSON for `npm run expect -- add`. Rules read them as `tx.expected`.',
  'cases[].expected[].externalTxId': 'Its `externalTxId`, or else its `txId`.',
  'cases[].expected[].txId': 'The id of the transaction in Fireblocks.',
  'cases[].expected[].asset': 'Fireblocks asset id.',
  'cases[].expected[].amount': 'A decimal in quotes: what all destinations get.',
  'cases[].expected[].destinations': 'All destinations.',
  'cases[].expected[].destinations[].address': 'Compared by the rules of the asset’s chain.',
  'cases[].expected[].destinations[].tag': 'Tag or memo, if there is one.',
  'cases[].expected[].destinations[].amount': 'A decimal in quotes.',
  'cases[].expected[].expires': 'From when on it is not approved any more: `2026-12-01T12:00:00Z`.',
  'cases[].earlier':
    'Requests that are decided before, in order. Those that are approved count in limits, and use announced transactions and proofs. Requests with one `txId` are one transaction, which must stay what was approved.',
  'cases[].earlier[].for': 'Which kind of request it is, for a payload that does not show it.',
  'cases[].earlier[].payload': 'The request in place, as Fireblocks sends it.',
  'cases[].earlier[].file': 'JSON file with the request, relative to this file.',
  'cases[].earlier[].set': 'What differs from the request, by path.',
  'cases[].earlier[].now': 'Time of its decision; that of the case if it is left out.',
  'cases[].people':
    'What people have decided, by their keys under approvers: `{ alice: approve, bob: reject }`. It counts as signed. Without it, nobody was asked before.',
  'cases[].earlier[].people': 'What people have decided about it.',
  'cases[].expect': 'The expected decision.',
  'cases[].expect.action': '`approve`, `reject`, `retry` or `ignore`.',
  'cases[].expect.rule':
    'Id of the rule that is expected to decide. `otherwise` if none is expected to match, `integrity` for the checks before any rule, `changed` if it is not what was approved before, `limits.NAME` for a limit.',
};

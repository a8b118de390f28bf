// The JSON schema of policy files: what `check` demands, as far as an editor can know it while someone writes.
import { CHAIN_NAMES } from '../../../src/chain/chain.js';
import {
  assetSchema,
  listEntrySchema,
  listReferenceSchema,
  policySchema,
} from '../../../src/policy/parse/schema.js';
import { type JsonSchema, schemaDocument, toJsonSchema } from './json-schema.js';
import { POLICY_DESCRIPTIONS } from './policy-descriptions.js';

export function policyJsonSchema(): JsonSchema {
  return schemaDocument('Policy of the callback handler for the Fireblocks API Co-signer', policySchema, {
    descriptions: POLICY_DESCRIPTIONS,
    keywords: KEYWORDS,
    // All scalars of a policy are strings; an editor takes those without quotes for what they look like.
    stringTypes: ['string', 'number', 'boolean'],
  });
}

const CHAIN = {
  type: undefined,
  anyOf: [{ enum: CHAIN_NAMES }, { type: 'string', pattern: '^evm/[1-9][0-9]*$' }],
};
const NAMES = { type: 'string', pattern: '^[A-Za-z]\\w{0,63}$' };
/** A section whose entries may all be commented out. */
const MAP_OR_EMPTY = { type: ['object', 'null'] };
const LIST_OR_EMPTY = { type: ['array', 'null'] };
const AMOUNT = { type: ['number', 'string'], minimum: 0, pattern: '^(?:\\d+\\.?\\d*|\\.\\d+)$' };

const PERSON_KEYS = { type: 'string', pattern: '^[\\w.@-]{1,64}$' };
const PASSKEY = { type: ['string'], pattern: '^passkey:' };
const DURATION = { type: ['string'], pattern: '^[1-9]\\d{0,5}[smh]$' };

/** What the schema of zod does not say, because it is checked by functions or depends on how YAML is read. */
const KEYWORDS: Readonly<Record<string, JsonSchema>> = {
  '': { required: ['version'] },
  version: { type: undefined, const: undefined, enum: [1, '1'] },
  assets: MAP_OR_EMPTY,
  'assets.*': { anyOf: [{ const: 'off' }, toJsonSchema(assetSchema)] },
  'assets.*.chain': CHAIN,
  'assets.*.decimals': {
    ...{ type: ['integer', 'string'], minimum: 0, maximum: 36 },
    pattern: '^(?:[0-2]?\\d|3[0-6])$',
  },
  'assets.*.price': AMOUNT,
  contracts: MAP_OR_EMPTY,
  'contracts.*.chain': CHAIN,
  'rules[].when': { type: ['string', 'boolean'] },
  own: LIST_OR_EMPTY,
  tables: { ...MAP_OR_EMPTY, propertyNames: NAMES },
  integrity: MAP_OR_EMPTY,
  'integrity.maxFeeFactor': { ...AMOUNT, minimum: 1 },
  lists: { ...MAP_OR_EMPTY, propertyNames: NAMES },
  'lists.*': { anyOf: [{ type: 'array', items: {} }, toJsonSchema(listReferenceSchema)] },
  // 64 digits without quotes would be a number that can't be exact.
  'lists.*.sha256': { type: ['string'] },
  initiators: { ...MAP_OR_EMPTY, propertyNames: { type: 'string', pattern: '^[\\w.@-]{1,64}$' } },
  'initiators.*.key': { type: ['string'] },
  approvers: { ...MAP_OR_EMPTY, propertyNames: PERSON_KEYS },
  'approvers.*': { required: ['name'] },
  'approvers.*.passkeys': LIST_OR_EMPTY,
  'approvers.*.passkeys[]': PASSKEY,
  viewers: { ...MAP_OR_EMPTY, propertyNames: PERSON_KEYS },
  'viewers.*': { required: ['name'] },
  'viewers.*.passkeys': LIST_OR_EMPTY,
  'viewers.*.passkeys[]': PASSKEY,
  holds: { ...MAP_OR_EMPTY, propertyNames: NAMES },
  'holds.*': { required: ['of', 'quorum'] },
  'holds.*.quorum': { type: ['integer', 'string'], minimum: 1, maximum: 99 },
  'holds.*.expires': DURATION,
  'holds.*.notInitiator': {
    anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'string', minLength: 1 } }],
  },
  retries: { ...MAP_OR_EMPTY, required: undefined },
  'retries.every': DURATION,
  'retries.for': DURATION,
  'rules[]': {
    if: { properties: { action: { const: 'hold' } }, required: ['action'] },
    then: { required: ['hold'] },
    else: { properties: { hold: false } },
  },
  limits: { ...MAP_OR_EMPTY, propertyNames: NAMES },
  'limits.*': { oneOf: [{ required: ['window'] }, { required: ['calendar', 'zone'] }] },
  'limits.*.when': { type: ['string', 'boolean'] },
  'limits.*.amount': { type: ['string'] },
  'limits.*.per[]': { type: ['string'] },
  'limits.*.zone': { type: ['string'] },
  'limits.*.window': { type: ['string'], pattern: '^[1-9]\\d{0,5}[mhd]$' },
  'limits.*.max': { anyOf: [AMOUNT, { type: 'object', additionalProperties: AMOUNT }] },
  'lists.*[]': { anyOf: [{ type: 'string', minLength: 1 }, toJsonSchema(listEntrySchema)] },
  rules: LIST_OR_EMPTY,
};

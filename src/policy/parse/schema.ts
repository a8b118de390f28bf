// The schema of a policy file, with the messages for values that do not match it.
import * as z from 'zod';
import { CHAIN_NAMES, isChain } from '../../chain/chain.js';
import { abiProblem } from '../../chain/evm/contracts.js';
import { parseAmount } from '../../protocol/decimal.js';
import type { Kind } from '../../protocol/request.js';
import { CHANGED, INTEGRITY, OTHERWISE } from '../evaluate/rules.js';
import { nearest } from '../language/nearest.js';
import { LIMIT_PREFIX } from '../limits/limit.js';
import { eitherOf, isAmount, must, oneOf, orEmpty } from './demands.js';
import { holdSchema, PEOPLE_PARTS, personSchema, retriesSchema } from './hold-schema.js';
import { limitSchema, MAX_LIMITS } from './limit-schema.js';

export const KINDS = ['transaction', 'configuration'] as const satisfies readonly Kind[];

/** Maximum length of a condition, in characters. */
export const MAX_CONDITION = 20_000;

export const ruleSchema = z.strictObject(
  {
    id: z
      .string(must('be a string'))
      .regex(/^[\w.-]{1,64}$/, 'must consist of 1 to 64 letters, digits and _ . -')
      .refine((id) => id !== OTHERWISE, `must not be "${OTHERWISE}", which stands for "no rule matched"`)
      .refine(
        (id) => id !== INTEGRITY,
        `must not be "${INTEGRITY}", which stands for the checks before any rule`,
      )
      .refine(
        (id) => id !== CHANGED,
        `must not be "${CHANGED}", which stands for a transaction that is not the one approved before`,
      )
      .refine(
        (id) => !id.startsWith(LIMIT_PREFIX),
        `must not begin with "${LIMIT_PREFIX}", which stands for a limit`,
      ),
    for: oneOf(KINDS),
    // Longer than any condition that the limits of the language allow.
    when: z
      .string(must('be an expression'))
      .max(MAX_CONDITION, `must have at most ${MAX_CONDITION} characters`),
    action: oneOf(['approve', 'reject', 'retry', 'ignore', 'hold']),
    hold: z.string(must('be the name of a hold')).min(1, 'must not be empty').optional(),
    reason: z.string(must('be a string')).max(1000, 'must have at most 1000 characters').optional(),
  },
  must('be a rule, with the keys id, for, when, action, hold and reason'),
);

/** An entry of a list that holds more than an address or another string. */
export const listEntrySchema = z.strictObject(
  {
    address: z.string(must('be a string')).min(1, 'must not be empty'),
    tag: z.string(must('be a string')).min(1, 'must not be empty').optional(),
    asset: z.string(must('be the id of an asset')).min(1, 'must not be empty').optional(),
    name: z.string(must('be a string')).min(1, 'must not be empty').optional(),
  },
  must('be a string, or have the keys address, tag, asset and name'),
);

/** A list whose entries are elsewhere. */
export const listReferenceSchema = z.strictObject(
  {
    from: z
      .string(must('be a file or an object in S3'))
      .regex(
        /^(?:s3:\/\/[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]\/.+|(?![a-z][a-z0-9+.-]+:\/\/).+)$/s,
        'must be a file or an object in S3, such as lists/sanctioned.txt or s3://bucket/sanctioned.txt',
      ),
    sha256: z
      .string(must('be a SHA-256'))
      .regex(/^[0-9a-f]{64}$/i, 'must be the 64 hexadecimal digits of a SHA-256')
      .transform((digits) => digits.toLowerCase())
      .optional(),
  },
  must('be a list of strings, or have the keys from and sha256'),
);

const chain = z.string(must('be a chain, such as evm/1')).refine(isChain, {
  error: ({ input }) => `must be a chain, such as evm/1, bitcoin or solana/devnet${suggestedChain(input)}`,
});

export const assetSchema = z.strictObject(
  {
    chain,
    contract: z.string(must('be an address')).min(1, 'must not be empty').optional(),
    decimals: z
      .string(must('be a whole number'))
      .refine((text) => /^\d{1,2}$/.test(text) && Number(text) <= 36, 'must be a whole number from 0 to 36'),
    price: z
      .string(must('be a decimal number'))
      .refine(isAmount, 'must be a decimal number such as 0.99')
      .optional(),
  },
  must('be off, or have the keys chain, contract, decimals and price'),
);

export const contractSchema = z.strictObject(
  {
    chain,
    name: z.string(must('be a string')).optional(),
    abi: z.array(
      z.string(must('be a signature')).superRefine((signature, context) => {
        const problem = abiProblem(signature);
        if (problem !== undefined) context.addIssue(`is not a signature: ${problem}`);
      }),
      must('be a list of signatures such as "function swap(address tokenIn, uint256 amountIn)"'),
    ),
  },
  must('have the keys chain, name and abi'),
);

/** Maximum length of a public key, in characters: RSA with 16,384 bits has 2,800. */
const MAX_KEY = 5000;

export const initiatorSchema = z.strictObject(
  { key: z.string(must('be a public key')).max(MAX_KEY, `must have at most ${MAX_KEY} characters`) },
  must('have the key "key", with a public key'),
);

const checkMode = oneOf(['off', 'reject', 'require']).optional();

export const integritySchema = z.strictObject(
  {
    payload: checkMode,
    recipient: checkMode,
    amount: checkMode,
    chain: checkMode,
    fee: checkMode,
    display: checkMode,
    rawTransaction: oneOf(['optional', 'required']).optional(),
    maxFeeFactor: z
      .string(must('be a decimal number'))
      .refine((text) => parseAmount(text)?.gte(1) === true, 'must be a decimal number of at least 1')
      .optional(),
  },
  must('have the names of checks as keys'),
);

/** The top-level keys, for messages. */
export const POLICY_KEYS =
  'version, assets, contracts, own, tables, integrity, lists, initiators, approvers, viewers, holds, retries, limits, rules, otherwise and onError';

export const policySchema = z.strictObject(
  {
    version: z.literal('1', must('be 1: write version: 1')),
    assets: orEmpty(
      {},
      z.record(
        z.string(),
        eitherOf((asset) => asset === 'off', z.string(), assetSchema),
        must('contain assets, each with its id'),
      ),
    ),
    contracts: orEmpty(
      {},
      z.record(z.string(), contractSchema, must('contain contracts, each with its address')),
    ),
    own: orEmpty(
      [],
      z.array(z.string(must('be an address')).min(1, 'must not be empty'), must('be a list of addresses')),
    ),
    tables: orEmpty(
      {},
      z.record(
        z.string(),
        z.record(
          z.string(),
          z.string(must('be a string or a number')).min(1, 'must not be empty'),
          must('contain values, each with its key'),
        ),
        must('contain tables, each with a name'),
      ),
    ),
    integrity: orEmpty({}, integritySchema),
    lists: orEmpty(
      {},
      z.record(
        z.string(),
        eitherOf(
          (list) => typeof list === 'object' && !Array.isArray(list),
          listReferenceSchema,
          z.array(
            eitherOf(
              (entry) => typeof entry === 'string',
              z.string().min(1, 'must not be empty'),
              listEntrySchema,
            ),
            must('be a list of strings'),
          ),
        ),
        must('contain lists of strings, each with a name'),
      ),
    ),
    initiators: orEmpty(
      {},
      z.record(z.string(), initiatorSchema, must('contain initiators, each with a name')),
    ),
    ...PEOPLE_PARTS,
    limits: orEmpty(
      {},
      z
        .record(z.string(), limitSchema, must('contain limits, each with a name'))
        .refine((limits) => Object.keys(limits).length <= MAX_LIMITS, `must be at most ${MAX_LIMITS} limits`),
    ),
    rules: orEmpty(
      [],
      z.array(ruleSchema, must('be a list of rules: begin each with a dash, as in - id: my-rule')),
    ),
    // Safe defaults: if no rule matches, or a rule fails, nothing is approved.
    otherwise: oneOf(['reject', 'retry', 'ignore']).default('reject'),
    onError: oneOf(['retry', 'reject']).default('retry'),
  },
  must(`have the keys ${POLICY_KEYS}`),
);

/** The keys of each object in a policy, by the first key of its path. */
const KEYS: Readonly<Record<string, z.ZodObject>> = {
  assets: assetSchema,
  contracts: contractSchema,
  integrity: integritySchema,
  lists: listEntrySchema,
  initiators: initiatorSchema,
  approvers: personSchema,
  viewers: personSchema,
  holds: holdSchema,
  retries: retriesSchema,
  limits: limitSchema,
  rules: ruleSchema,
};

/** The keys that the object at a path may have. */
export function keysAt([top, ...inner]: readonly PropertyKey[]): readonly string[] {
  if (top === 'lists' && inner.length === 1) return Object.keys(listReferenceSchema.shape);
  return Object.keys((KEYS[String(top)] ?? policySchema).shape);
}

/** `ethereum` is what many would write. */
function suggestedChain(written: unknown): string {
  if (typeof written !== 'string') return '';
  const near = /^eth|^evm/i.test(written) ? 'evm/1' : nearest(written, CHAIN_NAMES);
  return near === undefined ? '' : `; did you mean "${near}"?`;
}

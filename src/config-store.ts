// The part of the configuration that says where decisions are remembered.
import * as z from 'zod';
import { archivePlace, tableName, wholeNumber } from './config-values.js';
import type { StoreConfig } from './store/open.js';

/** The store in local mode. */
export const LOCAL_STORE = '.local/store';
/** Local mode without a store, for comparisons. */
const OFF = 'off';
export const DEFAULT_RETENTION_DAYS = 400;

const HOSTED =
  "can't be used here: this machine's disk does not last. Set STORE_TABLE to the name of a DynamoDB table instead";
const NOT_LOCAL =
  "can't be used in local mode, which does not use AWS: decisions are remembered in STORE_PATH";

const common = {
  STORE_PATH: z.string().optional(),
  STORE_RETENTION_DAYS: wholeNumber(1, 36_500).default(DEFAULT_RETENTION_DAYS),
};

/** Present on ECS with Fargate, and on Lambda: there, each start has an empty disk. */
const host = {
  ECS_CONTAINER_METADATA_URI_V4: z.string().optional(),
  AWS_LAMBDA_FUNCTION_NAME: z.string().optional(),
  AWS_EXECUTION_ENV: z.string().optional(),
};

/** @returns `undefined` if nothing is remembered */
export const productionStore = z
  .object({
    ...common,
    ...host,
    STORE_TABLE: tableName.optional(),
    STORE_ARCHIVE: archivePlace.optional(),
  })
  .check(({ value, issues }) => {
    const report = (name: string, message: string): void => {
      issues.push({ code: 'custom', path: [name], input: undefined, message });
    };
    const { STORE_PATH, STORE_TABLE, STORE_ARCHIVE } = value;
    if (STORE_PATH !== undefined && isHosted(value)) report('STORE_PATH', HOSTED);
    else if (STORE_PATH !== undefined && STORE_TABLE !== undefined) {
      report('STORE_PATH', 'is set together with STORE_TABLE: remove one of them');
    }
    if (STORE_ARCHIVE !== undefined && STORE_TABLE === undefined) {
      report('STORE_ARCHIVE', 'is set without STORE_TABLE: set both, or remove it');
    }
  })
  .transform((value): StoreConfig | undefined => {
    const {
      STORE_TABLE: table,
      STORE_PATH: path,
      STORE_ARCHIVE: archive,
      STORE_RETENTION_DAYS: retentionDays,
    } = value;
    if (table !== undefined) return { table, archive, retentionDays };
    return path === undefined ? undefined : { path, retentionDays };
  });

export const localStore = z
  .object({
    ...common,
    STORE_TABLE: z.undefined(NOT_LOCAL).optional(),
    STORE_ARCHIVE: z.undefined(NOT_LOCAL).optional(),
  })
  .transform(({ STORE_PATH: path = LOCAL_STORE, STORE_RETENTION_DAYS: retentionDays }) =>
    path === OFF ? undefined : ({ path, retentionDays } satisfies StoreConfig),
  );

function isHosted(value: { readonly [Name in keyof typeof host]?: string | undefined }): boolean {
  return (
    value.ECS_CONTAINER_METADATA_URI_V4 !== undefined ||
    value.AWS_LAMBDA_FUNCTION_NAME !== undefined ||
    /^AWS_(ECS|Lambda)/.test(value.AWS_EXECUTION_ENV ?? '')
  );
}

// Why a policy can't be used without a store.
import type { StoreNeed } from '../evaluate/rules.js';
import type { Limit } from '../limits/limit.js';
import type { PolicyDocument } from './document.js';

const ADVICE =
  'a store: set STORE_TABLE to a DynamoDB table, or STORE_PATH to a directory on a disk that lasts; see DEPLOYMENT.md';

/** @returns a problem for each part that needs one, for where there is none */
export function storeNeeds(document: PolicyDocument, limits: readonly Limit[]): readonly StoreNeed[] {
  return limits.length === 0 ? [] : [document.problemAtKey(['limits'], `limits need ${ADVICE}`)];
}

// The history of a day as a file: CSV for spreadsheets, JSON for programs.
import type { CallbackRequest } from '../../protocol/request.js';
import { requestOf, type RecordStore } from '../records.js';
import { withoutSecrets } from '../without-secrets.js';
import { amountIn, assetIn, type Filter } from './filter.js';
import { allDecisions, type Decided } from './read.js';

type Row = Readonly<Record<string, unknown>>;

const COLUMNS = [
  ...['at', 'action', 'rule', 'reason', 'kind', 'stage', 'requestId', 'txId', 'externalTxId'],
  ...['asset', 'amount', 'ruleError', 'policy', 'hold', 'approvals', 'writer', 'sequence'],
] as const;

/** RFC 4180, with a byte order mark, so that spreadsheets read it as UTF-8. @throws {StoreError} while it is read */
export async function* csvOf(store: RecordStore, filter: Filter): AsyncGenerator<string> {
  yield `\ufeff${COLUMNS.join(',')}\r\n`;
  for await (const decided of allDecisions(store, filter)) {
    const row = rowOf(decided, requestOf(decided.record));
    yield `${COLUMNS.map((name) => cell(row[name])).join(',')}\r\n`;
  }
}

/** A list with one object a line: a decision with its request. @throws {StoreError} while it is read */
export async function* jsonOf(store: RecordStore, filter: Filter): AsyncGenerator<string> {
  let before = '[\n';
  for await (const decided of allDecisions(store, filter)) {
    const { record } = decided;
    const request = requestOf(record);
    const { limits, hold, people } = record;
    const object = { ...rowOf(decided, request), limits, hold, people, request: request?.payload };
    yield `${before}${JSON.stringify(object, withoutSecrets)}`;
    before = ',\n';
  }
  yield before === '[\n' ? '[]\n' : '\n]\n';
}

function rowOf({ writer, sequence, record }: Decided, request: CallbackRequest | undefined): Row {
  const { at, action, rule, reason, kind, stage, requestId, txId, externalTxId, ruleError, policy } = record;
  return {
    ...{ at, action, rule, reason, kind, stage, requestId, txId, externalTxId },
    ...{ asset: assetIn(request), amount: amountIn(request), ruleError, policy },
    ...{ hold: nameOf(record.hold), approvals: approvalsIn(record.hold), writer, sequence },
  };
}

function nameOf(hold: unknown): string | undefined {
  return (hold as { readonly name?: string } | undefined)?.name;
}

function approvalsIn(hold: unknown): string | undefined {
  return (hold as { readonly approvals?: readonly string[] } | undefined)?.approvals?.join(' ');
}

/** A spreadsheet would take a text that begins like a formula for one: it gets an apostrophe. */
function cell(value: unknown): string {
  if (value === undefined || value === null) return '';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  const safe = /^[=+\-@\t\r\n＝＋－＠]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

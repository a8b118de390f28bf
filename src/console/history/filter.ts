// Which decisions of the history are shown.
import { ACTIONS } from '../../protocol/decision.js';
import { type CallbackRequest, present } from '../../protocol/request.js';
import type { DecisionRecord } from '../../store/record.js';
import { requestOf } from '../records.js';
import { jsonWithoutSecrets } from '../without-secrets.js';

/** What is absent is not asked for. */
export interface Filter {
  readonly action?: string;
  /** A rule's id. */
  readonly rule?: string;
  /** An asset's id, in any case. */
  readonly asset?: string;
  /** A day in UTC, such as `2026-11-26`. */
  readonly day?: string;
  /** Part of the request's JSON, in any case. Only within a day. */
  readonly text?: string;
}

/** In the order of the form. */
export const FILTER_FIELDS = ['action', 'rule', 'asset', 'day', 'text'] as const satisfies (keyof Filter)[];

export type FilterProblem = 'dayInvalid' | 'textNeedsDay';

const MAX_LENGTH = 300;
const DAY_MS = 86_400_000;

/** @param query of the address: anything. Unknown actions and empty fields are not asked for */
export function readFilter(query: Readonly<Record<string, unknown>>): Filter {
  const fields = FILTER_FIELDS.flatMap((name) => {
    const value = query[name];
    const text = typeof value === 'string' ? value.trim().slice(0, MAX_LENGTH) : '';
    if (text === '' || (name === 'action' && !ACTIONS.some((action) => action === text))) return [];
    return [[name, text] as const];
  });
  return Object.fromEntries(fields);
}

/** @returns why the filter can't be used */
export function filterProblem({ day, text }: Filter): FilterProblem | undefined {
  if (day !== undefined && periodOf(day) === undefined) return 'dayInvalid';
  return text !== undefined && day === undefined ? 'textNeedsDay' : undefined;
}

/** @returns Unix times in ms: the first, inclusive, and the last, exclusive; `undefined` if it is no day */
export function periodOf(day: string): { readonly from: number; readonly to: number } | undefined {
  const from = /^\d{4}-\d{2}-\d{2}$/.test(day) ? Date.parse(`${day}T00:00:00Z`) : NaN;
  if (Number.isNaN(from) || new Date(from).toISOString().slice(0, 10) !== day) return undefined;
  return { from, to: from + DAY_MS };
}

/** Cheap questions first: the request is read only if the others fit. */
export function fits(filter: Filter, record: DecisionRecord): boolean {
  const { action, rule, asset, day, text } = filter;
  if (action !== undefined && record.action !== action) return false;
  if (rule !== undefined && record.rule !== rule) return false;
  if (day !== undefined && record.at.slice(0, 10) !== day) return false;
  if (asset === undefined && text === undefined) return true;
  const json = requestJson(record);
  if (text !== undefined && !contains(json, text)) return false;
  if (asset === undefined) return true;
  if (!contains(json, asset)) return false;
  const own = assetIn(requestOf(record));
  return own?.toLowerCase() === asset.toLowerCase();
}

/** What was asked, as JSON, without a look at its form. Nobody finds out a secret by searching for its parts. */
function requestJson({ auth, request }: DecisionRecord): string {
  const json = auth === 'json' ? request : Buffer.from(request.split('.')[1] ?? '', 'base64url').toString();
  return jsonWithoutSecrets(json);
}

function contains(json: string, text: string): boolean {
  const wanted = text.toLowerCase();
  if (json.toLowerCase().includes(wanted)) return true;
  return json.includes('\\') && unescaped(json).toLowerCase().includes(wanted);
}

/** Characters may be written as `\u00e9`. */
function unescaped(json: string): string {
  try {
    return JSON.stringify(JSON.parse(json));
  } catch {
    return json;
  }
}

/** @returns the asset of a transaction */
export function assetIn(request: CallbackRequest | undefined): string | undefined {
  const asset = present(request?.payload['asset']);
  return typeof asset === 'string' ? asset : undefined;
}

/** @returns the amount as the request has it, for people */
export function amountIn(request: CallbackRequest | undefined): string | undefined {
  const names = ['amountStr', 'requestedAmountStr', 'amount', 'requestedAmount'];
  const amount = names.map((name) => present(request?.payload[name])).find((value) => value !== undefined);
  return typeof amount === 'string' || typeof amount === 'number' ? String(amount) : undefined;
}

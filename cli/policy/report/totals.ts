// Adds up the decisions in a log, line by line, in bounded memory.
import { INTEGRITY } from '../../../src/policy/evaluate/rules.js';
import { add, type Decimal, parseAmount } from '../../../src/protocol/decimal.js';
import { type Action, ACTIONS } from '../../../src/protocol/decision.js';
import { EMERGENCY_STOP, STALE } from '../../../src/sources/emergency.js';
import { parseLogLine } from '../log-lines.js';
import { CandidateTotals } from './candidate.js';
import { BoundedCounts, BoundedNames } from './bounded.js';
import type { DayOf } from './day.js';

/** What decisions are counted by. */
export interface Cell {
  readonly day: string;
  readonly rule: string;
  readonly action: string;
  readonly asset: string;
  decisions: number;
  /** The sum; of those that have an amount. `undefined` if none has one, or it is of several assets. */
  amount: Decimal | undefined;
  /** Number of decisions that are not in `amount`. */
  withoutAmount: number;
}

const NO_RULE = '(no rule)';
const NO_ASSET = '(none)';
const CONFIGURATION = '(configuration)';
const OTHER_ASSETS = '(other assets)';
const OTHER_RULES = '(other rules)';

/** Names come from requests, so their number is limited; a workspace has far fewer. */
const MAX_ASSETS = 2000;
const MAX_RULES = 10_000;
/** More combinations are counted without the asset. */
const MAX_CELLS = 200_000;

export class Totals {
  decisions = 0;
  /** Decision lines that have no time or no action. */
  unreadable = 0;
  /** Signing requests that do not sign what they display, or for which it is not known. */
  unverified = 0;
  /** Rejected before any rule. */
  integrity = 0;
  /** Caused by an error or a timeout. */
  withoutRule = 0;
  emergencyStop = 0;
  stale = 0;
  /** ISO times in UTC. */
  first = '';
  last = '';
  /** By the whole SHA-256. */
  readonly policies = new BoundedCounts();
  /** Why rules could not be evaluated: `rule: reason`. */
  readonly errors = new BoundedCounts();
  readonly matched = new Set<string>();
  readonly candidate = new CandidateTotals();
  readonly #cells = new Map<string, Cell>();
  readonly #assets = new BoundedNames(MAX_ASSETS, OTHER_ASSETS);
  readonly #rules = new BoundedNames(MAX_RULES, OTHER_RULES);
  readonly #dayOf: DayOf;
  readonly #from: string;

  /** @param from lines before this time are left out; ISO in UTC @param dayOf the day of a time */
  constructor(dayOf: DayOf, from = '') {
    this.#dayOf = dayOf;
    this.#from = from;
  }

  get cells(): readonly Cell[] {
    return [...this.#cells.values()];
  }

  add(text: string): void {
    // Most other lines are not worth parsing.
    if (!text.includes('decision') && !text.includes('candidate_differs')) return;
    const line = parseLogLine(text);
    if (line?.['event'] !== 'decision' && line?.['event'] !== 'candidate_differs') return;
    const time = stringOf(line['time']) ?? '';
    if (time < this.#from) return;
    if (line['event'] === 'candidate_differs') this.candidate.add(line);
    else this.#addDecision(line, time);
  }

  #addDecision(line: Readonly<Record<string, unknown>>, time: string): void {
    const action = ACTIONS.find((known) => known === line['action']);
    const day = this.#dayOf(time);
    if (action === undefined || day === undefined) {
      this.unreadable++;
      return;
    }
    this.decisions++;
    if (this.first === '' || time < this.first) this.first = time;
    if (time > this.last) this.last = time;
    const rule = stringOf(line['rule']);
    const error = stringOf(line['ruleError']);
    if (line['verified'] === false) this.unverified++;
    if (rule === INTEGRITY) this.integrity++;
    if (rule === undefined) this.withoutRule++;
    if (rule === EMERGENCY_STOP) this.emergencyStop++;
    if (rule === STALE) this.stale++;
    const policy = stringOf(line['policy']);
    if (policy !== undefined) this.policies.add(policy);
    if (rule !== undefined && error !== undefined) this.errors.add(`${rule}: ${error}`);
    const shown = this.#rules.of(rule ?? NO_RULE);
    if (error === undefined) this.matched.add(shown);
    const byRule = error === undefined ? shown : `${shown} (not evaluated)`;
    this.#count({ day, action, rule: byRule }, line);
  }

  #count(
    { day, rule, action }: { readonly day: string; readonly rule: string; readonly action: Action },
    line: Readonly<Record<string, unknown>>,
  ): void {
    const isChange = line['kind'] === 'configuration';
    const named = isChange ? CONFIGURATION : this.#assets.of(stringOf(line['asset']) ?? NO_ASSET);
    const cell = this.#cellOf(day, rule, action, named);
    cell.decisions++;
    const amount = cell.asset === OTHER_ASSETS ? undefined : amountOf(stringOf(line['amount']));
    if (amount === undefined) cell.withoutAmount++;
    else cell.amount = cell.amount === undefined ? amount : add(cell.amount, amount);
  }

  #cellOf(day: string, rule: string, action: Action, named: string): Cell {
    const key = JSON.stringify([day, rule, action, named]);
    const known = this.#cells.get(key);
    if (known !== undefined) return known;
    if (this.#cells.size >= MAX_CELLS && named !== OTHER_ASSETS)
      return this.#cellOf(day, rule, action, OTHER_ASSETS);
    const cell = { day, rule, action, asset: named, decisions: 0, amount: undefined, withoutAmount: 0 };
    this.#cells.set(key, cell);
    return cell;
  }
}

/** More digits, before or after the decimal point, are no amount of any asset, and would spoil the sum. */
const MAX_DIGITS = 100;

function amountOf(text: string | undefined): Decimal | undefined {
  const amount = text === undefined ? undefined : parseAmount(text);
  if (amount === undefined) return undefined;
  return amount.precision(true) <= MAX_DIGITS && amount.decimalPlaces() <= MAX_DIGITS ? amount : undefined;
}

function stringOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

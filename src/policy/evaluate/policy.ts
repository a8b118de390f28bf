// A policy that was parsed: what decisions are made by.
import type { KeyObject } from 'node:crypto';
import type { Catalog } from '../../chain/catalog.js';
import type { Action } from '../../protocol/decision.js';
import type { Kind } from '../../protocol/request.js';
import type { Compiled } from '../language/language.js';
import type { ListEntry, Lists } from '../language/named-list.js';
import type { Tables } from '../language/table.js';
import type { Limit } from '../limits/limit.js';
import type { Hold, Person, Retries } from './people.js';
import type { RuleIndex } from './rule-index.js';

export interface Rule extends Compiled {
  readonly id: string;
  readonly for: Kind;
  /** The expression as written. */
  readonly when: string;
  readonly action: Action | 'HOLD';
  /** The name of the hold, if the action is HOLD. */
  readonly hold?: string | undefined;
  readonly reason: string | undefined;
}

export interface Policy {
  /** The file's SHA-256, 64 hex digits. */
  readonly hash: string;
  /** The file. */
  readonly text: string;
  readonly rules: readonly Rule[];
  /** The rules, keyed by the kind of request that they apply to, in order. */
  readonly rulesFor: Readonly<Record<Kind, readonly Rule[]>>;
  /** Finds those that may match a request. */
  readonly indexFor: Readonly<Record<Kind, RuleIndex>>;
  /** What the policy says about assets, contracts and the workspace, and the checks before any rule. */
  readonly catalog: Catalog;
  /** The lists that are written in the policy. */
  readonly lists: ReadonlyMap<string, readonly ListEntry[]>;
  /** The lists that the policy takes from elsewhere, keyed by name. */
  readonly loadedLists: ReadonlyMap<string, ListFromElsewhere>;
  /** All lists, as rules look things up in them. */
  readonly named: Lists;
  readonly tables: Tables;
  /** The public keys of those whose signatures prove that they initiated a transaction, keyed by name. */
  readonly initiators: ReadonlyMap<string, KeyObject>;
  /** Those who may approve and those who may only look, keyed as in the policy. Nobody is both. */
  readonly approvers: ReadonlyMap<string, Person>;
  readonly viewers: ReadonlyMap<string, Person>;
  readonly holds: ReadonlyMap<string, Hold>;
  readonly retries: Retries;
  /** What every approval of a transaction must fit into. */
  readonly limits: readonly Limit[];
  /** Why the policy can't be used without a store; empty if it can. */
  readonly needsStore: readonly StoreNeed[];
  /** Why the policy can't be used without a console; empty if it can. */
  readonly needsConsole: readonly StoreNeed[];
  /** Whether a rule reads `tx.expected`, so that announced transactions must be read from the store. */
  readonly readsExpected: boolean;
  /** What an author should look at; the policy can be used. */
  readonly warnings: readonly PolicyWarning[];
  /** The action if no rule matches. */
  readonly otherwise: Exclude<Action, 'APPROVE'>;
  /** The action if a rule can't be evaluated. */
  readonly onError: 'REJECT' | 'RETRY';
}

export interface ListFromElsewhere {
  /** A file as the policy names it, or `s3://bucket/key`. */
  readonly from: string;
  /** Whether the policy says what the list's SHA-256 must be. */
  readonly pinned: boolean;
  /** Of the list's bytes; `undefined` if they were not looked at, and the list counts as empty. */
  readonly sha256: string | undefined;
  readonly entries: number;
}

/** Something in a policy file that may be a mistake. */
export interface PolicyWarning {
  /** Path of the file or name of the parameter. */
  readonly file: string;
  /** Counted from 1. */
  readonly line: number;
  /** Counted from 1. */
  readonly column: number;
  readonly message: string;
  /** Such as `hold-unused`. @default `address` */
  readonly code?: string;
  /** What to write instead. */
  readonly advice?: string;
}

/** A place in a policy file that a store is needed for: a problem where there is none. */
export interface StoreNeed extends PolicyWarning {
  /** The line in the file, or the part of it around the place. */
  readonly excerpt: string;
  /** Position of the place in the excerpt, counted from 0. */
  readonly caret: number;
}

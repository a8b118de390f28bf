// The records: what is proven afterwards. Each writer (a start of the process) chains its records by SHA-256.

/** What every record has. `data` of its item is this as JSON, and its SHA-256 is the `previous` of the next record. */
export interface RecordLink {
  /** The id of the writer. */
  readonly writer: string;
  /** Counted from 1. */
  readonly sequence: number;
  /** SHA-256 of the record before it, as stored, 64 hex digits; of the first one: 64 zeros. */
  readonly previous: string;
}

export type RecordBody = StartRecord | DecisionRecord | NoteRecord;

/** The first record of each writer. */
export interface StartRecord {
  readonly type: 'start';
  /** ISO 8601 in UTC, with ms. */
  readonly at: string;
  readonly version: string;
  /** Where it runs: the ARN of the task, or host and process id. */
  readonly task: string;
}

/** A decision, with everything that it was made of. */
export interface DecisionRecord {
  readonly type: 'decision';
  readonly at: string;
  readonly kind: 'transaction' | 'configuration';
  readonly requestId: string;
  readonly stage: string;
  readonly txId?: string | undefined;
  readonly externalTxId?: string | undefined;
  /** SHA-256 of the request in canonical form, 64 hex digits. */
  readonly content: string;
  /** The body as it was received: a compact JWT, or JSON in JSON mode. */
  readonly request: string;
  /** The body that is sent. */
  readonly answer: string;
  readonly auth: 'jwt' | 'json';
  /** SHA-256 of the public keys (DER, SubjectPublicKeyInfo), kept as blobs; absent in JSON mode. */
  readonly cosignerKey?: string | undefined;
  readonly callbackKey?: string | undefined;
  readonly action: string;
  readonly rule?: string | undefined;
  readonly reason?: string | undefined;
  readonly ruleError?: string | undefined;
  /** SHA-256 of the policy, kept as a blob; absent if no policy decided. */
  readonly policy?: string | undefined;
  /** SHA-256 of the lists from elsewhere, kept as blobs, keyed by name. */
  readonly lists?: Readonly<Record<string, string>> | undefined;
  /** What was remembered: see `memoryToJson`; absent if something overrode the policy. */
  readonly memory?: unknown;
  /** What people decided, as it was stored, if a rule held the request: each with what a passkey signed. */
  readonly people?: PeopleRecord | undefined;
  /** Where the request stood with people. */
  readonly hold?: unknown;
  /** The limits that were looked at, keyed by name: spent, remaining, max and so on. */
  readonly limits?: unknown;
  /** The transaction's shares after the decision. */
  readonly shares?: unknown;
}

export interface PeopleRecord {
  /** Of the console, which each assertion is bound to. */
  readonly origin: string;
  /** See `SignedDecision`. */
  readonly decisions: readonly unknown[];
}

/** What an operator did: released a share, accepted a store. */
export interface NoteRecord {
  readonly type: 'released' | 'accepted' | 'expected';
  readonly at: string;
  readonly by: string;
  readonly details: Readonly<Record<string, unknown>>;
}

/** A record with its link, as stored. Bodies that are too large are kept as blobs: `body` is then a hash. */
export interface StoredRecord extends RecordLink {
  readonly body: RecordBody | { readonly sha256: string };
}

// Checks one decision record: both signatures, that what is signed is what the record says, and the decision itself.
import { repeatDecision, type Repeated } from '../../../src/memory/repeat.js';
import { contentHash } from '../../../src/protocol/content.js';
import {
  type CallbackRequest,
  isObject,
  isSigning,
  parseRequest,
  present,
} from '../../../src/protocol/request.js';
import type { DecisionRecord } from '../../../src/store/record.js';
import { type FindKey, verifiedClaims } from './keys.js';
import type { FindPolicy } from './policies.js';
import type { Problem } from './problem.js';

export type Flaw = Pick<Problem, 'what' | 'message'>;

export interface Checked {
  readonly flaws: readonly Flaw[];
  /** How many signatures were verified. */
  readonly signatures: number;
  /** What people decided, in records of requests that a rule held. */
  readonly assertions: Assertions;
  /** `undefined`: there was no policy to repeat it with; a text: why it could not be repeated. */
  readonly repeated: true | string | undefined;
}

/** How many of them were verified, and whether one does not verify. */
interface Assertions {
  readonly verified: number;
  readonly flawed: boolean;
}

const NO_ASSERTIONS: Assertions = { verified: 0, flawed: false };

/** What came of deciding again. */
interface Again extends Pick<Checked, 'repeated' | 'flaws'> {
  readonly assertions?: Assertions;
}

type Claims = Readonly<Record<string, unknown>>;

export class DecisionCheck {
  readonly #findKey: FindKey;
  readonly #findPolicy: FindPolicy;

  constructor(findKey: FindKey, findPolicy: FindPolicy) {
    this.#findKey = findKey;
    this.#findPolicy = findPolicy;
  }

  /** @throws {StoreError} */
  async check(record: DecisionRecord): Promise<Checked> {
    const [request, answer] =
      record.auth === 'json'
        ? [readJson(record.request), readJson(record.answer)]
        : await Promise.all([
            this.#verify(record.request, 'request', record.cosignerKey),
            this.#verify(record.answer, 'answer', record.callbackKey),
          ]);
    const flaws = [request, answer].flatMap((result) => ('flaw' in result ? [result.flaw] : []));
    const signatures = record.auth === 'json' ? 0 : 2 - flaws.length;
    if ('claims' in answer) flaws.push(...contradictions('the answer', answerSays(answer.claims), record));
    if ('claims' in request)
      flaws.push(...contradictions('the request', requestSays(request.claims), record));
    if ('flaw' in request) return { flaws, signatures, assertions: NO_ASSERTIONS, repeated: undefined };
    const again = await this.#repeat(record);
    const { assertions = NO_ASSERTIONS, repeated } = again;
    return { flaws: [...flaws, ...again.flaws], signatures, assertions, repeated };
  }

  async #verify(
    token: string,
    what: string,
    fingerprint: string | undefined,
  ): Promise<{ readonly claims: Claims } | { readonly flaw: Flaw }> {
    const flaw = (message: string): { readonly flaw: Flaw } => ({ flaw: { what: 'signature', message } });
    if (fingerprint === undefined) return flaw(`no key is named for the ${what}`);
    const key = await this.#findKey(fingerprint);
    if (typeof key === 'string') return flaw(`the key ${fingerprint} of the ${what} can't be used: ${key}`);
    const claims = verifiedClaims(token, key);
    return claims === undefined ? flaw(`the signature of the ${what} does not verify`) : { claims };
  }

  async #repeat(record: DecisionRecord): Promise<Again> {
    if (record.policy === undefined) {
      return record.action === 'APPROVE'
        ? { repeated: true, flaws: [{ what: 'decision', message: 'approved without a policy' }] }
        : { repeated: undefined, flaws: [] };
    }
    // What the clock decided is not decided again.
    if (record.ruleError?.includes('took too long') === true) {
      return { repeated: 'the rules took too long', flaws: [] };
    }
    const policy = await this.#findPolicy(record);
    if (typeof policy === 'string') return { repeated: policy, flaws: [] };
    try {
      return compare(record, await repeatDecision(record, policy));
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      const flaw = { what: 'decision', message: `it can't be decided again: ${reason}` } as const;
      return { repeated: true, flaws: [flaw] };
    }
  }
}

function compare(record: DecisionRecord, { action, rule, verified, forged }: Repeated): Again {
  const flaws: Flaw[] = forged.map((message) => ({ what: 'signature', message }));
  if (action !== record.action || rule !== record.rule) {
    const message = `the policy decides ${action} by ${rule}, not ${record.action} by ${record.rule ?? 'no rule'}`;
    flaws.push({ what: 'decision', message });
  }
  return { repeated: true, flaws, assertions: { verified, flawed: forged.length > 0 } };
}

function readJson(text: string): { readonly claims: Claims } | { readonly flaw: Flaw } {
  try {
    const claims: unknown = JSON.parse(text);
    if (isObject(claims)) return { claims };
  } catch {
    // Not JSON.
  }
  return { flaw: { what: 'contradiction', message: 'a body is no JSON object' } };
}

type Said = Partial<Record<keyof DecisionRecord, unknown>>;

function answerSays({ action, requestId, rejectionReason }: Claims): Said {
  return { action, requestId, ...(action === 'REJECT' && { reason: rejectionReason }) };
}

function requestSays(payload: Claims): Said {
  let request: CallbackRequest;
  try {
    request = parseRequest(payload);
  } catch {
    return { requestId: undefined };
  }
  const txId = present(payload['txId']);
  return {
    kind: request.kind,
    requestId: request.requestId,
    stage: isSigning(request) ? 'signing' : 'approval',
    txId: typeof txId === 'string' ? txId : undefined,
    content: contentHash(payload),
  };
}

function contradictions(who: string, said: Said, record: DecisionRecord): readonly Flaw[] {
  return (Object.keys(said) as (keyof DecisionRecord)[]).flatMap((field): readonly Flaw[] =>
    said[field] === record[field]
      ? []
      : [{ what: 'contradiction', message: `${who} has another ${field} than the record` }],
  );
}

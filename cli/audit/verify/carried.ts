// Looks whether what people approved at a transaction's approval, and what counted for its signing as well, is in a
// record of that approval, where it was verified. Its memory grows with the number of approvals by people.
import { memoryFromJson } from '../../../src/memory/memory-json.js';
import type { DecisionRecord } from '../../../src/store/record.js';
import { isObject } from '../../../src/protocol/request.js';
import type { Placed } from './answers.js';
import type { Problem } from './problem.js';

interface Carried extends Pick<Placed, 'writer' | 'sequence'> {
  readonly approver: string;
  readonly vote: string;
}

export class CarriedVotes {
  /** What was approved by whom with which passkey, where it was verified. */
  readonly #verified = new Set<string>();
  readonly #carried: Carried[] = [];

  /** @param flawed whether something that people signed in it does not verify */
  add({ writer, sequence, record }: Placed, flawed: boolean): void {
    if (record.people === undefined && !hasPeople(record)) return;
    const memory = readMemory(record);
    if (memory === undefined) return;
    const { subject, people } = memory;
    if (!flawed && record.action === 'APPROVE' && record.stage === 'approval') {
      for (const decision of record.people?.decisions ?? []) this.#verified.add(signedIn(subject, decision));
    }
    for (const { approver, credentialId } of people.carried) {
      this.#carried.push({ writer, sequence, approver, vote: textOf(subject, approver, credentialId) });
    }
  }

  /** @param isWhole whether no record can have expired */
  problems(isWhole: boolean): readonly Problem[] {
    if (!isWhole) return [];
    return this.#carried.flatMap(({ vote, approver, ...place }): readonly Problem[] =>
      this.#verified.has(vote)
        ? []
        : [
            {
              ...place,
              what: 'signature',
              message: `it counts an approval of ${approver} that no record of its approval has`,
            },
          ],
    );
  }
}

function hasPeople({ memory }: DecisionRecord): boolean {
  return isObject(memory) && memory['people'] !== undefined;
}

/** @returns `undefined` if it is malformed, which is found when the decision is repeated */
function readMemory({ memory }: DecisionRecord) {
  try {
    return memoryFromJson(memory);
  } catch {
    return undefined;
  }
}

/** @param decision see `SignedDecision`; verified */
function signedIn(subject: string, decision: unknown): string {
  if (!isObject(decision) || decision['verdict'] !== 'approve' || !isObject(decision['assertion'])) return '';
  return textOf(subject, decision['approver'], decision['assertion']['id']);
}

function textOf(...parts: readonly unknown[]): string {
  return JSON.stringify(parts);
}

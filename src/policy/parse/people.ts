// Reads from a policy file who may approve and who may look, and what rules hold requests for.
import { type Passkey, parsePasskey } from '../../approvals/passkey.js';
import type { Hold, Person, Retries } from '../evaluate/people.js';
import { nearest } from '../language/nearest.js';
import { type Found, isName } from './catalog.js';
import { type Path, type PolicyDocument, toRecord } from './document.js';
import { holdSchema, personSchema, retriesSchema } from './hold-schema.js';

/** What a policy says about people. */
export interface PeopleParts {
  readonly approvers: ReadonlyMap<string, Person>;
  readonly viewers: ReadonlyMap<string, Person>;
  readonly holds: ReadonlyMap<string, Hold>;
  readonly retries: Retries;
}

/** What does not match the schema is left out: the schema's own check reports it. */
export function readPeople(document: PolicyDocument, found: Found): PeopleParts {
  const owners = new Map<string, string>();
  const approvers = readPersons(document, 'approvers', owners, found);
  const viewers = readPersons(document, 'viewers', owners, found);
  for (const key of viewers.keys()) {
    if (!approvers.has(key)) continue;
    const message = `${key} is an approver already, who may look as well: remove the viewer`;
    found.problems.push(document.problemAtKey(['viewers', key], message));
  }
  return {
    approvers,
    viewers,
    holds: readHolds(document, found),
    retries: readRetries(document),
  };
}

/** @param owners of the passkeys read before, by credential id; those read here are added */
function readPersons(
  document: PolicyDocument,
  part: 'approvers' | 'viewers',
  owners: Map<string, string>,
  { problems }: Found,
): ReadonlyMap<string, Person> {
  const persons = new Map<string, Person>();
  for (const [key, entry] of Object.entries(toRecord(toRecord(document.value)[part]))) {
    const path = [part, key];
    if (!/^[\w.@-]{1,64}$/.test(key)) {
      const message = `invalid key "${key}" of a person: use letters, digits and _ . @ -`;
      problems.push(document.problemAtKey(path, message));
      continue;
    }
    const { data } = personSchema.safeParse(entry);
    if (data === undefined) continue;
    const passkeys = data.passkeys.flatMap((text, index): readonly Passkey[] => {
      const passkey = parsePasskey(text);
      const problem =
        'problem' in passkey ? `can't be used: ${passkey.problem}` : ownedProblem(owners, passkey, key);
      if (problem === undefined && !('problem' in passkey)) return [passkey];
      problems.push(
        document.problemAt([...path, 'passkeys', index], `passkey ${index + 1} of ${key} ${problem ?? ''}`),
      );
      return [];
    });
    persons.set(key, { name: data.name, passkeys });
  }
  return persons;
}

/** One passkey is one person's, so that nobody counts twice. */
function ownedProblem(
  owners: Map<string, string>,
  { credentialId }: Passkey,
  key: string,
): string | undefined {
  const owner = owners.get(credentialId);
  owners.set(credentialId, owner ?? key);
  if (owner === undefined) return undefined;
  return owner === key ? 'is there twice' : `is that of ${owner} as well: each person needs their own`;
}

function readHolds(document: PolicyDocument, found: Found): ReadonlyMap<string, Hold> {
  const { holds: entries, approvers } = toRecord(document.value);
  const known = Object.keys(toRecord(approvers));
  const holds = new Map<string, Hold>();
  for (const [name, entry] of Object.entries(toRecord(entries))) {
    const path = ['holds', name];
    if (!isName(document, path, 'hold', found)) continue;
    const { data } = holdSchema.safeParse(entry);
    if (data === undefined) continue;
    const { of, expires: expiresMs, notInitiator } = data;
    const quorum = Number(data.quorum);
    const before = found.problems.length;
    checkNames({ document, path: [...path, 'of'], found }, of, known, 'approvers');
    const isList = Array.isArray(toRecord(entry)['notInitiator']);
    checkNames({ document, path: [...path, 'notInitiator'], found, isList }, notInitiator, of, 'of');
    if (quorum > of.length) {
      const message = `quorum must be at most ${of.length}, the number of those in "of"`;
      found.problems.push(document.problemAt([...path, 'quorum'], message));
    }
    if (found.problems.length > before) continue;
    const onExpiry = data.onExpiry === 'retry' ? 'RETRY' : 'REJECT';
    holds.set(name, { name, of, quorum, expiresMs, onExpiry, notInitiator });
  }
  return holds;
}

interface NamesAt {
  readonly document: PolicyDocument;
  readonly path: Path;
  readonly found: Found;
  /** @default true */
  readonly isList?: boolean;
}

/** @param where the names must be, for messages */
function checkNames(
  { document, path, found, isList = true }: NamesAt,
  names: readonly string[],
  known: readonly string[],
  where: string,
): void {
  for (const [index, name] of names.entries()) {
    const near = nearest(name, known);
    const hint = near === undefined ? `they are ${known.join(', ') || 'empty'}` : `did you mean "${near}"?`;
    const problem = !known.includes(name)
      ? `"${name}" is not in "${where}"; ${hint}`
      : names.indexOf(name) < index
        ? `"${name}" is there twice`
        : undefined;
    if (problem === undefined) continue;
    found.problems.push(document.problemAt(isList ? [...path, index] : path, problem));
  }
}

function readRetries(document: PolicyDocument): Retries {
  const written = toRecord(document.value)['retries'];
  const { data } = retriesSchema.safeParse(toRecord(written));
  return { everyMs: data?.every ?? 0, forMs: data?.for ?? 0 };
}

/** Problems with `hold` in the rules. */
export function checkRuleHolds(document: PolicyDocument, { problems }: Found): void {
  const { rules, holds } = toRecord(document.value);
  const known = Object.keys(toRecord(holds));
  for (const [index, entry] of (Array.isArray(rules) ? rules : []).entries()) {
    const { action, hold } = toRecord(entry);
    const path = ['rules', index];
    if (action === 'hold' && hold === undefined) {
      const message = 'hold is missing; it must be the name of one of the holds';
      problems.push(document.problemAt([...path, 'action'], message));
    } else if (action !== 'hold' && hold !== undefined) {
      const message = 'hold must only be there with action: hold';
      problems.push(document.problemAtKey([...path, 'hold'], message));
    } else if (typeof hold === 'string' && !known.includes(hold)) {
      const near = nearest(hold, known);
      const hint =
        near !== undefined
          ? `did you mean "${near}"?`
          : known.length === 0
            ? 'the policy has no holds: write holds: with who decides'
            : `the holds are ${known.join(', ')}`;
      problems.push(document.problemAt([...path, 'hold'], `unknown hold "${hold}"; ${hint}`));
    }
  }
}

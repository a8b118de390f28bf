// What a policy says of people, as the comparison of two policies shows it.
import type { Hold, Person } from '../../../src/policy/evaluate/people.js';
import type { Policy } from '../../../src/policy/evaluate/rules.js';

type Section = ReadonlyMap<string, string>;

/** Keyed by the names of the sections, such as `approver alice`. */
export function peopleSections({ approvers, viewers, holds, retries }: Policy): ReadonlyMap<string, Section> {
  return new Map<string, Section>([
    ...[...approvers].map(([key, person]) => [`approver ${key}`, personSection(person)] as const),
    ...[...viewers].map(([key, person]) => [`viewer ${key}`, personSection(person)] as const),
    ...[...holds].map(([name, hold]) => [`hold ${name}`, holdSection(hold)] as const),
    ...(holds.size === 0
      ? []
      : [
          [
            'retries',
            new Map([
              ['every', secondsText(retries.everyMs)],
              ['for', secondsText(retries.forMs)],
            ]),
          ] as const,
        ]),
  ]);
}

function personSection({ name, passkeys }: Person): Section {
  const keys = passkeys.map(
    ({ rpId, credentialId, publicKey }) => [`passkey ${rpId} ${credentialId}`, publicKey] as const,
  );
  return new Map([['name', name], ...keys]);
}

function holdSection({ of, quorum, expiresMs, onExpiry, notInitiator }: Hold): Section {
  return new Map([
    ['of', of.join(', ')],
    ['quorum', String(quorum)],
    ['expires', secondsText(expiresMs)],
    ['onExpiry', onExpiry.toLowerCase()],
    ...(notInitiator.length === 0 ? [] : [['notInitiator', notInitiator.join(', ')] as const]),
  ]);
}

function secondsText(ms: number): string {
  return ms % 60_000 === 0 ? `${ms / 60_000} min` : `${ms / 1000} s`;
}

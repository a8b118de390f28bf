// What an author of holds should look at: people who can't approve, and times that don't fit.
import type { Hold } from '../evaluate/people.js';
import type { Rule } from '../evaluate/policy.js';
import { nearest } from '../language/nearest.js';
import type { FoundWarning } from './catalog.js';
import type { PolicyDocument } from './document.js';
import type { PeopleParts } from './people.js';

interface Parts extends PeopleParts {
  readonly document: PolicyDocument;
  readonly initiators: ReadonlyMap<string, unknown>;
  /** All of the file. */
  readonly rules: readonly Rule[];
}

/** @param parts of a policy without problems */
export function holdWarnings(parts: Parts): readonly FoundWarning[] {
  return [
    ...[...parts.holds.values()].flatMap((hold) => [
      ...unusedHold(hold, parts),
      ...tooFew(hold, parts),
      ...wrongTimes(hold, parts),
      ...unknownInitiators(hold, parts),
    ]),
    ...unusedApprovers(parts),
    ...changesWithoutInitiator(parts),
    ...severalHosts(parts),
  ];
}

function unusedHold({ name }: Hold, { document, rules }: Parts): readonly FoundWarning[] {
  if (rules.some(({ hold }) => hold === name)) return [];
  return [
    {
      ...document.problemAtKey(['holds', name], `no rule holds for ${name}: nobody is asked`),
      code: 'hold-unused',
      advice: `write a rule with action: hold and hold: ${name}, or delete it`,
    },
  ];
}

function unusedApprovers({ document, approvers, holds }: Parts): readonly FoundWarning[] {
  const named = new Set([...holds.values()].flatMap(({ of }) => of));
  return [...approvers.keys()]
    .filter((key) => !named.has(key))
    .map((key) => ({
      ...document.problemAtKey(['approvers', key], `${key} is in no hold, and approves nothing`),
      code: 'approver-unused',
      advice: `name ${key} in "of" of a hold, or under viewers, who only look`,
    }));
}

function tooFew({ name, of, quorum, notInitiator }: Hold, parts: Parts): readonly FoundWarning[] {
  const { document, approvers } = parts;
  const path = ['holds', name, 'quorum'];
  const ready = of.filter((key) => (approvers.get(key)?.passkeys.length ?? 0) > 0);
  const withoutPasskeys =
    ready.length >= quorum
      ? []
      : [
          {
            ...document.problemAtKey(
              path,
              `hold ${name} can't be approved until enough of its approvers have a passkey: it needs ${quorum}, and ${ready.length === 0 ? 'nobody' : `only ${ready.join(', ')}`} has one`,
            ),
            code: 'hold-too-few',
            advice:
              'enrol at /enrol of the console, and paste what the page shows under passkeys of the approver',
          },
        ];
  const others = of.length - notInitiator.length;
  if (notInitiator.length === 0 || others >= quorum) return withoutPasskeys;
  const whenever =
    of.length - 1 < quorum ? 'what one of them initiates' : 'a request whose initiator is not verified';
  return [
    ...withoutPasskeys,
    {
      ...document.problemAtKey(
        path,
        `${whenever} can't be approved: without ${notInitiator.join(', ')} (notInitiator), fewer than ${quorum} of hold ${name} are left`,
      ),
      code: 'hold-quorum',
      advice: 'name more people in "of", or write a lower quorum',
    },
  ];
}

function wrongTimes({ name, expiresMs }: Hold, { document, retries }: Parts): readonly FoundWarning[] {
  const [expires, every, last] = [expiresMs, retries.everyMs, retries.forMs].map(durationText);
  const at = (message: string) => document.problemAtKey(['holds', name, 'expires'], message);
  if (expiresMs > retries.forMs) {
    return [
      {
        ...at(
          `hold ${name} expires after ${expires}, but the Co-signer asks for the last time after ${last} (retries.for): what people decide later comes too late, and so does onExpiry`,
        ),
        code: 'hold-after-retries',
        advice: `write expires: ${last} or less; or let the Co-signer of the workspace ask longer, and say so in retries`,
      },
    ];
  }
  if (expiresMs > retries.everyMs) return [];
  return [
    {
      ...at(
        `hold ${name} expires after ${expires}, before the Co-signer asks again after ${every} (retries.every): nothing that is held can be approved`,
      ),
      code: 'hold-before-retry',
      advice: 'write a longer time, such as expires: 50m',
    },
  ];
}

function unknownInitiators(hold: Hold, { document, initiators }: Parts): readonly FoundWarning[] {
  const { name, notInitiator } = hold;
  const path = ['holds', name, 'notInitiator'];
  if (notInitiator.length === 0) return [];
  if (initiators.size === 0) {
    return [
      {
        ...document.problemAtKey(
          path,
          `the policy names no initiators, so that nobody is verified as one: ${notInitiator.join(', ')} can approve nothing that is held for ${name}`,
        ),
        code: 'hold-initiator',
        advice: 'write initiators: with their public keys, or remove notInitiator',
      },
    ];
  }
  const names = [...initiators.keys()];
  return notInitiator
    .filter((key) => !initiators.has(key))
    .map((key) => {
      const near = nearest(key, names);
      return {
        ...document.problemAtKey(
          path,
          `initiators has no "${key}": under another name, ${key} may initiate a request and approve it as well`,
        ),
        code: 'hold-initiator',
        advice: `use one name for a person in initiators and approvers${near === undefined ? '' : `: did you mean "${near}"?`}`,
      };
    });
}

function changesWithoutInitiator({ document, holds, rules }: Parts): readonly FoundWarning[] {
  return rules.flatMap((rule, index) => {
    const { notInitiator = [] } = holds.get(rule.hold ?? '') ?? {};
    if (rule.for !== 'configuration' || notInitiator.length === 0) return [];
    return [
      {
        ...document.problemAt(
          ['rules', index, 'hold'],
          `who initiates a configuration change is not verified: ${notInitiator.join(', ')} (notInitiator) can't approve any`,
        ),
        code: 'hold-initiator',
        advice: 'write another hold for configuration changes, without notInitiator',
      },
    ];
  });
}

function severalHosts({ document, approvers, viewers }: Parts): readonly FoundWarning[] {
  const people = [...approvers.values(), ...viewers.values()];
  const hosts = [...new Set(people.flatMap(({ passkeys }) => passkeys.map(({ rpId }) => rpId)))].sort();
  if (hosts.length < 2) return [];
  const part = approvers.size > 0 ? 'approvers' : 'viewers';
  return [
    {
      ...document.problemAtKey(
        [part],
        `the passkeys are for several hosts (${hosts.join(', ')}): only those for the host of CONSOLE_ORIGIN can be used`,
      ),
      code: 'passkey-hosts',
      advice: 'remove the passkeys for other hosts, and enrol those people again',
    },
  ];
}

function durationText(ms: number): string {
  if (ms % 3_600_000 === 0) return `${ms / 3_600_000}h`;
  return ms % 60_000 === 0 ? `${ms / 60_000}m` : `${ms / 1000}s`;
}

// What an approving rule leaves open, and how the advice names the policy's own lists and tables.
import type { Policy, Rule } from '../../../../src/policy/evaluate/rules.js';
import type { TruePath } from '../paths.js';

/** Something that a rule does not limit. */
export interface Gap {
  readonly code: string;
  readonly message: string;
  readonly advice: string;
}

/** One way in which a rule approves a request. */
export interface Approval {
  readonly path: TruePath;
  readonly policy: Policy;
  /** The assets that it can be about; `undefined` if it leaves them open. */
  readonly assets: readonly string[] | undefined;
  readonly rule: Rule;
}

/** A list of the policy with addresses, or the name that the guide uses. */
export function listOfAddresses({ lists }: Policy): string {
  const isAddress = (text: string): boolean => text.length >= 20;
  const found = [...lists].find(
    ([name, entries]) =>
      !/block|sanction|deny|forbid/i.test(name) &&
      entries.some((entry) => typeof entry !== 'string' || isAddress(entry)),
  );
  return `lists.${found?.[0] ?? 'payees'}`;
}

/** A table of the policy whose keys are assets, or the name that the guide uses. */
export function limitFor(asset: string, { tables, catalog }: Policy, fallback: string): string {
  const found = [...tables].find(
    ([name, table]) => !/fee/i.test(name) && [...table.keys()].some((key) => catalog.assets.has(key)),
  );
  return `tables.${found?.[0] ?? fallback}[${asset}]`;
}

/** How to write a table, if the policy has none for the purpose. */
export function tableHint({ tables }: Policy, fallback: string): string {
  return tables.size > 0 ? '' : `, with tables: { ${fallback}: { ETH: "5", USDC: "10000" } }`;
}

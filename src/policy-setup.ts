// Prepares the policy and the candidate of a process: where they are read from, and who must have signed them.
import { dirname } from 'node:path';
import type { Logger } from 'pino';
import type { Config } from './config.js';
import { Admission } from './sources/admission.js';
import { lazyObjectReader } from './sources/lists.js';
import type { CurrentPolicy } from './sources/policy.js';
import type { Source, StoredValue } from './sources/source.js';
import type { ParameterReader } from './sources/ssm.js';

type PolicyPlace =
  | { readonly local: true; readonly policyFile: string }
  | {
      readonly local: false;
      readonly policy: { readonly file: string } | { readonly parameter: string };
      readonly policyBucket: string | undefined;
    };

/** @returns `undefined` if policies need no signatures */
export function createAdmission(
  { signers, sources }: Pick<Config, 'signers'> & { readonly sources: PolicyPlace },
  log: Logger,
): Admission | undefined {
  if (signers === undefined) return undefined;
  const bucket = sources.local ? undefined : sources.policyBucket;
  const newest = bucket === undefined ? undefined : { bucket, readObject: lazyObjectReader() };
  return new Admission({ signers, target: policyTarget(sources), newest, log });
}

/** What a policy must be signed for. */
function policyTarget(place: PolicyPlace): string {
  if (place.local) return place.policyFile;
  return 'file' in place.policy ? place.policy.file : place.policy.parameter;
}

/** What relative paths of lists are relative to. */
export function policyDirectory(place: PolicyPlace): string {
  if (place.local) return dirname(place.policyFile);
  return 'file' in place.policy ? dirname(place.policy.file) : '.';
}

/** The serial of the newest policy must be known before a policy is taken. */
export async function loadPolicy(policy: CurrentPolicy, admission: Admission | undefined): Promise<void> {
  await admission?.load();
  await policy.load();
}

export function parameterSource(read: ParameterReader, name: string): Source<StoredValue> {
  return async () => (await read([name]))[0];
}

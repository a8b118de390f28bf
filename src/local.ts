// Local mode: creates the policy, and formats the text printed at startup.
import { constants } from 'node:fs';
import { copyFile, mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { codeOf } from './protocol/error.js';

/** This path works from both the source and the build, because src/ and dist/ are both next to examples/. */
const EXAMPLE_POLICY = new URL('../examples/local-policy.yaml', import.meta.url);

/** Copies the example policy to a file. An existing file is never overwritten. */
export async function createMissingPolicy(file: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await copyFile(EXAMPLE_POLICY, file, constants.COPYFILE_EXCL).catch((error: unknown) => {
    if (codeOf(error) !== 'EEXIST') throw error;
  });
}

export interface LocalMode {
  readonly url: string;
  readonly keyDirectory: string;
  readonly policyFile: string;
  /** Where people decide; `undefined`: nowhere. */
  readonly console?: string | undefined;
  /** Whether requests are plain JSON. */
  readonly json: boolean;
}

export function localBanner({ url, keyDirectory, policyFile, console, json }: LocalMode): string {
  const options = `--url ${url}${json ? ' --json-mode' : ''}`;
  const people =
    console === undefined
      ? ''
      : `
      console ${console}, where people decide; it makes a passkey at ${console}/enrol`;
  return `
  LOCAL MODE, for trying out the handler. AWS is not used.

      keys    ${keyDirectory}
      policy  ${policyFile}, reloaded whenever you save it${people}

  Send requests from another terminal:

      npm run cosigner -- ${options}
      npm run cosigner -- ${options} --file examples/large-transfer.json --keep-ids
      npm run cosigner -- ${options} --file examples/blocked-address.json

`;
}

// Local mode: what it makes on first use, and what it says.
import { constants } from 'node:fs';
import { copyFile, mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { codeOf } from './protocol/error.js';

/** The policy to begin with; it lies at the same place beside the source and beside what is built. */
const EXAMPLE_POLICY = new URL('../examples/local-policy.yaml', import.meta.url);

/** Copies the example to the file, unless there is one: nothing of the operator's is ever written over. */
export async function makeMissingPolicy(file: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await copyFile(EXAMPLE_POLICY, file, constants.COPYFILE_EXCL).catch((error: unknown) => {
    if (codeOf(error) !== 'EEXIST') throw error;
  });
}

export interface LocalMode {
  readonly url: string;
  readonly keyDirectory: string;
  readonly policyFile: string;
  readonly json: boolean;
}

export function localBanner({ url, keyDirectory, policyFile, json }: LocalMode): string {
  const options = `--url ${url}${json ? ' --json-mode' : ''}`;
  return `
  LOCAL MODE, for trying things out. AWS is not used.

      keys    ${keyDirectory}
      policy  ${policyFile}, read again whenever you save it

  Ask it for a decision, in another terminal:

      npm run cosigner -- ${options}
      npm run cosigner -- ${options} --file examples/large-transfer.json
      npm run cosigner -- ${options} --file examples/blocked-address.json

`;
}

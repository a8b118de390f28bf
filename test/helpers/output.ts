// Keeps everything that processes log during the tests; test/no-secrets.ts searches it for secrets afterwards.
import { appendFileSync, mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const OUTPUT_DIRECTORY = fileURLToPath(new URL('../../.tap/output/', import.meta.url));

export function keepOutput(output: string | Uint8Array): void {
  mkdirSync(OUTPUT_DIRECTORY, { recursive: true });
  appendFileSync(`${OUTPUT_DIRECTORY}${process.pid}.log`, output);
}

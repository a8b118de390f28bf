// Keeps everything that processes log during the tests; test/no-secrets.ts searches it for secrets afterwards.
import { appendFileSync, mkdirSync } from 'node:fs';
import { ROOT } from './paths.js';

export const OUTPUT_DIRECTORY = `${ROOT}.tap/output/`;

export function keepOutput(output: string | Uint8Array): void {
  mkdirSync(OUTPUT_DIRECTORY, { recursive: true });
  appendFileSync(`${OUTPUT_DIRECTORY}${process.pid}.log`, output);
}

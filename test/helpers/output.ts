// Everything that is logged while the tests run is kept here, for `npm test` to search for secrets at its end.
import { appendFileSync, mkdirSync } from 'node:fs';
import { ROOT } from './paths.js';

export const OUTPUT_DIRECTORY = `${ROOT}.tap/output/`;

export function keepOutput(text: string | Uint8Array): void {
  mkdirSync(OUTPUT_DIRECTORY, { recursive: true });
  appendFileSync(`${OUTPUT_DIRECTORY}${process.pid}.log`, text);
}

// Run at the end of `npm test`: whatever was logged during the whole run, no key and no token may be in it.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { OUTPUT_DIRECTORY } from './helpers/output.js';

const SECRETS = [
  { what: 'a PEM block', pattern: /-----BEGIN/ },
  { what: 'a token', pattern: /eyJ[\w-]+\.[\w-]+\./ },
];

const files = readdirSync(OUTPUT_DIRECTORY);
const lines = files.flatMap((file) =>
  readFileSync(join(OUTPUT_DIRECTORY, file), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => ({ file, line })),
);
const found = SECRETS.flatMap(({ what, pattern }) =>
  lines
    .filter(({ line }) => pattern.test(line))
    .map(({ file, line }) => `${what} in ${file}: ${line.slice(0, 200)}`),
);

// Fewer lines mean that the tests no longer keep what is logged, and that this check would see nothing.
const FEWEST_LINES = 100;
if (lines.length < FEWEST_LINES) found.push(`only ${lines.length} lines of output were kept`);

console.log(
  found.length === 0
    ? `# no key and no token in ${lines.length} lines of output from ${files.length} test processes`
    : found.join('\n'),
);
if (found.length > 0) process.exitCode = 1;

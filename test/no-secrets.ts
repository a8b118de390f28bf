// Runs after the tests: searches everything that was logged for keys and tokens.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { OUTPUT_DIRECTORY } from './helpers/output.js';

const SECRETS = [
  { what: 'a PEM block', pattern: /-----BEGIN/ },
  { what: 'a secret of the webhook', pattern: /whsec_[\w+/]{20}/ },
  { what: 'a token', pattern: /eyJ[\w-]+\.[\w-]+\./ },
];
/** Fewer lines mean that the tests no longer keep their output, so the search would be meaningless. */
const MIN_LINES = 100;

const files = readdirSync(OUTPUT_DIRECTORY);
const lines = files.flatMap((file) =>
  readFileSync(join(OUTPUT_DIRECTORY, file), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => ({ file, line })),
);
const problems = SECRETS.flatMap(({ what, pattern }) =>
  lines
    .filter(({ line }) => pattern.test(line))
    .map(({ file, line }) => `${what} in ${file}: ${line.slice(0, 200)}`),
);
if (lines.length < MIN_LINES) problems.push(`only ${lines.length} lines of output were kept`);

console.log(
  problems.length === 0
    ? `# no key and no token in ${lines.length} lines of output from ${files.length} test processes`
    : problems.join('\n'),
);
if (problems.length > 0) process.exitCode = 1;

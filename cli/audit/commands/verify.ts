// Defines `npm run audit -- verify`.
import type { Command } from 'commander';
import { EXIT_FAILED } from '../../command.js';
import { addArchiveOption, addPlaceOptions, type PlaceOptions, withStore } from '../../store/place.js';
import { count, type Output, painter } from '../../terminal.js';
import { trustOnly } from '../verify/keys.js';
import { verificationLines } from '../verify/text.js';
import { verifyStore } from '../verify/verify.js';

interface VerifyOptions extends PlaceOptions {
  readonly keys?: string;
  readonly json?: boolean;
}

/** Records between two updates of the progress. */
const PROGRESS_STEP = 1000;

export function addVerify(program: Command, stdout: Output): void {
  const command = program
    .command('verify')
    .summary('prove that the records are as they were written')
    .description(
      'Follows the chain of each writer to its last record and to its sealed heads, verifies both signatures of each decision and what people signed with passkeys, compares the stored answers, and repeats each decision with the policy that made it. Names the first record that was altered, removed, added or swapped.',
    );
  addArchiveOption(addPlaceOptions(command))
    .option('--keys <file>', 'trust only these public keys, in PEM, instead of those kept in the store')
    .option('--json', 'print one JSON object')
    .addHelpText('after', HELP)
    .action(async (options: VerifyOptions) => {
      const findKey = options.keys === undefined ? undefined : trustOnly(options.keys);
      const { name, verification } = await withStore(options, async (store) => ({
        name: store.table.name,
        verification: await verifyStore(store, { findKey, onProgress: showProgress }),
      }));
      if (options.json === true) {
        const { problemCount, problems } = verification;
        const result = { ok: problemCount === 0, store: name, ...verification, first: problems[0] };
        stdout.write(`${JSON.stringify(result, null, 2)}\n`);
      } else stdout.write(`${verificationLines(painter(stdout), name, verification).join('\n')}\n`);
      if (verification.problemCount > 0) process.exitCode = EXIT_FAILED;
    });
}

const HELP = `
Examples:
  npm run audit -- verify -e prod
  npm run audit -- verify --table callback-store --archive s3://my-archive/archive
  npm run audit -- verify -e prod --keys trusted-keys.pem --json

Exit code: 0 every record is as it was written, 1 a problem was found or the store can't be read, 2 usage error.`;

function showProgress(records: number): void {
  if (!process.stderr.isTTY || records % PROGRESS_STEP !== 0) return;
  process.stderr.write(`\r${count(records, 'record')} verified\r`);
}

// Defines `npm run holds`: lists the requests that wait for people.
import type { Command } from 'commander';
import { createProgram } from '../command.js';
import { EXIT_CODES, runOperatorProgram } from '../operator-command.js';
import { addArchiveOption, addPlaceOptions, type PlaceOptions, withStore } from '../store/place.js';
import type { Output } from '../terminal.js';
import { toJson, waitingLines } from './print.js';
import { type ListedRequest, waitingRequests } from './waiting.js';

export async function runHolds(): Promise<void> {
  await runOperatorProgram(createHoldsProgram(process.stdout));
}

interface Options extends PlaceOptions {
  readonly json?: boolean;
}

/** @param stdout the stream to print the results to */
export function createHoldsProgram(stdout: Output): Command {
  const program = createProgram(
    'holds',
    'Lists the requests that wait for people to decide, the newest first. Changes nothing: people decide in the console.',
  );
  return addArchiveOption(addPlaceOptions(program))
    .option('--json', 'print a JSON list for programs')
    .addHelpText('after', HELP)
    .action(async (options: Options) => {
      const requests = await withStore(options, async (store) => {
        const found: ListedRequest[] = [];
        for await (const request of waitingRequests(store)) found.push(request);
        return found;
      });
      const lines =
        options.json === true
          ? [JSON.stringify(requests.map(toJson), null, 2)]
          : waitingLines(requests, new Date(), stdout);
      stdout.write(`${lines.join('\n')}\n`);
    });
}

const HELP = `
Decisions of people are verified by the policy under which the request was first held. Only the handler counts them: at
each try of the Co-signer, by the policy in force then.

Examples:
  npm run holds -- -e prod
  npm run holds -- --local
  npm run holds -- --table callback-store --archive s3://my-archive/archive --json
${EXIT_CODES}`;

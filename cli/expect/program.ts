// Defines `npm run expect`: announces transactions, so that the policy can approve what was announced and nothing else.
import type { Command } from 'commander';
import { createProgram } from '../command.js';
import { EXIT_CODES, runOperatorProgram } from '../operator-command.js';
import type { Output } from '../terminal.js';
import { addAnnounced, listAnnounced, removeAnnounced, type Stored } from './announced.js';
import { readAnnouncedFile } from './file.js';
import { addPlaceOptions, type PlaceOptions, withTable } from '../store/place.js';
import { addedLines, listLines, removedLines, toJson } from './print.js';

export async function runExpect(): Promise<void> {
  await runOperatorProgram(createExpectProgram(process.stdout));
}

interface Options extends PlaceOptions {
  readonly json?: boolean;
  readonly replace?: boolean;
}

/** @param stdout the stream to print the results to */
export function createExpectProgram(stdout: Output): Command {
  const program = createProgram(
    'expect',
    'Announces transactions, so that a policy can approve what was announced and nothing else: has(tx.expected) && tx.expected.matches.',
  ).addHelpText('after', `\nHelp for one command: npm run expect -- add --help\n${EXIT_CODES.trimStart()}`);
  const print = (lines: readonly string[]): void => void stdout.write(`${lines.join('\n')}\n`);
  const printJson = (value: unknown): void => print([JSON.stringify(value, null, 2)]);

  commandOf(program, 'add', 'announces the transactions of a file: JSON or CSV, - for standard input')
    .argument('<file>', 'a JSON list, or CSV with one row for each destination')
    .option('--replace', 'replaces announcements that exist with other content and are not used')
    .action(async (file: string, options: Options) => {
      const { entries, warnings } = readAnnouncedFile(file);
      const added = await withTable(options, (table) => addAnnounced(table, entries, options));
      if (options.json === true) printJson({ ...added, warnings });
      else print(addedLines(added, warnings, stdout));
    });

  commandOf(program, 'list', 'shows everything that is announced, and which transaction used it').action(
    async (options: Options) => {
      const stored = await withTable(options, async (table) => {
        const all: Stored[] = [];
        for await (const each of listAnnounced(table)) all.push(each);
        return all.sort((a, b) => (a.id < b.id ? -1 : 1));
      });
      if (options.json === true) printJson(stored.map(toJson));
      else print(listLines(stored, new Date(), stdout));
    },
  );

  commandOf(program, 'remove', 'removes announcements; a transaction that used one is not signed any more')
    .argument('<id...>', 'the externalTxId or txId of each')
    .action(async (ids: readonly string[], options: Options) => {
      const removed = await withTable(options, (table) => removeAnnounced(table, [...new Set(ids)]));
      if (options.json === true) printJson({ removed: removed.map(({ id }) => id) });
      else print(removedLines(removed, stdout));
    });
  return program;
}

function commandOf(program: Command, name: string, description: string): Command {
  return addPlaceOptions(program.command(name).description(description)).option(
    '--json',
    'print JSON for programs',
  );
}

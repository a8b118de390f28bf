// How the operator's commands begin and end: options, errors told with what to do next, exit codes, interruption.
import { writeSync } from 'node:fs';
import { parseArgs, type ParseArgsConfig } from 'node:util';
import { reasonOf, runCommand, UsageError } from './command.js';
import { painter } from './terminal.js';
import { SettingsError } from '../infra/settings.js';
import { DeployError, explainError } from './aws/error.js';

const SHOW_CURSOR = '\u001b[?25h';
/** As shells say that SIGINT and SIGTERM ended a command. */
const INTERRUPTED = { SIGINT: 130, SIGTERM: 143 } as const;

interface Command<Options extends NonNullable<ParseArgsConfig['options']>> {
  /** As in `npm run NAME`. */
  readonly name: string;
  readonly usage: string;
  readonly options: Options;
  /** @returns the exit code */
  readonly run: (parsed: Parsed<Options>) => Promise<number>;
  /** What to tell somebody who interrupts it. */
  readonly interrupted?: string | ((values: Parsed<Options>['values']) => string);
}

type Parsed<Options extends NonNullable<ParseArgsConfig['options']>> = ReturnType<
  typeof parseArgs<{ options: Options; allowPositionals: true }>
>;

/** Exit code: 0 done, 1 not done, 2 wrong usage, 130 interrupted. */
export async function runOperatorCommand<const Options extends NonNullable<ParseArgsConfig['options']>>({
  name,
  usage,
  options,
  run,
  interrupted = 'Nothing is lost: the same command goes on where this one stopped.',
}: Command<Options>): Promise<void> {
  let values: Parsed<Options>['values'] | undefined;
  for (const [signal, code] of Object.entries(INTERRUPTED)) {
    process.once(signal, () => {
      const told = typeof interrupted === 'string' ? interrupted : values && interrupted(values);
      // Past whoever draws on the terminal, who has hidden the cursor as well.
      if (process.stderr.isTTY) writeSync(process.stderr.fd, SHOW_CURSOR);
      if (told !== '') writeSync(process.stderr.fd, `\nInterrupted. ${told ?? ''}\n`);
      process.exit(code);
    });
  }
  await runCommand(name, async () => {
    const parsed = parse(options);
    values = parsed.values;
    const { help, json, profile } = parsed.values as Record<string, unknown>;
    if (help === true) {
      process.stdout.write(usage);
      return 0;
    }
    try {
      return await run(parsed);
    } catch (error) {
      tellError(error, { json: json === true, profile: typeof profile === 'string' ? profile : undefined });
      return 1;
    }
  });
}

function parse<const Options extends NonNullable<ParseArgsConfig['options']>>(
  options: Options,
): Parsed<Options> {
  try {
    return parseArgs({ options, allowPositionals: true });
  } catch (error) {
    throw new UsageError(reasonOf(error));
  }
}

interface TellOptions {
  readonly json: boolean;
  readonly profile: string | undefined;
}

/** Tells the cause and what to do next. @throws what is neither of AWS nor of the operator */
export function tellError(thrown: unknown, { json, profile }: TellOptions): void {
  const error = explainError(thrown, profile);
  if (error instanceof SettingsError) {
    const { code, message, problems } = error;
    if (json) printJson({ error: { code, message, problems } });
    else process.stderr.write(`${message}\n`);
    return;
  }
  if (!(error instanceof DeployError)) throw error;
  const { code, message, next, details } = error;
  if (json) {
    printJson({ error: { code, message, next, details } });
    return;
  }
  const paint = painter(process.stderr);
  const lines = [
    '',
    `${paint('red', 'Failed')} ${message}  ${paint('dim', code)}`,
    ...details.map((line) => `  ${paint('dim', '│')} ${line}`),
    `${paint('bold', 'Next')}   ${next}`,
  ];
  process.stderr.write(`${lines.join('\n')}\n`);
}

export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
}

/** @throws {UsageError} if there are any */
export function noPositionals(positionals: readonly string[]): void {
  if (positionals.length > 0) throw new UsageError(`"${positionals.join(' ')}" is no option`);
}

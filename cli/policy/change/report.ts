// What a command that changes the policy prints: a line for each step, or one JSON object at the end.
import { EXIT_FAILED } from '../../command.js';
import { type OperatorOptions, printJson } from '../../operator-command.js';
import { DeployError } from '../../aws/error.js';
import { explainError } from '../../aws/explain.js';
import { type Paint, painter } from '../../terminal.js';

const TITLE_WIDTH = 11;

export class ChangeReport {
  readonly paint: Paint;
  readonly #json: boolean;
  /** The JSON object. */
  readonly #fields: Record<string, unknown> = {};

  constructor(json: boolean) {
    this.#json = json;
    this.paint = painter(process.stdout);
  }

  /** Adds to the JSON object. */
  add(fields: Readonly<Record<string, unknown>>): void {
    Object.assign(this.#fields, fields);
  }

  /** Prints a line, and details below it. */
  step(title: string, text: string, details: readonly string[] = []): void {
    this.lines([
      `${this.paint('bold', title.padEnd(TITLE_WIDTH))} ${text}`,
      ...details.map((line) => (line === '' ? '' : `${' '.repeat(TITLE_WIDTH + 1)}${line}`)),
    ]);
  }

  lines(lines: readonly string[]): void {
    if (!this.#json) process.stdout.write(`${lines.join('\n')}\n`);
  }

  /** Shows on a terminal what a long step is doing. */
  progress(text: string): void {
    if (!this.#json && process.stderr.isTTY) process.stderr.write(`\r${text}\u001b[K\r`);
  }

  finish(): void {
    if (this.#json) printJson(this.#fields);
  }
}

/** With `--json`, a refusal is printed together with everything that was found out before it. */
export async function runChange(
  { json = false, profile }: Pick<OperatorOptions, 'json' | 'profile'>,
  change: (report: ChangeReport) => Promise<void>,
): Promise<void> {
  const report = new ChangeReport(json);
  try {
    await change(report);
  } catch (thrown) {
    const error = explainError(thrown, profile);
    if (!json || !(error instanceof DeployError)) throw thrown;
    const { code, message, next, details } = error;
    report.add({ error: { code, message, next, details } });
    process.exitCode = EXIT_FAILED;
  }
  report.finish();
}

// `npm run doctor`: checks a deployment from outside in, and names the one thing to fix next.
import { openSession } from '../aws/session.js';
import { createProgram, EXIT_FAILED } from '../command.js';
import {
  addOperatorOptions,
  type OperatorOptions,
  type OperatorRuntime,
  printJson,
  runOperatorProgram,
} from '../operator-command.js';
import { checksFor } from './checks.js';
import { printReport } from './print.js';
import { examine } from './report.js';

const EXIT_CODES = `
Exit code: 0 nothing is wrong, 1 something is wrong or could not be checked, 2 usage error, 130 interrupted.`;

export async function runDoctor({ sleep }: OperatorRuntime = {}): Promise<void> {
  const program = createProgram(
    'doctor',
    'Checks a deployment from outside in, and names the one thing to fix next. Changes nothing.',
  );
  addOperatorOptions(program)
    .addHelpText('after', EXIT_CODES)
    .action(async (options: OperatorOptions) => {
      const session = await openSession(options, { sleep });
      const report = await examine(session, checksFor(session.settings));
      if (options.json === true) printJson(report);
      else printReport(process.stdout, report);
      if (!report.well) process.exitCode = EXIT_FAILED;
    });
  await runOperatorProgram(program, () => '');
}

// Prints a deployment for the operator: the environment, the plan and the outcome.
import { callbackUrl, consoleOrigin, type Settings } from '../../infra/settings.js';
import { roleName } from '../../infra/settings/warnings.js';
import type { Session } from '../aws/session.js';
import { columns, labelled, painter, widthOf, wrap } from '../terminal.js';
import type { NextSteps } from './next-steps.js';
import type { Action, Change, DeploymentRun, Step, StepName } from './step.js';

export interface PlannedStep {
  readonly step: Step;
  readonly change: Change;
}

const ACTION_STYLES: Readonly<Partial<Record<Action, 'green' | 'yellow' | 'red' | 'dim'>>> = {
  none: 'dim',
  create: 'green',
  recreate: 'red',
  delete: 'red',
  rotate: 'yellow',
  renew: 'yellow',
};

const TITLES: Readonly<Partial<Record<StepName, string>>> = {
  keys: 'Keys and policy in SSM',
  certificate: 'Certificate in ACM',
  scan: 'Scan of the image',
  service: 'Service steady, targets healthy',
  'function health': 'Function healthy',
  'function version': 'New version of the function in use',
  'console service': 'Console steady, targets healthy',
};

/** @returns the title of the step while it runs */
export function titleOf(
  { step: { name }, change }: PlannedStep,
  { session, templates, transition }: DeploymentRun,
): string {
  // A stack that is deleted has no template.
  const isStack = templates.some((one) => one.name === name) || change.action === 'delete';
  if (isStack) return `Stack ${session.names.prefix}-${name}`;
  const again = transition.again.find((one) => `${one.name} again` === name);
  if (again !== undefined) return `Stack ${again.stackName}, again`;
  if (name === 'build') return `${change.summary.charAt(0).toUpperCase()}${change.summary.slice(1)}`;
  return TITLES[name] ?? name;
}

/** The URL of an API is known once it is deployed. */
function urlOf(settings: Settings): string {
  return settings.front === 'api' ? 'a private REST API' : callbackUrl(settings);
}

/** Prints to standard output; nothing with `--json`. */
export class DeployPrinter {
  readonly #json: boolean;
  readonly #paint = painter(process.stdout);

  constructor(json: boolean) {
    this.#json = json;
  }

  line(line: string): void {
    if (!this.#json) process.stdout.write(`${line}\n`);
  }

  session({ environment, account, region, settings, caller, emulated, notes }: Session): void {
    const rows = [
      ['environment', environment],
      ['account', `${account}, as ${caller}`],
      ...(settings.executionRoleArn === undefined ? [] : [['role', roleName(settings.executionRoleArn)]]),
      ['region', region],
      ['handler', `${urlOf(settings)}, ${settings.auth === 'jwt' ? 'signed JWT' : 'JSON'}`],
      ...(settings.compute === 'lambda' ? [['compute', 'a Lambda function']] : []),
      ...(settings.console === undefined ? [] : [['console', consoleOrigin(settings)]]),
      ...(emulated ? [['endpoint', `${process.env['AWS_ENDPOINT_URL'] ?? ''}: an emulator, not AWS`]] : []),
    ];
    for (const line of columns(rows)) this.line(line);
    this.notes(notes);
  }

  /** @param warnings shown below the steps, next to the confirmation prompt */
  plan(planned: readonly PlannedStep[], warnings: readonly string[]): void {
    const rows = [['step', 'change'], ...planned.map(({ step, change }) => [step.name, change.summary])];
    const [head = '', ...lines] = columns(rows);
    this.line('');
    this.line(this.#paint('bold', head));
    lines.forEach((line, index) => {
      const change = planned[index]?.change;
      this.line(this.#paint(ACTION_STYLES[change?.action ?? 'none'] ?? 'yellow', line));
      for (const detail of change?.details ?? []) this.line(`    ${this.#paint('dim', detail)}`);
    });
    this.line('');
    for (const warning of warnings) this.#warn(warning);
    if (warnings.length > 0) this.line('');
  }

  #warn(warning: string): void {
    const indent = 'Warning  '.length;
    const lines = wrap(warning, widthOf(process.stdout) - indent);
    for (const line of labelled(this.#paint('red', 'Warning'), lines, indent)) this.line(line);
  }

  notes(notes: readonly string[]): void {
    for (const note of notes) this.line(`${this.#paint('yellow', 'Note')}  ${note}`);
  }

  outcome({ notes }: DeploymentRun, isChanged: boolean, next: NextSteps | undefined): void {
    this.line(
      isChanged ? `\n${this.#paint('green', 'Deployed.')}` : this.#paint('green', 'Nothing to change.'),
    );
    this.notes(notes);
    if (next === undefined || !isChanged) return;
    this.line(`\n${this.#paint('bold', 'Next steps')}`);
    for (const line of next.text) this.line(line);
  }
}

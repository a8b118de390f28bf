// What a check is. To add one, write a function that returns findings, and list it in checks.ts.
import type { StackName } from '../../infra/names.js';
import type { Scene } from './scene.js';

/**
 * From best to worst.
 * - `ok`: as it should be
 * - `note`: nothing to judge here, such as tasks on an emulator; or a hint about the account
 * - `warning`: works, but something should be done
 * - `unknown`: could not be checked, such as without permission
 * - `wrong`: must be fixed
 */
export const STATES = ['ok', 'note', 'warning', 'unknown', 'wrong'] as const;
export type State = (typeof STATES)[number];

export interface Finding {
  readonly state: State;
  /** One line. */
  readonly text: string;
  /** What to do or run next. */
  readonly next?: string;
}

export interface Check {
  /** As printed, such as `private zone`. */
  readonly name: string;
  /** Stacks without which there is nothing to check. */
  readonly needs?: readonly StackName[];
  /** Whether it concerns the account rather than the deployment: nothing that it finds fails the doctor. */
  readonly hint?: true;
  /** @returns at least one finding. Throws NotChecked, or an error of AWS, if it can't be checked */
  readonly run: (scene: Scene) => Promise<readonly Finding[]>;
}

export function ok(text: string): Finding {
  return { state: 'ok', text };
}

export function note(text: string, next?: string): Finding {
  return { state: 'note', text, ...(next !== undefined && { next }) };
}

export function warning(text: string, next: string): Finding {
  return { state: 'warning', text, next };
}

export function wrong(text: string, next: string): Finding {
  return { state: 'wrong', text, next };
}

/** @returns the problems; if there are none, that all is well */
export function unlessAny(problems: readonly Finding[], well: string): readonly Finding[] {
  return problems.length > 0 ? problems : [ok(well)];
}

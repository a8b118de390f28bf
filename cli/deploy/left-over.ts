// Stacks that a change of `compute` or `front` has left over: the Co-signer may still call them.
import type { StackName } from '../../infra/names.js';
import { npmCommand } from '../aws/printed-commands.js';
import type { Session } from '../aws/session.js';

type Target = Pick<Session, 'environment' | 'profile' | 'region' | 'names'>;

/** @returns one line */
export function describeLeftOver({ names }: Pick<Target, 'names'>, leftOver: readonly StackName[]): string {
  const stacks = leftOver.map((name) => `${names.prefix}-${name}`).join(' and ');
  return `the settings do not call for ${stacks} any more, and the Co-signer may still call ${leftOver.length === 1 ? 'it' : 'them'}`;
}

/** @returns what to do about them */
export function leftOverAdvice(session: Target, leftOver: readonly StackName[]): string {
  const remove = npmCommand(session, 'destroy', `--only-stacks ${leftOver.join(',')}`);
  return `once the Co-signer uses the new URL: ${remove}; the next deployment then removes what only that needs`;
}

// Why a policy was changed and by whom, as kept in the history of its parameter.
import { UsageError } from '../../command.js';

/** Limit of SSM, in characters. */
const MAX_DESCRIPTION = 1024;
const ROLLBACK = /^rollback to version (\d+)(?:: |$)/;

export interface Reason {
  readonly why: string;
  /** ARN, as the command that stored the policy knew it. */
  readonly by: string | undefined;
  /** The version that was put in force again. */
  readonly rollbackTo: number | undefined;
}

/**
 * @param caller ARN
 * @throws {UsageError} if it is too long for SSM
 */
export function describeChange(why: string, caller: string, rollbackTo?: number): string {
  const title = rollbackTo === undefined ? '' : `rollback to version ${rollbackTo}`;
  const by = `(by ${caller})`;
  const reason = [title, why.replaceAll(/\s+/g, ' ').trim()].filter((part) => part !== '').join(': ');
  const description = reason === '' ? by : `${reason} ${by}`;
  if (description.length > MAX_DESCRIPTION) {
    throw new UsageError(
      `--why is too long: shorten it by ${description.length - MAX_DESCRIPTION} characters`,
    );
  }
  return description;
}

export function readDescription(description: string): Reason {
  const [, why = description, by] = /^(?:(.*) )?\(by ([^()]*)\)$/s.exec(description) ?? [];
  const text = by === undefined ? description : why === description ? '' : why;
  const [, version] = ROLLBACK.exec(text) ?? [];
  return {
    why: text,
    by,
    rollbackTo: version === undefined ? undefined : Number(version),
  };
}

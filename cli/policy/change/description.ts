// Why a policy was changed and by whom, as kept in the history of its parameter.
import { UsageError } from '../../command.js';
import { shortHash } from '../../terminal.js';
import { printable } from '../table.js';

/** Limit of SSM, in characters. */
const MAX_DESCRIPTION = 1024;
const FORM = /^(?:(.*) )?\(by ([^()]*), policy ([0-9a-f]{12})\)$/s;
const ROLLBACK = /^rollback to version (\d+)(?:: |$)/;

export interface Reason {
  readonly why: string;
  /** ARN, as the command that stored the policy knew it. */
  readonly by: string | undefined;
  /** The version that was put in force again. */
  readonly rollbackTo: number | undefined;
}

export interface ToDescribe {
  readonly why: string;
  /** ARN. */
  readonly caller: string;
  /** Of the policy that is stored. */
  readonly sha256: string;
  readonly rollbackTo?: number | undefined;
}

/** @throws {UsageError} if it is too long for SSM */
export function describeChange({ why, caller, sha256, rollbackTo }: ToDescribe): string {
  const title = rollbackTo === undefined ? '' : `rollback to version ${rollbackTo}`;
  const reason = [title, why.replaceAll(/\s+/g, ' ').trim()].filter((part) => part !== '').join(': ');
  const origin = `(by ${caller}, policy ${shortHash(sha256)})`;
  const description = reason === '' ? origin : `${reason} ${origin}`;
  if (description.length > MAX_DESCRIPTION) {
    throw new UsageError(
      `--why is too long: shorten it by ${description.length - MAX_DESCRIPTION} characters`,
    );
  }
  return description;
}

/**
 * SSM keeps the description when someone stores a value without one, so it may be that of an earlier policy.
 * @param sha256 of the stored policy; undefined if it can't be read
 */
export function readDescription(description: string, sha256: string | undefined): Reason {
  const [form, why = '', by, policy] = FORM.exec(printable(description)) ?? [];
  if (form === undefined) return { why: printable(description), by: undefined, rollbackTo: undefined };
  if (sha256 !== undefined && shortHash(sha256) !== policy) {
    return { why: '', by: undefined, rollbackTo: undefined };
  }
  const [, version] = ROLLBACK.exec(why) ?? [];
  return { why, by, rollbackTo: version === undefined ? undefined : Number(version) };
}

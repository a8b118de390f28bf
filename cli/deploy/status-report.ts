// The status of an environment, with what needs to be done: as `--status` prints it.
import type { Session } from '../aws/session.js';
import { readStatus, type Status } from './status.js';
import { type StatusWarning, warningsOf } from './status-warnings.js';

export interface StatusReport extends Status {
  readonly warnings: readonly StatusWarning[];
}

export async function readReport(session: Session): Promise<StatusReport> {
  const status = await readStatus(session);
  return { ...status, warnings: warningsOf(session, status) };
}

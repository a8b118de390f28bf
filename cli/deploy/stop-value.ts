// What a stored emergency stop means. The service reads it in the same way.

const STOP_ACTIONS = ['RETRY', 'REJECT'] as const;
/** What every request gets while a stop is in force. */
export type StopAction = (typeof STOP_ACTIONS)[number];

interface StopSetting {
  /** Undefined if no stop is in force. */
  readonly action: StopAction | undefined;
  /** Why the value is invalid. An invalid value stops with RETRY, because an operator may have meant to stop. */
  readonly problem?: string;
}

/** @param value as stored; undefined if nothing is stored */
export function parseStop(value: string | undefined): StopSetting {
  const word = value?.trim().toUpperCase() ?? 'RUN';
  if (word === 'RUN') return { action: undefined };
  const action = STOP_ACTIONS.find((known) => known === word);
  return action === undefined
    ? { action: 'RETRY', problem: 'the stored value is not RETRY, REJECT or RUN' }
    : { action };
}

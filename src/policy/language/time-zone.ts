// Time zones by their IANA names, such as Europe/Berlin.

export function isTimeZone(timeZone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone });
    return true;
  } catch {
    return false;
  }
}

/** The message about a name that is none. */
export function unknownTimeZone(name: string): string {
  return `unknown time zone "${name}": use a name such as "Europe/Berlin" or "UTC"`;
}

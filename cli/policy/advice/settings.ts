// Finds settings that turn off a protection.
import { type Finding, sectionOf, type Subject } from './finding.js';

export function settingHabits(subject: Subject): readonly Finding[] {
  return Object.entries(sectionOf(subject, 'integrity')).flatMap(([check, mode]) =>
    mode === 'off'
      ? [
          {
            code: 'integrity-off',
            path: ['integrity', check],
            message: `without the check "${check}", a request can display something else than it signs, and rules see what it displays`,
            advice: `delete the line, so that it is reject; if it refuses requests that are right, look at docs/integrity.md`,
          },
        ]
      : [],
  );
}

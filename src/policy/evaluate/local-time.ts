// The time of a decision as people in a rule's time zone read it.
import type { ASTNode } from '@marcbachmann/cel-js';
import { nodesIn } from '../language/nodes.js';

/** The zones in `now.getHours("Europe/Berlin")` and `date(now, "Asia/Tokyo")`. */
export function zonesIn(node: ASTNode): readonly string[] {
  const zones = [...nodesIn(node)].flatMap((inner) => {
    const [time, zone] =
      inner.op === 'rcall'
        ? [inner.args[1], inner.args[2][0]]
        : inner.op === 'call'
          ? [inner.args[1][0], inner.args[1][1]]
          : [];
    return isNow(time) && zone?.op === 'value' && typeof zone.args === 'string' ? [zone.args] : [];
  });
  return [...new Set(zones)];
}

function isNow(node: ASTNode | undefined): boolean {
  return node?.op === 'id' && node.args === 'now';
}

/** @returns such as `2026-03-02 11:00 Monday, Europe/Berlin`; seconds only if there are any */
export function localTime(time: Date, timeZone: string): string {
  // The Swedish format is that of ISO 8601, except for the space.
  const dateAndTime = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'medium' });
  const weekday = new Intl.DateTimeFormat('en', { timeZone, weekday: 'long' });
  return `${dateAndTime.format(time).replace(/:00$/, '')} ${weekday.format(time)}, ${timeZone}`;
}

// Bars for a terminal.
import { ACTIONS } from '../../../src/protocol/decision.js';
import { type Paint, paintAction } from '../../terminal.js';

/** Shorter bars say nothing. */
export const MIN_BAR = 8;

export interface Bar {
  /** Of the longest bar, from 0 to 1. */
  readonly share: number;
  /** Number of decisions by action, in whose colours the bar is drawn. */
  readonly parts: Readonly<Record<string, number>>;
}

/** The last character of a bar, in eighths. */
const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/** @param width of the longest bar, in characters */
export function barLine(paint: Paint, { share, parts }: Bar, width: number): string {
  const eighths = Math.max(1, Math.round(share * width * 8));
  const cells = `${'█'.repeat(Math.floor(eighths / 8))}${EIGHTHS[eighths % 8] ?? ''}`;
  const total = Object.values(parts).reduce((sum, part) => sum + part, 0);
  let done = 0;
  let drawn = 0;
  return ACTIONS.map((action) => {
    done += parts[action] ?? 0;
    const end = Math.round((cells.length * done) / total);
    const segment = cells.slice(drawn, end);
    drawn = end;
    return segment === '' ? '' : paintAction(paint, action, segment);
  }).join('');
}

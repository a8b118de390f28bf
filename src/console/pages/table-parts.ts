// Parts of the pages that show what was decided: times, actions and tables.
import { ACTIONS } from '../../protocol/decision.js';
import { type Content, html, type Html } from '../html.js';

/** @param time Unix time in ms. @returns to the second, in UTC */
export function timeText(time: number): string {
  if (!Number.isFinite(time)) return '?';
  return `${new Date(time).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

/** In UTC, as days are. @param at ISO 8601, or what stands for it in a record */
export function timeOf(at: string | number): Html {
  const time = typeof at === 'number' ? at : Date.parse(at);
  if (Number.isNaN(time)) return html`${String(at)}`;
  return html`<time data-utc datetime="${new Date(time).toISOString()}">${timeText(time)}</time>`;
}

export function badge(action: string): Html {
  const known = ACTIONS.find((each) => each === action);
  return html`<span class="badge ${known?.toLowerCase()}">${action}</span>`;
}

/**
 * A table that scrolls by itself if it is too wide; on a phone, each row is a card. The roles are explicit, because browsers
 * drop them from a table that is shown otherwise.
 * @param rows of cells
 */
export function dataTable(
  label: string,
  head: readonly string[],
  rows: readonly (readonly Content[])[],
): Html {
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${label}">
    <table class="data" role="table">
      <thead role="rowgroup">
        <tr role="row">
          ${head.map((text) => html`<th scope="col" role="columnheader">${text}</th>`)}
        </tr>
      </thead>
      <tbody role="rowgroup">
        ${rows.map(
          (cells) =>
            html`<tr role="row">
              ${cells.map((each, place) => html`<td role="cell" data-label="${head[place]}">${each}</td>`)}
            </tr> `,
        )}
      </tbody>
    </table>
  </div> `;
}

/** @returns a link to the story of a request, or its id alone if no address can have it */
export function storyLink(
  requestId: string,
  place?: { readonly writer: string; readonly sequence: number },
): Html {
  if (!requestId.isWellFormed()) return html`${requestId}`;
  const record = place === undefined ? '' : `?record=${place.writer}:${place.sequence}`;
  return html`<a href="/history/${encodeURIComponent(requestId)}${record}">${requestId}</a>`;
}

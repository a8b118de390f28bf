// Parts of the pages about held requests.
import { add, Decimal } from '../../protocol/decimal.js';
import { type Described, grouped, type Movement, type Party } from '../describe.js';
import type { Standing } from '../held.js';
import { type Content, html, type Html } from '../html.js';
import type { HeldTexts } from '../texts/held.js';

/** A time, which the browser may show as a countdown. @param at Unix time in ms */
export function timeOf(at: number, attributes: { readonly countdown?: string } = {}): Html {
  const iso = new Date(at).toISOString();
  const shown = `${iso.slice(0, 10)} ${iso.slice(11, 19)} UTC`;
  const { countdown } = attributes;
  return countdown === undefined
    ? html`<time datetime="${iso}">${shown}</time>`
    : html`<time datetime="${iso}" data-countdown="${countdown}">${shown}</time>`;
}

export function row(name: Content, value: Content): Html {
  return html`<div>
    <dt>${name}</dt>
    <dd>${value}</dd>
  </div>`;
}

/** `Transfer 25,000 USDC $25,000 → Cold storage` */
export function headline(texts: HeldTexts, described: Described, kind: string): Html {
  const { operation, amount, asset, usd, to } = described;
  const what = kind === 'configuration' ? texts.configuration : (texts.operations[operation] ?? operation);
  const detail =
    kind === 'configuration' ? operation : [amount, asset].filter((part) => part !== undefined).join(' ');
  return html`<span class="what">${what}</span>${detail !== '' && html` <span class="sum">${detail}</span>`}${
      usd !== undefined && html` <span class="usd">$${usd}</span>`
    }${to.length === 1 && html` <span class="receiver">→ ${to.map(nameOf)}</span>`}`;
}

function nameOf({ listed, place, address }: Party): string {
  return listed ?? place ?? address ?? '';
}

export function partyText(texts: HeldTexts, party: Party, asset: string | undefined): Html {
  const { listed, called, address, tag, place, amount } = party;
  const name = nameOf(party);
  return html`<span class="party"
    ><strong>${name}</strong>${amount !== undefined && html` <span class="sum">${amount} ${asset}</span>`}${
      address !== undefined && address !== name && html`<code class="address">${address}</code>`
    }${listed !== undefined && place !== undefined && html`<span class="muted">${place}</span>`}${
      tag !== undefined && html`<span class="muted">${texts.tag(tag)}</span>`
    }${called !== undefined && html`<span class="muted">${texts.called(called)}</span>`}${
      listed === undefined && address !== undefined && html`<span class="muted">${texts.unlisted}</span>`
    }</span
  >`;
}

/** What moves and what is signed, as rows. */
export function aboutRows(texts: HeldTexts, described: Described, standing: Standing): readonly Html[] {
  const { from, to, asset, call, transfers, approvals, complete, message, digests } = described;
  const rows: (Html | false)[] = [
    from !== undefined && row(texts.from, html`<strong>${from}</strong>`),
    to.length > 0 && row(texts.to, list(to.map((party) => partyText(texts, party, asset)))),
    call !== undefined && row(texts.call, html`<code>${call.text}</code>`),
    call !== undefined && row(texts.contract, html`<code class="address">${call.contract}</code>`),
    message !== undefined && row(texts.message, html`<code>${message}</code>`),
    transfers.length > 0 && row(texts.moves, list(transfers.map((each) => movementText(texts, each)))),
    approvals.length > 0 && row(texts.allows, list(approvals.map((each) => movementText(texts, each)))),
    complete === false && row(texts.checked, html`<strong class="warning">${texts.incomplete}</strong>`),
    described.fields.length > 0 &&
      described.fields.map(([name, value]) => row(name, html`<span class="value">${value}</span>`)),
  ].flat();
  const { decision } = standing.explanation;
  const isVerified =
    decision.verified === undefined
      ? undefined
      : decision.verified
        ? html`<span class="good">${texts.verified}</span>`
        : html`<strong class="warning">${texts.notVerified(decision.problem ?? '')}</strong>`;
  return [
    ...rows.filter((each) => each !== false),
    ...(isVerified === undefined ? [] : [row(texts.checked, isVerified)]),
    ...(standing.request.kind === 'transaction'
      ? [
          row(
            texts.digest,
            digests.length === 0
              ? texts.noDigest
              : list(digests.map((each) => html`<code class="address">${each}</code>`)),
          ),
        ]
      : []),
  ];
}

function movementText(texts: HeldTexts, { what, to }: Movement): Html {
  return html`<span class="value">${texts.movement(what, to)}</span>`;
}

export function list(items: readonly Content[]): Content {
  return items.length === 1
    ? items
    : html`<ul class="plain">
        ${items.map((item) => html`<li>${item}</li>`)}
      </ul>`;
}

/** Who began it, if that is proven, and which API user is about to sign. */
export function whoRows(
  texts: HeldTexts,
  { initiator, signer }: Described,
  { request }: Standing,
): readonly Html[] {
  const proven =
    initiator === undefined
      ? html`<span class="muted">${texts.unproven}</span>`
      : html`<strong>${initiator}</strong>`;
  return [
    ...(request.kind === 'transaction' ? [row(texts.initiator, proven)] : []),
    ...(signer === undefined ? [] : [row(texts.signer, html`<code class="address">${signer}</code>`)]),
  ];
}

/** Which rule holds it, and the facts that decided. */
export function whyRows(texts: HeldTexts, { explanation }: Standing): readonly Html[] {
  const { rule } = explanation.decision;
  const explained = explanation.rules.find(({ id }) => id === rule);
  const values = Object.entries(explained?.values ?? {});
  return [
    row(texts.rule, html`<strong>${rule}</strong>`),
    ...(explained?.part === undefined
      ? []
      : [
          row(
            texts.why,
            html`<code>${explained.part}</code>${
                values.length > 0 &&
                html`<ul class="plain values">
                  ${values.map(([name, value]) => html`<li><code>${name}</code> = <strong>${value}</strong></li>`)}
                </ul>`
              }`,
          ),
        ]),
  ];
}

/** The limits that concern it, as they would be afterwards. */
export function limitRows(texts: HeldTexts, { explanation }: Standing): readonly Html[] {
  return explanation.limits.flatMap((limit) => {
    if (limit.outcome === 'not concerned') return [];
    if (limit.outcome === 'error') {
      return [
        row(
          html`${texts.limitAfter} <strong>${limit.name}</strong>`,
          html`<strong class="warning">${texts.limitError}</strong>`,
        ),
      ];
    }
    const { spent, amount, max, key } = limit.report;
    const after = add(new Decimal(spent), new Decimal(amount));
    const label = texts.limit(grouped(after.toFixed()), grouped(max));
    const share = new Decimal(max).isZero() ? 1 : Math.min(1, after.div(max).toNumber());
    return [
      row(
        html`${texts.limitAfter} <strong>${limit.name}</strong>${key !== '' && html` (${key})`}`,
        html`<meter
            class="meter"
            min="0"
            max="1"
            low="0.8"
            high="0.95"
            optimum="0"
            value="${share.toFixed(4)}"
            aria-label="${label}"
          ></meter>
          ${label}${limit.outcome === 'over' && html` <strong class="warning">${texts.over}</strong>`}`,
      ),
    ];
  });
}

/** An id in a path. One that is not Unicode, which no Co-signer sends, is not found there, but breaks no page. */
export function inPath(id: string): string {
  return encodeURIComponent(id.toWellFormed());
}

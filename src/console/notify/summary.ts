// What a held request is about, in few words: for messages and tables. Its values come from outside, so they are cleaned
// and bounded.
import { parseAmount } from '../../protocol/decimal.js';
import { type CallbackRequest, DEFAULT_OPERATION } from '../../protocol/request.js';

export interface Summary {
  /** Operation of a transaction, or type of a configuration change. */
  readonly operation: string;
  /** In units of the asset. Absent: the request does not say, or it is no amount. */
  readonly amount?: string;
  /** Fireblocks asset id. */
  readonly asset?: string;
}

/** Maximum lengths in characters. */
const MAX_NAME = 60;
const MAX_AMOUNT = 60;

/** Never addresses, notes, or anything else of the payload. @param request `undefined` if it can't be read any more */
export function summaryOf(request: CallbackRequest | undefined): Summary {
  if (request === undefined) return { operation: 'unknown' };
  const { kind, payload } = request;
  if (kind === 'configuration') return { operation: nameIn(payload['type']) ?? 'configuration change' };
  const { operation, asset, amountStr } = payload;
  const amount = typeof amountStr === 'string' ? parseAmount(amountStr)?.toFixed() : undefined;
  const name = nameIn(asset);
  return {
    operation: nameIn(operation) ?? DEFAULT_OPERATION,
    ...(amount !== undefined && { amount: cleaned(amount, MAX_AMOUNT) }),
    ...(name !== undefined && { asset: name }),
  };
}

/** Such as `TRANSFER 250 ETH`. */
export function summaryText({ operation, amount, asset }: Summary): string {
  return [operation, amount, asset].filter((part) => part !== undefined).join(' ');
}

/**
 * Names that Fireblocks uses have letters, digits and a few signs. Anything else becomes a question mark: what a mail
 * program or a chat would make a link or a mention of, too.
 */
function nameIn(value: unknown): string | undefined {
  if (typeof value !== 'string' || value === '') return undefined;
  return cleaned(value, MAX_NAME).replaceAll(/[^\w +-]/g, '?');
}

/**
 * One line of text without characters that are not shown or that change how others are shown.
 * @param length maximum, in characters
 */
export function cleaned(text: string, length: number): string {
  const clean = text
    .slice(0, 2 * length)
    .toWellFormed()
    .replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cn}\s]+/gu, ' ')
    .trim();
  const characters = Array.from(clean);
  return characters.length > length ? `${characters.slice(0, length - 1).join('')}…` : clean;
}

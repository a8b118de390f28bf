// HTML from a template tag that escapes every value. There is no other way to make Html, so nothing from outside is markup.

/** Markup that is safe to send. */
export class Html {
  readonly #markup: string;

  /** Only for the tag: the constructor is private to this module by its key. */
  constructor(markup: string, key: typeof KEY) {
    if (key !== KEY) throw new Error('use the html tag');
    this.#markup = markup;
  }

  toString(): string {
    return this.#markup;
  }
}

const KEY = Symbol('html');

/** What a template may contain: text and numbers are escaped, lists are joined, and what is absent is left out. */
export type Content = Html | string | number | undefined | false | readonly Content[];

/** Values stand in text, or in attributes with double quotes. */
export function html(parts: TemplateStringsArray, ...values: readonly Content[]): Html {
  let markup = parts[0] ?? '';
  for (const [place, value] of values.entries()) markup += render(value) + (parts[place + 1] ?? '');
  return new Html(markup, KEY);
}

function render(value: Content): string {
  if (value === undefined || value === false) return '';
  if (value instanceof Html) return value.toString();
  if (typeof value === 'object') return value.map(render).join('');
  return escape(String(value));
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Characters that are not shown, or that reverse what follows them, are replaced by what they are. */
function escape(text: string): string {
  return text
    .replaceAll(/[&<>"']/g, (character) => ESCAPES[character] ?? '')
    .replaceAll(/(?![\n\t])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, (character) => {
      const code = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
      return `[U+${code}]`;
    });
}

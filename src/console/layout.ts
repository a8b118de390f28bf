// The frame of every page.
import { type Content, html, type Html } from './html.js';
import type { Language } from './texts/language.js';
import { layoutTexts } from './texts/layout.js';

/** The pages in the navigation. */
export type PageName = 'waiting' | 'history' | 'limits' | 'policy';

export interface Page {
  readonly language: Language;
  readonly title: string;
  /** The name of who is signed in. Absent: nobody, and there is no navigation. */
  readonly person?: string | undefined;
  /** Which entry of the navigation it is. */
  readonly current?: PageName | undefined;
  readonly body: Content;
}

const PATHS: Readonly<Record<PageName, string>> = {
  waiting: '/',
  history: '/history',
  limits: '/limits',
  policy: '/policy',
};

export function page({ language, title, person, current, body }: Page): Html {
  const texts = layoutTexts[language];
  return html`<!doctype html>
    <html lang="${language}">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${title} – ${texts.product}</title>
        <link rel="icon" href="/assets/icon.svg" type="image/svg+xml" />
        <link rel="stylesheet" href="/assets/console.css" />
        <script src="/assets/console.js" type="module"></script>
      </head>
      <body>
        <a class="skip" href="#content">${texts.skip}</a>
        <header class="top">
          <div class="bar">
            <span class="product">${texts.product}</span>
            ${person !== undefined && navigation(language, current)}
            ${person !== undefined && html`<p class="session"><span>${texts.signedInAs(person)}</span> <button type="button" class="link" data-action="sign-out">${texts.signOut}</button></p>`}
          </div>
        </header>
        <main id="content" tabindex="-1">${body}</main>
      </body>
    </html> `;
}

function navigation(language: Language, current: PageName | undefined): Html {
  const texts = layoutTexts[language];
  const links = Object.entries(PATHS).map(([name, path]) =>
    name === current
      ? html`<a href="${path}" aria-current="page">${texts[name]}</a>`
      : html`<a href="${path}">${texts[name as PageName]}</a>`,
  );
  return html`<nav aria-label="${texts.pages}">${links}</nav>`;
}

// What is shown instead of a page.
import { html, type Html } from '../html.js';
import { page } from '../layout.js';
import type { Language } from '../texts/language.js';
import { layoutTexts } from '../texts/layout.js';

export function problemPage(language: Language, problem: 'notFound' | 'unavailable'): Html {
  const texts = layoutTexts[language];
  const body = html`<h1>${texts.error}</h1>
    <p>${texts[problem]}</p>
    <p><a href="/">${texts.back}</a></p>`;
  return page({ language, title: texts.error, body });
}

// The pages without a session: signing in, and enrolment. Their forms need the console's script.
import type { FastifyInstance } from 'fastify';
import { html, type Html } from '../html.js';
import { page } from '../layout.js';
import { languageFor, sendHtml } from '../page-context.js';
import type { Language } from '../texts/language.js';
import { signInTexts } from '../texts/sign-in.js';

/** Stands in the place of any page that needs a session. */
export function signInPage(language: Language): Html {
  const texts = signInTexts[language];
  const body = html`<div class="card narrow">
    <h1>${texts.title}</h1>
    <p>${texts.lead}</p>
    <form
      data-sign-in="/sign-in"
      data-working="${texts.working}"
      data-cancelled="${texts.cancelled}"
      data-failed="${texts.failed}"
    >
      <p><button type="button" class="button primary" data-action="sign-in">${texts.button}</button></p>
      <p class="message" role="status" aria-live="polite"></p>
    </form>
    <p class="muted">${texts.noPasskey} <a href="/enrol">${texts.enrolLink}</a></p>
  </div>`;
  return page({ language, title: texts.title, body });
}

export function signInPages(app: FastifyInstance): void {
  app.get('/sign-in', (request, reply) => sendHtml(reply, signInPage(languageFor(request))));

  app.get('/enrol', (request, reply) => {
    const language = languageFor(request);
    const texts = signInTexts[language];
    const body = html`<div class="card narrow">
      <h1>${texts.enrolTitle}</h1>
      <p>${texts.enrolLead}</p>
      <form
        data-enrol="/enrol"
        data-working="${texts.working}"
        data-cancelled="${texts.cancelled}"
        data-failed="${texts.failed}"
      >
        <p class="field">
          <label for="name">${texts.name}</label
          ><input
            id="name"
            name="name"
            required
            maxlength="64"
            autocomplete="name"
            aria-describedby="name-hint"
          /><span id="name-hint" class="muted">${texts.nameHint}</span>
        </p>
        <p><button type="submit" class="button primary">${texts.create}</button></p>
        <p class="message" role="status" aria-live="polite"></p>
      </form>
      <section class="created" hidden aria-labelledby="created">
        <h2 id="created" tabindex="-1">${texts.createdTitle}</h2>
        <p>${texts.created}</p>
        <pre class="text entry"><code data-testid="policy-entry"></code></pre>
        <p>
          <button type="button" class="button" data-action="copy" data-copied="${texts.copied}">
            ${texts.copy}
          </button>
          <span role="status" class="copied muted"></span>
        </p>
        <p>${texts.example}</p>
        <pre class="text">approvers:
  <span data-person-key>alice</span>:
    name: <span data-person-name>Alice Example</span>
    passkeys:
      - "passkey:…"</pre>
      </section>
      <p><a href="/sign-in">${texts.signInLink}</a></p>
    </div>`;
    return sendHtml(reply, page({ language, title: texts.enrolTitle, body }));
  });
}

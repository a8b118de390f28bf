// The console's script: passkeys, the list that updates itself, and countdowns. Without it, pages can be read.

/** Posts JSON. @returns the answer; an object with `error` if it was refused */
async function post(path, body) {
  const response = await fetch(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const answer = await response.json();
  if (response.status === 401 && answer.location) location.assign(answer.location);
  return response.ok ? answer : { error: answer.error ?? String(response.status) };
}

/** Runs what a button begins: shows what happens, and keeps the button from being pressed twice. */
async function run(form, work) {
  const message = form.querySelector('.message');
  const buttons = [...form.querySelectorAll('button')];
  const show = (text, isError) => {
    message.textContent = text;
    message.classList.toggle('error', isError);
  };
  show(form.dataset.working, false);
  for (const button of buttons) button.disabled = true;
  try {
    const answer = await work();
    if (answer.error !== undefined) show(answer.error, true);
    else {
      show('', false);
      if (answer.location) location.assign(answer.location);
    }
    return answer;
  } catch (error) {
    show(error.name === 'NotAllowedError' ? form.dataset.cancelled : form.dataset.failed, true);
    return {};
  } finally {
    for (const button of buttons) button.disabled = false;
  }
}

async function assertion(options) {
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options);
  return (await navigator.credentials.get({ publicKey })).toJSON();
}

function signIn(form) {
  const path = form.dataset.signIn;
  form.addEventListener('click', ({ target }) => {
    if (target.closest('[data-action=sign-in]') === null) return;
    void run(form, async () => {
      const given = await post(`${path}/options`, {});
      if (given.error !== undefined) return given;
      return post(path, { sealed: given.sealed, credential: await assertion(given.options) });
    });
  });
}

function enrol(form) {
  const path = form.dataset.enrol;
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const name = new FormData(form).get('name');
    const { entry } = await run(form, async () => {
      const given = await post(`${path}/options`, { name });
      if (given.error !== undefined) return given;
      const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(given.options);
      const credential = (await navigator.credentials.create({ publicKey })).toJSON();
      return post(path, { sealed: given.sealed, credential });
    });
    if (entry === undefined) return;
    const created = document.querySelector('.created');
    created.querySelector('[data-testid=policy-entry]').textContent = entry;
    created.querySelector('[data-person-name]').textContent = name;
    created.querySelector('[data-person-key]').textContent =
      name
        .split(/\s/)[0]
        .toLowerCase()
        .replace(/[^a-z0-9_]/g, '') || 'alice';
    created.hidden = false;
    created.querySelector('h2').focus();
    form.hidden = true;
  });
  document.querySelector('[data-action=copy]').addEventListener('click', async ({ target }) => {
    await navigator.clipboard.writeText(document.querySelector('[data-testid=policy-entry]').textContent);
    document.querySelector('.copied').textContent = target.dataset.copied;
  });
}

function decide(form) {
  const path = form.dataset.decide;
  form.addEventListener('submit', (event) => event.preventDefault());
  form.addEventListener('click', ({ target }) => {
    const verdict = target.closest('[data-verdict]')?.dataset.verdict;
    if (verdict === undefined) return;
    const wish = { hash: form.dataset.hash, verdict };
    void run(form, async () => {
      const given = await post(`${path}/options`, wish);
      if (given.error !== undefined) return given;
      const credential = await assertion(given.options);
      return post(path, { ...wish, reason: new FormData(form).get('reason') ?? '', credential });
    });
  });
}

/** How often the list is read anew, in ms. */
const UPDATE_MS = 4000;

function keepCurrent(list) {
  const path = list.dataset.live;
  if (path === '') return;
  let known = list.innerHTML;
  const update = async () => {
    if (document.hidden) return;
    const response = await fetch(path, { redirect: 'manual' }).catch(() => undefined);
    if (response?.type === 'opaqueredirect') location.reload();
    if (response?.ok !== true) return;
    const fresh = await response.text();
    // As the browser would write it, to compare it with what is there.
    const parsed = new DOMParser().parseFromString(fresh, 'text/html').body;
    if (parsed.innerHTML === known) return;
    known = parsed.innerHTML;
    const focused = list.contains(document.activeElement)
      ? document.activeElement.getAttribute('href')
      : null;
    list.replaceChildren(...parsed.childNodes);
    countDown();
    if (focused !== null) list.querySelector(`[href="${CSS.escape(focused)}"]`)?.focus();
    const status = document.getElementById('list-status');
    status.textContent = status.dataset.changed;
  };
  setInterval(update, UPDATE_MS);
  document.addEventListener('visibilitychange', update);
}

/** Replaces times that are counted down by what is left of them. */
function countDown() {
  for (const time of document.querySelectorAll('time[data-countdown]')) {
    time.title ||= time.textContent;
    const seconds = Math.floor((new Date(time.dateTime) - Date.now()) / 1000);
    time.classList.toggle('soon', seconds < 600);
    time.textContent = seconds <= 0 ? time.dataset.countdown : written(seconds);
  }
}

function written(seconds) {
  const [days, hours, minutes] = [86400, 3600, 60].map((unit) => Math.floor(seconds / unit));
  const two = (value) => String(value).padStart(2, '0');
  if (days > 0) return `${days} d ${hours % 24} h`;
  if (hours > 0) return `${hours} h ${two(minutes % 60)} min`;
  return `${minutes}:${two(seconds % 60)} min`;
}

const parts = {
  '[data-sign-in]': signIn,
  '[data-enrol]': enrol,
  '[data-decide]': decide,
  '[data-live]': keepCurrent,
};
for (const [selector, begin] of Object.entries(parts)) document.querySelectorAll(selector).forEach(begin);
countDown();
setInterval(countDown, 1000);

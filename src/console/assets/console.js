// The console's script: passkeys, and lists that update themselves. Texts come with the page, in data- attributes.

const POLL_MS = 3000;

/** @returns what the console answered; throws an Error with its message for people */
async function post(path, body) {
  const response = await fetch(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    body: JSON.stringify(body),
  });
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new Refused(answer.message ?? '');
  return answer;
}

/** What the console refused, with its own words. */
class Refused extends Error {}

/** Whether a passkey is being used: two dialogs would cancel each other. */
let isBusy = false;

/** Runs what a button does, and says in its form how it went. */
async function run(form, work) {
  if (isBusy) return;
  isBusy = true;
  const message = form.querySelector('.message');
  const buttons = form.querySelectorAll('button');
  const show = (text, kind) => {
    message.textContent = text;
    message.dataset.kind = kind;
  };
  show(form.dataset.working, 'working');
  for (const button of buttons) button.setAttribute('aria-disabled', 'true');
  try {
    await work();
    show('', '');
  } catch (error) {
    if (error instanceof Refused && error.message !== '') show(error.message, 'problem');
    else if (error.name === 'NotAllowedError' || error.name === 'AbortError')
      show(form.dataset.cancelled, 'problem');
    else show(form.dataset.failed, 'problem');
  } finally {
    isBusy = false;
    for (const button of buttons) button.removeAttribute('aria-disabled');
  }
}

async function usePasskey(options) {
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options);
  const credential = await navigator.credentials.get({ publicKey });
  return credential.toJSON();
}

async function signIn(form) {
  const path = form.dataset.signIn;
  const { publicKey, sealed } = await post(`${path}/options`, {});
  await post(path, { sealed, credential: await usePasskey(publicKey) });
  // This page stands in the place of the one that was asked for.
  if (location.pathname === path) location.assign('/');
  else location.reload();
}

async function enrol(form) {
  const path = form.dataset.enrol;
  const name = form.elements.namedItem('name').value;
  const { publicKey: options, sealed } = await post(`${path}/options`, { name });
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options);
  const created = await navigator.credentials.create({ publicKey });
  const { entry } = await post(path, { sealed, credential: created.toJSON() });
  const section = document.querySelector('.created');
  section.querySelector('[data-testid="policy-entry"]').textContent = entry;
  section.querySelector('[data-person-name]').textContent = JSON.stringify(name.trim());
  section.querySelector('[data-person-key]').textContent = keyFor(name);
  section.hidden = false;
  section.querySelector('h2').focus();
}

/** @returns a key for the policy, such as `alice` */
function keyFor(name) {
  const [first = ''] = name.trim().toLowerCase().split(/\s+/);
  return /^[a-z][a-z0-9_]*$/.test(first) ? first : 'alice';
}

async function decide(form, verdict) {
  const { decide: path, hash } = form.dataset;
  const { publicKey } = await post(`${path}/options`, { hash, verdict });
  const credential = await usePasskey(publicKey);
  const reason = verdict === 'reject' ? form.elements.namedItem('reason').value : undefined;
  await post(path, { hash, verdict, reason, credential });
  location.reload();
}

async function copyEntry(button) {
  const text = document.querySelector('[data-testid="policy-entry"]').textContent;
  await navigator.clipboard.writeText(text);
  document.querySelector('.copied').textContent = button.dataset.copied;
}

document.addEventListener('click', (event) => {
  const button = event.target.closest('button');
  const { action, verdict } = button?.dataset ?? {};
  if (verdict !== undefined) void run(button.form, () => decide(button.form, verdict));
  else if (action === 'sign-in') void run(button.form, () => signIn(button.form));
  else if (action === 'copy') void copyEntry(button);
  else if (action === 'sign-out') void post('/sign-out', {}).finally(() => location.assign('/sign-in'));
});

document.addEventListener('submit', (event) => {
  const form = event.target;
  if (form.dataset.enrol === undefined && form.dataset.decide === undefined) return;
  event.preventDefault();
  if (form.dataset.enrol !== undefined) void run(form, () => enrol(form));
});

/** @returns a function that puts the focus back where it is, after the list around it was replaced */
function focusIn(list) {
  const { activeElement } = document;
  if (!list.contains(activeElement)) return () => undefined;
  const href = activeElement.getAttribute('href') ?? '';
  const same = () => [...list.querySelectorAll(`a[href="${CSS.escape(href)}"]`)];
  const place = same().indexOf(activeElement);
  return () => same()[place]?.focus();
}

/** Replaces a part of the page whenever it has changed: by the whole answer, or by what has the same id in it. */
function keepLive(part) {
  const status = document.querySelector('#list-status');
  const { live: path, state } = part.dataset;
  let shown = part.innerHTML.trim();
  const update = async () => {
    if (document.hidden || isBusy) return;
    const response = await fetch(path, { headers: { accept: 'text/html' } });
    // The session is over: the page to sign in is shown instead.
    if (response.status === 401) location.reload();
    if (!response.ok || isBusy) return;
    const { body } = new DOMParser().parseFromString(await response.text(), 'text/html');
    const fresh = body.querySelector(`#${part.id}`) ?? body;
    // Other buttons belong to another state.
    if (fresh !== body && fresh.dataset.state !== state) location.reload();
    const markup = fresh.innerHTML.trim();
    if (markup === shown) return;
    shown = markup;
    const before = headingsIn(part);
    const focus = focusIn(part);
    part.replaceChildren(...fresh.childNodes);
    focus();
    showTimes(part);
    if (status !== null && headingsIn(part) !== before) status.textContent = status.dataset.changed;
  };
  setInterval(() => void update().catch(() => undefined), POLL_MS);
  document.addEventListener('visibilitychange', () => void update().catch(() => undefined));
}

function headingsIn(part) {
  return [...part.querySelectorAll('h2[id]')].map(({ id }) => id).join();
}

/** Times are in UTC, as in the log and in exports; hovering shows them in the browser's time zone. */
function showTimes(part) {
  const format = new Intl.DateTimeFormat(document.documentElement.lang, {
    dateStyle: 'medium',
    timeStyle: 'long',
  });
  for (const time of part.querySelectorAll('time:not([data-countdown])')) {
    time.title = format.format(new Date(time.dateTime));
  }
  countDown();
}

function countDown() {
  for (const time of document.querySelectorAll('time[data-countdown]')) {
    const left = Math.floor((Date.parse(time.dateTime) - Date.now()) / 1000);
    time.title = time.dateTime;
    time.textContent = left <= 0 ? time.dataset.countdown : clock(left);
    time.classList.toggle('urgent', left < 300);
  }
}

/** @param seconds more than zero. @returns such as `49:07` or `1:02:03` */
function clock(seconds) {
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const shown = parts[0] === 0 ? parts.slice(1) : parts;
  return shown.map((part, place) => (place === 0 ? String(part) : String(part).padStart(2, '0'))).join(':');
}

for (const part of document.querySelectorAll('[data-live]')) if (part.dataset.live !== '') keepLive(part);
showTimes(document);
setInterval(countDown, 1000);

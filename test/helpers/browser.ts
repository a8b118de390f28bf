// People with a browser: Chromium with a passkey authenticator of its own for each.
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { ROOT } from './paths.js';
import type { Scope } from './scope.js';

/** Debian's; CHROMIUM names another one. */
const PROGRAM = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
/** How long a page may take to show something, in ms: two cores, and other tests beside it. */
const PATIENCE_MS = 30_000;
export const SCREENSHOTS = join(ROOT, '.tap/console');

export interface Look {
  readonly language?: 'en-US' | 'ja-JP';
  readonly colorScheme?: 'light' | 'dark';
  readonly width?: number;
}

/** A person with one browser, and one authenticator that verifies its user. */
export interface BrowserPerson {
  readonly page: Page;
  /** Creates a passkey on the console's page. @returns what it prints for the policy */
  enrol(name: string): Promise<string>;
  signIn(path?: string): Promise<void>;
  /** Whether the authenticator verifies its user from now on. */
  verifyUser(verifies: boolean): Promise<void>;
  /** The cookie header of the session. */
  cookie(): Promise<string>;
}

export async function startBrowser(t: Scope): Promise<Browser> {
  const browser = await chromium.launch({
    executablePath: PROGRAM,
    // The tests run as root in containers.
    args: ['--no-sandbox', '--disable-dev-shm-usage'],
  });
  t.teardown(() => browser.close());
  return browser;
}

/** @param origin of the console */
export async function openPerson(browser: Browser, origin: string, look: Look = {}): Promise<BrowserPerson> {
  const { language = 'en-US', colorScheme = 'light', width = 1280 } = look;
  const context = await browser.newContext({
    ...{ baseURL: origin, locale: language, colorScheme, timezoneId: 'UTC' },
    viewport: { width, height: 900 },
    permissions: ['clipboard-write'],
  });
  context.setDefaultTimeout(PATIENCE_MS);
  const page = await context.newPage();
  const verifyUser = await addAuthenticator(context, page);
  return {
    page,
    verifyUser,
    async enrol(name) {
      await page.goto('/enrol');
      await page.getByLabel('Name', { exact: true }).fill(name);
      await page.getByRole('button', { name: 'Create passkey' }).click();
      const entry = page.getByTestId('policy-entry');
      await entry.waitFor({ state: 'visible' });
      return (await entry.textContent()) ?? '';
    },
    async signIn(path = '/') {
      await page.goto(path);
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page.getByRole('button', { name: 'Sign out' }).waitFor();
    },
    async cookie() {
      const cookies = await context.cookies(origin);
      return cookies.map(({ name, value }) => `${name}=${value}`).join('; ');
    },
  };
}

/** @returns sets whether it verifies its user */
async function addAuthenticator(
  context: BrowserContext,
  page: Page,
): Promise<(verifies: boolean) => Promise<void>> {
  const client = await context.newCDPSession(page);
  await client.send('WebAuthn.enable');
  const { authenticatorId } = await client.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      ...{ protocol: 'ctap2', transport: 'internal' },
      ...{ hasResidentKey: true, hasUserVerification: true, isUserVerified: true },
      automaticPresenceSimulation: true,
    },
  });
  return async (verifies) => {
    await client.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified: verifies });
  };
}

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** @returns what axe finds on the page: rule, place and why, one text each */
export async function violations(page: Page): Promise<readonly string[]> {
  // By the debugger, because the page's own policy allows no script from elsewhere.
  const client = await page.context().newCDPSession(page);
  const evaluate = async (expression: string): Promise<unknown> => {
    const { result, exceptionDetails } = await client.send('Runtime.evaluate', {
      ...{ expression, awaitPromise: true, returnByValue: true },
    });
    if (exceptionDetails !== undefined) throw new Error(exceptionDetails.text);
    return result.value;
  };
  await evaluate(AXE);
  const found = await evaluate(
    `axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] })
      .then(({ violations }) => violations.flatMap(({ id, nodes }) =>
        nodes.map(({ target, failureSummary }) => id + ' ' + target.join(' ') + ': ' + failureSummary)))`,
  );
  return found as readonly string[];
}

/** @returns by how much the page is wider than the window, in px */
export async function overflow(page: Page): Promise<number> {
  return page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');
}

export async function screenshot(page: Page, name: string): Promise<void> {
  mkdirSync(SCREENSHOTS, { recursive: true });
  await page.screenshot({ path: join(SCREENSHOTS, `${name}.png`), fullPage: true });
}

/// Debian's Chromium for tests: one browser a file, a fresh context a test, and no page may throw.
import assert from 'node:assert/strict';
import { after, afterEach, before } from 'node:test';
import { chromium } from 'playwright-core';
import { until } from './world.mjs';

export const options = { timeout: 60_000 };
export const WIDE = { width: 1280, height: 800 };
export const PHONE = { width: 390, height: 844 };

let browser;
let context;
let faults = [];

export function launch() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    headless: true,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--disable-dev-shm-usage',
    ],
  });
}

/// Called once by each file of tests.
export function useBrowser() {
  before(async () => {
    browser = await launch();
  });
  after(() => browser?.close());
  afterEach(async () => {
    await context?.close();
    context = undefined;
    const seen = faults;
    faults = [];
    assert.deepEqual(seen, [], 'uncaught errors in a page');
  });
}

/// The context of this test, made with `given` when it is the first to ask.
export async function contextOf(given = { viewport: WIDE }) {
  context ??= await browser.newContext(given);
  return context;
}

export async function newPage(given) {
  const page = await (await contextOf(given)).newPage();
  page.on('pageerror', (error) => faults.push(String(error)));
  page.setDefaultTimeout(15_000);
  return page;
}

/// Waits until fn(given), run in the page, is true. (page.waitForFunction needs unsafe-eval, which the
/// pages rightly forbid.)
export function holds(page, fn, given, ms) {
  return until(() => page.evaluate(fn, given), `${fn}`, ms);
}

/// The inspector, connected; the token travels in the fragment as on the printed link.
export async function inspect(url, token, { rooms = 'lobby', more = {}, given } = {}) {
  const page = await newPage(given);
  await page.goto(`${url}/#${new URLSearchParams({ token, rooms, ...more })}`);
  await page.waitForSelector('#state[data-state=open]');
  return page;
}

/// The numbers that a Counter published, in the order in which the page shows them, oldest first.
export function numbers(page) {
  return page.$$eval('#events tr.event td.data', (cells) =>
    cells.map((cell) => JSON.parse(cell.textContent).n).reverse(),
  );
}

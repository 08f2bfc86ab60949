// Pictures of both pages for a person to look at: node tests/browser/screenshots.mjs [DIRECTORY]
// They are written to build/screenshots, at both widths and in both schemes.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { holds, launch, PHONE, WIDE } from './support/browser.mjs';
import { fakeCrowd } from './support/crowd.mjs';
import { makeToken, operator, publish, until, World } from './support/world.mjs';

const directory = process.argv[2] ?? fileURLToPath(new URL('../../build/screenshots', import.meta.url));
await mkdir(directory, { recursive: true });
const world = await World.start(3, { 'sessions.max_per_user': 50, 'nats.partitions': 2 });
const browser = await launch();

async function take(page, name) {
  await page.screenshot({ path: join(directory, `${name}.png`) });
}

async function inspector(context, name) {
  const page = await context.newPage();
  await page.goto(`${world.nodes[0].url}/`);
  await take(page, `inspector-start-${name}`);
  await page.goto('about:blank');
  await page.goto(
    `${world.nodes[0].url}/#${new URLSearchParams({ token: operator, rooms: 'lobby,orders/europe' })}`,
  );
  await page.waitForSelector('#state[data-state=open]');
  const texts = ['hello', 'How are you?', 'x'.repeat(60_000), 'Fine, thanks'];
  for (const text of texts)
    await publish(world.nodes[1].url, 'lobby', { text, likes: 3, by: ['ann', 'bob'] }, 'NewMessage');
  await publish(
    world.nodes[1].url,
    'orders/europe',
    { order: 4711, state: 'shipped', lines: [{ sku: 'A-1', count: 2 }] },
    'OrderChanged',
  );
  await publish(world.nodes[1].url, 'lobby', 'plain text', 'note');
  await page.locator('#events tr.event').nth(5).waitFor();
  await page.locator('#events tr.event button').nth(1).click();
  await holds(page, () => /ms/.test(document.getElementById('ping').textContent));
  await take(page, `inspector-${name}`);
  await page.getByRole('button', { name: 'History of lobby' }).click();
  await page.locator('dialog tr.event').first().waitFor();
  await take(page, `inspector-history-${name}`);
  await page.keyboard.press('Escape');
  await page.evaluate(() => scrollTo(0, 0));
  await page.screenshot({ path: join(directory, `inspector-whole-${name}.png`), fullPage: true });
}

async function admin(context, name) {
  const page = await context.newPage();
  await page.goto(`${world.nodes[0].admin}/admin`);
  await take(page, `admin-start-${name}`);
  await page.goto('about:blank');
  await page.goto(`${world.nodes[0].admin}/admin#token=${operator}`);
  await page.waitForSelector('#partitions tbody tr');
  for (let i = 0; i < 40; i++) await publish(world.nodes[i % 3].url, 'lobby', { i });
  await until(
    () => page.evaluate(() => document.querySelector('.chart polyline')?.points.length > 3),
    'a line',
    20_000,
  );
  await page.locator('.chart').nth(1).focus();
  await page.keyboard.press('ArrowLeft');
  await page.screenshot({ path: join(directory, `admin-overview-${name}.png`), fullPage: true });
  for (const view of ['rooms', 'sessions', 'tools']) {
    await page.click(`#nav a[href="#/${view}"]`);
    if (view !== 'tools') await page.locator(`#view-${view} tbody tr`).first().waitFor();
    else await page.getByLabel('User who gets').fill('nobody');
    if (view === 'tools') await page.getByRole('button', { name: 'Examine' }).click();
    if (view === 'tools') await page.getByText('finding').first().waitFor();
    await take(page, `admin-${view}-${name}`);
  }
  await page.click('#nav a[href="#/rooms"]');
  await page.locator('#view-rooms tbody button').first().click();
  await page.locator('dialog .names button').first().waitFor();
  await take(page, `admin-room-${name}`);
  const crowd = await context.newPage();
  await fakeCrowd(crowd);
  await crowd.goto(
    `${world.nodes[0].admin}/admin#${new URLSearchParams({ token: operator, view: 'sessions' })}`,
  );
  await crowd.locator('#view-sessions tbody tr').first().waitFor();
  await take(crowd, `admin-crowd-${name}`);
}

try {
  for (const [width, viewport] of [
    ['1280', WIDE],
    ['390', PHONE],
  ])
    for (const colorScheme of ['light', 'dark']) {
      const context = await browser.newContext({ viewport, colorScheme });
      const listener = await context.newPage();
      await listener.goto(`${world.nodes[2].url}/#token=${makeToken({ user: 'ann' })}&rooms=lobby`);
      await listener.waitForSelector('#state[data-state=open]');
      await inspector(context, `${width}-${colorScheme}`);
      await admin(context, `${width}-${colorScheme}`);
      await context.close();
    }
  console.log(`written to ${directory}`);
} finally {
  await browser.close();
  await world.stop();
}

// The page `/` and the client library in a real browser against a real node.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { contextOf, holds, inspect, newPage, options, PHONE, useBrowser, WIDE } from './support/browser.mjs';
import { makeToken, operator, publish, until, World } from './support/world.mjs';

useBrowser();
let world;
let base;
const token = operator;

before(async () => {
  world = await World.start(1, { 'sessions.max_per_user': 50 });
  base = world.nodes[0].url;
});
after(() => world?.stop());

/// A page of a test of its own room, so that no test sees another's events.
let rooms = 0;
const freshRoom = () => `room-${++rooms}`;
const row = (page, text) => page.locator('#events tr.event', { hasText: text });
const say = (room, text, event) => publish(base, room, { text }, event);

async function presence(room) {
  const response = await fetch(`${base}/api/rooms/${room}/presence`, {
    headers: { Authorization: `Bearer ${token}` },
  });
  return response.json();
}

async function publishBy(page, text) {
  await page.fill('#data', JSON.stringify({ text }));
  await page.click('#publish');
}

/// Where the parts of the page are: none of them may move.
function places(page) {
  return page.evaluate(() =>
    ['#state', '#events-panel', '#events-box', '#filter', '#connect', '#publish'].map((name) =>
      JSON.stringify(document.querySelector(name).getBoundingClientRect()),
    ),
  );
}

test('a visitor without a token is told how to get one, types it, connects, publishes', options, async () => {
  const page = await newPage();
  await page.goto(`${base}/`);
  assert.match(await page.textContent('#help'), /starlingctl token create/);
  await page.click('#connect');
  await page.waitForSelector('#state[data-state=closed]');
  assert.ok(await page.isVisible('#help'));
  const room = freshRoom();
  await page.getByLabel('Token (').fill(token);
  await page.getByLabel('Rooms, ').fill(room);
  await page.getByRole('button', { name: 'Connect', exact: true }).click();
  await page.waitForSelector('#state[data-state=open]');
  assert.equal(await page.textContent('#state'), 'connected');
  assert.ok(!(await page.isVisible('#help')));
  await page.fill('#target', room);
  await page.getByLabel('Event', { exact: true }).fill('greeting');
  await publishBy(page, 'typed');
  const seen = row(page, 'typed');
  await seen.waitFor();
  assert.equal(await seen.count(), 1);
  assert.equal(await seen.locator('td.room').textContent(), room);
  assert.equal(await seen.locator('td.name').textContent(), 'greeting');
  assert.match(await seen.locator('td.time').textContent(), /^\d\d:\d\d:\d\d\.\d\d\d$/);
  assert.equal(await seen.locator('td.size').textContent(), '16 B');
  assert.notEqual(await seen.locator('td.id').textContent(), '');
  await holds(page, () => /accepted/.test(document.getElementById('published').textContent));
});

test('the status says quality, node and latency', options, async () => {
  const page = await inspect(base, token);
  assert.equal(await page.textContent('#node'), 'n1');
  await holds(page, () => /ms$/.test(document.getElementById('latency').textContent));
  assert.match(await page.textContent('#quality'), /^(excellent|good)$/);
});

test('the token of the fragment leaves the address bar', options, async () => {
  const page = await inspect(base, token);
  assert.equal(page.url(), `${base}/`);
});

test('a wrong token is said in words, with the way to a right one, and not retried', options, async () => {
  const page = await newPage();
  await page.goto(`${base}/#token=wrong`);
  await page.waitForSelector('#state[data-state=closed]');
  assert.notEqual(await page.textContent('#notice'), '');
  assert.ok(await page.isVisible('#help-command'));
});

test('rooms are joined and left while connected', options, async () => {
  const [first, second] = [freshRoom(), freshRoom()];
  const page = await inspect(base, token, { rooms: first });
  await page.fill('#join-room', second);
  await page.click('#join');
  await page.locator('#room-list li', { hasText: second }).waitFor();
  await until(async () => (await presence(second)).count === 1, 'the room is joined');
  await say(second, 'in the second');
  await row(page, 'in the second').waitFor();
  await page.getByRole('button', { name: `Leave ${first}` }).click();
  await page.locator('#room-list li', { hasText: first }).waitFor({ state: 'detached' });
  await until(async () => (await presence(first)).count === 0, 'the room is left');
  await say(first, 'not heard');
  await say(second, 'heard');
  await row(page, 'heard').first().waitFor();
  assert.equal(await row(page, 'not heard').count(), 0);
});

test('a room that is not allowed is named, and the others go on', options, async () => {
  const page = await inspect(base, makeToken({ user: 'narrow', rooms: ['lobby'] }));
  await page.fill('#join-room', 'secret');
  await page.click('#join');
  await holds(page, () => /secret/.test(document.getElementById('room-notice').textContent));
  await page.waitForSelector('#state[data-state=open]');
  assert.equal(await page.locator('#room-list li').count(), 1);
});

test('an event opens to readable JSON with the keyboard, and is copied', options, async () => {
  const room = freshRoom();
  await contextOf({ viewport: WIDE, permissions: ['clipboard-read', 'clipboard-write'] });
  const page = await inspect(base, token, { rooms: room });
  await say(room, 'open me');
  const button = row(page, 'open me').getByRole('button');
  await button.focus();
  await page.keyboard.press('Enter');
  assert.equal(await button.getAttribute('aria-expanded'), 'true');
  assert.equal(await page.textContent('tr.detail pre'), '{\n  "text": "open me"\n}');
  assert.match(await page.textContent('tr.detail .facts'), /after [\d.]+ ms/);
  await page.getByRole('button', { name: 'Copy data' }).click();
  await page.getByRole('button', { name: 'Copied' }).waitFor();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), '{"text":"open me"}');
  await button.focus();
  await page.keyboard.press('Space');
  assert.equal(await page.locator('tr.detail').count(), 0);
});

test('a filter shows what matches, of old and new', options, async () => {
  const room = freshRoom();
  const page = await inspect(base, token, { rooms: room });
  for (const text of ['apple', 'pear', 'apple pie']) await say(room, text);
  await row(page, 'apple pie').waitFor();
  await page.fill('#filter', 'APPLE');
  await row(page, 'pear').waitFor({ state: 'detached' });
  assert.equal(await page.locator('#events tr.event').count(), 2);
  await say(room, 'plum');
  await say(room, 'apple juice');
  await row(page, 'apple juice').waitFor();
  assert.equal(await page.locator('#events tr.event').count(), 3);
  await page.fill('#filter', '');
  await row(page, 'plum').waitFor();
});

test('a pause counts what comes and shows it afterwards', options, async () => {
  const room = freshRoom();
  const page = await inspect(base, token, { rooms: room });
  await page.click('#pause');
  for (const text of ['one', 'two', 'three']) await say(room, text);
  await page.getByRole('button', { name: 'Resume (3 new)' }).waitFor();
  assert.equal(await page.locator('#events tr.event').count(), 0);
  await page.click('#pause');
  await row(page, 'three').waitFor();
  assert.deepEqual(
    await page.locator('#events td.data').allTextContents(),
    ['three', 'two', 'one'].map((text) => JSON.stringify({ text })),
  );
});

test('history and presence of a room', options, async () => {
  const room = freshRoom();
  for (const text of ['old', 'older']) await say(room, text);
  const page = await inspect(base, token, { rooms: room });
  await page.getByRole('button', { name: `History of ${room}` }).click();
  const dialog = page.getByRole('dialog');
  await dialog.locator('tr.event', { hasText: 'older' }).waitFor();
  assert.equal(await dialog.locator('tr.event').count(), 2);
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: `Who is in ${room}` }).click();
  await dialog.locator('tbody tr', { hasText: 'browser' }).waitFor();
});

for (const [name, size] of [
  ['a wide window', WIDE],
  ['a phone', PHONE],
]) {
  test(`an event of 64 KiB moves nothing, on ${name}`, options, async () => {
    const room = freshRoom();
    const page = await inspect(base, token, { rooms: room, given: { viewport: size } });
    await say(room, 'small');
    await row(page, 'small').waitFor();
    const before = await places(page);
    await say(room, 'x'.repeat(65_000));
    await row(page, 'xxx').waitFor();
    assert.deepEqual(await places(page), before);
    await row(page, 'xxx').getByRole('button').click();
    await page.waitForSelector('tr.detail pre');
    assert.deepEqual(await places(page), before);
    const { width, view } = await page.evaluate(() => ({
      width: document.documentElement.scrollWidth,
      view: innerWidth,
    }));
    assert.ok(width <= view, `${width} > ${view}`);
  });
}

test('what is being read stays where it is while events come', options, async () => {
  const room = freshRoom();
  const page = await inspect(base, token, { rooms: room });
  for (let i = 0; i < 60; i++) await say(room, `line ${i}`);
  await row(page, 'line 59').waitFor();
  await page.evaluate(() => {
    document.getElementById('events-box').scrollTop = 300;
  });
  const reading = row(page, 'line 45');
  const { y } = await reading.boundingBox();
  for (let i = 0; i < 5; i++) await say(room, `late ${i}`);
  await holds(page, () => document.querySelectorAll('#events tr.event').length === 65);
  assert.ok(Math.abs((await reading.boundingBox()).y - y) < 2);
});

test('on a phone events come first, and nothing scrolls sideways', options, async () => {
  const page = await inspect(base, token, { given: { viewport: PHONE } });
  const { y, height } = await page.locator('#events-panel').boundingBox();
  assert.ok(y < 150 && y + height <= PHONE.height, `${y} ${height}`);
  assert.ok((await page.locator('#connection').boundingBox()).y >= y + height);
  const { width, view } = await page.evaluate(() => ({
    width: document.documentElement.scrollWidth,
    view: innerWidth,
  }));
  assert.ok(width <= view, `${width} > ${view}`);
});

for (const transport of ['native', 'ws', 'poll']) {
  test(`the page works over ${transport}`, options, async () => {
    const room = freshRoom();
    const page = await inspect(base, token, { rooms: room, more: { transport } });
    await say(room, transport);
    await row(page, transport).waitFor();
  });
}

test('every field of the page has a label', options, async () => {
  const page = await newPage();
  await page.goto(`${base}/`);
  const bare = await page.evaluate(() =>
    [...document.querySelectorAll('input, select, textarea')]
      .filter((field) => !field.labels.length)
      .map((field) => field.id),
  );
  assert.deepEqual(bare, []);
});

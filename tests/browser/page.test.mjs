// The demo page, the admin page and the client library in a real browser against a real node.
//
// Environment: STARLING_PUBLIC (http://127.0.0.1:PORT), STARLING_TOKEN (room lobby, publish, admin),
// optional STARLING_ADMIN (admin listener), CHROMIUM (default /usr/bin/chromium).
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { after, afterEach, before, test } from 'node:test';
import { chromium } from 'playwright-core';

const { STARLING_PUBLIC: base, STARLING_ADMIN: admin, STARLING_TOKEN: token } = process.env;
const missing = base && token ? false : 'STARLING_PUBLIC and STARLING_TOKEN are not set';
const run = Date.now().toString(36); // texts of this run, so that older history cannot pass a test
const options = { skip: missing, timeout: 60_000 };
let browser;
let context;
let faults = [];

before(async () => {
  if (missing) return;
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    headless: true,
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
      '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  });
});

after(() => browser?.close());

afterEach(async () => {
  await context?.close();
  context = undefined;
  const seen = faults;
  faults = [];
  assert.deepEqual(seen, [], 'uncaught errors in a page');
});

async function newPage(size) {
  context ??= await browser.newContext(size ? { viewport: size } : {});
  const page = await context.newPage();
  page.on('pageerror', (error) => faults.push(String(error)));
  page.setDefaultTimeout(15_000);
  return page;
}

/// The demo page, connected; the token travels in the fragment as on the printed link.
async function connected(more = '') {
  const page = await newPage();
  await page.goto(`${base}/#token=${token}&rooms=lobby${more}`);
  await page.waitForSelector('#state[data-state=open]');
  return page;
}

async function publish(page, text) {
  await page.fill('#data', JSON.stringify({ text }));
  await page.click('#publish');
}

function row(page, text) {
  return page.locator('#events tr', { hasText: text });
}

/// Publishes without a page.
async function post(text, event = 'note') {
  const response = await fetch(`${base}/api/publish`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({ room: 'lobby', event, data: { text } }),
  });
  assert.equal(response.status, 200, await response.text());
}

test('a visitor types a token, connects, publishes and sees the event', options, async () => {
  const page = await newPage();
  await page.goto(`${base}/`);
  await page.getByLabel('Token').fill(token);
  await page.getByLabel('Rooms').fill('lobby');
  await page.getByRole('button', { name: 'Connect', exact: true }).click();
  await page.waitForSelector('#state[data-state=open]');
  assert.equal(await page.textContent('#state'), 'connected');
  await page.getByLabel('Event', { exact: true }).fill('greeting');
  await publish(page, `typed-${run}`);
  const seen = row(page, `typed-${run}`);
  await seen.waitFor();
  assert.equal(await seen.count(), 1);
  assert.notEqual(await seen.locator('td.id').textContent(), '');
  assert.equal(await seen.locator('td.target').textContent(), 'lobby');
  assert.equal(await seen.locator('td.event').textContent(), 'greeting');
  assert.match(await seen.locator('td.latency').textContent(), /^-?\d+ ms$/);
  await page.waitForFunction(() => document.getElementById('last-id').textContent !== '–');
  await page.waitForFunction(() => /accepted/.test(document.getElementById('published').textContent));
});

test('the token of the fragment leaves the address bar', options, async () => {
  const page = await connected();
  assert.equal(page.url(), `${base}/`);
});

test('a wrong token is said in words and not retried', options, async () => {
  const page = await newPage();
  await page.goto(`${base}/#token=wrong`);
  await page.waitForSelector('#state[data-state=closed]');
  assert.notEqual(await page.textContent('#notice'), '');
});

test('a second tab receives what the first publishes', options, async () => {
  const [one, two] = [await connected(), await connected()];
  await publish(one, `both-${run}`);
  await Promise.all([row(one, `both-${run}`).waitFor(), row(two, `both-${run}`).waitFor()]);
});

test('two tabs with one connection both receive', options, async () => {
  const one = await newPage();
  const two = await newPage();
  const clientId = async (page) => {
    await page.goto(`${base}/`);
    await page.fill('#token', token);
    await page.check('#shared');
    await page.click('#connect');
    await page.waitForSelector('#state[data-state=open]');
    return page.evaluate(() => document.getElementById('client-id').textContent);
  };
  await clientId(one);
  await clientId(two);
  await publish(two, `shared-${run}`);
  await Promise.all([row(one, `shared-${run}`).waitFor(), row(two, `shared-${run}`).waitFor()]);
  await one.close(); // it held the connection
  await post(`handed-over-${run}`);
  await row(two, `handed-over-${run}`).waitFor();
  assert.equal(await row(two, `shared-${run}`).count(), 1);
});

for (const transport of ['native', 'ws']) {
  test(`the page works over ${transport}`, options, async () => {
    const page = await connected(`&transport=${transport}`);
    await publish(page, `${transport}-${run}`);
    await row(page, `${transport}-${run}`).waitFor();
  });
}

test('native EventSource: addEventListener and onmessage both receive', options, async () => {
  const page = await newPage();
  await page.goto(`${base}/`);
  await page.evaluate(async (access) => {
    const open = (format) => {
      const query = new URLSearchParams({ access_token: access, rooms: 'lobby', format });
      return new EventSource(`/events?${query}`);
    };
    const first = (source, listen) => new Promise((resolve, reject) => {
      source.addEventListener('connected', () => listen(resolve));
      source.onerror = () => reject(new Error('EventSource failed'));
      source.ready = new Promise((ready) => { source.addEventListener('connected', ready); });
    });
    const [named, unnamed] = [open('named'), open('message')];
    window.received = Promise.all([
      first(named, (resolve) => named.addEventListener('greeting', ({ data, lastEventId }) =>
        resolve({ ...JSON.parse(data), lastEventId }))),
      first(unnamed, (resolve) => { unnamed.onmessage = ({ data, lastEventId }) => {
        const event = JSON.parse(data);
        if (event.event === 'greeting') resolve({ ...event.data, lastEventId, room: event.room });
      }; }),
    ]);
    window.sources = [named, unnamed];
    await Promise.all([named.ready, unnamed.ready]);
  }, token);
  await post(`native-${run}`, 'greeting');
  const [named, unnamed] = await page.evaluate(() => window.received);
  assert.equal(named.text, `native-${run}`);
  assert.equal(unnamed.text, `native-${run}`);
  assert.equal(unnamed.room, 'lobby');
  assert.ok(named.lastEventId);
  assert.equal(named.lastEventId, unnamed.lastEventId);
});

test('the pages carry a policy, and a script that got into one does not run', options, async () => {
  const page = await newPage();
  const answer = await page.goto(`${base}/`);
  assert.match(answer.headers()['content-security-policy'], /script-src 'self'/);
  assert.equal(answer.headers()['x-frame-options'], 'DENY');
  assert.equal(answer.headers()['x-content-type-options'], 'nosniff');
  const ran = await page.evaluate(() => {
    const script = document.createElement('script');
    script.textContent = 'window.strange = true';
    document.body.append(script);
    document.body.insertAdjacentHTML('beforeend', '<b id="x" onclick="window.strange = true">x</b>');
    document.getElementById('x').click();
    return window.strange === true;
  });
  assert.equal(ran, false);
});

test('a page of another site opens nothing with the cookie of its visitor', options, async () => {
  const stranger = createServer((_, answer) => {
    answer.setHeader('Content-Type', 'text/html');
    answer.end(`<a id="go" href="${base}/events?as=link">look</a><img src="${base}/events?as=image">`);
  }).listen(0, '127.0.0.1');
  await once(stranger, 'listening');
  try {
    const page = await newPage();
    await context.addCookies([{ name: 'starling_token', value: token, url: base, sameSite: 'Lax' }]);
    const counts = async () => {
      const text = await (await fetch(`${base}/metrics`)).text();
      return [/^starling_sessions_opened_total (\d+)/m, /^starling_http_errors_total\{code="unauthorized"\} (\d+)/m]
        .map((line) => Number(line.exec(text)[1]));
    };
    // The node's own page may.
    await page.goto(`${base}/`);
    assert.equal(await page.evaluate(async () => (await fetch('/online-users')).status), 200);
    // localhost is another site: Lax lets the cookie go along with a link. 127.0.0.1 with another
    // port is the same site: it goes along with everything.
    const { port } = stranger.address();
    for (const host of ['localhost', '127.0.0.1']) {
      const [opened, refused] = await counts();
      await page.goto(`http://${host}:${port}/`);
      await page.waitForFunction(() => document.querySelector('img').complete);
      // The browser keeps the answer to the image to itself.
      assert.deepEqual(await counts(), [opened, refused + 1], host);
      const [visit] = await Promise.all([page.waitForResponse(/events.*as=link/), page.click('#go')]);
      const { cookie } = await visit.request().allHeaders();
      assert.match(cookie ?? '', /starling_token/, `${host}: the browser sent no cookie`);
      assert.equal(visit.status(), 401, host);
    }
  } finally {
    stranger.close();
    stranger.closeAllConnections();
  }
});

test('a reload resumes without loss and without repeats', options, async () => {
  const page = await connected();
  await publish(page, `before-${run}`);
  await row(page, `before-${run}`).waitFor();
  await page.goto('about:blank');
  const texts = Array.from({ length: 5 }, (_, number) => `away-${number}-${run}`);
  for (const text of texts) await post(text);
  await page.goto(`${base}/`);
  await page.waitForSelector('#state[data-state=open]');
  await row(page, texts.at(-1)).waitFor();
  const shown = await page.locator('#events td.data').allTextContents();
  assert.deepEqual(shown.reverse().map((data) => JSON.parse(data).text), texts);
});

test('a phone shows everything without scrolling sideways', options, async () => {
  const page = await newPage({ width: 360, height: 740 });
  await page.goto(`${base}/#token=${token}&rooms=lobby`);
  await page.waitForSelector('#state[data-state=open]');
  await publish(page, `${'long-'.repeat(60)}${run}`);
  await row(page, run).waitFor();
  const { width, view } = await page.evaluate(() =>
    ({ width: document.documentElement.scrollWidth, view: innerWidth }));
  assert.ok(width <= view, `${width} > ${view}`);
});

test('every field of the page has a label', options, async () => {
  const page = await newPage();
  await page.goto(`${base}/`);
  const bare = await page.evaluate(() => [...document.querySelectorAll('input, select, textarea')]
    .filter((field) => !field.labels.length).map((field) => field.id));
  assert.deepEqual(bare, []);
});

test('the admin page shows nodes and sessions and kicks after a question',
  { ...options, skip: missing || (admin ? false : 'STARLING_ADMIN is not set') }, async () => {
    const page = await connected();
    const id = await page.textContent('#client-id');
    const board = await newPage();
    await board.goto(`${admin}/admin#token=${token}`);
    await board.waitForSelector('#nodes tbody tr');
    assert.ok(!board.url().includes(token));
    await board.waitForSelector('#nodes .alive');
    const session = board.locator('#sessions tbody tr', { hasText: id });
    await session.getByRole('button').click();
    await board.getByRole('button', { name: 'Cancel' }).click();
    assert.equal(await page.getAttribute('#state', 'data-state'), 'open');
    await session.getByRole('button').click();
    await board.click('#confirm-yes');
    await page.waitForSelector('#state[data-state=closed]');
    assert.match(await page.textContent('#notice'), /kicked/);
    await session.waitFor({ state: 'detached' });
    await board.waitForFunction(() => document.querySelector('#line-events polyline').points.length > 0);
  });

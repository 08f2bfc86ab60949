// What a browser does by itself: native EventSource, the policy of the pages, foreign pages.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { contextOf, holds, newPage, options, useBrowser } from './support/browser.mjs';
import { operator as token, publish, World } from './support/world.mjs';

useBrowser();
let world;
let base;
before(async () => {
  world = await World.start();
  base = world.nodes[0].url;
});
after(() => world?.stop());

test('native EventSource: addEventListener and onmessage both receive', options, async () => {
  const page = await newPage();
  await page.goto(`${base}/`);
  await page.evaluate(async (access) => {
    const open = (format) => {
      const query = new URLSearchParams({ access_token: access, rooms: 'lobby', format });
      return new EventSource(`/events?${query}`);
    };
    const first = (source, listen) =>
      new Promise((resolve, reject) => {
        source.addEventListener('connected', () => listen(resolve));
        source.onerror = () => reject(new Error('EventSource failed'));
        source.ready = new Promise((ready) => {
          source.addEventListener('connected', ready);
        });
      });
    const [named, unnamed] = [open('named'), open('message')];
    window.received = Promise.all([
      first(named, (resolve) =>
        named.addEventListener('greeting', ({ data, lastEventId }) =>
          resolve({ ...JSON.parse(data), lastEventId }),
        ),
      ),
      first(unnamed, (resolve) => {
        unnamed.onmessage = ({ data, lastEventId }) => {
          const event = JSON.parse(data);
          if (event.event === 'greeting') resolve({ ...event.data, lastEventId, room: event.room });
        };
      }),
    ]);
    window.sources = [named, unnamed];
    await Promise.all([named.ready, unnamed.ready]);
  }, token);
  await publish(base, 'lobby', { text: 'native' }, 'greeting');
  const [named, unnamed] = await page.evaluate(() => window.received);
  assert.equal(named.text, 'native');
  assert.equal(unnamed.text, 'native');
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
    await (
      await contextOf()
    ).addCookies([{ name: 'starling_token', value: token, url: base, sameSite: 'Lax' }]);
    const counts = async () => {
      const text = await (await fetch(`${base}/metrics`)).text();
      return [
        /^starling_sessions_opened_total (\d+)/m,
        /^starling_http_errors_total\{code="unauthorized"\} (\d+)/m,
      ].map((line) => Number(line.exec(text)[1]));
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
      await holds(page, () => document.querySelector('img').complete);
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

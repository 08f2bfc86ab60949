// Whatever happens between a page and its node: every page receives everything once and in order.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { contextOf, holds, inspect, newPage, numbers, options, useBrowser } from './support/browser.mjs';
import { Proxy } from './support/proxy.mjs';
import { Counter, makeToken, operator, until, World } from './support/world.mjs';

useBrowser();
let world;
let proxy;
let counter;
const settings = { 'sessions.max_per_user': 50, 'drain.window': '1s', 'sse.retry': '200ms' };

before(async () => {
  world = await World.start(2, settings);
});
after(() => world?.stop());
afterEach(async () => {
  await counter?.stop().catch(() => {}); // the test has said what was wrong
  await proxy?.stop();
  [counter, proxy] = [undefined, undefined];
});

let rooms = 0;
const freshRoom = () => `room-${++rooms}`;
const urls = () => world.nodes.map(({ url }) => url);

/// A page behind a proxy before the nodes, its node, and a publisher on the other one. The page has
/// shown its first events.
async function behindProxy() {
  proxy = await Proxy.start(urls());
  const room = freshRoom();
  const page = await inspect(proxy.url, operator, { rooms: room });
  const id = await page.textContent('#node');
  const node = world.nodes.find((each) => each.id === id);
  counter = new Counter(world.nodes.find((each) => each !== node).url, room);
  await shows(page, 5);
  return { page, node };
}

const shows = (page, count) =>
  holds(page, (least) => document.querySelectorAll('#events tr.event').length >= least, count);

/// Ends the publishing, and looks at what each page shows.
async function allOnceInOrder(...pages) {
  const sent = await counter.stop();
  const all = Array.from({ length: sent }, (_, n) => n);
  for (const page of pages) {
    await shows(page, sent);
    assert.deepEqual(await numbers(page), all);
  }
}

/// Another node for the next test, when one is gone.
async function replace(node) {
  world.nodes.splice(world.nodes.indexOf(node), 1);
  await world.add(`${node.id}x`).started();
}

test('five tabs have one stream; when the tab that holds it closes, nothing is lost', options, async () => {
  const room = freshRoom();
  const [{ url }] = world.nodes;
  const pages = [];
  for (let i = 0; i < 5; i++) pages.push(await inspect(url, operator, { rooms: room }));
  assert.equal(await world.nodes[0].metric('starling_sessions{transport="sse"}'), 1);
  counter = new Counter(url, room);
  await Promise.all(pages.map((page) => shows(page, 5)));
  const [leader, ...others] = pages;
  await leader.close();
  await counter.more(20);
  await allOnceInOrder(...others);
  assert.equal(await world.nodes[0].metric('starling_sessions{transport="sse"}'), 1);
});

test('its node is killed', options, async () => {
  const { page, node } = await behindProxy();
  await node.kill('SIGKILL');
  await counter.more(20);
  await allOnceInOrder(page);
  assert.notEqual(await page.textContent('#node'), node.id);
  await replace(node);
});

test('its node is drained', options, async () => {
  const { page, node } = await behindProxy();
  await node.ask(`/admin/v1/nodes/${node.id}/drain`, { method: 'POST' });
  await node.ended;
  await counter.more(20);
  await allOnceInOrder(page);
  await replace(node);
});

test('the page is loaded again', options, async () => {
  const room = freshRoom();
  const page = await inspect(world.nodes[0].url, operator, { rooms: room });
  counter = new Counter(world.nodes[1].url, room);
  await shows(page, 5);
  const shown = [];
  for (let i = 0; i < 2; i++) {
    await page.evaluate(() =>
      addEventListener('pagehide', () => {
        const cells = [...document.querySelectorAll('#events tr.event td.data')];
        sessionStorage.setItem(
          'shown',
          JSON.stringify(cells.map((cell) => JSON.parse(cell.textContent).n).reverse()),
        );
      }),
    );
    await page.reload();
    shown.push(...JSON.parse(await page.evaluate(() => sessionStorage.getItem('shown'))));
    await shows(page, 5);
  }
  const sent = await counter.stop();
  await until(async () => shown.length + (await numbers(page)).length >= sent, 'all is there');
  assert.deepEqual(
    [...shown, ...(await numbers(page))],
    Array.from({ length: sent }, (_, n) => n),
  );
});

test('the computer goes offline and comes back', options, async () => {
  const { page } = await behindProxy();
  proxy.closed = true;
  await (await contextOf()).setOffline(true);
  proxy.cut();
  await page.waitForSelector('#state[data-state=offline]');
  await counter.more(20);
  proxy.closed = false;
  await (await contextOf()).setOffline(false);
  await page.waitForSelector('#state[data-state=open]');
  await allOnceInOrder(page);
});

/// A page with a client of its own, whose events are in `window.got`.
async function ownClient(url, makeOptions) {
  const page = await newPage();
  await page.goto(url);
  await page.evaluate(async ({ tokens, ...given }) => {
    const { Starling } = await import('/starling.js');
    window.got = [];
    window.said = [];
    const more = tokens ? { getToken: ({ reason }) => tokens[reason === 'unauthorized' ? 1 : 0] } : {};
    window.client = new Starling({
      url: location.origin,
      sharedAcrossTabs: false,
      storage: null,
      ...more,
      ...given,
    });
    window.client.on('*', ({ data }) => window.got.push(data.n));
    window.client.on('starling:goodbye', ({ code }) => window.said.push(code));
    await new Promise((resolve) => {
      window.client.on('starling:state', ({ state }) => state === 'open' && resolve());
    });
  }, makeOptions());
  return page;
}

async function gotAll(...pages) {
  const sent = await counter.stop();
  for (const page of pages) {
    await holds(page, (count) => window.got.length >= count, sent);
    assert.deepEqual(
      await page.evaluate(() => window.got),
      Array.from({ length: sent }, (_, n) => n),
    );
  }
}

test('batches: the tab with the stream is closed, the next one is killed, nothing is lost', options, async () => {
  const room = freshRoom();
  const [{ url }] = world.nodes;
  const pages = [];
  for (let i = 0; i < 5; i++)
    pages.push(await ownClient(url, () => ({ rooms: [room], token: operator, sharedAcrossTabs: true })));
  const [first, second, ...others] = pages; // the lock of the stream passes on in this order
  // What the tab with the stream tells the others: how often, and how many events.
  await others[0].evaluate(async () => {
    const [{ name }] = (await navigator.locks.query()).held;
    window.told = { messages: 0, events: 0 };
    window.overheard = new BroadcastChannel(name);
    window.overheard.onmessage = ({ data: { kind, messages } }) => {
      const events = kind === 'tell' ? messages.filter((message) => message.kind === 'event').length : 0;
      if (events) window.told = { messages: window.told.messages + 1, events: window.told.events + events };
    };
  });
  counter = new Counter(url, room, 20);
  await Promise.all(pages.map((page) => holds(page, () => window.got.length >= 100)));
  await first.close();
  await counter.more(400);
  const crashed = second.waitForEvent('crash');
  const devtools = await second.context().newCDPSession(second);
  devtools.send('Page.crash').catch(() => {}); // nobody is left to answer
  await crashed;
  await counter.more(400);
  await gotAll(...others);
  const { messages, events } = await others[0].evaluate(() => window.told);
  assert.ok(messages < events / 4, `${messages} messages for ${events} events`);
  assert.equal(await world.nodes[0].metric('starling_sessions{transport="sse"}'), 1);
});

test('its token expires and a new one is fetched', options, async () => {
  const room = freshRoom();
  const [{ url }] = world.nodes;
  // Nodes give a token a minute more.
  const page = await ownClient(url, () => ({
    rooms: [room],
    tokens: [makeToken({ exp: -57 }), makeToken()],
  }));
  counter = new Counter(url, room);
  await holds(page, () => window.said.includes('token_expired'));
  await counter.more(10);
  await gotAll(page);
});

test('a token that expires and cannot be renewed: the page says so', options, async () => {
  const page = await newPage();
  await page.goto(world.nodes[0].url);
  await page.fill('#token', makeToken({ exp: -57 }));
  await page.click('#connect');
  await page.waitForSelector('#state[data-state=open]');
  await page.waitForSelector('#state[data-state=closed]');
  assert.match(await page.textContent('#notice'), /token has expired/);
  assert.ok(await page.isVisible('#help'));
});

test('a proxy keeps streams back: WebSocket takes over', options, async () => {
  proxy = await Proxy.start(urls());
  proxy.buffering = true;
  const room = freshRoom();
  const page = await ownClient(proxy.url, () => ({ rooms: [room], token: operator, openTimeout: 1000 }));
  assert.equal(await page.evaluate(() => window.client.transport), 'ws');
  counter = new Counter(world.nodes[1].url, room);
  await counter.more(10);
  proxy.cut();
  await counter.more(10);
  await gotAll(page);
});

test('a proxy refuses streams: WebSocket takes over', options, async () => {
  proxy = await Proxy.start(urls());
  proxy.blocking = true;
  const room = freshRoom();
  const page = await inspect(proxy.url, operator, { rooms: room });
  assert.equal(await page.textContent('#via'), 'ws');
  counter = new Counter(world.nodes[1].url, room);
  await shows(page, 5);
  proxy.cut();
  await counter.more(10);
  await allOnceInOrder(page);
});

test('a proxy refuses streams and WebSocket: long-poll takes over', options, async () => {
  proxy = await Proxy.start(urls());
  proxy.blocking = proxy.blockingSockets = true;
  const room = freshRoom();
  const page = await inspect(proxy.url, operator, { rooms: room });
  assert.equal(await page.textContent('#via'), 'poll');
  counter = new Counter(world.nodes[1].url, room);
  await shows(page, 5);
  proxy.cut();
  await counter.more(10);
  await allOnceInOrder(page);
});

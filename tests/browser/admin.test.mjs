// The page `/admin` in a real browser, on a cluster of two nodes.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { holds, inspect, newPage, options, useBrowser } from './support/browser.mjs';
import { Counter, makeToken, operator, publish, until, World } from './support/world.mjs';

useBrowser();
let world;
before(async () => {
  world = await World.start(2, { 'sessions.max_per_user': 200, 'drain.window': '100ms' });
});
after(() => world?.stop());

async function board(view = 'overview', token = operator, node = world.nodes[0]) {
  const page = await newPage();
  await page.goto(`${node.admin}/admin#${new URLSearchParams({ token, view })}`);
  await page.waitForSelector('#views:not([hidden])');
  return page;
}

let streams = [];
afterEach(() => {
  for (const each of streams) each.abort();
  streams = [];
});

/// A stream that is open until the test ends.
async function stream(node, rooms, token = operator) {
  const abort = new AbortController();
  streams.push(abort);
  const response = await fetch(`${node.url}/events?rooms=${rooms}`, {
    headers: { Authorization: `Bearer ${token}`, Accept: 'text/event-stream' },
    signal: abort.signal,
  });
  assert.equal(response.status, 200);
  await response.body.getReader().read();
}

const cells = (page, id, column) =>
  page.$$eval(`${id} tbody tr`, (rows, at) => rows.map((row) => row.cells[at].textContent), column);

test('a visitor is told how to get a token, and a bad one is refused in words', options, async () => {
  const page = await newPage();
  await page.goto(`${world.nodes[0].admin}/admin`);
  assert.match(await page.textContent('#help-command'), /--admin/);
  await page.getByLabel('Admin token').fill(makeToken());
  await page.getByRole('button', { name: 'Sign in' }).click();
  await holds(page, () => /Not signed in/.test(document.getElementById('refused').textContent));
  await page.getByLabel('Admin token').fill(operator);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.waitForSelector('#nodes tbody tr');
  assert.ok(!page.url().includes(operator));
});

test('sums are sums, and say what they are', options, async () => {
  const page = await board();
  await holds(page, () => document.querySelectorAll('#nodes tbody tr').length === 2);
  await Promise.all(world.nodes.map((node) => stream(node, 'sum')));
  const tile = (name) =>
    page.locator('#totals > div', { has: page.locator('dt', { hasText: name }) }).locator('dd');
  await holds(page, () => {
    const rows = [...document.querySelectorAll('#nodes tbody tr')].map((row) =>
      Number(row.cells[3].textContent),
    );
    const sum = Number(document.querySelector('#totals > div dd').textContent);
    return sum >= 2 && sum === rows[0] + rows[1];
  });
  assert.match(await page.textContent('#totals'), /Sessions now/);
  assert.match(await page.textContent('#totals'), /Events in since \d\d:\d\d/);
  assert.match(await tile('Nodes now').textContent(), /^2$/);
});

test('charts have axes, and values under the pointer and the arrow keys', options, async () => {
  const page = await board();
  const chart = page.locator('.chart').first();
  const waiting = until(
    () => page.evaluate(() => document.querySelector('.chart polyline')?.points.length > 1),
    'a line',
  );
  await stream(world.nodes[1], 'chart');
  const counter = new Counter(world.nodes[0].url, 'chart');
  await waiting;
  assert.match((await chart.locator('text').allTextContents()).join(' '), /0.*−5 min.*now/);
  const reads = () =>
    /^\d\d:\d\d:\d\d: [\d,.–]+$/.test(document.querySelector('.chart-head output').textContent);
  await chart.hover();
  await holds(page, reads);
  await page.mouse.move(0, 0);
  await holds(page, () => document.querySelector('.chart-head output').textContent.startsWith('now: '));
  await chart.focus();
  await page.keyboard.press('ArrowLeft');
  await holds(page, reads);
  await holds(page, () => /p99 [\d.]+ ms/.test(document.getElementById('charts').textContent));
  await counter.stop();
});

test(
  'the largest rooms are the largest, also of those on several nodes; search, sort and pages',
  options,
  async () => {
    for (let i = 0; i < 60; i++)
      await stream(world.nodes[i % 2], `big,few-${i % 30},single-${String(i).padStart(2, '0')}`);
    const page = await board('rooms');
    const rooms = () => cells(page, '#view-rooms', 0);
    await holds(page, () => document.querySelector('#view-rooms tbody tr')?.cells[0].textContent === 'big');
    assert.equal((await cells(page, '#view-rooms', 1))[0], '60');
    assert.ok((await rooms()).slice(1, 31).every((room) => room.startsWith('few-')));
    await holds(page, () => /1–50 of 91/.test(document.querySelector('#view-rooms .place').textContent));
    await page.getByRole('button', { name: 'Next' }).click();
    await holds(page, () => /51–91 of 91/.test(document.querySelector('#view-rooms .place').textContent));
    assert.equal((await rooms()).length, 41);
    await page.getByLabel('Search rooms').fill('SINGLE-1');
    await holds(page, () => /1–10 of 10/.test(document.querySelector('#view-rooms .place').textContent));
    await page.getByRole('button', { name: 'Room', exact: true }).click();
    await holds(
      page,
      () => document.querySelector('#view-rooms tbody tr').cells[0].textContent === 'single-10',
    );
    assert.deepEqual(
      await rooms(),
      Array.from({ length: 10 }, (_, i) => `single-1${i}`),
    );
  },
);

test('a room in detail: members, history, live tail, publishing', options, async () => {
  await stream(world.nodes[1], 'detail');
  await publish(world.nodes[0].url, 'detail', { text: 'before' });
  const page = await board('rooms');
  await page.getByRole('button', { name: 'Open room detail' }).click();
  const room = page.getByRole('dialog', { name: 'Room detail' });
  await room.getByRole('button', { name: 'browser' }).waitFor();
  await room.getByLabel('User to add').fill('ann');
  await room.getByRole('button', { name: 'Add to roster' }).click();
  await room.getByRole('button', { name: 'Remove ann' }).waitFor();
  await room.getByRole('button', { name: 'Start live tail' }).click();
  await room.getByText('Listening').waitFor();
  await room.getByLabel('Data (').fill('{"text": "from the box"}');
  await room.getByRole('button', { name: 'Publish' }).click();
  await room.locator('tr.event', { hasText: 'from the box' }).waitFor();
  await room.getByRole('button', { name: 'History' }).click();
  const history = page.getByRole('dialog', { name: 'History of detail' });
  await history.locator('tr.event', { hasText: 'before' }).waitFor();
  await page.keyboard.press('Escape');
  await room.getByRole('button', { name: 'Trace' }).click();
  await page
    .getByRole('dialog', { name: 'Trace of detail' })
    .locator('tbody tr', { hasText: 'all nodes answered' })
    .waitFor();
});

test('a session is kicked after a question, from the list and from its user', options, async () => {
  const client = await inspect(world.nodes[1].url, makeToken({ user: 'kicked' }), {
    more: { device: 'desk' },
  });
  const id = await client.textContent('#client-id');
  const page = await board('sessions');
  await page.getByLabel('Search user, device').fill('DESK');
  const kick = page.getByRole('button', { name: `Kick session ${id}` });
  await kick.click();
  await page.getByRole('button', { name: 'Cancel' }).click();
  assert.equal(await client.getAttribute('#state', 'data-state'), 'open');
  await kick.click();
  await page.click('#confirm-yes');
  await client.waitForSelector('#state[data-state=closed]');
  assert.match(await client.textContent('#notice'), /kicked/);
  await kick.waitFor({ state: 'detached' });
});

test('doctor finds who is not there, and who is', options, async () => {
  await stream(world.nodes[1], 'ward', makeToken({ user: 'patient' }));
  const page = await board('tools');
  const examine = async (user, words) => {
    await page.getByLabel('User who gets').fill(user);
    await page.getByLabel('Room they').fill('ward');
    await page.getByRole('button', { name: 'Examine' }).click();
    await page.locator('#view-tools [role=status]', { hasText: words }).waitFor();
  };
  await examine('nobody', 'user nobody is not connected');
  await examine('patient', 'Nothing found');
});

test('what is reckoned from figures: rates, quantiles, axes, events, findings', options, async () => {
  const page = await newPage();
  await page.goto(`${world.nodes[0].admin}/admin`);
  const said = await page.evaluate(async () => {
    const { quantile, Rates, Latencies } = await import('/web/admin/rates.js');
    const { niceCeiling } = await import('/web/admin/chart.js');
    const { changes } = await import('/web/admin/happened.js');
    const { diagnose } = await import('/web/admin/doctor.js');
    const rates = new Rates();
    const seen = [
      [0, 100, ['a', 'b']],
      [2000, 300, ['b', 'a']],
      [4000, 250, ['a']],
      [6000, 260, ['a']],
    ].map(([at, events, nodes]) => rates.next(at, { events }, nodes).events);
    const latencies = new Latencies();
    const answers = [
      [5, 5],
      [15, 5],
      [0, 0],
    ].map((counts) => latencies.next({ bounds_ms: [10], counts, replied: ['a'] }).p50);
    const node = (more) => ({
      id: 'a',
      state: 'alive',
      ready: true,
      started_ms: 1,
      sessions: 2,
      engine: { kind: 'nats', connected: true },
      ...more,
    });
    const told = (before, after) =>
      changes(before ? [node(before)] : [], [node(after)])
        .map(({ text }) => text)
        .join();
    const session = {
      client_id: 'c',
      user: 'u',
      node: 'a',
      device: '',
      rooms: [],
      queued_events: 60,
      queued_bytes: 0,
      expires_ms: 0,
    };
    const facts = {
      checks: [],
      nodes: [node({ state: 'gone' })],
      missing: ['a'],
      sessions: [session],
      all: true,
      now: 1,
    };
    return {
      seen,
      answers,
      quantiles: [
        quantile([1, 10], [0, 10, 0], 0.5),
        quantile([1, 10], [0, 0, 3], 0.5),
        quantile([1, 10], [0, 0, 0], 0.5),
      ],
      axes: [0, 3, 99.9, 101].map(niceCeiling),
      told: [
        told(null, {}),
        told({}, { state: 'gone' }),
        told({ draining: true }, { state: 'gone' }),
        told({}, { state: 'draining' }),
        told({}, { engine: { kind: 'nats', connected: false }, ready: false }),
        told({}, { started_ms: 2 }),
        told({ state: 'gone' }, {}),
      ],
      findings: diagnose(facts).findings.map(({ message }) => message),
    };
  });
  assert.deepEqual(said.seen, [NaN, 100, NaN, 5]);
  assert.deepEqual(said.answers, [NaN, 5, NaN]);
  assert.deepEqual(said.quantiles, [5.5, 10, NaN]);
  assert.deepEqual(said.axes, [1, 5, 100, 200]);
  assert.deepEqual(said.told, [
    'joined',
    'gone: silent for 10 s',
    'left after its drain',
    'drains, 2 sessions to send away',
    'lost NATS',
    'was started again',
    'is heard again',
  ]);
  assert.deepEqual(said.findings, [
    'node a is gone: its clients are without it',
    'session c of u on node a reads too slowly',
  ]);
});

test('an admin of one tenant sees its own alone', options, async () => {
  await stream(world.nodes[0], 'theirs', makeToken({ tenant: 'acme' }));
  await stream(world.nodes[0], 'ours');
  const page = await board('rooms', makeToken({ tenant: 'acme', admin: true }));
  await holds(page, () => document.querySelector('#view-rooms tbody tr')?.cells[0].textContent === 'theirs');
  assert.equal((await cells(page, '#view-rooms', 0)).length, 1);
});

test('a node that is gone is dimmed and shows no numbers; what happened is listed', options, async () => {
  const extra = await world.add('n3').started();
  const page = await board();
  const row = page.locator('#nodes tbody tr', { hasText: 'n3' });
  await row.waitFor();
  await row.getByRole('button', { name: 'Drain node n3' }).click();
  await page.click('#confirm-yes');
  await extra.ended;
  await page.waitForSelector('#nodes tr.gone', { timeout: 20_000 });
  assert.deepEqual((await cells(page, '#nodes', 3)).at(-1), '–');
  await page.locator('#log tr', { hasText: 'n3' }).first().waitFor();
});

test('its own node dies: the page says so, dims, and moves to another', options, async () => {
  const [first, second] = world.nodes;
  const page = await board('rooms');
  await page.waitForSelector('#view-rooms table');
  let said = '';
  await page.exposeFunction('note', (text) => {
    said = text;
  });
  await page.evaluate(() =>
    new MutationObserver(() => {
      if (
        !document.getElementById('banner').hidden &&
        document.getElementById('main').classList.contains('stale')
      )
        window.note(document.getElementById('banner').textContent);
    }).observe(document.getElementById('banner'), { childList: true, attributes: true, subtree: true }),
  );
  await first.kill('SIGKILL');
  await page.waitForURL((url) => url.origin === second.admin, { timeout: 15_000 });
  assert.match(said, /No answer from node n1/);
  await page.waitForSelector('#view-rooms:not([hidden]) table');
  assert.ok(!page.url().includes(operator));
});

// Several clients in one process stand for the tabs of a browser: BroadcastChannel is Node's own,
// the Web Locks below are as exclusive and as fair as the real ones.
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { Starling } from '../src/index.js';
import { next, serve, state } from './server.mjs';

function fakeLocks() {
  let tail = Promise.resolve();
  return {
    request(name, { signal }, fn) {
      const turn = tail.then(() => {
        if (signal.aborted) throw new DOMException('aborted', 'AbortError');
        return fn();
      });
      tail = turn.catch(() => {});
      return turn;
    },
  };
}

Object.defineProperty(globalThis, 'navigator', { value: { locks: fakeLocks() }, configurable: true });
const open = [];
afterEach(async () => {
  for (const end of open.splice(0).reverse()) await end();
});

async function startNode(script) {
  const node = await serve(script);
  open.push(() => node.stop());
  return node;
}

function tab(url, options = {}) {
  const client = new Starling({ url, transport: 'sse', sharedAcrossTabs: true, storage: null, ...options });
  open.push(() => client.close());
  return client;
}


test('two tabs share one connection and both hear the events of both', async () => {
  const node = await startNode((c) => c.greet('e-1', { rooms: c.query.get('rooms').split(',') }));
  const one = tab(node.url, { rooms: ['a'] });
  await state(one, 'connecting');
  const two = tab(node.url, { rooms: ['b'] });
  await next(two, 'starling:connected', (session) => session.rooms.includes('b'));
  node.connections.at(-1).envelope('e-2', 'hi');
  const [first, second] = await Promise.all([next(one, 'note'), next(two, 'note')]);
  assert.deepEqual([first.data, second.data], ['hi', 'hi']);
  const live = node.connections.filter((c) => !c.response.destroyed);
  assert.equal(live.length, 1);
  assert.equal(two.lastId, 'e-2');
});

test('when the tab with the connection closes, the next one resumes', async () => {
  const node = await startNode((c, number) => c.greet(number ? 'e-2' : 'e-1', { resumed: number > 0 }));
  const one = tab(node.url);
  await state(one, 'open');
  const two = tab(node.url);
  await state(two, 'open');
  node.connections[0].envelope('e-2', 1);
  await next(two, 'note');
  const resumed = next(two, 'starling:connected');
  one.close();
  await resumed;
  assert.equal(node.connections.length, 2);
  assert.equal(node.connections[1].query.get('last_event_id'), 'e-2');
});

test('a final goodbye stops every tab', async () => {
  const node = await startNode((c) => c.greet('e-1'));
  const one = tab(node.url);
  await state(one, 'open');
  const two = tab(node.url);
  await state(two, 'open');
  const both = Promise.all([state(one, 'closed'), state(two, 'closed')]);
  node.connections[0].goodbye('kicked', false, 0, 'e-1.x');
  for (const closed of await both) assert.equal(closed.goodbye.code, 'kicked');
  await new Promise((resolve) => { setTimeout(resolve, 700); });
  assert.equal(node.connections.length, 1);
});

test('a tab that comes back gets what it missed from the tab with the connection', async () => {
  const node = await startNode((c) => c.greet('e-1'));
  const one = tab(node.url);
  await state(one, 'open');
  for (const id of ['e-2', 'e-3', 'e-4']) node.connections[0].envelope(id, id);
  await next(one, 'note', (event) => event.id === 'e-4');
  const two = tab(node.url, { autoConnect: false });
  two.lastId = 'e-2';
  const seen = [];
  const last = next(two, 'note', (event) => seen.push(event.id) && event.id === 'e-4');
  two.connect();
  await last;
  assert.deepEqual(seen, ['e-3', 'e-4']);
  assert.equal(node.connections.length, 1);
});

test('each tab hears its own rooms, and all hear what nobody asked for', async () => {
  const node = await startNode((c) => c.greet('e-1', { rooms: c.query.get('rooms').split(',') }));
  const one = tab(node.url, { rooms: ['a'] });
  await state(one, 'connecting');
  const two = tab(node.url, { rooms: ['b'] });
  await next(two, 'starling:connected', (session) => session.rooms.includes('b'));
  const heard = { one: [], two: [] };
  one.on('*', (event) => heard.one.push(event.room));
  two.on('*', (event) => heard.two.push(event.room));
  const last = Promise.all([one, two].map((each) => next(each, 'note', (event) => event.room === 'r')));
  const live = node.connections.at(-1);
  for (const room of ['a', 'b', 'r']) live.envelope(`e-${room}`, room, 'note', { room });
  await last;
  assert.deepEqual(heard, { one: ['a', 'r'], two: ['b', 'r'] });
});

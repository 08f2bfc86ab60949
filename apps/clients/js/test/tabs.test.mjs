// Several clients in one process stand for the tabs of a browser: BroadcastChannel is Node's own,
// the Web Locks below are as exclusive and as fair as the real ones.
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { Starling } from './subject.mjs';
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

const bytes = (ids) => ids.map((id) => `event: note\nid: ${id}\ndata: ${JSON.stringify(
  { id, room: 'lobby', event: 'note', data: id, ts: 1 })}\n\n`).join('');

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

test('what came in one read is one broadcast and one stored position', async (t) => {
  const node = await startNode((c) => c.greet('e-1'));
  const stored = [];
  const storage = { getItem: () => null, setItem: (key, cursor) => stored.push(cursor) };
  const one = tab(node.url, { storage });
  await state(one, 'open');
  const two = tab(node.url);
  await state(two, 'open');
  const heard = [];
  const last = next(two, 'note', (event) => heard.push(event.id) && event.id === 'e-51');
  const post = t.mock.method(BroadcastChannel.prototype, 'postMessage');
  stored.length = 0;
  const ids = Array.from({ length: 50 }, (_, i) => `e-${i + 2}`);
  node.connections[0].response.write(bytes(ids));
  await last;
  assert.deepEqual(heard, ids);
  assert.equal(post.mock.callCount(), 1);
  assert.deepEqual(stored, ['e-51']);
});

test('a tab that closes in the middle of what came in one read costs the others nothing', async () => {
  const node = await startNode((c, number) =>
    c.greet(number ? 'e-6' : 'e-1', { resumed: number > 0, replayed: 0 }));
  const one = tab(node.url);
  await state(one, 'open');
  const two = tab(node.url);
  await state(two, 'open');
  const heard = { one: [], two: [] };
  one.on('note', (event) => {
    heard.one.push(event.id);
    if (event.id === 'e-3') one.close();
  });
  two.on('note', (event) => heard.two.push(event.id));
  const resumed = next(two, 'starling:connected');
  node.connections[0].response.write(bytes(['e-2', 'e-3', 'e-4', 'e-5', 'e-6']));
  await resumed;
  assert.deepEqual(heard, { one: ['e-2', 'e-3'], two: ['e-2', 'e-3', 'e-4', 'e-5', 'e-6'] });
  assert.equal(one.lastId, 'e-3');
  assert.equal(node.connections[1].query.get('last_event_id'), 'e-6');
});

test('the last words of a leader count when its lock has passed on already', async () => {
  const node = await startNode((c) => c.greet('e-9', { resumed: true, replayed: 0 }));
  const one = tab(node.url);
  const heard = [];
  one.on('note', (event) => heard.push(event.id));
  await state(one, 'follower');
  const dead = new BroadcastChannel(`starling|${node.url}|||envelope|2`);
  open.push(() => dead.close());
  const said = { id: 'e-8', room: 'lobby', event: 'note', data: 1, ts: 1 };
  dead.postMessage({ kind: 'tell', from: 'dead', messages: [{ kind: 'event', said, key: 'k', cursor: 'e-8' }] });
  await state(one, 'open');
  assert.deepEqual(heard, ['e-8']);
  assert.equal(node.connections[0].query.get('last_event_id'), 'e-8');
});

test('a tab that comes back hears of the loss that it missed', async () => {
  const node = await startNode((c, number) => c.greet(number ? 'e-9' : 'e-1', number
    ? { resumed: false, lost: [{ room: 'lobby', reason: 'expired' }] } : {}));
  const one = tab(node.url, { maxDelay: 1 });
  await state(one, 'open');
  node.connections[0].envelope('e-2', 1);
  await next(one, 'note');
  const again = next(one, 'starling:lost');
  node.connections[0].response.destroy();
  await again;
  const two = tab(node.url, { autoConnect: false });
  two.lastId = 'e-2';
  const heard = [];
  two.on('starling:lost', (lost) => heard.push(...lost));
  const welcome = next(two, 'starling:state', ({ state: name, url }) => name === 'open' && !url);
  two.connect();
  await welcome;
  assert.deepEqual(heard, [{ room: 'lobby', reason: 'expired' }]);
});

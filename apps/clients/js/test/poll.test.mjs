// Long-poll: what a client does where answers come and nothing streams.
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { Starling } from './subject.mjs';
import { next, serve, state } from './server.mjs';

const open = [];
afterEach(async () => {
  for (const end of open.splice(0)) await end();
});

async function start(script, options = {}, other) {
  const server = await serve(script, other);
  const client = new Starling({ url: server.url, storage: null, maxDelay: 10, ...options });
  open.push(() => client.close(), () => server.stop());
  return { client, server };
}

const hello = {
  client_id: 'p1', user: 'ann', tenant: 'default', node: 'n1', rooms: ['lobby'], position: 'e-1',
  resumed: false, replayed: 0, lost: [], heartbeat_ms: 30_000, server_time: 1,
};

function answer(connection, cursor, events = [], more = {}) {
  connection.response.writeHead(200, { 'Content-Type': 'application/json' });
  connection.response.end(JSON.stringify({
    events, cursor, client_id: 'p1', retry_ms: 5, ...more,
  }));
}

const note = (id, data) => ({ id, event_id: `m-${id}`, room: 'lobby', event: 'note', data, ts: 1 });

test('polls go on with one session and its cursor, and events are what they are over streams', async () => {
  const { client, server } = await start((c, n) => {
    if (n === 0) answer(c, 'e-2', [note('e-2', { n: 1 })], { connected: hello });
    if (n === 1) answer(c, 'e-3', [note('e-3', { n: 2 })]);
  }, { transport: 'poll', rooms: ['lobby'], token: 'secret' });
  const seen = [];
  client.on('note', (event) => seen.push(event));
  await next(client, 'note', ({ data }) => data.n === 2);
  const [first, second] = server.connections;
  assert.equal(first.url.pathname, '/api/poll');
  assert.equal(first.query.get('client_id'), null);
  assert.equal(first.request.headers.authorization, 'Bearer secret');
  assert.equal(second.query.get('client_id'), 'p1');
  assert.equal(second.query.get('last_event_id'), 'e-2');
  assert.equal(client.clientId, 'p1');
  assert.deepEqual(seen.map(({ id, cursor }) => [id, cursor]), [['m-e-2', 'e-2'], ['m-e-3', 'e-3']]);
});

test('a goodbye in an answer is followed, and gaps are told', async () => {
  const { client, server } = await start((c, n) => {
    if (n !== 0) return;
    const gap = { id: 'e-4', event: 'gap', data: { reason: 'expired', room: 'lobby' } };
    const goodbye = { code: 'kicked', reason: 'x', reconnect: false, retry_ms: 5 };
    answer(c, 'e-4', [gap], { connected: hello, goodbye });
  }, { transport: 'poll' });
  const gap = next(client, 'starling:gap');
  await state(client, 'closed');
  assert.equal((await gap).room, 'lobby');
  assert.equal(server.connections.length, 1);
});

test('auto polls only where a node answers and neither SSE nor WebSocket work', async () => {
  const seen = [];
  let there = false;
  class BlockedSocket {
    constructor() { queueMicrotask(() => this.onclose({ code: 1006 })); }
  }
  const { WebSocket } = globalThis;
  BlockedSocket.prototype.close = () => {};
  globalThis.WebSocket = BlockedSocket;
  open.push(() => { globalThis.WebSocket = WebSocket; });
  const { client } = await start((c, n) => {
    seen.push(c.url.pathname);
    if (c.url.pathname === '/api/poll') return n && answer(c, 'e-1', [], { connected: hello });
    c.refuse(502);
    if (seen.length === 4) there = true;
  }, {}, (c) => c.refuse(there ? 200 : 502));
  await state(client, 'open');
  assert.equal(client.transport, 'poll');
  assert.deepEqual(seen, ['/events', '/events', '/events', '/events', '/api/poll']);
});

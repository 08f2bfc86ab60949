import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { Starling, StarlingError } from './subject.mjs';
import { body, next, serve, state, token } from './server.mjs';

const open = [];

/// A client against a scripted server; both end with the test.
async function start(script, options = {}, other) {
  const server = await serve(script, other);
  const client = new Starling({ url: server.url, transport: 'sse', maxDelay: 10, ...options });
  open.push(() => client.close(), () => server.stop());
  return { client, server, connections: server.connections };
}

afterEach(async () => {
  for (const end of open.splice(0)) await end();
});

function memoryStorage() {
  const map = new Map();
  return { map, getItem: (key) => map.get(key) ?? null, setItem: (key, value) => map.set(key, value) };
}

test('the token travels in a header, rooms and device in the query', async () => {
  const { client, connections } = await start((c) => c.greet('e-1'), {
    token: 'secret', rooms: ['a', 'b/c'], device: 'd1',
  });
  await state(client, 'open');
  const [{ request, query }] = connections;
  assert.equal(request.headers.authorization, 'Bearer secret');
  assert.equal(query.get('rooms'), 'a,b/c');
  assert.equal(query.get('device'), 'd1');
  assert.equal(query.get('format'), 'envelope');
  assert.ok(!request.url.includes('secret'));
});

test('a listener gets the fields of the envelope, by name and by star', async () => {
  const { client } = await start((c) => {
    c.greet('e-1');
    c.envelope('e-2', { text: 'hi' }, 'NewMessage', { ts: 5, sender: 'bob' });
  });
  const [named, star] = await Promise.all([next(client, 'NewMessage'), next(client, '*')]);
  assert.deepEqual(named, {
    id: 'e-2', cursor: 'e-2', room: 'lobby', event: 'NewMessage', data: { text: 'hi' }, ts: 5,
    sender: 'bob', replayed: false,
  });
  assert.deepEqual(star, named);
});

test('format named gives the bare payload, JSON or text', async () => {
  const { client } = await start((c) => {
    c.greet('e-1');
    c.response.write('event: a\nid: e-2\ndata: {"n":1}\n\nevent: a\nid: e-3\ndata: plain\n\n');
  }, { format: 'named' });
  const seen = [];
  await next(client, 'a', (event) => seen.push(event.data) === 2);
  assert.deepEqual(seen, [{ n: 1 }, 'plain']);
});

test('format both delivers each event once', async () => {
  const { client } = await start((c) => {
    c.greet('e-1');
    for (const id of ['e-2', 'e-3']) {
      c.send('note', { n: id }, id);
      c.send('', { id, room: 'lobby', event: 'note', data: { n: id }, ts: 1 }, id);
    }
  }, { format: 'both' });
  const seen = [];
  client.on('*', (event) => seen.push(event.id));
  await next(client, 'note', (event) => event.id === 'e-3');
  assert.deepEqual(seen, ['e-2', 'e-3']);
});

test('a broken stream resumes after the last event, however the id is spelt', async () => {
  const { client, connections } = await start((c, number) => {
    c.greet(number ? '…' : 'e-1', { resumed: number > 0 });
    if (number) return;
    c.envelope('…', 1);
    c.response.end();
  });
  await next(client, 'starling:connected', (session) => session.resumed);
  assert.equal(connections[0].query.get('last_event_id'), null);
  assert.equal(connections[1].query.get('last_event_id'), '…');
  assert.equal(client.counters.reconnects, 1);
});

test('what a replay repeats is delivered once, what is new is not lost', async () => {
  const { client } = await start((c, number) => {
    if (number === 0) {
      c.greet('e-1');
      for (const id of ['e-2', 'e-3']) c.envelope(id, id);
      return c.response.end();
    }
    c.greet('e-2', { resumed: true, replayed: 2 });
    for (const id of ['e-3', 'e-4']) c.envelope(id, id);
  });
  const seen = [];
  await next(client, 'note', (event) => seen.push(event.id) && event.id === 'e-4');
  assert.deepEqual(seen, ['e-2', 'e-3', 'e-4']);
  assert.equal(client.counters.duplicates, 1);
});

test('ephemeral events that share a cursor are all delivered', async () => {
  const { client } = await start((c) => {
    c.greet('e-1');
    for (let i = 0; i < 3; i++) c.envelope('e-1', { typing: true }, 'typing');
    c.envelope('e-2', 0, 'end');
  });
  await next(client, 'end');
  assert.equal(client.counters.events, 4);
});

test('a loss is told and never silent', async () => {
  const { client } = await start((c) => c.greet('e-9', { lost: [{ room: '*', reason: 'expired' }] }));
  assert.deepEqual(await next(client, 'starling:lost'), [{ room: '*', reason: 'expired' }]);
});

for (const code of ['replaced', 'session_limit', 'kicked', 'token_revoked']) {
  test(`goodbye ${code} without reconnect ends the client`, async () => {
    const { client, connections } = await start((c) => {
      c.greet('e-1');
      c.goodbye(code, false, 0, 'e-1.x');
    });
    const closed = await state(client, 'closed');
    assert.equal(closed.goodbye.code, code);
    await new Promise((resolve) => { setTimeout(resolve, 40); });
    assert.equal(connections.length, 1);
    assert.equal(client.lastId, 'e-1', 'the closing mark is not a position');
  });
}

test('a session that another one pushed out says so in the console', async (t) => {
  const warned = t.mock.method(console, 'warn', () => {});
  const { client } = await start((c) => {
    c.greet('e-1');
    c.goodbye('session_limit', false, 1000, 'e-1.x');
  });
  await state(client, 'closed');
  assert.equal(warned.mock.callCount(), 1);
  assert.match(warned.mock.calls[0].arguments[0], /sessions\.max_per_user/);
});

for (const code of ['draining', 'slow_consumer', 'overload', 'shutdown']) {
  test(`goodbye ${code} reconnects after the time the server names`, async () => {
    let said = 0;
    const { client, connections } = await start((c, number) => {
      c.greet('e-1');
      if (number) return;
      said = Date.now();
      c.goodbye(code, true, 60, 'e-1');
    });
    const waiting = await state(client, 'waiting');
    assert.equal(waiting.delay, 60);
    await state(client, 'open');
    assert.ok(Date.now() - said >= 55);
    assert.equal(connections[1].query.get('last_event_id'), 'e-1');
  });
}

test('a goodbye before connected is obeyed as well', async () => {
  const { client } = await start((c, number) => {
    if (number) return c.greet('e-1');
    c.open('retry: 5\n\n');
    c.goodbye('overload', true, 30);
  });
  assert.equal((await state(client, 'waiting')).delay, 30);
  await state(client, 'open');
});

test('the retry line sets the wait after a stream that broke', async () => {
  const { client } = await start((c, number) => {
    c.greet('e-1');
    if (number) return;
    c.response.end('retry: 37\n\n');
  });
  assert.equal((await state(client, 'waiting')).delay, 37);
});

test('204 ends the client', async () => {
  const { client, connections } = await start((c) => c.refuse(204));
  await state(client, 'closed');
  assert.equal(connections.length, 1);
});

test('401 without getToken ends the client, naming the reason', async () => {
  const { client } = await start((c) => c.refuse(401, 'token expired'));
  const closed = await state(client, 'closed');
  assert.deepEqual([closed.status, closed.message], [401, 'token expired']);
});

test('401 asks getToken once and connects with the new token', async () => {
  const reasons = [];
  const { client, connections } = await start(
    (c, number) => (number ? c.greet('e-1') : c.refuse(401)),
    { getToken: ({ reason }) => { reasons.push(reason); return token(reason); } },
  );
  await state(client, 'open');
  assert.deepEqual(reasons, ['initial', 'unauthorized']);
  assert.notEqual(connections[0].request.headers.authorization,
    connections[1].request.headers.authorization);
});

test('a token that ends within two minutes is renewed before connecting', async () => {
  const reasons = [];
  const { client } = await start((c) => c.greet('e-1'), {
    token: token('ann', 60),
    getToken: ({ reason }) => { reasons.push(reason); return token('ann'); },
  });
  await state(client, 'open');
  assert.deepEqual(reasons, ['expiring']);
});

test('token_expiring renews the token of the live session', async () => {
  const fresh = token('ann', 7200);
  let posted;
  const done = new Promise((resolve) => { posted = resolve; });
  const { client, connections } = await start((c) => {
    c.greet('e-1');
    c.send('token_expiring', { in_s: 60 }, 'e-1');
  }, { token: token('ann'), getToken: () => fresh }, async (c) => {
    posted([c.request.method, c.url.pathname, c.request.headers.authorization, await body(c.request)]);
    c.response.end('{}');
  });
  await state(client, 'open');
  assert.deepEqual(await done, ['POST', '/api/session/c-e-1/token', `Bearer ${fresh}`, { token: fresh }]);
  assert.equal(connections.length, 1);
});

test('there is never more than one pending attempt', async () => {
  let pending = 0;
  let most = 0;
  const { client, connections } = await start((c) => {
    most = Math.max(most, ++pending);
    c.closed.then(() => { pending--; });
    setTimeout(() => c.refuse(500), 10);
  });
  const pokes = setInterval(() => {
    client.connect();
    client.reconnectNow();
    client.connect();
  }, 1);
  await next(client, 'starling:state', () => connections.length >= 8);
  clearInterval(pokes);
  assert.equal(most, 1);
});

test('close during an attempt and connect again leaves one stream', async () => {
  const { client, connections } = await start((c) => c.greet('e-1'));
  assert.equal(client.state, 'connecting');
  client.close();
  client.connect();
  await state(client, 'open');
  const live = connections.filter((c) => !c.response.destroyed && !c.response.writableEnded);
  assert.equal(live.length, 1);
});

test('a silent connection is given up, a heartbeat comment keeps it', async () => {
  const { client, connections } = await start((c, number) => {
    c.greet('e-1', { heartbeat_ms: 40 });
    if (number) return;
    let beats = 0;
    const timer = setInterval(() => {
      c.response.write(': heartbeat\n\n');
      if (++beats === 8) clearInterval(timer);
    }, 30);
  });
  await next(client, 'starling:heartbeat', () => client.counters.heartbeats === 8);
  assert.equal(connections.length, 1, '240 ms of comments are six silences that did not happen');
  assert.match((await next(client, 'starling:error')).message, /silent/);
});

test('a server that accepts and says nothing is given up', async () => {
  const { client } = await start((c, number) => (number ? c.greet('e-1') : c.open()), {
    openTimeout: 50,
  });
  assert.match((await next(client, 'starling:error')).message, /timed out/);
  await state(client, 'open');
});

test('the second URL is tried when the first is dead', async () => {
  const dead = await serve(() => {});
  await dead.stop();
  const server = await serve((c) => c.greet('e-1'));
  const client = new Starling({ urls: [dead.url, server.url], transport: 'sse' });
  open.push(() => client.close(), () => server.stop());
  await state(client, 'open');
  assert.equal(client.url, server.url);
});

test('rooms change over SSE by resuming, and a refused room costs nothing', async () => {
  const { client, connections } = await start((c) => {
    if (c.query.get('rooms')?.includes('secret')) return c.refuse(403, 'room secret');
    c.greet('e-1');
  }, { rooms: ['a'] });
  await state(client, 'open');
  await client.subscribe('b');
  assert.equal(connections.at(-1).query.get('rooms'), 'a,b');
  assert.equal(connections.at(-1).query.get('last_event_id'), 'e-1');
  await assert.rejects(client.subscribe('secret'), (error) =>
    error instanceof StarlingError && error.status === 403 && error.message === 'room secret');
  await state(client, 'open');
  assert.deepEqual(client.rooms, ['a', 'b']);
});

test('a page that loads again resumes from its storage', async () => {
  const storage = memoryStorage();
  const first = await start((c) => { c.greet('e-1'); c.envelope('e-7', 1); }, { storage, token: token('ann') });
  await next(first.client, 'note');
  first.client.close();
  const again = new Starling({ url: first.server.url, transport: 'sse', storage, token: token('ann', 99) });
  const other = new Starling({ url: first.server.url, transport: 'sse', storage, token: token('eve') });
  open.push(() => again.close(), () => other.close());
  await Promise.all([state(again, 'open'), state(other, 'open')]);
  const asked = first.connections.slice(1).map((c) => c.query.get('last_event_id'));
  assert.deepEqual(asked.sort(), [null, 'e-7'].sort());
});

test('a fault in a listener reaches the page and not the stream', async () => {
  const { client } = await start((c) => {
    c.greet('e-1');
    c.envelope('e-2', 1);
    c.envelope('e-3', 2);
  });
  const uncaught = new Promise((resolve) => { globalThis.reportError = resolve; });
  open.push(() => { delete globalThis.reportError; });
  client.on('note', (event) => { if (event.id === 'e-2') throw new Error('mine'); });
  await next(client, 'note', (event) => event.id === 'e-3');
  assert.equal((await uncaught).message, 'mine');
});

test('publish repeats a lost answer with the same id', async () => {
  const ids = [];
  const { client } = await start((c) => c.greet('e-1'), { token: 't' }, async (c) => {
    const message = await body(c.request);
    ids.push(message.id);
    if (ids.length === 1) return c.refuse(503, 'engine away', { 'Retry-After': '0' });
    c.response.end(JSON.stringify({ id: message.id, position: 'e-2' }));
  });
  const answer = await client.publish('lobby', 'note', { a: 1 });
  assert.equal(answer.position, 'e-2');
  assert.equal(ids.length, 2);
  assert.ok(ids[0] && ids[0] === ids[1]);
});

test('publish is not repeated when it is ephemeral or refused', async () => {
  let posts = 0;
  const { client } = await start((c) => c.greet('e-1'), {}, async (c) => {
    posts++;
    const { ephemeral } = await body(c.request);
    c.refuse(ephemeral ? 503 : 403, 'no');
  });
  await assert.rejects(client.publish('lobby', 'typing', 1, { ephemeral: true }), { status: 503 });
  await assert.rejects(client.publish('lobby', 'note', 1), { status: 403 });
  assert.equal(posts, 2);
});

test('a base URL may be any of the aliases', async () => {
  const server = await serve((c) => c.greet('e-1'));
  open.push(() => server.stop());
  for (const path of ['', '/', '/stream', '/realtime/sse', '/api/sse/connect']) {
    const client = new Starling({ url: server.url + path, autoConnect: false });
    assert.equal(client.url, server.url);
  }
});

test('after a stream was cut the next of several nodes is tried first', async () => {
  const { client, connections } = await start((c) => c.greet('e-1'));
  const other = await serve((c) => c.greet('e-1'));
  try {
    client.close();
    const both = new Starling({
      urls: [connections.url ?? client.url, other.url], transport: 'sse', storage: null, maxDelay: 20,
    });
    await state(both, 'open');
    connections.at(-1).response.destroy();
    await state(both, 'open');
    assert.equal(both.url, other.url);
    both.close();
  } finally {
    await other.stop();
  }
});

test('a room joins, hears only itself and leaves', async () => {
  const { client, connections } = await start((c) => c.greet('e-1', { rooms: ['a', 'b'] }), { rooms: ['b'] });
  await state(client, 'open');
  const room = client.room('a');
  await room.joined;
  assert.deepEqual(connections.at(-1).query.get('rooms').split(',').sort(), ['a', 'b']);
  const heard = [];
  room.on('note', (event) => heard.push(event.data));
  const last = next(client, 'end');
  connections.at(-1).envelope('e-2', 1, 'note', { room: 'a' });
  connections.at(-1).envelope('e-3', 2, 'note', { room: 'b' });
  connections.at(-1).envelope('e-4', 3, 'end', { room: 'b' });
  await last;
  assert.deepEqual(heard, [1]);
  await room.leave();
  assert.deepEqual(connections.at(-1).query.get('rooms'), 'b');
});

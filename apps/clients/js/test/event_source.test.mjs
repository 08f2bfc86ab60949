import assert from 'node:assert/strict';
import { once } from 'node:events';
import { afterEach, test } from 'node:test';
import { StarlingEventSource } from '../src/event_source.js';
import { serve } from './server.mjs';

const open = [];
afterEach(async () => {
  for (const end of open.splice(0)) await end();
});

async function start(script, query = 'rooms=lobby&access_token=t') {
  const server = await serve(script);
  const source = new StarlingEventSource(`${server.url}/events?${query}`, { maxDelay: 10 });
  open.push(() => source.close(), () => server.stop());
  return { source, connections: server.connections };
}

test('it opens, names events and gives their bare text, as EventSource does', async () => {
  const { source, connections } = await start((c) => c.greet('e-1'));
  assert.equal(source.readyState, StarlingEventSource.CONNECTING);
  await once(source, 'open');
  assert.equal(source.readyState, StarlingEventSource.OPEN);
  assert.equal(connections[0].query.get('rooms'), 'lobby');
  assert.equal(connections[0].request.headers.authorization, 'Bearer t');
  const heard = once(source, 'note');
  connections[0].send('note', { a: 1 }, 'e-2');
  const [event] = await heard;
  assert.deepEqual([event.type, event.data, event.lastEventId], ['note', '{"a":1}', 'e-2']);
});

test('format message goes to onmessage', async () => {
  const { source, connections } = await start((c) => c.greet('e-1'), 'format=message');
  await once(source, 'open');
  const heard = new Promise((resolve) => { source.onmessage = resolve; });
  connections[0].send(null, { id: 'x', room: 'a', event: 'note', data: 1, ts: 2 }, 'e-2');
  assert.equal(JSON.parse((await heard).data).event, 'note');
});

test('a server error that ends EventSource for good does not end it', async () => {
  const { source, connections } = await start((c, number) =>
    (number ? c.greet('e-1') : c.refuse(502)));
  const failed = once(source, 'error');
  await failed;
  assert.equal(source.readyState, StarlingEventSource.CONNECTING);
  await once(source, 'open');
  assert.equal(connections.length, 2);
});

test('close ends it', async () => {
  const { source, connections } = await start((c) => c.greet('e-1'));
  await once(source, 'open');
  source.close();
  assert.equal(source.readyState, StarlingEventSource.CLOSED);
  await connections[0].closed;
});

// The React hooks and the Vue composables with the real libraries. Needs `npm install` here.
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { act, createElement } from 'react';
import renderer from 'react-test-renderer';
import { createRenderer, h, nextTick, ref } from 'vue';
import { StarlingProvider, useRoom, useStarlingState } from '../src/react.js';
import * as vue from '../src/vue.js';
import { next, serve, state } from './server.mjs';
import { Starling } from '../src/index.js';

globalThis.IS_REACT_ACT_ENVIRONMENT = true;
const open = [];
afterEach(async () => {
  for (const end of open.splice(0).reverse()) await end();
});

async function start() {
  const server = await serve((c) => c.greet('e-1'));
  open.push(() => server.stop());
  const client = new Starling({ url: server.url, transport: 'sse', storage: null, maxDelay: 10 });
  open.push(() => client.close());
  await state(client, 'open');
  return { client, connections: server.connections };
}

test('a React component joins its room, hears it with its newest listener, and leaves it', async () => {
  const { client, connections } = await start();
  const heard = [];
  function Lobby({ mark }) {
    useRoom('lobby', 'note', (event) => heard.push([mark, event.data]));
    return useStarlingState();
  }
  const page = (mark) =>
    createElement(StarlingProvider, { client }, mark && createElement(Lobby, { mark }));
  let root;
  const joined = state(client, 'open');
  await act(async () => { root = renderer.create(page('one')); });
  await act(() => joined);
  assert.equal(root.toJSON(), 'open');
  assert.equal(connections.at(-1).query.get('rooms'), 'lobby');
  await act(async () => root.update(page('two')));
  const came = next(client, 'note');
  connections.at(-1).envelope('e-2', 7);
  await came;
  assert.deepEqual(heard, [['two', 7]]);
  const left = state(client, 'open');
  await act(async () => root.update(page(null)));
  await left;
  assert.equal(connections.at(-1).query.get('rooms'), null);
});

test('a React provider closes the client that it made', async () => {
  const { connections, client } = await start();
  let root;
  await act(async () => {
    root = renderer.create(createElement(StarlingProvider,
      { options: { url: client.url, transport: 'sse', storage: null } }));
  });
  while (connections.length < 2) await new Promise((resolve) => { setImmediate(resolve); });
  await act(async () => root.unmount());
  await connections[1].closed;
});

test('a Vue component follows the room that it names', async () => {
  const { client, connections } = await start();
  // Nodes of no platform: composables need a component, not a page.
  const { createApp } = createRenderer({
    insert() {}, remove() {}, createElement: () => ({}), createText: () => ({}), setText() {},
    createComment: () => ({}), setElementText() {}, parentNode: () => ({}), nextSibling: () => null,
    patchProp() {},
  });
  const heard = [];
  const room = ref('a');
  let shown;
  const Inner = {
    setup() {
      vue.useRoom(room, 'note', (event) => heard.push(event.room));
      shown = vue.useStarlingState();
      return () => null;
    },
  };
  const joined = state(client, 'open');
  const app = createApp({ setup() { vue.provideStarling(client); return () => h(Inner); } });
  app.mount({});
  await joined;
  assert.equal(shown.value, 'open');
  const moved = state(client, 'open');
  room.value = 'b';
  await nextTick();
  await moved;
  assert.equal(connections.at(-1).query.get('rooms'), 'b');
  const came = next(client, 'note', (event) => event.room === 'b');
  connections.at(-1).envelope('e-2', 1, 'note', { room: 'a' });
  connections.at(-1).envelope('e-3', 1, 'note', { room: 'b' });
  await came;
  assert.deepEqual(heard, ['b']);
  app.unmount();
});

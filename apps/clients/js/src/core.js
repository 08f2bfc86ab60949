import { makeAddresses } from './addresses.js';
import { makeApi } from './api.js';
import { makeDelivery } from './delivery.js';
import { makeListeners } from './listeners.js';
import { makePosition } from './position.js';
import { ConnectionQuality } from './quality.js';
import { RETRY_MS } from './retry.js';
import { makeRoomSet } from './room_set.js';
import { makeRun } from './run.js';
import { openTabs } from './tabs.js';
import { makeToken } from './token.js';

const OPEN_TIMEOUT_MS = 10_000;
const TABS_VERSION = 2; // of what tabs tell each other: those of an older client have a leader of their own

/// The parts of one client, what they share, and how they act together: start, stop, what one tab
/// tells the others.
export function makeCore(client, given) {
  const options = {
    transport: 'auto', native: false, maxDelay: Infinity, openTimeout: OPEN_TIMEOUT_MS,
    sharedAcrossTabs: Boolean(globalThis.document), ...given,
  };
  options.format ??= options.native ? 'message' : 'envelope';
  const { device = '', format } = options;
  const addresses = makeAddresses(options);
  const listeners = makeListeners();
  const { emit } = listeners;
  const token = makeToken(options.token, options.getToken, (error) => emit('starling:error', error));
  const api = makeApi(addresses, token);
  const position = makePosition(options.storage);
  const rooms = makeRoomSet(options.rooms);
  let { storageKey } = options;
  const nameFor = (...what) => ['starling', addresses.first, token.user, device, ...what].join('|');

  const core = {
    options, addresses, listeners, token, api, position, rooms,
    counters: client.counters,
    quality: new ConnectionQuality(),
    retry: RETRY_MS, // what a server last asked for
    run: null,
    tabs: null,

    start() {
      // The position belongs to this tab, server, user, device and set of rooms.
      storageKey ??= nameFor(rooms.list().sort());
      position.restore(storageKey);
      const { loop } = core.run = makeRun(core);
      if (options.sharedAcrossTabs) core.tabs ??= shareTabs();
      if (!core.tabs) return void loop();
      core.state({ state: 'follower' });
      core.tabs.lead(loop, position.last, rooms.list());
    },

    stop(reason) {
      core.run?.stop(reason);
      core.run = null;
      core.tabs?.resign();
    },

    state(said) {
      client.state = said.state;
      emit('starling:state', said);
    },

    allRooms: () => (core.tabs ? core.tabs.allRooms(rooms.list()) : rooms.list()),

    /// Everything that listeners hear passes here, on the tab that holds the connection and, over the
    /// channel, on all others.
    relay(messages) {
      if (!messages.length) return;
      core.tabs?.tell(messages);
      deliver(messages);
    },

    /// The token ends soon: the session on `link` gets the next one.
    async renew(link) {
      await null; // what came in the same read is heard first
      emit('starling:token_expiring', {});
      if (!token.renewable || !(await token.refresh('expiring')) || link.ended) return;
      if (link.send) return link.send({ type: 'auth', token: token.value });
      const path = `/api/session/${encodeURIComponent(client.clientId)}/token`;
      await api.post(path, { token: token.value }).catch(({ status = 0, message }) => {
        emit('starling:error', { status, message });
      });
    },
  };
  const deliver = makeDelivery(client, core);

  const shareTabs = () => openTabs(nameFor(format, TABS_VERSION), {
    apply: (messages) => core.run && deliver(messages),
    roomsChanged: () => core.run?.restart(),
    snapshot: () => ({ session: client.session, state: client.state, lastId: position.last }),
    welcome({ session, state, lastId, missed }) {
      if (!core.run) return;
      client.session = session;
      client.clientId = session?.client_id ?? '';
      deliver(missed ?? []);
      core.state({ state });
      if (!missed) emit('starling:lost', [{ room: '*', reason: 'expired' }]);
      deliver([{ kind: 'position', said: {}, cursor: lastId }]);
    },
  });
  return core;
}

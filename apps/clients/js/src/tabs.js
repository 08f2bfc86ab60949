import { delay, randomId } from './util.js';

const KEPT_MESSAGES = 512; // for a tab that was away for a moment
const GATHER_MS = 100; // the other tabs say which rooms they need
const FINAL_MS = 500; // the last word reaches every tab before one of them gets the lock

/// One connection for all tabs: the tab that holds the Web Lock connects and tells the others
/// over a BroadcastChannel; when it goes, the lock passes on and the next tab resumes.
/// hooks: apply(messages) of the leader, roomsChanged(), snapshot() of this tab for one that is new,
/// welcome({session, state, lastId, missed}) of the leader: `missed` is null when it no longer knows.
/// Answers null where the browser lacks one of the two (or the page is not a secure context): then
/// each tab has a connection of its own.
export function openTabs(name, hooks) {
  const locks = globalThis.navigator?.locks;
  if (!locks || !globalThis.BroadcastChannel) return null;
  const me = randomId();
  const channel = new BroadcastChannel(name);
  const roomsOf = new Map(); // the other tabs
  let mine = [];
  let ring = []; // what the leader said of late that has a position
  let waiting;
  let speaking = false; // as leader
  let final = false;

  const post = (kind, message) => channel.postMessage({ kind, from: me, ...message });

  channel.onmessage = ({ data: { kind, from, to, rooms, ...message } }) => {
    if (to && to !== me) return;
    if (kind === 'bye') roomsOf.delete(from);
    if (kind === 'who') tabs.announce(mine);
    // The last words of a leader may come when its lock has passed on already.
    if (kind === 'tell' && !speaking) hooks.apply(message.messages);
    if (kind === 'welcome' && !tabs.leading) hooks.welcome(message);
    if (!rooms || !tabs.leading) return;
    const before = tabs.allRooms(mine).length;
    roomsOf.set(from, rooms);
    if (tabs.allRooms(mine).length > before) hooks.roomsChanged();
    if (kind === 'hello') welcome(from, message.lastId);
  };

  function welcome(to, theirs) {
    const now = hooks.snapshot();
    let missed = [];
    if (theirs && theirs !== now.lastId) {
      const index = ring.findLastIndex((message) => message.cursor === theirs);
      missed = index < 0 ? null : ring.slice(index + 1);
    }
    post('welcome', { to, ...now, missed });
  }

  const tabs = {
    leading: false,

    lead(loop, lastId, rooms) {
      mine = rooms;
      waiting = new AbortController();
      post('hello', { rooms, lastId });
      locks.request(name, { signal: waiting.signal }, async () => {
        tabs.leading = true;
        post('who');
        await delay(GATHER_MS);
        await loop();
        tabs.leading = speaking = false;
        if (final) await delay(FINAL_MS);
      }).catch((error) => {
        if (error.name !== 'AbortError') throw error;
      });
    },

    resign() {
      waiting?.abort();
      post('bye');
    },

    close() {
      channel.close();
    },

    tell(messages) {
      if (!tabs.leading) return;
      speaking = true;
      final = messages.at(-1).kind === 'final';
      ring = [...ring, ...messages.filter(({ cursor }) => cursor)].slice(-KEPT_MESSAGES);
      post('tell', { messages });
    },

    announce(rooms) {
      mine = rooms;
      post('rooms', { rooms });
    },

    allRooms: (own) => [...new Set([...own, ...[...roomsOf.values()].flat()])],
  };
  return tabs;
}

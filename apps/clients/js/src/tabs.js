import { delay, randomId } from './util.js';

const KEPT_EVENTS = 512; // for a tab that was away for a moment

/// One connection for all tabs: the tab that holds the Web Lock connects and tells the others
/// over a BroadcastChannel; when it goes, the lock passes on and the next tab resumes.
export class Tabs {
  leading = false;
  #tab = randomId();
  #hooks;
  #channel;
  #name;
  #waiting = null;
  #ring = []; // recent events of the leader, for a tab that was away for a moment
  #rooms = new Map();
  #mine = [];
  #final = false;

  /// null where the browser lacks one of the two (or the page is not a secure context): then each
  /// tab has a connection of its own.
  static open(name, hooks) {
    if (!globalThis.navigator?.locks || !globalThis.BroadcastChannel) return null;
    return new Tabs(name, hooks);
  }

  constructor(name, hooks) {
    this.#name = name;
    this.#hooks = hooks;
    this.#channel = new BroadcastChannel(name);
    this.#channel.onmessage = ({ data }) => this.#receive(data);
  }

  lead(loop, lastId, rooms) {
    this.#mine = rooms;
    this.#waiting = new AbortController();
    this.#post({ kind: 'hello', rooms, lastId });
    navigator.locks.request(this.#name, { signal: this.#waiting.signal }, async () => {
      this.leading = true;
      this.#post({ kind: 'who' });
      await delay(100); // the other tabs say which rooms they need
      await loop();
      this.leading = false;
      if (this.#final) await delay(500); // it reaches every tab before one of them gets the lock
    }).catch((error) => {
      if (error.name !== 'AbortError') throw error;
    });
  }

  resign() {
    this.#waiting?.abort();
    this.#post({ kind: 'bye' });
  }

  close() {
    this.#channel.close();
  }

  tell(message) {
    if (!this.leading) return;
    this.#final = message.kind === 'final';
    if (message.kind === 'event') this.#ring = [...this.#ring.slice(-KEPT_EVENTS + 1), message];
    this.#post({ kind: 'tell', message });
  }

  announce(rooms) {
    this.#mine = rooms;
    this.#post({ kind: 'rooms', rooms });
  }

  allRooms(own) {
    return [...new Set([...own, ...[...this.#rooms.values()].flat()])];
  }

  #post(message) {
    this.#channel.postMessage({ from: this.#tab, ...message });
  }

  #receive({ kind, from, to, ...message }) {
    if (to && to !== this.#tab) return;
    if (kind === 'bye') return void this.#rooms.delete(from);
    if (kind === 'who') return this.announce(this.#mine);
    if (!this.leading) {
      if (kind === 'tell') this.#hooks.apply(message.message);
      if (kind === 'welcome') this.#hooks.welcome(message);
      return;
    }
    if (kind !== 'hello' && kind !== 'rooms') return;
    const before = this.allRooms(this.#mine).length;
    this.#rooms.set(from, message.rooms);
    if (this.allRooms(this.#mine).length > before) this.#hooks.roomsChanged();
    if (kind === 'hello') this.#welcome(from, message.lastId);
  }

  #welcome(to, theirs) {
    const { lastId, ...now } = this.#hooks.snapshot();
    let missed = [];
    if (theirs && theirs !== lastId) {
      const index = this.#ring.findLastIndex((message) => message.cursor === theirs);
      missed = index < 0 ? null : this.#ring.slice(index + 1);
    }
    this.#post({ kind: 'welcome', to, ...now, lastId, missed });
  }
}

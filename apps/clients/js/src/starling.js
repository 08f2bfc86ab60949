// Starling client for browsers and Node 20 or later.
//
//   const client = new Starling({ url: 'https://push.example', token, rooms: ['lobby'] });
//   client.on('NewMessage', (event) => console.log(event.room, event.data));
//
// Application events go to on(<event name>) and on('*'). What the client itself has to say goes to
// names that start with 'starling:': state, connected, lost, gap, goodbye, heartbeat, error,
// token_expiring.
import { makeCore } from './core.js';
import { StarlingError } from './errors.js';
import { watchPage } from './page.js';
import { Room } from './room.js';

/// One subscription to a Starling cluster that survives reconnects, reloads and node changes.
///
/// Options: url | urls (base URLs, tried in order), token | getToken({reason}) -> token,
/// rooms, device, format ('envelope', with `native` 'message'), transport ('sse' | 'ws' | 'poll' |
/// 'auto'),
/// native (use EventSource instead of fetch), sharedAcrossTabs, storage (Storage-like or null),
/// since ('last'), longTerm, maxDelay (ms), openTimeout (ms), autoConnect, credentials (as in fetch).
/// `sharedAcrossTabs` is true unless said otherwise: one stream for all tabs of a page, where the
/// browser can.
///
/// Events given to listeners: {id, cursor, event, room?, user?, data, ts?, sender?, replayed}.
export class Starling {
  #core;
  #leavePage = null;

  /// 'idle' | 'connecting' | 'open' | 'waiting' | 'offline' | 'paused' | 'follower' | 'closed'.
  state = 'idle';
  clientId = '';
  /// What the last `connected` said.
  session = null;
  counters = { attempts: 0, connects: 0, reconnects: 0, events: 0, duplicates: 0, heartbeats: 0 };

  constructor(options) {
    this.#core = makeCore(this, options);
    if (options.autoConnect !== false)
      queueMicrotask(() => this.state === 'idle' && this.connect());
  }

  get rooms() { return this.#core.rooms.list(); }
  get transport() { return this.#core.addresses.at.via; }
  get url() { return this.#core.addresses.at.base; }
  get quality() { return this.#core.quality.assess(); }
  get lastId() { return this.#core.position.last; }
  set lastId(cursor) { this.#core.position.last = cursor; }

  /// Calls fn for each event of that name; '*' means every application event. Answers a function
  /// that removes the listener again.
  on(name, fn) {
    this.#core.listeners.add(name, fn);
    this.#core.run?.link?.listenTo?.(name);
    return () => this.off(name, fn);
  }

  off(name, fn) {
    this.#core.listeners.remove(name, fn);
  }

  /// Starts (again, after close or a final goodbye). Does nothing while already running.
  connect() {
    if (this.#core.run) return;
    this.#leavePage ??= watchPage(this.#core);
    this.#core.start();
  }

  /// Ends the connection for good; connect() starts it again.
  close() {
    const core = this.#core;
    this.#leavePage?.();
    this.#leavePage = null;
    core.stop('close');
    core.tabs?.close();
    core.tabs = null;
    core.rooms.settle(new StarlingError('closed'));
    core.state({ state: 'closed', reason: 'closed by the application' });
  }

  /// Cuts the present waiting time short.
  reconnectNow() {
    this.#core.run?.wake?.();
  }

  /// One room: on(name, fn), publish(event, data), history(), presence(), leave(). It is joined if it
  /// was not yet.
  room(name) {
    return new Room(this, name);
  }

  /// {events: [{id, event, data, ts, sender?}], next}, oldest first; `next` goes on as `after`.
  history(room, { after, limit } = {}) {
    return this.#core.api.room(room, 'history', { after, limit });
  }

  /// {room, count, users: [{user, state, sessions, since}], unreachable: [node]}.
  presence(room) {
    return this.#core.api.room(room, 'presence');
  }

  /// Adds rooms; resolves when the server has accepted them, rejects (and forgets them) when not.
  /// Over SSE this reconnects, resuming without loss.
  subscribe(...rooms) {
    return this.#changeRooms('subscribe', rooms.flat());
  }

  unsubscribe(...rooms) {
    return this.#changeRooms('unsubscribe', rooms.flat());
  }

  /// publish(room, event, data, {id?, ephemeral?}) or publish({room | rooms | user | users | client
  /// | all, event, data, ...}) -> {id, position}. What got no answer is said again, and stored once.
  publish(target, event, data, extra) {
    return this.#core.api.publish(
      typeof target === 'string' ? { room: target, event, data, ...extra } : { ...target });
  }

  async #changeRooms(type, names) {
    const { rooms, run, tabs } = this.#core;
    const changed = rooms.change(type, names);
    if (!changed.length) return;
    if (tabs && !tabs.leading) return tabs.announce(rooms.list());
    if (!run) return;
    if (run.link?.send && run.link.openedAt) return rooms.send(run.link, type, changed);
    run.restart();
    return rooms.nextAnswer();
  }
}

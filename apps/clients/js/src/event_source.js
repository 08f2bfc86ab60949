// For those who only swap a line: an EventSource that resumes, renews and finds other nodes as a
// Starling client does.
//
//   import { StarlingEventSource as EventSource } from 'starling-client/event-source';
//   const source = new EventSource('https://push.example/events?rooms=lobby&access_token=...');
import { Starling } from './starling.js';

const CONNECTING = 0;
const OPEN = 1;
const CLOSED = 2;

export class StarlingEventSource extends EventTarget {
  static CONNECTING = CONNECTING;
  static OPEN = OPEN;
  static CLOSED = CLOSED;
  CONNECTING = CONNECTING;
  OPEN = OPEN;
  CLOSED = CLOSED;
  readyState = CONNECTING;
  onopen = null;
  onmessage = null;
  onerror = null;
  #client;

  /// url: as for EventSource; `rooms`, `device`, `format`, `access_token` (or `token`) of its query
  /// count. options: those of Starling beside `withCredentials`.
  constructor(url, { withCredentials = false, ...options } = {}) {
    super();
    const whole = new URL(url, globalThis.location?.href);
    const query = whole.searchParams;
    const format = query.get('format') ?? 'named';
    this.url = whole.href;
    this.withCredentials = withCredentials;
    this.#client = new Starling({
      url: whole.origin + whole.pathname,
      token: query.get('access_token') ?? query.get('token') ?? undefined,
      rooms: query.get('rooms')?.split(',').filter(Boolean),
      device: query.get('device') ?? undefined,
      format,
      credentials: withCredentials ? 'include' : 'same-origin',
      transport: 'sse', sharedAcrossTabs: false, storage: null,
      ...options,
    });
    this.#client.on('starling:state', ({ state }) => this.#follow(state));
    this.#client.on('*', (event) => {
      const { cursor, replayed, raw, ...envelope } = event;
      const { data } = event;
      if (format === 'envelope') return this.#say(event.event, JSON.stringify(envelope), cursor);
      const bare = raw ?? (typeof data === 'string' ? data : JSON.stringify(data));
      if (format !== 'message') this.#say(event.event, bare, cursor);
      if (format !== 'named') this.#say('message', JSON.stringify(envelope), cursor);
    });
  }

  close() {
    this.#client.close();
  }

  #say(type, data, lastEventId) {
    const { origin } = new URL(this.url);
    this.#dispatch(new MessageEvent(type, { data, lastEventId, origin }));
  }

  #follow(state) {
    const before = this.readyState;
    this.readyState = state === 'open' ? OPEN : state === 'closed' ? CLOSED : CONNECTING;
    if (this.readyState === OPEN && before !== OPEN) this.#dispatch(new Event('open'));
    if (state === 'waiting' || (state === 'closed' && before !== CLOSED)) this.#dispatch(new Event('error'));
  }

  #dispatch(event) {
    this.dispatchEvent(event);
    this[`on${event.type}`]?.(event);
  }
}

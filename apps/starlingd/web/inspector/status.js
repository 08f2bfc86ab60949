/// The line at the top and the facts of the session.
import { $, setText } from '/web/shared/dom.js';
import { median, milliseconds, number } from '/web/shared/format.js';

const WORDS = {
  open: 'connected',
  paused: 'paused',
  follower: 'waiting for another tab',
  idle: 'not connected',
  closed: 'not connected',
};
const DELAYS = 100; // of the latest events
const PING_MS = 5000;

export class Status {
  #client = null;
  #countdown;
  #delays = [];
  #clockAhead = 0; // of ours, in ms, to half a round trip
  #ping = NaN;

  constructor() {
    setInterval(() => this.#showFigures(), 250);
    setInterval(() => this.#measure(), PING_MS);
  }

  set client(client) {
    this.#client = client;
    this.#delays = [];
  }

  showState({ state, delay = 0 }) {
    clearInterval(this.#countdown);
    $('state').dataset.state = state;
    setText($('state'), WORDS[state] ?? state);
    if (state !== 'waiting' && state !== 'offline') return;
    const until = Date.now() + delay;
    const tick = () => {
      const seconds = Math.max(0, (until - Date.now()) / 1000).toFixed(1);
      setText($('state'), `${state}, next try in ${seconds} s`);
    };
    if (delay) tick();
    if (delay) this.#countdown = setInterval(tick, 200);
  }

  showSession(session) {
    if (session.server_time) this.#clockAhead = Date.now() - session.server_time;
    setText($('user'), `${session.user ?? '–'}${session.tenant ? ` @ ${session.tenant}` : ''}`);
    setText($('node'), session.node ?? '–');
    setText($('client-id'), session.client_id ?? '–');
    setText($('via'), this.#client.transport);
    this.#measure();
  }

  /// -> ms from the publish to here, undefined when the event does not say when it was published.
  delayOf(event) {
    if (event.ts === undefined || event.replayed) return undefined;
    const delay = Math.max(0, Date.now() - event.ts - this.#clockAhead);
    this.#delays.push(delay);
    if (this.#delays.length > DELAYS) this.#delays.shift();
    return delay;
  }

  async #measure() {
    if (document.hidden || this.#client?.state !== 'open') return;
    const began = performance.now();
    try {
      await fetch('/livez', { cache: 'no-store' });
      this.#ping = performance.now() - began;
    } catch {
      // the stream says that the node is away
      this.#ping = NaN;
    }
  }

  #showFigures() {
    const open = this.#client?.state === 'open';
    const { counters } = this.#client ?? {};
    setText($('quality'), open ? this.#client.quality : '–');
    setText($('latency'), open ? milliseconds(median(this.#delays) ?? this.#ping) : '–');
    $('latency').title = this.#delays.length
      ? `from the publish to here, middle of the last ${this.#delays.length} events`
      : 'round trip to the node';
    if (!open && this.#client) setText($('node'), '–');
    setText($('last-id'), this.#client?.lastId || '–');
    setText($('count'), number(counters?.events ?? 0));
    for (const name of ['reconnects', 'heartbeats', 'duplicates'])
      setText($(name), number(counters?.[name] ?? 0));
    setText($('median'), milliseconds(median(this.#delays)));
    setText($('ping'), open ? milliseconds(this.#ping) : '–');
    for (const id of ['client-id', 'last-id', 'user', 'node']) $(id).title = $(id).textContent;
  }
}

// Starling client for browsers and Node 20 or later.
//
//   const client = new Starling({ url: 'https://push.example', token, rooms: ['lobby'] });
//   client.on('NewMessage', (event) => console.log(event.room, event.data));
//
// Application events go to on(<event name>) and on('*'). What the client itself has to say goes to
// names that start with 'starling:': state, connected, lost, gap, goodbye, heartbeat, error.
import { Link } from './link.js';
import { ConnectionQuality } from './quality.js';
import { BACKOFF, classifyError, LONG_TERM_MS, RETRY_MS, retryDelay } from './retry.js';
import { Room } from './room.js';
import { SseParser } from './sse_parser.js';
import { Tabs } from './tabs.js';
import { bearer, claims, delay, parseJson, randomId, refusal, StarlingError } from './util.js';

const OPEN_TIMEOUT_MS = 10_000;
const HEARTBEAT_MS = 30_000;
const REFRESH_BEFORE_MS = 120_000;
const SLEEP_CHECK_MS = 5_000;
const SEEN_EVENTS = 512; // per tab, to recognise what a replay repeats
const BETTER_AFTER_MS = 600_000; // of long-poll
const VIAS = ['sse', 'ws', 'poll']; // in the order in which 'auto' tries them
const ENDPOINTS =
  /\/(?:api\/sse\/connect|realtime\/(?:events|sse)|api\/events|events|stream|sse|ws)$/;
const CONTROL = ['connected', 'goodbye', 'heartbeat', 'token_expiring', 'gap'];

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
  #options;
  #bases;
  #candidates;
  #at = 0;
  #listeners = new Map();
  #token;
  #rooms;
  #acceptedRooms;
  #waiters = []; // subscribe() calls that the next `connected` answers
  #run = null;
  #link = null;
  #wake = null;
  #restartTimer = null;
  #paused = false;
  #refreshing = null;
  #quality = new ConnectionQuality();
  #seen = new Map();
  #connection = 0;
  #replayLeft = 0;
  #tabs = null;
  #environment = [];
  #pendingRefs = new Map();
  #retry = RETRY_MS; // what a server last asked for
  #nextRef = 1;
  #storageKey;

  /// 'idle' | 'connecting' | 'open' | 'waiting' | 'offline' | 'paused' | 'follower' | 'closed'.
  state = 'idle';
  lastId = '';
  clientId = '';
  /// What the last `connected` said.
  session = null;
  counters = { attempts: 0, connects: 0, reconnects: 0, events: 0, duplicates: 0, heartbeats: 0 };

  constructor(options) {
    const here = globalThis.location?.origin;
    const urls = options.urls ?? [options.url ?? here];
    if (!urls.length || !urls[0]) throw new TypeError('Starling needs `url` or `urls`');
    this.#options = {
      transport: 'auto', native: false, maxDelay: Infinity, openTimeout: OPEN_TIMEOUT_MS,
      sharedAcrossTabs: Boolean(globalThis.document),
      ...options,
    };
    const { transport, native } = this.#options;
    const vias = transport === 'auto' ? VIAS.filter((via) => via !== 'ws' || globalThis.WebSocket)
      : VIAS.filter((via) => via === transport);
    if (!vias.length)
      throw new TypeError(`Starling: transport is 'sse', 'ws', 'poll' or 'auto', not '${transport}'`);
    this.#options.format ??= native ? 'message' : 'envelope';
    this.#bases = urls.map((url) => new URL(url, here).href.replace(/[?#].*$/, '')
      .replace(/\/+$/, '').replace(ENDPOINTS, ''));
    this.#candidates = vias.flatMap((via) => this.#bases.map((base) => ({ base, via })));
    this.#token = options.token;
    this.#rooms = new Set(options.rooms ?? []);
    this.#acceptedRooms = new Set(this.#rooms);
    if (options.autoConnect !== false)
      queueMicrotask(() => this.state === 'idle' && this.connect());
  }

  get rooms() { return [...this.#rooms]; }
  get transport() { return this.#candidates[this.#at].via; }
  get url() { return this.#candidates[this.#at].base; }
  get quality() { return this.#quality.assess(); }

  /// Calls fn for each event of that name; '*' means every application event. Answers a function
  /// that removes the listener again.
  on(name, fn) {
    if (!this.#listeners.has(name)) this.#listeners.set(name, new Set());
    this.#listeners.get(name).add(fn);
    this.#link?.listenTo?.(name);
    return () => this.off(name, fn);
  }

  off(name, fn) {
    this.#listeners.get(name)?.delete(fn);
  }

  /// Starts (again, after close or a final goodbye). Does nothing while already running.
  connect() {
    if (this.#run) return;
    this.#watchEnvironment();
    if (this.#options.sharedAcrossTabs)
      this.#tabs ??= Tabs.open(this.#shareName(), this.#tabHooks());
    this.#start();
  }

  /// Ends the connection for good; connect() starts it again.
  close() {
    clearTimeout(this.#restartTimer);
    this.#restartTimer = null;
    for (const undo of this.#environment.splice(0)) undo();
    this.#stop('close');
    this.#tabs?.close();
    this.#tabs = null;
    this.#settleWaiters(new StarlingError('closed'));
    this.#setState('closed', { reason: 'closed by the application' });
  }

  /// Cuts the present waiting time short.
  reconnectNow() {
    this.#wake?.();
  }

  /// One room: on(name, fn), publish(event, data), history(), presence(), leave(). It is joined if it
  /// was not yet.
  room(name) {
    return new Room(this, name);
  }

  /// {events: [{id, event, data, ts, sender?}], next}, oldest first; `next` goes on as `after`.
  history(room, { after, limit } = {}) {
    return this.#get(`/api/rooms/${encodeURIComponent(room)}/history`, { after, limit });
  }

  /// {room, count, users: [{user, state, sessions, since}], unreachable: [node]}.
  presence(room) {
    return this.#get(`/api/rooms/${encodeURIComponent(room)}/presence`);
  }

  /// Adds rooms; resolves when the server has accepted them, rejects (and forgets them) when not.
  /// Over SSE this reconnects, resuming without loss.
  subscribe(...rooms) {
    return this.#changeRooms(rooms.flat(), 'subscribe');
  }

  unsubscribe(...rooms) {
    return this.#changeRooms(rooms.flat(), 'unsubscribe');
  }

  /// publish(room, event, data, {id?, ephemeral?}) or publish({room | rooms | user | users | client
  /// | all, event, data, ...}) -> {id, position}. A durable event gets an id, and a retry after a
  /// lost answer uses the same one, so it is stored once.
  async publish(target, event, data, extra = {}) {
    const message = typeof target === 'string'
      ? { room: target, event, data, ...extra } : { ...target };
    if (!message.ephemeral) message.id ??= randomId();
    for (let attempt = 0; ; attempt++) {
      let failure;
      try {
        return await this.#post('/api/publish', message);
      } catch (error) {
        failure = error;
      }
      const { status } = failure; // undefined: no answer at all
      const again = status === undefined || [429, 502, 503, 504].includes(status);
      if (!again || message.ephemeral || attempt === 3) throw failure;
      await delay(failure.retryAfter ?? (0.5 + Math.random() / 2) * 500 * 2 ** attempt);
    }
  }

  // ---- running -------------------------------------------------------------------------------

  #start() {
    const run = { stopped: false, failures: 0, round: 0, longTerm: 0, refreshed: false };
    this.#run = run;
    this.#restoreCursor();
    const lead = () => this.#loop(run);
    if (!this.#tabs) return void lead();
    this.#setState('follower');
    this.#tabs.lead(lead, this.lastId, this.rooms);
  }

  #stop(reason) {
    if (this.#run) this.#run.stopped = true;
    this.#run = null;
    this.#link?.end(reason);
    this.#wake?.();
    this.#tabs?.resign();
  }

  #finish(run, detail) {
    if (run.stopped) return;
    this.#relay({ kind: 'final', detail });
  }

  // One loop, one attempt at a time: an attempt only ever starts where the previous one ended.
  async #loop(run) {
    while (!run.stopped) {
      const outcome = await this.#attempt(run);
      if (run.stopped) return;
      const wait = await this.#afterwards(run, outcome);
      if (wait === null || run.stopped) return;
      if (wait > 0) {
        const state = globalThis.navigator?.onLine === false ? 'offline' : 'waiting';
        this.#relay({ kind: 'state', state, detail: { delay: wait, failures: run.failures } });
        await this.#sleep(wait);
      }
    }
  }

  async #attempt(run) {
    const { base, via } = this.#candidates[this.#at];
    const began = Date.now();
    const link = new Link(this.#tabs ? this.#tabs.allRooms(this.rooms) : this.rooms);
    const asked = this.rooms;
    this.counters.attempts++;
    this.#relay({ kind: 'state', state: 'connecting', detail: { url: base, transport: via } });
    link.onRetry = (ms) => { this.#retry = link.retry = ms; };
    link.onOpened = () => {
      this.#acceptedRooms = new Set(asked);
      run.failures = run.round = run.longTerm = 0;
      run.refreshed = false;
      this.#quality.opened(Date.now() - began);
    };
    this.#link = link;
    try {
      const token = await this.#currentToken();
      if (run.stopped || link.signal.aborted) return { link, planned: link.reason === 'restart' };
      link.expectOpen(this.#options.openTimeout);
      const sse = this.#options.native ? this.#native : this.#fetch;
      const stream = { sse, ws: this.#webSocket, poll: this.#poll }[via];
      Object.assign(link, await stream.call(this, link, base, token));
    } catch (error) {
      link.message = link.reason ?? `network: ${error?.message ?? error}`;
    }
    link.message ??= link.reason;
    link.end('ended');
    if (this.#link === link) this.#link = null; // a later run may have its own by now
    const lost = new StarlingError('connection lost');
    for (const { reject } of this.#pendingRefs.values()) reject(lost);
    this.#pendingRefs.clear();
    if (link.opened) this.#quality.ended(Date.now() - link.openedAt);
    else if (link.reason !== 'restart') this.#quality.failed();
    return { link, planned: link.reason === 'restart' };
  }

  // Milliseconds until the next attempt, or null when there must not be one.
  async #afterwards(run, { link, planned }) {
    const { goodbye, status = 0, opened } = link;
    if (planned) return 0;
    if (goodbye?.reconnect === false) return this.#finish(run, { goodbye }), null;
    if (status === 204)
      return this.#finish(run, { reason: 'the server says: do not reconnect' }), null;
    const unauthorized = status === 401 || goodbye?.code === 'token_expired';
    if (unauthorized) {
      if (!this.#options.getToken)
        return this.#finish(run, { reason: 'token refused', status, message: link.message }), null;
      if (await this.#refreshToken('unauthorized') && !run.refreshed) {
        run.refreshed = true;
        return 0;
      }
    }
    if ((status === 403 || status === 400) && this.#rollBackRooms(link)) return 0;
    if (status === 403 || status === 400)
      return this.#finish(run, { reason: 'request refused', status, message: link.message }), null;
    if (!opened || !goodbye)
      this.#relay({ kind: 'error', error: { status, message: link.message ?? 'stream ended' } });
    const { maxDelay, longTerm } = this.#options;
    if (goodbye?.retry_ms >= 0) {
      this.#retry = goodbye.retry_ms || this.#retry;
      if (!opened || ['draining', 'shutdown'].includes(goodbye.code)) this.#nextUrl();
      return goodbye.retry_ms;
    }
    if (link.retryAfter !== undefined) return this.#nextUrl(), link.retryAfter;
    // A stream that was cut: its node may be gone, and another one there at once.
    if (opened) return this.#nextUrl(), link.retry ?? retryDelay({ retry: this.#retry, maxDelay });
    const kind = classifyError({ status });
    const roundIsOver = this.#nextCandidate(run, link);
    if (kind === 'away') {
      const retry = this.#retry;
      if (!roundIsOver) return retryDelay({ retry: retry / this.#candidates.length, maxDelay });
      return retryDelay({ attempt: run.failures++, retry, maxDelay });
    }
    const attempt = run.failures++;
    if (longTerm && attempt >= BACKOFF[kind].attempts)
      return LONG_TERM_MS[Math.min(run.longTerm++, 3)] * (0.75 + Math.random() / 4);
    return retryDelay({ kind, attempt, quality: this.quality, maxDelay });
  }

  // Moves on to the next URL or transport; true when all were tried and it is time to back off.
  // Long-poll is the last resort, where a node answers requests and nothing streams: one that is away
  // would bring everybody there.
  #nextCandidate(run, { there }) {
    const { length } = this.#candidates;
    do {
      this.#at = (this.#at + 1) % length;
      run.round = (run.round + 1) % length;
    } while (this.transport === 'poll' && !there && this.#options.transport === 'auto');
    return run.round === 0;
  }

  // Another node with the same transport: this one said that it is busy or going away.
  #nextUrl() {
    const { base, via } = this.#candidates[this.#at];
    const next = this.#bases[(this.#bases.indexOf(base) + 1) % this.#bases.length];
    this.#at = this.#candidates.findIndex((other) => other.base === next && other.via === via);
  }

  #sleep(ms) {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    }).finally(() => { this.#wake = null; });
  }

  #restart() {
    clearTimeout(this.#restartTimer);
    this.#restartTimer = setTimeout(() => {
      this.#restartTimer = null;
      this.#link?.end('restart');
      this.#wake?.();
    }, 50); // several subscribe() calls in a row share one reconnect
  }

  // ---- transports: each resolves when its connection has ended -------------------------------

  #target(base, rooms, path, token) {
    const url = new URL(base + path);
    const { device, format, since } = this.#options;
    if (rooms.length) url.searchParams.set('rooms', rooms.join(','));
    if (device) url.searchParams.set('device', device);
    if (path === '/events') url.searchParams.set('format', format);
    if (this.lastId) url.searchParams.set('last_event_id', this.lastId);
    else if (since) url.searchParams.set('since', since);
    if (token) url.searchParams.set('access_token', token);
    return url;
  }

  async #fetch(link, base, token) {
    const headers = { Accept: 'text/event-stream', ...bearer(token) };
    const response = await fetch(this.#target(base, link.rooms, '/events'), {
      headers, cache: 'no-store', signal: link.signal, credentials: this.#options.credentials,
    });
    if (response.status !== 200) return refusal(response);
    if (!/^text\/event-stream\s*(;|$)/i.test(response.headers.get('content-type') ?? ''))
      return { message: 'the answer is not an event stream' };
    const parser = new SseParser({
      onEvent: ({ type, data, lastEventId }) => this.#frame(link, type, data, lastEventId),
      onComment: () => link.opened && this.#relay({ kind: 'heartbeat' }),
      onRetry: (ms) => link.onRetry(ms),
    });
    const reader = response.body.getReader();
    // Node 20 may forget the signal once the response is there, so the body is cancelled as well;
    // an already aborted body rejects, which says nothing new.
    link.signal.addEventListener('abort', () => reader.cancel().catch(() => {}));
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return { message: link.reason ?? 'event stream closed' };
      link.touch();
      parser.push(value);
    }
  }

  #native(link, base, token) {
    const url = this.#target(base, link.rooms, '/events', token);
    url.searchParams.set('heartbeat', 'event'); // script cannot see comment lines
    return new Promise((resolve) => {
      const source = new EventSource(url);
      const frame = ({ type, data, lastEventId }) => {
        link.touch();
        this.#frame(link, type, data, lastEventId);
      };
      link.listenTo = (name) => source.addEventListener(name, frame);
      for (const name of ['message', ...CONTROL, ...this.#listeners.keys()]) link.listenTo(name);
      source.onerror = () => {
        source.close(); // the loop reconnects, so that there is one place that does
        resolve(link.opened ? { message: 'event stream closed' } : this.#probe(link, base, token));
      };
      link.signal.addEventListener('abort', () => {
        source.close();
        resolve({});
      });
    });
  }

  #webSocket(link, base, token) {
    const url = this.#target(base, link.rooms, '/ws', token);
    return new Promise((resolve) => {
      const socket = new WebSocket(url.href.replace(/^http/, 'ws'), ['starling.v1.json']);
      socket.onmessage = ({ data }) => {
        link.touch();
        const frame = parseJson(data);
        if (frame?.type) this.#command(link, frame);
      };
      socket.onclose = ({ code }) => {
        const message = `connection closed (${code})`;
        resolve(link.opened ? { message } : this.#probe(link, base, token));
      };
      link.send = (command) => socket.send(JSON.stringify(command));
      link.onQuiet = () => link.send({ type: 'ping' }); // script cannot see protocol pings
      link.signal.addEventListener('abort', () => {
        socket.close();
        resolve({});
      });
    });
  }

  async #poll(link, base) {
    for (let id = '', first = Date.now(); !link.ended;) {
      const url = this.#target(base, link.rooms, '/api/poll');
      if (id) url.searchParams.set('client_id', id);
      const response = await fetch(url, {
        headers: bearer(this.#token), signal: link.signal, credentials: this.#options.credentials,
      });
      if (response.status !== 200) return refusal(response);
      const { connected, events, cursor, client_id: session, retry_ms: retry, goodbye } =
        await response.json();
      id = session;
      link.touch();
      link.onRetry(retry);
      if (connected) this.#command(link, { ...connected, type: 'connected' }, connected.position);
      for (const { id: at, event_id: name, ...event } of events) {
        if (name) this.#deliver(link, { ...event, id: name, cursor: at });
        else this.#command(link, { ...event.data, type: event.event }, at);
      }
      if (goodbye) this.#command(link, { ...goodbye, type: 'goodbye' }, cursor);
      this.#remember(cursor);
      if (Date.now() - first > BETTER_AFTER_MS && this.#options.transport === 'auto') {
        this.#at = 0; // what broke streams may be gone
        link.end('restart');
      }
    }
    return {};
  }

  // EventSource and WebSocket hide the status of a refused connection; HEAD tells it.
  async #probe(link, base, token) {
    const response = await fetch(this.#target(base, link.rooms, '/api/poll'), {
      method: 'HEAD', headers: bearer(token), cache: 'no-store',
    }).catch((error) => ({ failed: `network: ${error.message}` }));
    if (response.failed) return { message: response.failed };
    return response.status === 200 ? { message: 'event stream closed', there: true }
      : refusal(response);
  }

  // ---- what arrives --------------------------------------------------------------------------

  #frame(link, type, raw, cursor) {
    if (link.ended) return;
    const parsed = parseJson(raw);
    const wrapped = typeof parsed?.event === 'string' && 'data' in parsed && 'ts' in parsed;
    if (!wrapped && CONTROL.includes(type)) return this.#command(link, { ...parsed, type }, cursor);
    if (wrapped) return this.#deliver(link, { ...parsed, cursor });
    if (this.#options.format === 'both') return; // the envelope of the same event follows
    const id = `${cursor}|${raw.length}|${raw.slice(0, 80)}`;
    const data = parsed === undefined ? raw : parsed;
    this.#deliver(link, { id: cursor, cursor, event: type, data, raw }, id);
  }

  #command(link, frame, cursor = frame.id) {
    if (link.ended) return;
    const { type, ...fields } = frame;
    switch (type) {
      case 'event':
        return this.#deliver(link, { ...fields, cursor });
      case 'connected':
        link.open(fields.heartbeat_ms ?? HEARTBEAT_MS);
        return this.#relay({
          kind: 'connected', session: fields,
          cursor: cursor || (fields.resumed ? undefined : fields.position),
        });
      case 'goodbye':
        link.goodbye = fields;
        if (fields.reconnect !== false) this.#remember(cursor); // else it carries the closing mark
        this.#relay({ kind: 'goodbye', goodbye: fields });
        return link.end('goodbye');
      case 'gap':
        return this.#relay({ kind: 'gap', gap: fields, cursor });
      case 'token_expiring':
        return void this.#renew(link);
      case 'heartbeat':
      case 'pong':
        return this.#relay({ kind: 'heartbeat', cursor });
      case 'ack':
      case 'error':
        return this.#answer(fields, type === 'ack');
      default: // a frame of a newer server: counts as activity, nothing else
    }
  }

  #deliver(link, event, key = `${event.id}|${event.ts}`) {
    const full = `${event.event}|${event.room ?? event.user ?? ''}|${key}`;
    // Rooms that a tab asked for are that tab's; what the roster or the token adds is everybody's.
    const asked = link.rooms.includes(event.room);
    this.#relay({ kind: 'event', event, key: full, asked, cursor: event.cursor });
  }

  // Everything that listeners hear passes here, on the tab that holds the connection and, over
  // the channel, on all others.
  #relay(message) {
    this.#tabs?.tell(message);
    this.#apply(message);
  }

  #apply({ kind, ...message }) {
    switch (kind) {
      case 'event':
        if (!message.asked || this.#rooms.has(message.event.room))
          this.#event(message.event, message.key);
        break;
      case 'connected':
        this.#connected(message.session);
        break;
      case 'state':
        this.#setState(message.state, message.detail);
        break;
      case 'heartbeat':
        this.counters.heartbeats++;
        this.#emit('starling:heartbeat', {});
        break;
      case 'goodbye':
        if (message.goodbye.code === 'session_limit')
          console.warn('Starling: too many sessions of this user (sessions.max_per_user):', message.goodbye);
        this.#emit('starling:goodbye', message.goodbye);
        break;
      case 'gap':
        this.#emit('starling:gap', message.gap);
        break;
      case 'error':
        this.#emit('starling:error', message.error);
        break;
      case 'final':
        this.#stop('final');
        this.#settleWaiters(new StarlingError(message.detail.reason ?? 'connection ended'));
        this.#setState('closed', message.detail);
    }
    if (message.cursor) this.#remember(message.cursor);
  }

  #connected(session) {
    this.session = session;
    this.clientId = session.client_id;
    this.#replayLeft = session.replayed ?? Infinity;
    this.#connection++;
    if (this.counters.connects++) this.counters.reconnects++;
    this.#setState('open', { url: this.url, transport: this.transport });
    this.#emit('starling:connected', session);
    if (session.lost?.length) this.#emit('starling:lost', session.lost);
    if (!this.#restartTimer) this.#settleWaiters(); // else this connection does not answer them yet
  }

  // A replay may repeat what an earlier connection delivered just before it broke. Only there do
  // equal keys mean the same event: ephemeral events share the cursor of their predecessor.
  #event(event, key) {
    const replayed = this.#replayLeft > 0;
    if (replayed) {
      this.#replayLeft--;
      const connection = this.#seen.get(key);
      if (connection !== undefined && connection < this.#connection) {
        this.counters.duplicates++;
        return;
      }
    }
    this.#seen.set(key, this.#connection);
    if (this.#seen.size > SEEN_EVENTS) this.#seen.delete(this.#seen.keys().next().value);
    this.counters.events++;
    const seen = { ...event, replayed };
    this.#emit(event.event, seen);
    this.#emit('*', seen);
  }

  #emit(name, value) {
    for (const fn of [...(this.#listeners.get(name) ?? [])]) {
      try {
        fn(value);
      } catch (error) { // a listener's fault is reported as uncaught and must not end the stream
        if (globalThis.reportError) reportError(error);
        else setTimeout(() => { throw error; });
      }
    }
  }

  #setState(state, detail = {}) {
    this.state = state;
    this.#emit('starling:state', { state, ...detail });
  }

  // ---- tokens, rooms, cursor -----------------------------------------------------------------

  async #currentToken() {
    const expires = (claims(this.#token)?.exp ?? Infinity) * 1000;
    const stale = !this.#token || expires - Date.now() < REFRESH_BEFORE_MS;
    if (this.#options.getToken && stale)
      await this.#refreshToken(this.#token ? 'expiring' : 'initial');
    return this.#token;
  }

  #refreshToken(reason) {
    this.#refreshing ??= Promise.resolve(this.#options.getToken({ reason })).then((token) => {
      this.#token = token;
      return Boolean(token);
    }).catch((error) => {
      const message = `getToken failed: ${error?.message ?? error}`;
      this.#emit('starling:error', { status: 0, message });
      return false;
    }).finally(() => { this.#refreshing = null; });
    return this.#refreshing;
  }

  async #renew(link) {
    this.#emit('starling:token_expiring', {});
    if (!this.#options.getToken || !(await this.#refreshToken('expiring')) || link.ended) return;
    if (link.send) return link.send({ type: 'auth', token: this.#token });
    const path = `/api/session/${encodeURIComponent(this.clientId)}/token`;
    await this.#post(path, { token: this.#token }).catch(({ status = 0, message }) => {
      this.#emit('starling:error', { status, message });
    });
  }

  #get(path, query = {}) {
    const given = Object.entries(query).filter(([, value]) => value !== undefined);
    return this.#ask(given.length ? `${path}?${new URLSearchParams(given)}` : path);
  }

  #post(path, body) {
    const headers = { 'Content-Type': 'application/json' };
    return this.#ask(path, { method: 'POST', body: JSON.stringify(body), headers });
  }

  async #ask(path, request = {}, refreshed = false) {
    const response = await fetch(this.url + path, {
      ...request, headers: { ...request.headers, ...bearer(await this.#currentToken()) },
    });
    if (response.status === 401 && !refreshed && this.#options.getToken
        && await this.#refreshToken('unauthorized')) return this.#ask(path, request, true);
    if (!response.ok) {
      const { status, message, code, retryAfter } = await refusal(response);
      throw Object.assign(new StarlingError(message, { status, code }), { retryAfter });
    }
    return parseJson(await response.text()) ?? {};
  }

  async #changeRooms(rooms, type) {
    const changed = rooms.filter((room) => this.#rooms.has(room) === (type === 'unsubscribe'));
    if (!changed.length) return;
    for (const room of changed) this.#rooms[type === 'subscribe' ? 'add' : 'delete'](room);
    if (this.#tabs && !this.#tabs.leading) return this.#tabs.announce(this.rooms);
    if (!this.#run) return;
    if (this.#link?.send && this.#link.opened) {
      const ref = String(this.#nextRef++);
      this.#link.send({ type, rooms: changed, ref });
      const forget = (error) => {
        for (const room of changed) this.#rooms[type === 'subscribe' ? 'delete' : 'add'](room);
        throw error;
      };
      return new Promise((resolve, reject) => this.#pendingRefs.set(ref, { resolve, reject }))
        .then(() => undefined, forget);
    }
    this.#restart();
    return new Promise((resolve, reject) => this.#waiters.push({ resolve, reject }));
  }

  #answer({ ref, code, message }, ok) {
    const waiting = this.#pendingRefs.get(ref);
    this.#pendingRefs.delete(ref);
    if (ok) return waiting?.resolve();
    const error = new StarlingError(message ?? 'refused', { code });
    if (waiting) waiting.reject(error);
    else this.#relay({ kind: 'error', error: { status: 0, code, message: error.message } });
  }

  // A room that was added and refused must not cost the rooms that work.
  #rollBackRooms(link) {
    if (this.rooms.every((room) => this.#acceptedRooms.has(room))) return false;
    this.#rooms = new Set(this.#acceptedRooms);
    this.#settleWaiters(new StarlingError(link.message, link));
    return true;
  }

  #settleWaiters(error) {
    for (const { resolve, reject } of this.#waiters.splice(0)) error ? reject(error) : resolve();
  }

  #storage() {
    if (this.#options.storage !== undefined) return this.#options.storage;
    try {
      return globalThis.sessionStorage ?? null;
    } catch { // a sandboxed frame forbids even to look at it
      return null;
    }
  }

  // The cursor belongs to this tab, server, user, device and set of rooms.
  #restoreCursor() {
    const { storageKey, rooms = [], device = '' } = this.#options;
    const user = claims(this.#token)?.sub ?? '';
    this.#storageKey ??= storageKey
      ?? ['starling', this.#bases[0], user, device, [...rooms].sort().join(',')].join('|');
    this.lastId ||= this.#storage()?.getItem(this.#storageKey) ?? '';
  }

  #remember(cursor) {
    if (!cursor || cursor === this.lastId) return;
    this.lastId = cursor;
    try {
      this.#storage()?.setItem(this.#storageKey, cursor);
    } catch { // a full storage costs the resume after a reload, not the stream
      this.#options.storage = null;
    }
  }

  // ---- page and tabs -------------------------------------------------------------------------

  #watchEnvironment() {
    if (this.#environment.length || !globalThis.addEventListener) return;
    const listen = (target, name, fn) => {
      target.addEventListener(name, fn);
      this.#environment.push(() => target.removeEventListener(name, fn));
    };
    // An open connection keeps a page out of the back/forward cache, so it ends here and the
    // cursor brings back what was missed.
    listen(globalThis, 'pagehide', () => {
      this.#paused = this.#run !== null;
      if (!this.#paused) return;
      this.#stop('pagehide');
      this.#setState('paused');
    });
    listen(globalThis, 'pageshow', () => {
      if (this.#paused) this.#start();
      this.#paused = false;
    });
    listen(globalThis, 'online', () => this.#lookAgain());
    listen(globalThis, 'offline', () => this.#wake && this.#setState('offline'));
    if (!globalThis.document) return;
    listen(document, 'visibilitychange', () => document.hidden || this.#lookAgain());
    // Timers stand still while the machine sleeps: the connection may be long dead by then.
    let last = Date.now();
    const timer = setInterval(() => {
      const slept = Date.now() - last > SLEEP_CHECK_MS * 4;
      last = Date.now();
      if (slept && !document.hidden) this.#restart();
    }, SLEEP_CHECK_MS);
    this.#environment.push(() => clearInterval(timer));
  }

  /// Something changed for the better, perhaps: no more waiting, and is the connection alive?
  #lookAgain() {
    this.#wake?.();
    this.#link?.check();
  }

  #shareName() {
    const { device = '', format } = this.#options;
    return ['starling', this.#bases[0], claims(this.#token)?.sub ?? '', device, format].join('|');
  }

  #tabHooks() {
    return {
      apply: (message) => this.#run && this.#apply(message),
      roomsChanged: () => this.#restart(),
      snapshot: () => ({ session: this.session, state: this.state, lastId: this.lastId }),
      welcome: ({ session, state, lastId, missed }) => {
        if (!this.#run) return;
        this.session = session;
        this.clientId = session?.client_id ?? '';
        this.#setState(state);
        for (const message of missed ?? []) this.#apply(message);
        if (!missed) this.#emit('starling:lost', [{ room: '*', reason: 'expired' }]);
        this.#remember(lastId);
      },
    };
  }
}

// Starling client for browsers and Node 20 or later: one ES module without dependencies.
//
//   const client = new Starling({ url: 'https://push.example', token, rooms: ['lobby'] });
//   client.on('NewMessage', (event) => console.log(event.room, event.data));
//
// Application events go to on(<event name>) and on('*'). What the client itself has to say goes to
// names that start with 'starling:': state, connected, lost, gap, goodbye, heartbeat, error.

/// Waiting before the next attempt, by kind of failure (milliseconds). `attempts` is how many
/// failures in a row switch to LONG_TERM_MS when the option `longTerm` is set.
export const BACKOFF = Object.freeze({
  network: { initial: 5_000, max: 300_000, factor: 1.5, attempts: 8 },
  auth: { initial: 30_000, max: 600_000, factor: 2.0, attempts: 5 },
  server: { initial: 10_000, max: 180_000, factor: 1.8, attempts: 6 },
  proxy: { initial: 15_000, max: 900_000, factor: 2.5, attempts: 4 },
});
export const QUALITY_FACTOR = Object.freeze({ excellent: 0.5, good: 1, fair: 1.5, poor: 3 });
export const LONG_TERM_MS = Object.freeze([600_000, 1_200_000, 1_800_000, 3_600_000]);

const MIN_DELAY_MS = 250; // full jitter may draw 0, which would be a busy loop
const MAX_DELAY_MS = 120_000; // a client is back within two minutes of its server
const OPEN_TIMEOUT_MS = 10_000;
const HEARTBEAT_MS = 30_000;
const SILENCE_FACTOR = 2.5; // heartbeats missed before a connection counts as dead
const REFRESH_BEFORE_MS = 120_000;
const SEEN_EVENTS = 512; // per tab, to recognise what a replay repeats
const MAX_FRAME_CHARS = 16 * 1024 * 1024;
const ENDPOINTS =
  /\/(?:api\/sse\/connect|realtime\/(?:events|sse)|api\/events|events|stream|sse|ws)$/;

/// The kind of a failure: 'proxy' | 'auth' | 'server' | 'network'.
export function classifyError({ status = 0, message = '' } = {}) {
  if ([404, 502, 503].includes(status)) return 'proxy';
  if ([401, 403].includes(status)) return 'auth';
  if (status >= 500) return 'server';
  if (/network|connection/i.test(message)) return 'network';
  if (/stream closed|premature|event stream/i.test(message)) return 'proxy';
  if (/unauthori[sz]ed|forbidden/i.test(message)) return 'auth';
  return 'network';
}

/// Milliseconds to wait before attempt number `attempt` (0 = first retry): full jitter below an
/// exponential ceiling. The cap comes last, so no factor can lift the result above it.
export function retryDelay({
  kind = 'network', attempt = 0, quality = 'good', maxDelay = MAX_DELAY_MS, random = Math.random,
} = {}) {
  const { initial, max, factor } = BACKOFF[kind];
  const ceiling = Math.min(initial * factor ** attempt * QUALITY_FACTOR[quality], max, maxDelay);
  return Math.floor(Math.min(Math.max(random() * ceiling, MIN_DELAY_MS), maxDelay));
}

/// How good the connection has been: mean time to open, share of failures in five minutes, and
/// how long the last stream lived.
export class ConnectionQuality {
  #latencies = [];
  #attempts = [];
  #stability = 1;

  opened(latencyMs, now = Date.now()) {
    this.#latencies = [...this.#latencies, latencyMs].slice(-10);
    this.#note(now, false);
  }
  failed(now = Date.now()) {
    this.#note(now, true);
  }
  ended(uptimeMs) {
    this.#stability = Math.min(uptimeMs / 60_000, 1);
  }
  #note(now, error) {
    this.#attempts = [...this.#attempts, { now, error }].slice(-100);
  }

  assess(now = Date.now()) {
    const count = this.#latencies.length;
    if (count < 3) return 'good';
    const mean = this.#latencies.reduce((sum, value) => sum + value, 0) / count;
    const recent = this.#attempts.filter((attempt) => now - attempt.now < 300_000);
    const errors = recent.filter((attempt) => attempt.error).length / Math.max(recent.length, 1);
    if (mean < 100 && errors < 0.1 && this.#stability > 0.8) return 'excellent';
    if (mean < 500 && errors < 0.3 && this.#stability > 0.5) return 'good';
    if (mean < 2000 && errors < 0.5 && this.#stability > 0.2) return 'fair';
    return 'poor';
  }
}

/// The WHATWG event stream parser. push() takes bytes in any slicing; `lastEventId` is the id a
/// reconnect has to name. Throws RangeError when one event outgrows MAX_FRAME_CHARS.
export class SseParser {
  lastEventId = '';
  #on;
  #decoder = new TextDecoder('utf-8'); // strips one byte order mark, at the start only
  #rest = '';
  #skipLineFeed = false;
  #data = [];
  #size = 0;
  #type = '';
  #id = '';

  constructor({ onEvent = () => {}, onComment = () => {}, onRetry = () => {} } = {}) {
    this.#on = { onEvent, onComment, onRetry };
  }

  push(bytes) {
    let text = this.#decoder.decode(bytes, { stream: true });
    if (text === '') return;
    if (this.#skipLineFeed && text[0] === '\n') text = text.slice(1);
    this.#skipLineFeed = text === '' ? false : text.endsWith('\r');
    const newline = /\r\n|\n|\r/g;
    newline.lastIndex = this.#rest.length;
    text = this.#rest + text;
    let start = 0;
    for (let hit = newline.exec(text); hit; hit = newline.exec(text)) {
      this.#line(text.slice(start, hit.index));
      start = newline.lastIndex;
    }
    this.#rest = text.slice(start);
    if (this.#rest.length + this.#size > MAX_FRAME_CHARS) throw new RangeError('event too large');
  }

  #line(line) {
    if (line === '') return this.#dispatch();
    const colon = line.indexOf(':');
    if (colon === 0) return this.#on.onComment(line.slice(1));
    const field = colon < 0 ? line : line.slice(0, colon);
    let value = colon < 0 ? '' : line.slice(colon + 1);
    if (value[0] === ' ') value = value.slice(1);
    if (field === 'data') {
      this.#data.push(value);
      this.#size += value.length;
    } else if (field === 'event') this.#type = value;
    else if (field === 'id' && !value.includes('\0')) this.#id = value;
    else if (field === 'retry' && /^[0-9]+$/.test(value)) this.#on.onRetry(Number(value));
  }

  #dispatch() {
    const type = this.#type || 'message';
    const data = this.#data;
    this.#type = '';
    this.#data = [];
    this.#size = 0;
    this.lastEventId = this.#id;
    if (data.length) this.#on.onEvent({ type, data: data.join('\n'), lastEventId: this.#id });
  }
}

/// A request that the server answered with an error; `code` is its error code when it gave one.
export class StarlingError extends Error {
  constructor(message, { status = 0, code = '' } = {}) {
    super(message);
    this.name = 'StarlingError';
    this.status = status;
    this.code = code;
  }
}

/// One subscription to a Starling cluster that survives reconnects, reloads and node changes.
///
/// Options: url | urls (base URLs, tried in order), token | getToken({reason}) -> token,
/// rooms, device, format ('envelope', with `native` 'message'), transport ('sse' | 'ws' | 'auto'),
/// native (use EventSource instead of fetch), sharedAcrossTabs, storage (Storage-like or null),
/// since ('last'), longTerm, maxDelay (ms), openTimeout (ms), autoConnect.
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
      transport: 'auto', native: false, maxDelay: MAX_DELAY_MS, openTimeout: OPEN_TIMEOUT_MS,
      ...options,
    };
    const { transport, native } = this.#options;
    if (!['sse', 'ws', 'auto'].includes(transport))
      throw new TypeError(`Starling: transport is 'sse', 'ws' or 'auto', not '${transport}'`);
    this.#options.format ??= native ? 'message' : 'envelope';
    this.#bases = urls.map((url) => new URL(url, here).href.replace(/[?#].*$/, '')
      .replace(/\/+$/, '').replace(ENDPOINTS, ''));
    const sse = transport === 'ws' ? [] : this.#bases.map((base) => ({ base, via: 'sse' }));
    const ws = transport === 'sse' || (transport === 'auto' && !globalThis.WebSocket)
      ? [] : this.#bases.map((base) => ({ base, via: 'ws' }));
    this.#candidates = [...sse, ...ws];
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
      const stream = via === 'ws' ? this.#webSocket : sse;
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
    if (goodbye?.retry_ms >= 0) {
      if (!opened || ['draining', 'shutdown'].includes(goodbye.code)) this.#nextUrl();
      return goodbye.retry_ms;
    }
    if (link.retryAfter !== undefined) return this.#nextUrl(), link.retryAfter;
    if (opened && link.retry !== undefined) return link.retry;
    if (!opened && !this.#nextCandidate(run)) return Math.ceil(Math.random() * 1000);
    const kind = classifyError({ status, message: link.message });
    const attempt = run.failures++;
    if (this.#options.longTerm && attempt >= BACKOFF[kind].attempts)
      return LONG_TERM_MS[Math.min(run.longTerm++, 3)] * (0.75 + Math.random() / 4);
    return retryDelay({ kind, attempt, quality: this.quality, maxDelay: this.#options.maxDelay });
  }

  // Moves on to the next URL or transport; true when all were tried and it is time to back off.
  #nextCandidate(run) {
    this.#at = (this.#at + 1) % this.#candidates.length;
    run.round = (run.round + 1) % this.#candidates.length;
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
      headers, cache: 'no-store', signal: link.signal,
    });
    if (response.status !== 200) return refusal(response);
    if (!/^text\/event-stream\s*(;|$)/i.test(response.headers.get('content-type') ?? ''))
      return { message: 'the answer is not an event stream' };
    const parser = new SseParser({
      onEvent: ({ type, data, lastEventId }) => this.#frame(link, type, data, lastEventId),
      onComment: () => link.opened && this.#relay({ kind: 'heartbeat' }),
      onRetry: (ms) => { link.retry = ms; },
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

  // EventSource and WebSocket hide the status of a refused connection; HEAD tells it.
  async #probe(link, base, token) {
    const response = await fetch(this.#target(base, link.rooms, '/events'), {
      method: 'HEAD', headers: { Accept: 'text/event-stream', ...bearer(token) }, cache: 'no-store',
    }).catch((error) => ({ failed: `network: ${error.message}` }));
    if (response.failed) return { message: response.failed };
    return response.status === 200 ? { message: 'event stream closed' } : refusal(response);
  }

  // ---- what arrives --------------------------------------------------------------------------

  #frame(link, type, raw, cursor) {
    if (link.ended) return;
    const parsed = parseJson(raw);
    const wrapped = typeof parsed?.event === 'string' && 'data' in parsed && 'ts' in parsed;
    if (!wrapped && CONTROL.includes(type)) return this.#command(link, { ...parsed, type }, cursor);
    if (wrapped) return this.#deliver({ ...parsed, cursor });
    if (this.#options.format === 'both') return; // the envelope of the same event follows
    const id = `${cursor}|${raw.length}|${raw.slice(0, 80)}`;
    const data = parsed === undefined ? raw : parsed;
    this.#deliver({ id: cursor, cursor, event: type, data, raw }, id);
  }

  #command(link, frame, cursor = frame.id) {
    if (link.ended) return;
    const { type, ...fields } = frame;
    switch (type) {
      case 'event':
        return this.#deliver({ ...fields, cursor });
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

  #deliver(event, key = `${event.id}|${event.ts}`) {
    const full = `${event.event}|${event.room ?? event.user ?? ''}|${key}`;
    this.#relay({ kind: 'event', event, key: full, cursor: event.cursor });
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

  async #post(path, body, refreshed = false) {
    const response = await fetch(this.url + path, {
      method: 'POST', body: JSON.stringify(body),
      headers: { 'Content-Type': 'application/json', ...bearer(await this.#currentToken()) },
    });
    if (response.status === 401 && !refreshed && this.#options.getToken
        && await this.#refreshToken('unauthorized')) return this.#post(path, body, true);
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
    // Everybody in the building comes online in the same instant.
    listen(globalThis, 'online', () => setTimeout(() => this.#wake?.(), Math.random() * 1000));
    listen(globalThis, 'offline', () => this.#wake && this.#setState('offline'));
    if (globalThis.document)
      listen(document, 'visibilitychange', () => document.hidden || this.#link?.check());
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

const CONTROL = ['connected', 'goodbye', 'heartbeat', 'token_expiring', 'gap'];

/// One connection from attempt to end: its abort signal, its open timeout, its silence watchdog.
class Link {
  opened = false;
  openedAt = 0;
  ended = false;
  reason = null;
  onOpened = () => {};
  onQuiet = () => {};
  #controller = new AbortController();
  #timer;
  #lastActivity = 0;
  #silence = Infinity;

  constructor(rooms) {
    this.rooms = rooms;
  }

  get signal() { return this.#controller.signal; }

  expectOpen(timeoutMs) {
    this.#timer = setTimeout(() => this.end('connection timed out while opening'), timeoutMs);
  }

  open(heartbeatMs) {
    this.opened = true;
    this.openedAt = Date.now();
    clearTimeout(this.#timer);
    this.touch();
    this.onOpened();
    if (!(heartbeatMs > 0)) return; // the server sends none, so silence means nothing
    this.#silence = heartbeatMs * SILENCE_FACTOR;
    this.#timer = setInterval(() => {
      this.check();
      if (!this.ended) this.onQuiet();
    }, heartbeatMs);
  }

  /// Any bytes at all prove that the connection lives.
  touch() {
    this.#lastActivity = Date.now();
  }

  check() {
    if (Date.now() - this.#lastActivity > this.#silence) this.end('connection silent for too long');
  }

  end(reason) {
    if (this.ended) return;
    this.ended = true;
    this.reason = reason;
    clearInterval(this.#timer);
    this.#controller.abort();
  }
}

/// One connection for all tabs: the tab that holds the Web Lock connects and tells the others
/// over a BroadcastChannel; when it goes, the lock passes on and the next tab resumes.
class Tabs {
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
    if (message.kind === 'event') this.#ring = [...this.#ring.slice(-SEEN_EVENTS + 1), message];
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

function bearer(token) {
  return token ? { Authorization: `Bearer ${token}` } : {};
}

async function refusal(response) {
  const { error } = parseJson(await response.text().catch(() => '')) ?? {};
  const seconds = response.headers.get('retry-after');
  return {
    status: response.status,
    code: error?.code ?? '',
    message: error?.message ?? (typeof error === 'string' ? error : `HTTP ${response.status}`),
    retryAfter: seconds && /^[0-9]+$/.test(seconds) ? seconds * 1000 : undefined,
  };
}

function parseJson(text) {
  try {
    return JSON.parse(text);
  } catch { // not JSON: a payload of plain text
    return undefined;
  }
}

/// The claims of a JWT, unverified: only to know when it ends and whose cursor this is.
function claims(token) {
  const body = token?.split('.')[1]?.replaceAll('-', '+').replaceAll('_', '/');
  try {
    return body ? JSON.parse(atob(body)) : undefined;
  } catch { // an opaque token
    return undefined;
  }
}

function randomId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

function delay(ms) {
  return new Promise((resolve) => { setTimeout(resolve, ms); });
}

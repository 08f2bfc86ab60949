import { makeInbox } from './inbox.js';
import { makeLink } from './link.js';
import { BACKOFF, classifyError, LONG_TERM_MS, retryDelay } from './retry.js';
import { eventStream } from './transports/event_stream.js';
import { nativeStream } from './transports/native_stream.js';
import { poll } from './transports/poll.js';
import { webSocket } from './transports/web_socket.js';

// Each resolves, to what is to be known of it, when its connection has ended.
const TRANSPORTS = { sse: eventStream, native: nativeStream, ws: webSocket, poll };
const GATHER_MS = 50; // several subscribe() calls in a row share one reconnect

/// Connects, and connects again, from connect() to close() or a final word of the server.
export function makeRun(core) {
  const { addresses, counters, options, quality, relay, rooms, token } = core;
  const { longTerm, maxDelay } = options;
  let failures = 0;
  let longTermFailures = 0;
  let refreshed = false;
  let timer = null;

  const say = (kind, said) => run.stopped || relay([{ kind, said }]);
  const finish = (said) => {
    say('final', said);
    return null;
  };

  async function attempt() {
    const { base, via } = addresses.at;
    const asked = rooms.list();
    const began = Date.now();
    const link = makeLink(base, core.allRooms());
    run.link = link;
    counters.attempts++;
    say('state', { state: 'connecting', url: base, transport: via });
    link.onRetry = (ms) => { core.retry = link.retry = ms; };
    link.onOpened = () => {
      rooms.accept(asked);
      addresses.newRound();
      failures = longTermFailures = 0;
      refreshed = false;
      quality.opened(Date.now() - began);
    };
    try {
      link.token = await token.current();
      if (link.ended) return link;
      link.expectOpen(options.openTimeout);
      const transport = TRANSPORTS[via === 'sse' && options.native ? 'native' : via];
      Object.assign(link, await transport(core, link, makeInbox(core, link)));
    } catch (error) {
      link.message = link.reason ?? `network: ${error?.message ?? error}`;
    }
    link.message ??= link.reason;
    link.end('ended');
    run.link = null;
    rooms.cut();
    if (link.openedAt) quality.ended(Date.now() - link.openedAt);
    else if (link.reason !== 'restart') quality.failed();
    return link;
  }

  // Milliseconds until the next attempt, or null when there must not be one.
  async function afterwards(link) {
    const { goodbye, status, message, openedAt } = link;
    if (link.reason === 'restart') return 0;
    if (goodbye?.reconnect === false) return finish({ goodbye });
    if (status === 204) return finish({ reason: 'the server says: do not reconnect' });
    if (status === 401 || goodbye?.code === 'token_expired') {
      if (!token.renewable) return finish({ reason: 'token refused', status, message });
      if (await token.refresh('unauthorized') && !refreshed) {
        refreshed = true;
        return 0;
      }
    }
    if (status === 403 || status === 400)
      return rooms.rollBack(link) ? 0 : finish({ reason: 'request refused', status, message });
    if (!openedAt || !goodbye) say('error', { status, message: message ?? 'stream ended' });
    if (!(goodbye?.retry_ms >= 0)) return untilNext(link);
    core.retry = goodbye.retry_ms || core.retry;
    if (!openedAt || ['draining', 'shutdown'].includes(goodbye.code)) addresses.nextNode();
    return goodbye.retry_ms;
  }

  function untilNext({ openedAt, retryAfter, retry: said, status, there }) {
    const { retry } = core;
    if (openedAt || retryAfter !== undefined) addresses.nextNode();
    if (retryAfter !== undefined) return retryAfter;
    // A stream that was cut: its node may be gone, and another one there at once.
    if (openedAt) return said ?? retryDelay({ retry, maxDelay });
    const kind = classifyError({ status });
    const roundIsOver = addresses.next(there);
    if (kind === 'away' && !roundIsOver) return retryDelay({ retry: retry / addresses.count, maxDelay });
    const attempt = failures++;
    if (kind !== 'away' && longTerm && attempt >= BACKOFF[kind].attempts)
      return LONG_TERM_MS[Math.min(longTermFailures++, 3)] * (0.75 + Math.random() / 4);
    return retryDelay({ kind, attempt, retry, quality: quality.assess(), maxDelay });
  }

  function sleep(ms) {
    const state = globalThis.navigator?.onLine === false ? 'offline' : 'waiting';
    say('state', { state, delay: ms, failures });
    return new Promise((resolve) => {
      const over = setTimeout(resolve, ms);
      run.wake = () => {
        clearTimeout(over);
        resolve();
      };
    }).finally(() => { run.wake = null; });
  }

  const run = {
    link: null,
    stopped: false,
    /// A reconnect is due, which will ask for the rooms of then.
    restarting: false,
    /// While it waits: cuts that short.
    wake: null,

    stop(reason) {
      run.stopped = true;
      clearTimeout(timer);
      run.link?.end(reason);
      run.wake?.();
    },

    /// Ends the connection and opens the next one at once.
    restart() {
      clearTimeout(timer);
      run.restarting = true;
      timer = setTimeout(() => {
        run.restarting = false;
        run.link?.end('restart');
        run.wake?.();
      }, GATHER_MS);
    },

    /// One attempt at a time: an attempt only ever starts where the previous one ended.
    async loop() {
      while (!run.stopped) {
        const link = await attempt();
        if (run.stopped) return;
        const wait = await afterwards(link);
        if (wait === null || run.stopped) return;
        if (wait > 0) await sleep(wait);
      }
    },
  };
  addresses.newRound();
  return run;
}

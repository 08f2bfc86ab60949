const SILENCE_FACTOR = 2.5; // heartbeats missed before a connection counts as dead

/// One connection from attempt to end: what it asked for, its abort signal, its open timeout, its
/// silence watchdog. A transport adds `send` or `listenTo` when it can do that; how it ended
/// (`status`, `message`, `retryAfter`, `there`, `goodbye`) is written here too.
export function makeLink(base, rooms) {
  const controller = new AbortController();
  let timer;
  let lastActivity = 0;
  let silence = Infinity;
  const link = {
    base,
    rooms,
    token: undefined,
    signal: controller.signal,
    openedAt: 0, // 0: not yet
    ended: false,
    reason: null,
    status: 0,

    expectOpen(timeoutMs) {
      timer = setTimeout(() => link.end('connection timed out while opening'), timeoutMs);
    },

    open(heartbeatMs) {
      link.openedAt = Date.now();
      clearTimeout(timer);
      link.touch();
      link.onOpened();
      if (!(heartbeatMs > 0)) return; // the server sends none, so silence means nothing
      silence = heartbeatMs * SILENCE_FACTOR;
      timer = setInterval(() => {
        link.check();
        if (!link.ended) link.onQuiet?.();
      }, heartbeatMs);
    },

    /// Any bytes at all prove that the connection lives.
    touch() {
      lastActivity = Date.now();
    },

    check() {
      if (Date.now() - lastActivity > silence) link.end('connection silent for too long');
    },

    end(reason) {
      if (link.ended) return;
      link.ended = true;
      link.reason = reason;
      clearInterval(timer);
      controller.abort();
    },
  };
  return link;
}

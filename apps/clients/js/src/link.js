const SILENCE_FACTOR = 2.5; // heartbeats missed before a connection counts as dead

/// One connection from attempt to end: its abort signal, its open timeout, its silence watchdog.
export class Link {
  opened = false;
  openedAt = 0;
  ended = false;
  reason = null;
  onOpened = () => {};
  onRetry = () => {};
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

const MAX_FRAME_CHARS = 16 * 1024 * 1024;

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

/// Events in a table: the newest first, one line each, more of one on demand.
import { copyButton, h } from '/web/shared/dom.js';
import { bytes, clock, milliseconds } from '/web/shared/format.js';

const KEPT = 2000; // events, and all their data together:
const KEPT_BYTES = 16 * 1024 * 1024;
const ROWS = 200; // shown; more on demand
const PREVIEW = 200; // characters of data in a line
const FLUSH_MS = 40; // many events at once are one change of the page

let details = 0; // opened so far, for their ids
const encoder = new TextEncoder();
const textOf = (data) => (typeof data === 'string' ? data : (JSON.stringify(data) ?? ''));
const escaped = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
const target = ({ room, user }) => room ?? (user ? `user ${user}` : 'this session');

/// Fills `body` (a tbody with the columns time, room, event, data, id, size) inside `box`, which
/// scrolls. `changed({shown, kept, waiting, older})` is told after each change.
export class EventTable {
  #body;
  #box;
  #changed;
  #kept = []; // oldest first
  #bytes = 0;
  #fresh = []; // not yet looked at
  #timer = null;
  #rows = []; // newest first: {entry, row, detail?}
  #limit = ROWS;
  #filter = null;
  #paused = false;
  #waiting = 0;

  constructor({ body, box, changed = () => {} }) {
    this.#body = body;
    this.#box = box;
    this.#changed = changed;
  }

  /// event: as the client library gives it; `delay` in ms when it is known.
  add(event, delay) {
    const text = textOf(event.data);
    this.#fresh.push({ event, delay, text, size: encoder.encode(text).length, at: event.ts ?? Date.now() });
    if (this.#fresh.length > KEPT) this.#fresh.shift();
    this.#timer ??= setTimeout(() => this.flush(), FLUSH_MS);
  }

  get paused() {
    return this.#paused;
  }
  set paused(on) {
    this.flush();
    this.#paused = on;
    if (!on) {
      this.#waiting = 0;
      this.#render();
    }
    this.#tell();
  }

  /// Shows only events whose room, name, id or data holds the text.
  set filter(text) {
    this.#filter = text ? new RegExp(escaped(text), 'i') : null;
    this.#limit = ROWS;
    this.#render();
  }

  clear() {
    this.#kept = [];
    this.#fresh = [];
    this.#bytes = this.#waiting = 0;
    this.#render();
  }

  showMore() {
    this.#limit += ROWS;
    this.#render();
  }

  /// Shows what was heard, without waiting for more.
  flush() {
    clearTimeout(this.#timer);
    this.#timer = null;
    const fresh = this.#fresh;
    this.#fresh = [];
    for (const entry of fresh) {
      this.#kept.push(entry);
      this.#bytes += entry.size;
    }
    this.#forget();
    if (this.#paused) this.#waiting += fresh.length;
    else this.#insert(fresh.filter((entry) => this.#matches(entry)).slice(-this.#limit));
    this.#tell();
  }

  #forget() {
    let gone = 0;
    while (this.#kept.length - gone > KEPT || (this.#bytes > KEPT_BYTES && this.#kept.length - gone > 1))
      this.#bytes -= this.#kept[gone++].size;
    if (gone) this.#kept.splice(0, gone);
  }

  #matches({ event, text }) {
    return (
      !this.#filter ||
      this.#filter.test(`${target(event)} ${event.event} ${event.id}`) ||
      this.#filter.test(text)
    );
  }

  /// What is being read stays where it is: below the top, or with something opened, the new rows go
  /// above it out of sight.
  #insert(entries) {
    if (!entries.length) return;
    const anchor = this.#body.firstElementChild;
    const hold = anchor && (this.#box.scrollTop > 0 || this.#rows.some(({ detail }) => detail));
    const before = hold ? anchor.offsetTop : 0;
    const made = entries.map((entry) => this.#line(entry)).reverse();
    this.#body.prepend(...made.map(({ row }) => row));
    this.#rows.unshift(...made);
    for (let i = this.#rows.length - 1; this.#rows.length > this.#limit && i >= 0; i--) {
      if (this.#rows[i].detail) continue; // somebody reads it
      this.#rows[i].row.remove();
      this.#rows.splice(i, 1);
    }
    if (hold) this.#box.scrollTop += anchor.offsetTop - before;
  }

  #render() {
    const shown = [];
    for (let i = this.#kept.length - 1; i >= 0 && shown.length < this.#limit; i--)
      if (this.#matches(this.#kept[i])) shown.push(this.#line(this.#kept[i]));
    this.#rows = shown;
    this.#body.replaceChildren(...shown.map(({ row }) => row));
    this.#tell();
  }

  #tell() {
    const older = this.#rows.length >= this.#limit && this.#kept.length > this.#rows.length;
    this.#changed({ shown: this.#rows.length, kept: this.#kept.length, waiting: this.#waiting, older });
  }

  #line(entry) {
    const { event, text, size, at } = entry;
    const line = { entry };
    const moment = clock(at, true);
    const button = h(
      'button',
      { type: 'button', class: 'link', 'aria-expanded': 'false' },
      moment.slice(0, 8),
      h('span', { class: 'fine' }, moment.slice(8)),
    );
    const cell = (name, words) => h('td', { class: name }, words);
    line.row = h(
      'tr',
      { class: 'event' },
      h('td', { class: 'time' }, button),
      cell('room', target(event)),
      cell('name', event.event),
      cell('data', text.slice(0, PREVIEW)),
      cell('id', event.id),
      cell('size number', bytes(size)),
    );
    line.row.addEventListener('click', () => {
      if (getSelection()?.isCollapsed !== false) this.#toggle(line, button);
    });
    return line;
  }

  #toggle(line, button) {
    button.setAttribute('aria-expanded', String(!line.detail));
    if (line.detail) {
      line.detail.remove();
      line.detail = undefined;
      button.removeAttribute('aria-controls');
      return;
    }
    line.detail = this.#detail(line.entry);
    line.detail.id = `event-${++details}`;
    button.setAttribute('aria-controls', line.detail.id);
    line.row.after(line.detail);
  }

  #detail({ event, delay, text }) {
    const facts = [
      ['Id', event.id],
      ['Cursor', event.cursor ?? event.position],
      ['From', event.sender],
      ['To', target(event)],
      ['Event', event.event],
      [
        'Came',
        event.replayed ? 'from history' : delay === undefined ? undefined : `after ${milliseconds(delay)}`,
      ],
    ].filter(([, value]) => value !== undefined && value !== '');
    const pretty = typeof event.data === 'string' ? text : JSON.stringify(event.data, null, 2);
    return h(
      'tr',
      { class: 'detail' },
      h(
        'td',
        { colspan: '6' },
        h(
          'div',
          { class: 'bar' },
          copyButton('Copy data', () => text),
          copyButton('Copy event', () => JSON.stringify(event, null, 2)),
          copyButton('Copy id', () => event.id),
        ),
        h(
          'dl',
          { class: 'facts' },
          ...facts.flatMap(([name, value]) => [
            h('dt', {}, name),
            h('dd', { class: 'mono', title: value }, value),
          ]),
        ),
        h('pre', { tabindex: '0' }, pretty),
      ),
    );
  }
}

/// An empty table of that form, for a sheet: {box, events}.
export function eventTable(caption, changed) {
  const body = h('tbody');
  const heads = [
    ['Time', 'time'],
    ['Room', 'room'],
    ['Event', 'name'],
    ['Data', 'data'],
    ['Id', 'id'],
    ['Size', 'size number'],
  ];
  const box = h(
    'div',
    { class: 'scroll events-scroll', tabindex: '0', role: 'group', 'aria-label': caption },
    h(
      'table',
      { class: 'events' },
      h('caption', { class: 'visually-hidden' }, caption),
      h('thead', {}, h('tr', {}, ...heads.map(([name, of]) => h('th', { scope: 'col', class: of }, name)))),
      body,
    ),
  );
  return { box, events: new EventTable({ body, box, changed }) };
}

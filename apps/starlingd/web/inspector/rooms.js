/// The rooms of the session: joined and left while connected, and what one can ask about them.
import { $, h, setText } from '/web/shared/dom.js';
import { showHistory, showPresence } from '/web/shared/room_sheets.js';

export class Rooms {
  #client = null;

  constructor() {
    $('join-form').addEventListener('submit', (submit) => {
      submit.preventDefault();
      const room = $('join-room').value.trim();
      if (room) this.#change('subscribe', room);
    });
  }

  set client(client) {
    this.#client = client;
    client.on('starling:connected', () => this.show());
    client.on('starling:state', () => this.show());
  }

  /// Asked for here, or given by roster and token: only the former can be left from here.
  show() {
    const open = this.#client?.state === 'open';
    const asked = this.#client?.rooms ?? [];
    const given = (this.#client?.session?.rooms ?? []).filter((room) => !asked.includes(room));
    const known = JSON.stringify([open, asked, given]);
    $('join').disabled = $('join-room').disabled = !open;
    $('no-rooms').hidden = asked.length + given.length > 0;
    setText($('no-rooms'), open ? 'None yet. Join one below.' : 'None while not connected.');
    if ($('room-list').dataset.known === known) return;
    $('room-list').dataset.known = known;
    $('room-list').replaceChildren(
      ...[...asked].sort().map((room) => this.#row(room, true)),
      ...given.sort().map((room) => this.#row(room, false)),
    );
  }

  #row(room, mine) {
    const button = (label, name, run) =>
      h(
        'button',
        {
          type: 'button',
          class: 'small',
          'aria-label': `${name} ${room}`,
          onclick: run,
        },
        label,
      );
    return h(
      'li',
      {},
      h('span', { class: 'clip', title: mine ? room : `${room} (by roster or token)` }, room),
      button('History', 'History of', () => showHistory(this.#client, room)),
      button('Who', 'Who is in', () => showPresence(this.#client, room)),
      mine ? button('Leave', 'Leave', () => this.#change('unsubscribe', room)) : undefined,
    );
  }

  async #change(verb, room) {
    setText($('room-notice'), '');
    try {
      const changed = this.#client[verb](room);
      if (verb === 'subscribe') $('join-room').value = '';
      this.show();
      await changed;
    } catch (error) {
      $('room-notice').className = 'bad';
      setText($('room-notice'), `${room}: ${error.message}`);
    }
    this.show();
  }
}

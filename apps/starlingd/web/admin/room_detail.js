/// A room in detail: who is in it, its roster, history, a live tail, and a box to publish.
import { Starling } from '/starling.js';
import { h, setText, sheet, table } from '/web/shared/dom.js';
import { eventTable } from '/web/shared/event_table.js';
import { moment, number, plural } from '/web/shared/format.js';
import { showHistory, showPresence } from '/web/shared/room_sheets.js';
import { act } from '/web/admin/confirm.js';
import { showUser } from '/web/admin/people.js';
import { fillRows } from '/web/admin/rows.js';
import { showTrace } from '/web/admin/trace.js';

const NAMES = 200; // of users shown at once
const ROSTER_PAGE = 100;

export async function showRoom(api, say, { room, tenant }) {
  const reader = api.reader(tenant);
  const mine = tenant === api.tenant;
  const said = h('p', { class: 'dim', role: 'status' }, 'Asking');
  const users = h('div', { class: 'names', tabindex: '0', role: 'group', 'aria-label': `Users in ${room}` });
  const button = (label, run) => h('button', { type: 'button', onclick: run }, label);
  const listening = mine ? tail(api, room) : null;
  const dialog = sheet(
    `Room ${room}`,
    said,
    users,
    h(
      'div',
      { class: 'bar part' },
      button('History', () => showHistory(reader, room)),
      button('Presence', () => showPresence(reader, room)),
      button('Trace', () => showTrace(api, room, tenant)),
    ),
    roster(api, say, room, tenant),
    ...(mine
      ? [listening.part, publishBox(api, room)]
      : [
          h('p', { class: 'dim small part' }, `Publishing and a live tail need a token of tenant ${tenant}.`),
        ]),
  );
  dialog.addEventListener('close', () => listening?.stop());
  try {
    const found = await api.call(`rooms/${encodeURIComponent(room)}`, { query: api.of(tenant) });
    setText(
      said,
      `Tenant ${found.tenant}, ${plural(found.members, 'session')} of ${plural(found.users.length, 'user')} now on ` +
        `${found.nodes.join(', ')}${found.users.length > NAMES ? `; the first ${NAMES} users:` : '.'}`,
    );
    users.append(
      ...found.users
        .slice(0, NAMES)
        .map((user) =>
          h(
            'button',
            { type: 'button', class: 'link', onclick: () => showUser(api, say, { user, tenant }) },
            user,
          ),
        ),
    );
  } catch (error) {
    said.className = error.status === 404 ? 'dim' : 'bad';
    setText(said, error.status === 404 ? 'Nobody is in this room now.' : error.message);
  }
}

/// The durable members, a page at a time, with a box that adds one.
function roster(api, say, room, tenant) {
  const path = `/api/rooms/${encodeURIComponent(room)}/members`;
  const member = (user) => `${path}/${encodeURIComponent(user)}`;
  const columns = [
    { head: 'Member', cell: (m) => m.user },
    { head: 'Since', cell: (m) => moment(m.since) },
    {
      head: 'Do',
      cell: (m) => ({
        button: 'Remove',
        class: 'small danger',
        label: `Remove ${m.user}`,
        run: () =>
          act(api, say, {
            question: `Take ${m.user} off the roster of ${room}? Their sessions leave the room.`,
            verb: 'Remove',
            method: 'DELETE',
            path: member(m.user),
            query: api.of(tenant),
          }).then((done) => done && restart()),
      }),
    },
  ];
  const { box, body } = table(
    `Roster of ${room}`,
    columns.map(({ head }) => head),
  );
  box.hidden = true;
  const said = h('p', { class: 'dim small', role: 'status' }, 'Asking');
  const input = h('input', {
    'aria-label': 'User to add to the roster',
    placeholder: 'User',
    spellcheck: 'false',
    autocapitalize: 'off',
  });
  const more = h('button', { type: 'button', class: 'small', hidden: true, onclick: () => show() }, 'More');
  const add = h(
    'form',
    {
      class: 'bar',
      onsubmit: async (submit) => {
        submit.preventDefault();
        const user = input.value.trim();
        if (!user) return;
        try {
          await api.call(member(user), { method: 'PUT', query: api.of(tenant) });
          input.value = '';
          await restart();
        } catch (error) {
          setText(said, error.message);
        }
      },
    },
    input,
    h('button', { type: 'submit' }, 'Add to roster'),
  );
  let after = '';
  let items = [];
  function restart() {
    after = '';
    items = [];
    return show();
  }
  async function show() {
    try {
      const { members, next } = await api.call(path, {
        query: { ...api.of(tenant), limit: ROSTER_PAGE, after },
      });
      items = [...items, ...members];
      after = next;
      fillRows(body, columns, items, (m) => m.user);
      box.hidden = !items.length;
      more.hidden = !next;
      setText(
        said,
        items.length
          ? `${plural(items.length, 'member')}${next ? ' and more' : ''} on the roster.`
          : 'Nobody is on the roster.',
      );
    } catch (error) {
      setText(said, error.message);
    }
  }
  show();
  return h('div', { class: 'part' }, h('h3', {}, 'Roster'), said, box, more, add);
}

/// Over Starling's own stream, with this token: it counts as a session of its user while it is open.
function tail(api, room) {
  const { box, events } = eventTable(`What comes in ${room}, the newest first`, ({ kept }) =>
    setText(said, `Listening, ${number(kept)} shown.`),
  );
  const said = h('span', { class: 'dim small', role: 'status' });
  let client = null;
  box.hidden = true;
  const toggle = h(
    'button',
    { type: 'button', onclick: () => (client ? stop() : start()) },
    'Start live tail',
  );
  function start() {
    client = new Starling({ token: api.token, rooms: [room], sharedAcrossTabs: false, storage: null });
    client.on('*', (event) => event.room === room && events.add(event));
    client.on('starling:state', ({ state, reason, message }) => {
      setText(said, state === 'open' ? 'Listening.' : (message ?? reason ?? state));
      if (state === 'closed') stop();
    });
    box.hidden = false;
    setText(toggle, 'Stop');
  }
  function stop() {
    const ending = client;
    client = null;
    ending?.close();
    setText(toggle, 'Start live tail');
  }
  const part = h(
    'div',
    { class: 'part' },
    h('div', { class: 'bar' }, h('h3', {}, 'Live tail'), toggle, said),
    box,
  );
  return { part, stop };
}

function publishBox(api, room) {
  const name = h('input', { value: 'message', spellcheck: 'false', autocapitalize: 'off' });
  const data = h('textarea', { rows: '2' }, '{"text": "hello"}');
  const said = h('span', { role: 'status' });
  const send = async (submit) => {
    submit.preventDefault();
    let payload = data.value;
    try {
      payload = JSON.parse(data.value);
    } catch {
      // plain text is a payload too
    }
    try {
      const { id } = await api.call('/api/publish', {
        method: 'POST',
        body: { room, event: name.value.trim(), data: payload },
      });
      said.className = 'good';
      setText(said, `stored as ${id}`);
    } catch (error) {
      said.className = 'bad';
      setText(said, error.message);
    }
  };
  return h(
    'div',
    { class: 'part' },
    h('h3', {}, 'Publish'),
    h(
      'form',
      { onsubmit: send },
      h('label', {}, 'Event', name),
      h('label', {}, 'Data (JSON, or plain text)', data),
      h('div', { class: 'bar' }, h('button', { type: 'submit', class: 'main' }, 'Publish'), said),
    ),
  );
}

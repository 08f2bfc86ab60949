/// A user, and a session, in detail.
import { h, sheet, table } from '/web/shared/dom.js';
import { bytes, moment, number, plural } from '/web/shared/format.js';
import { act } from '/web/admin/confirm.js';
import { fillRows } from '/web/admin/rows.js';

const fact = (name, value) => [h('dt', {}, name), h('dd', { title: String(value) }, String(value))];

/// -> true when it was ended.
export function endSession(api, say, { client_id: id, user }) {
  return act(api, say, {
    question: `End session ${id} of ${user}? It does not reconnect by itself.`,
    verb: 'Kick',
    path: `sessions/${encodeURIComponent(id)}`,
    method: 'DELETE',
  });
}

export async function showSession(api, say, { client_id: id, tenant }) {
  const said = h('p', { class: 'dim', role: 'status' }, 'Asking');
  const facts = h('dl', { class: 'facts' });
  const kick = h('button', { type: 'button', class: 'danger', disabled: true }, 'Kick');
  const dialog = sheet(`Session ${id}`, said, facts, h('div', { class: 'bar' }, kick));
  try {
    const s = await api.call(`sessions/${encodeURIComponent(id)}`, { query: api.of(tenant) });
    said.remove();
    facts.append(
      ...[
        ['User', s.user],
        ['Tenant', s.tenant],
        ['Node', s.node],
        ['Transport', s.transport],
        ['From', s.remote],
        ['Device', s.device || '–'],
        ['State', s.state],
        ['Opened', moment(s.opened_ms)],
        ['Token until', s.expires_ms > 0 ? moment(s.expires_ms) : 'for ever'],
        ['Delivered', number(s.delivered)],
        ['Queued now', `${plural(s.queued_events, 'event')}, ${bytes(s.queued_bytes)}`],
        ['Position', s.position || '–'],
        ['Rooms', s.rooms?.join(', ') || 'none'],
      ].flatMap(([name, value]) => fact(name, value)),
    );
    kick.disabled = false;
    kick.onclick = async () => {
      if (await endSession(api, say, s)) dialog.close();
    };
  } catch (error) {
    said.className = 'bad';
    said.textContent = error.status === 404 ? 'This session has ended.' : error.message;
  }
}

export async function showUser(api, say, { user, tenant }) {
  const said = h('p', { class: 'dim', role: 'status' }, 'Asking');
  const rooms = h('p');
  const columns = [
    {
      head: 'Client id',
      class: 'id mono',
      cell: (s) => ({
        button: s.client_id,
        class: 'link',
        label: `Open session ${s.client_id}`,
        run: () => showSession(api, say, s),
      }),
    },
    { head: 'Node', cell: (s) => s.node },
    { head: 'Transport', cell: (s) => s.transport },
    { head: 'From', cell: (s) => s.remote },
    { head: 'Device', cell: (s) => s.device || '–' },
    { head: 'Opened', cell: (s) => moment(s.opened_ms) },
    { head: ['Delivered', { class: 'number' }], class: 'number', cell: (s) => number(s.delivered) },
    {
      head: 'Do',
      cell: (s) => ({
        button: 'Kick',
        class: 'small danger',
        label: `Kick session ${s.client_id}`,
        run: () => endSession(api, say, s).then(show),
      }),
    },
  ];
  const { box, body } = table(
    `Sessions of ${user}`,
    columns.map(({ head }) => head),
  );
  const all = h(
    'button',
    {
      type: 'button',
      class: 'danger',
      disabled: true,
      onclick: async () => {
        await act(api, say, {
          question: `End all sessions of ${user}? They do not reconnect by themselves.`,
          verb: 'Kick all',
          method: 'DELETE',
          path: `users/${encodeURIComponent(user)}/sessions`,
          query: api.of(tenant),
        });
        await show();
      },
    },
    'Kick all',
  );
  sheet(`User ${user}`, said, rooms, box, h('div', { class: 'bar part' }, all));

  async function show() {
    try {
      const found = await api.call(`users/${encodeURIComponent(user)}`, { query: api.of(tenant) });
      const shown = found.details ?? [];
      said.className = 'dim';
      said.textContent =
        `Tenant ${found.tenant}, ${plural(found.sessions, 'session')} now` +
        `${found.nodes.length ? ` on ${found.nodes.join(', ')}` : ''}${shown.length < found.sessions ? `, ${number(shown.length)} shown` : ''}.`;
      rooms.textContent = `Rooms by roster: ${found.rooms.join(', ') || 'none'}.`;
      all.disabled = found.sessions === 0;
      fillRows(body, columns, shown, (s) => s.client_id);
    } catch (error) {
      said.className = error.status === 404 ? 'dim' : 'bad';
      said.textContent = error.status === 404 ? 'No session and no room any more.' : error.message;
      all.disabled = true;
      body.replaceChildren();
    }
  }
  await show();
}

/// The three long lists: rooms, users, sessions.
import { $ } from '/web/shared/dom.js';
import { bytes, duration, number } from '/web/shared/format.js';
import { List } from '/web/admin/list.js';
import { showRoom } from '/web/admin/room_detail.js';
import { endSession, showSession, showUser } from '/web/admin/people.js';

const joined = (value) => (Array.isArray(value) ? value.join(', ') : (value ?? '–'));
const opener = (text, label, run) => ({ button: text, class: 'link', label, run });
const nodes = { head: 'On nodes', cell: (item) => joined(item.nodes) };
const tenant = { head: 'Tenant', cell: (item) => item.tenant };

export function makeLists(api, say) {
  const rooms = new List($('view-rooms'), api, {
    plural: 'rooms',
    title: 'Rooms',
    hint: 'Search rooms',
    sort: 'members',
    key: (r) => `${r.tenant}/${r.room}`,
    columns: [
      {
        head: 'Room',
        sort: 'room',
        rising: true,
        cell: (r) => opener(r.room, `Open room ${r.room}`, () => showRoom(api, say, r)),
      },
      { head: 'Sessions now', sort: 'members', class: 'number', cell: (r) => number(r.members) },
      nodes,
      tenant,
    ],
  });
  const users = new List($('view-users'), api, {
    plural: 'users',
    title: 'Users',
    hint: 'Search users',
    sort: 'sessions',
    key: (u) => `${u.tenant}/${u.user}`,
    columns: [
      {
        head: 'User',
        sort: 'user',
        rising: true,
        cell: (u) => opener(u.user, `Open user ${u.user}`, () => showUser(api, say, u)),
      },
      { head: 'Sessions now', sort: 'sessions', class: 'number', cell: (u) => number(u.sessions) },
      nodes,
      tenant,
    ],
  });
  const sessions = new List($('view-sessions'), api, {
    plural: 'sessions',
    title: 'Sessions',
    hint: 'Search user, device, address, id',
    sort: 'newest',
    key: (s) => s.client_id,
    columns: [
      {
        head: 'User',
        cell: (s) =>
          opener(s.user, `Open session ${s.client_id} of ${s.user}`, () => showSession(api, say, s)),
      },
      {
        head: 'Age',
        sort: 'newest',
        rising: true,
        class: 'number',
        cell: (s) => duration((Date.now() - s.opened_ms) / 1000),
      },
      { head: 'Delivered', sort: 'delivered', class: 'number', cell: (s) => number(s.delivered) },
      {
        head: 'Queued now',
        sort: 'queued',
        class: 'number',
        cell: (s) => `${number(s.queued_events)} / ${bytes(s.queued_bytes)}`,
      },
      { head: 'Node', cell: (s) => s.node },
      { head: 'Transport', cell: (s) => s.transport },
      { head: 'From', cell: (s) => s.remote },
      { head: 'Device', cell: (s) => s.device || '–' },
      {
        head: 'Rooms',
        class: 'rooms',
        cell: (s) => ({ text: joined(s.rooms) || '–', title: joined(s.rooms) }),
      },
      tenant,
      { head: 'Client id', sort: 'id', rising: true, class: 'id mono', cell: (s) => s.client_id },
      {
        head: 'Do',
        cell: (s) => ({
          button: 'Kick',
          class: 'small danger',
          label: `Kick session ${s.client_id}`,
          run: () => endSession(api, say, s).then((done) => done && sessions.again()),
        }),
      },
    ],
  });
  return { rooms, users, sessions };
}

/// History and presence of a room, in a sheet. `client` is a Starling client, or something with its
/// history() and presence().
import { h, sheet, table } from '/web/shared/dom.js';
import { eventTable } from '/web/shared/event_table.js';
import { moment, number, plural } from '/web/shared/format.js';

const HISTORY_PAGE = 1000;
const PAGES = 5;

/// Reads on until the end, or `PAGES` long ones: the newest events are the last.
async function readHistory(client, room, found) {
  let after;
  for (let page = 0; page < PAGES; page++) {
    const { events, next } = await client.history(room, { after, limit: HISTORY_PAGE });
    for (const event of events) found({ ...event, room, cursor: event.position, replayed: true });
    if (!next) return true;
    after = next;
  }
  return false;
}

export async function showHistory(client, room) {
  const said = h('p', { class: 'dim small', role: 'status' }, 'Reading');
  const { box, events } = eventTable(`History of ${room}, the newest first`);
  sheet(`History of ${room}`, said, box);
  let count = 0;
  try {
    const whole = await readHistory(client, room, (event) => {
      count++;
      events.add(event);
    });
    said.textContent = `${plural(count, 'event')} in the store${whole ? '' : ', and newer ones that are not read here'}.`;
  } catch (error) {
    said.className = 'bad';
    said.textContent = `No history: ${error.message}`;
  }
}

export async function showPresence(client, room) {
  const said = h('p', { class: 'dim small', role: 'status' }, 'Asking');
  const { box, body } = table(`Who is in ${room}`, [
    'User',
    'State',
    ['Sessions', { class: 'number' }],
    'Since',
  ]);
  sheet(`Presence in ${room}`, said, box);
  try {
    const { count, users, unreachable = [] } = await client.presence(room);
    const silent = unreachable.length ? ` No answer from ${unreachable.join(', ')}.` : '';
    said.textContent = `${plural(count, 'user')} now${users.length < count ? `, ${number(users.length)} shown` : ''}.${silent}`;
    body.append(
      ...users.map(({ user, state, sessions, since }) =>
        h(
          'tr',
          {},
          h('td', { class: 'clip' }, user),
          h('td', {}, state),
          h('td', { class: 'number' }, number(sessions)),
          h('td', {}, moment(since)),
        ),
      ),
    );
  } catch (error) {
    said.className = 'bad';
    said.textContent = `No presence: ${error.message}`;
  }
}

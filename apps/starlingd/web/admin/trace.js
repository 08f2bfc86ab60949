/// The way of an event through the cluster, with a time per hop.
import { h, setText, sheet, table } from '/web/shared/dom.js';
import { milliseconds, number } from '/web/shared/format.js';
import { fillRows } from '/web/admin/rows.js';

const COLUMNS = [
  { head: ['After', { class: 'number' }], class: 'number', cell: (hop) => milliseconds(hop.ms) },
  { head: 'Node', cell: (hop) => hop.node },
  { head: 'Hop', cell: (hop) => hop.hop },
  { head: ['Sessions there', { class: 'number' }], class: 'number', cell: (hop) => number(hop.members) },
];

export async function showTrace(api, room, tenant) {
  const said = h('p', { class: 'dim', role: 'status' }, 'A probe is on its way; clients see nothing of it.');
  const { box, body } = table(
    `Way of a probe to ${room}`,
    COLUMNS.map(({ head }) => head),
  );
  box.hidden = true;
  sheet(`Trace of ${room}`, said, box);
  try {
    const {
      hops,
      stored_ms: stored,
      missing,
      clocks,
    } = await api.call(`rooms/${encodeURIComponent(room)}/trace`, { method: 'POST', query: api.of(tenant) });
    const apart = clocks.map(
      ({ node, ahead_ms: ms }) => ` The clock of ${node} is at least ${milliseconds(Math.abs(ms))} ${ms < 0 ? 'behind' : 'ahead'}.`,
    );
    setText(
      said,
      `Stored after ${milliseconds(stored)}${missing.length ? `; no answer from ${missing.join(', ')}` : ''}.${apart.join('')}`,
    );
    fillRows(
      body,
      COLUMNS,
      hops.map((hop, at) => ({ ...hop, at })),
      (hop) => hop.at,
    );
    box.hidden = false;
  } catch (error) {
    said.className = 'bad';
    setText(said, error.message);
  }
}

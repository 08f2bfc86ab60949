/// What happened to the nodes since this page was opened, read from how their list changed.
import { table, h } from '/web/shared/dom.js';
import { moment, plural } from '/web/shared/format.js';

const KEPT = 200;

/// Two looks at the nodes -> [{node, text, kind}]; kind: good, warn or bad.
export function changes(before, after) {
  const out = [];
  const known = new Map(before.map((node) => [node.id, node]));
  const note = (node, kind, text) => out.push({ node: node.id, kind, text });
  for (const node of after) {
    const was = known.get(node.id);
    if (!was) {
      if (node.state !== 'gone') note(node, 'good', 'joined');
      continue;
    }
    if (was.state !== node.state) {
      if (node.state === 'gone')
        note(
          node,
          was.draining ? 'warn' : 'bad',
          was.draining ? 'left after its drain' : 'gone: silent for 10 s',
        );
      else if (node.state === 'suspect') note(node, 'warn', 'silent for 3 s');
      else if (node.state === 'draining')
        note(node, 'warn', `drains, ${plural(node.sessions, 'session')} to send away`);
      else note(node, 'good', was.started_ms === node.started_ms ? 'is heard again' : 'joined again');
    } else if (was.started_ms !== node.started_ms && node.state !== 'gone') {
      note(node, 'warn', 'was started again');
    }
    if (node.state === 'gone' || was.state === 'gone') continue;
    if (was.engine?.connected !== node.engine?.connected)
      note(
        node,
        node.engine?.connected ? 'good' : 'bad',
        node.engine?.connected ? 'has NATS back' : 'lost NATS',
      );
    else if (was.ready !== node.ready && node.state !== 'draining')
      note(node, node.ready ? 'good' : 'warn', node.ready ? 'is ready' : 'is not ready');
  }
  return out;
}

export class Happened {
  #body;
  #before = null;

  constructor(host) {
    const { box, body } = table('What happened since this page was opened', ['Time', 'Node', 'What'], {
      hideCaption: false,
    });
    host.append(box);
    this.#body = body;
    this.note('–', '', 'this page was opened');
  }

  see(nodes) {
    if (this.#before)
      for (const { node, kind, text } of changes(this.#before, nodes)) this.note(node, kind, text);
    this.#before = nodes;
  }

  note(node, kind, text) {
    this.#body.prepend(
      h('tr', {}, h('td', {}, moment(Date.now())), h('td', {}, node), h('td', { class: kind }, text)),
    );
    while (this.#body.rows.length > KEPT) this.#body.lastElementChild.remove();
  }
}

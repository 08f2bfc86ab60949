/// What to do when the node that this page came from does not answer: say so, and move to another
/// node's page when one is there.
import { $, setText } from '/web/shared/dom.js';
import { clock } from '/web/shared/format.js';

const PROBE_MS = 2000;

/// Is somebody there? The answer of another origin cannot be read, but that there is one can be seen.
async function answers(origin) {
  try {
    await fetch(`${origin}/livez`, {
      mode: 'no-cors',
      cache: 'no-store',
      signal: AbortSignal.timeout(PROBE_MS),
    });
    return true;
  } catch {
    // nobody, or not in time
    return false;
  }
}

/// An address of a machine's own loopback means another machine here than there, unless this page
/// came from that as well.
function elsewhere(admin) {
  const { hostname } = new URL(`http://${admin}`);
  return hostname !== location.hostname && /^(127\.|0\.0\.0\.0$|localhost$|\[::1?\]$)/.test(hostname);
}

export class Failover {
  #since = 0;
  #last = 0; // when figures last came
  #nodes = [];

  heard(nodes) {
    this.#since = 0;
    this.#last = Date.now();
    this.#nodes = nodes;
    $('banner').hidden = true;
    $('main').classList.remove('stale');
  }

  /// `move(url)` is called when another node's page should be opened. -> did it?
  async silent(move) {
    this.#since ||= Date.now();
    const own = this.#nodes.find(({ admin }) => admin === location.host);
    const others = this.#nodes.filter(
      ({ admin, state }) => admin && admin !== location.host && state !== 'gone' && !elsewhere(admin),
    );
    $('main').classList.add('stale');
    $('banner').hidden = false;
    const old = this.#last ? ` Figures are of ${clock(this.#last)}.` : '';
    const name = own ? `node ${own.id}` : location.host;
    if (navigator.onLine === false) {
      setText($('banner'), `This computer is offline.${old}`);
      return false;
    }
    const tried = others.length ? ` Trying ${others.map(({ id }) => id).join(', ')}.` : ' Trying again.';
    setText($('banner'), `No answer from ${name} since ${clock(this.#since)}.${old}${tried}`);
    const there = await Promise.all(others.map(({ admin }) => answers(`${location.protocol}//${admin}`)));
    const next = others[there.indexOf(true)];
    if (!next) return false;
    setText($('banner'), `No answer from ${name}. Moving to node ${next.id}.`);
    move(`${location.protocol}//${next.admin}/admin`);
    return true;
  }
}

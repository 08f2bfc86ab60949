/// The first view: sums, rates, latency, nodes, partitions and what happened.
import { $, h, setText, table } from '/web/shared/dom.js';
import { bytes, duration, milliseconds, minute, number, percent, plural, rate } from '/web/shared/format.js';
import { Chart } from '/web/admin/chart.js';
import { act } from '/web/admin/confirm.js';
import { Happened } from '/web/admin/happened.js';
import { Latencies, Rates } from '/web/admin/rates.js';
import { fillRows } from '/web/admin/rows.js';

const SPAN_MS = 5 * 60_000;
const ASKED_NODES = 32; // for their partitions: each is a request
const PARTITIONS_EVERY = 3; // looks

const here = (node, show) => (node.state === 'gone' ? '–' : show);
const STATES = { alive: 'good', suspect: 'warn', draining: 'warn', gone: 'bad' };

/// alive, but not ready: it takes no new streams.
function state(node) {
  if (node.state === 'alive' && !node.ready) return { text: 'not ready', class: 'state warn' };
  return { text: node.state, class: `state ${STATES[node.state] ?? ''}` };
}

function nats(node) {
  if (node.state === 'gone' || !node.engine) return '–';
  if (node.engine.kind !== 'nats') return node.engine.kind;
  return node.engine.connected ? { text: 'connected', class: 'good' } : { text: 'away', class: 'bad' };
}

export class Overview {
  #api;
  #rates = new Rates();
  #latencies = new Latencies();
  #looks = 0;
  #dropped = null;
  #tiles = new Map();

  constructor(api, say) {
    this.#api = api;
    this.events = new Chart($('charts'), {
      title: 'Events in per second',
      series: ['events'],
      format: rate,
      span_ms: SPAN_MS,
    });
    this.deliveries = new Chart($('charts'), {
      title: 'Deliveries per second',
      series: ['deliveries'],
      format: rate,
      span_ms: SPAN_MS,
    });
    if (api.operator)
      this.latency = new Chart($('charts'), {
        title: 'Publish to socket',
        series: ['median', 'p99'],
        format: milliseconds,
        span_ms: SPAN_MS,
      });
    this.happened = new Happened($('log'));
    this.#nodeTable(say);
    this.#partitionTable();
  }

  #nodeTable(say) {
    const drain = (n) => ({
      button: 'Drain',
      class: 'small danger',
      label: `Drain node ${n.id}`,
      disabled: !this.#api.operator || n.draining || n.state === 'gone',
      run: () =>
        act(this.#api, say, {
          question: `Drain node ${n.id}? It takes no new streams, sends its ${number(n.sessions)} sessions away and exits.`,
          verb: 'Drain',
          path: `nodes/${encodeURIComponent(n.id)}/drain`,
          method: 'POST',
        }),
    });
    const figure = (head, show) => ({
      head: [head, { class: 'number' }],
      class: 'number',
      cell: (n) => here(n, show(n)),
    });
    this.nodeColumns = [
      { head: 'Node', cell: (n) => n.id },
      { head: 'State', cell: state },
      { head: 'NATS', cell: nats },
      figure('Sessions', (n) => number(n.sessions)),
      figure('Rooms', (n) => number(n.rooms)),
      figure('Users', (n) => number(n.users)),
      figure('Events/s', (n) => rate(n.events_in_per_s)),
      figure('Deliveries/s', (n) => rate(n.deliveries_per_s)),
      figure('Outbox', (n) => bytes(n.outbox_bytes)),
      figure('CPU', (n) => percent(n.cpu)),
      figure('Memory', (n) => bytes(n.rss_bytes)),
      figure('Up', (n) => duration(n.uptime_s)),
      { head: 'Public', cell: (n) => n.public },
      { head: 'Version', cell: (n) => n.version },
      { head: [h('span', { class: 'visually-hidden' }, 'Do')], cell: drain },
    ];
    const { box, body } = table(
      'Nodes now',
      this.nodeColumns.map(({ head }) => head),
      { hideCaption: false },
    );
    this.nodes = body;
    $('nodes').append(box);
  }

  #partitionTable() {
    this.partitionColumns = [
      { head: 'Partition', cell: (p) => p.partition },
      { head: 'Node', cell: (p) => p.node },
      { head: ['Position', { class: 'number' }], class: 'number', cell: (p) => number(p.position) },
      {
        head: ['Lag now', { class: 'number' }],
        class: 'number',
        cell: (p) => (p.lag ? { text: number(p.lag), class: 'warn' } : number(p.lag)),
      },
      { head: 'Leader', class: 'leader', cell: (p) => ({ text: p.leader || '–', title: p.leader }) },
    ];
    const { box, body } = table(
      'Partitions of the store',
      this.partitionColumns.map(({ head }) => head),
      { hideCaption: false },
    );
    this.partitions = body;
    this.natsLine = h('p', { class: 'small dim' });
    $('partitions').append(this.natsLine, box);
  }

  /// Called with every look at the cluster.
  async show(nodes, stats) {
    const at = Date.now();
    this.happened.see(nodes);
    this.#noteDropped(stats);
    this.#totals(nodes, stats);
    const order = [...nodes].sort((a, b) => a.id.localeCompare(b.id, 'en', { numeric: true }));
    fillRows(
      this.nodes,
      this.nodeColumns,
      order,
      (n) => n.id,
      (n) => (n.state === 'gone' ? 'gone' : ''),
    );
    const { events_in: events, deliveries } = stats;
    const speed = this.#rates.next(
      at,
      { ...(events === undefined ? {} : { events }), deliveries },
      stats.replied ?? [],
    );
    this.events.push(at, [speed.events ?? NaN]);
    this.deliveries.push(at, [speed.deliveries]);
    if (!this.#api.operator) return;
    const { p50, p99 } = this.#latencies.next(await this.#api.call('latency'));
    this.latency.push(at, [p50, p99]);
    if (this.#looks++ % PARTITIONS_EVERY === 0) await this.#showPartitions(order);
  }

  /// Only between two looks at the same nodes.
  #noteDropped({ dropped, replied = [] }) {
    const of = [...replied].sort().join(' ');
    const more = this.#dropped?.of === of ? dropped - this.#dropped.dropped : 0;
    if (more > 0) this.happened.note('–', 'warn', `${plural(more, 'event')} dropped`);
    this.#dropped = { of, dropped };
  }

  async #showPartitions(nodes) {
    const there = nodes.filter(({ state }) => state !== 'gone');
    const away = there
      .filter(({ engine }) => engine?.kind === 'nats' && !engine.connected)
      .map(({ id }) => id);
    setText(
      this.natsLine,
      there.some(({ engine }) => engine?.kind === 'nats')
        ? `NATS: ${away.length ? `away from ${away.join(', ')}` : `connected on all ${there.length} nodes`}`
        : 'Store in memory, no NATS',
    );
    this.natsLine.className = away.length ? 'small bad' : 'small dim';
    const asked = there.slice(0, ASKED_NODES);
    const answers = await Promise.allSettled(
      asked.map(({ id }) => this.#api.call(`nodes/${encodeURIComponent(id)}`)),
    );
    const rows = answers.flatMap(({ value }, i) =>
      (value?.partitions ?? []).map((part) => ({ ...part, node: asked[i].id })),
    );
    rows.sort((a, b) => a.partition - b.partition);
    fillRows(this.partitions, this.partitionColumns, rows, (p) => `${p.partition} ${p.node}`);
  }

  #totals(nodes, stats) {
    const there = nodes.filter(({ state }) => state !== 'gone');
    const started = Math.min(...there.map(({ started_ms }) => started_ms));
    const since = `since ${minute(started)}`;
    const most = stats.distinct === false ? ', at most' : '';
    const tiles = [
      ['Sessions now', number(stats.sessions)],
      [`Rooms now${most}`, number(stats.rooms)],
      [`Users now${most}`, number(stats.users)],
      [
        'Nodes now',
        there.length === nodes.length ? number(there.length) : `${there.length} of ${nodes.length}`,
      ],
      ['Outbox now', bytes(stats.outbox_bytes)],
      ...[
        ['Events in', 'events_in'],
        ['Deliveries', 'deliveries'],
        ['Opened', 'opened'],
        ['Closed', 'closed'],
        ['Dropped', 'dropped'],
      ]
        .filter(([, field]) => stats[field] !== undefined)
        .map(([name, field]) => [name, number(stats[field]), since]),
    ];
    for (const [name, value, when] of tiles) {
      const key = name.replace(', at most', '');
      if (!this.#tiles.has(key)) {
        const tile = h('div', {}, h('dt'), h('dd'));
        this.#tiles.set(key, tile);
        $('totals').append(tile);
      }
      const [head, figure] = this.#tiles.get(key).children;
      setText(head, when ? `${name} ${when}` : name);
      setText(figure, value);
      head.title = when
        ? 'counted by each node since it was started, added up; the time is that of the oldest'
        : '';
    }
  }
}

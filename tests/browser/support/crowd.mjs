/// A cluster as large as one likes, as the admin API would tell of it: for how a page copes.
const pad = (number) => String(number).padStart(6, '0');
const NODES = ['n1', 'n2', 'n3'];

function session(i, now) {
  return {
    client_id: `00000000-0000-4000-8000-000000${pad(i)}`,
    user: `user-${i}`,
    tenant: 'default',
    node: NODES[i % 3],
    transport: i % 5 ? 'sse' : 'ws',
    device: i % 2 ? '' : `phone-${i}`,
    remote: `10.0.${i % 256}.7:5${i % 1000}`,
    rooms: [`room-${i % 10_000}`, 'everybody'],
    opened_ms: now - i * 1000,
    expires_ms: now + 3_600_000,
    delivered: i,
    queued_events: 0,
    queued_bytes: 0,
    position: `l3x0k2-${i}`,
    state: 'online',
  };
}

/// Answers `page`'s requests to /admin/v1 in the place of a node.
export async function fakeCrowd(page, { sessions = 100_000, rooms = 10_000 } = {}) {
  let looks = 0;
  const nodes = NODES.map((id, i) => ({
    id,
    state: 'alive',
    public: `127.0.0.1:808${i}`,
    admin: `127.0.0.1:908${i}`,
    version: '0.1.0',
    started_ms: Date.now() - 7_200_000,
    uptime_s: 7200,
    sessions: sessions / 3,
    rooms,
    users: sessions / 3,
    events_in_per_s: 500,
    deliveries_per_s: 5e5,
    outbox_bytes: 1e6,
    cpu: 55.5,
    rss_bytes: 4e8,
    ready: true,
    draining: false,
    engine: { kind: 'nats', connected: true },
  }));
  const whole = { replied: NODES, missing: [] };
  const list = (name, total, item) => (query) => {
    const from = Number(query.get('after') || 0);
    const limit = Number(query.get('limit'));
    const items = Array.from({ length: Math.min(limit, total - from) }, (_, i) => item(from + i));
    return { [name]: items, next: from + limit < total ? String(from + limit) : null, total, ...whole };
  };
  const answers = {
    config: () => ({}),
    nodes: () => ({ nodes, next: null, ...whole }),
    stats: () => {
      looks++;
      return {
        sessions,
        rooms,
        users: sessions,
        events_in: looks * 1000,
        deliveries: looks * 1e6,
        bytes_out: looks * 1e8,
        opened: sessions + looks,
        closed: looks,
        dropped: 0,
        outbox_bytes: 3e6,
        nodes: 3,
        distinct: true,
        ...whole,
      };
    },
    latency: () => ({
      bounds_ms: [1, 10, 100],
      counts: [looks * 900, looks * 90, looks * 9, looks],
      ...whole,
    }),
    rooms: list('rooms', rooms, (i) => ({
      room: `room-${i}`,
      tenant: 'default',
      members: rooms - i,
      nodes: NODES,
    })),
    users: list('users', sessions, (i) => ({
      user: `user-${i}`,
      tenant: 'default',
      sessions: 1,
      nodes: [NODES[i % 3]],
    })),
    sessions: list('sessions', sessions, (i) => session(i, Date.now())),
  };
  await page.route(/\/admin\/v1\//, (route) => {
    const { pathname, searchParams } = new URL(route.request().url());
    const name = pathname.replace('/admin/v1/', '');
    const partitions = [0, 1, 2].map((partition) => ({
      partition,
      position: 1e6 + looks,
      lag: 0,
      leader: 'nats-1',
    }));
    const found =
      answers[name]?.(searchParams) ?? (name.startsWith('nodes/') ? { ...nodes[0], partitions } : null);
    return found
      ? route.fulfill({ json: found })
      : route.fulfill({ status: 404, json: { error: { code: 'not_found', message: 'no such thing' } } });
  });
}

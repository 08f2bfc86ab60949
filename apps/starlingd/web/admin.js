const INTERVAL_MS = 2000;
const POINTS = 60;
const TOP = 20;
const PAGE = 50;
const $ = (id) => document.getElementById(id);
const rateHistory = { events: [], deliveries: [] };
let token = '';
let last = null;
let timer = null;

class Refused extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

async function call(path, method = 'GET') {
  const response = await fetch(`/admin/v1/${path}`, {
    method, headers: { Authorization: `Bearer ${token}` }, cache: 'no-store',
  });
  const text = await response.text();
  let answer = {};
  try {
    answer = text ? JSON.parse(text) : {};
  } catch { // a proxy's page instead of an answer: the status is what counts
    answer = {};
  }
  if (!response.ok) throw new Refused(response.status, answer.error?.message ?? `HTTP ${response.status}`);
  return answer;
}

const number = (value) => (Number.isFinite(value) ? value.toLocaleString('en') : '–');
const rate = (value) => (Number.isFinite(value) ? value.toFixed(value < 10 ? 1 : 0) : '–');
const percent = (value) => (Number.isFinite(value) ? `${value.toFixed(1)} %` : '–');

function bytes(value) {
  if (!Number.isFinite(value)) return '–';
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let at = 0;
  for (; value >= 1024 && at < units.length - 1; at++) value /= 1024;
  return `${value.toFixed(at ? 1 : 0)} ${units[at]}`;
}

function duration(seconds) {
  if (!Number.isFinite(seconds)) return '–';
  const [d, h, m] = [seconds / 86400, (seconds / 3600) % 24, (seconds / 60) % 60].map(Math.floor);
  return d ? `${d} d ${h} h` : h ? `${h} h ${m} min` : m ? `${m} min` : `${Math.floor(seconds)} s`;
}

// Rows keep their elements between polls by key, so a focused button stays focused.
function table(id, columns, rows, key) {
  const element = $(id);
  if (!element.tHead) {
    const head = element.createTHead().insertRow();
    for (const [title] of columns) {
      const cell = document.createElement('th');
      cell.scope = 'col';
      cell.textContent = title;
      head.append(cell);
    }
    element.createTBody();
  }
  const body = element.tBodies[0];
  const known = new Map([...body.rows].map((row) => [row.dataset.key, row]));
  rows.forEach((item, index) => {
    let row = known.get(String(key(item)));
    known.delete(String(key(item)));
    if (!row) {
      row = document.createElement('tr');
      row.dataset.key = key(item);
      for (const [] of columns) row.insertCell();
    }
    if (body.rows[index] !== row) body.insertBefore(row, body.rows[index] ?? null);
    columns.forEach(([, render], at) => fill(row.cells[at], render(item)));
  });
  for (const row of known.values()) row.remove();
}

function fill(cell, value) {
  if (value?.button) {
    const button = cell.querySelector('button') ?? cell.appendChild(document.createElement('button'));
    button.type = 'button';
    button.className = 'danger';
    button.textContent = value.button;
    button.setAttribute('aria-label', value.label);
    button.disabled = Boolean(value.disabled);
    button.onclick = value.run;
    return;
  }
  const text = String(value?.text ?? value ?? '–');
  if (cell.textContent !== text) cell.textContent = text;
  cell.className = value?.className ?? '';
}

const list = (value) => (Array.isArray(value) ? value.join(', ') : value ?? '–');

const NODE_COLUMNS = [
  ['Node', (n) => n.id],
  ['State', (n) => ({ text: stateOf(n), className: `word ${stateOf(n)}` })],
  ['Ready', (n) => (n.ready === undefined ? '–' : n.ready ? 'yes' : 'no')],
  ['Sessions', (n) => number(n.sessions)],
  ['Rooms', (n) => number(n.rooms)],
  ['Users', (n) => number(n.users)],
  ['Events/s', (n) => rate(n.events_in_per_s)],
  ['Deliveries/s', (n) => rate(n.deliveries_per_s)],
  ['Outbox', (n) => bytes(n.outbox_bytes)],
  ['CPU', (n) => percent(n.cpu)],
  ['Memory', (n) => bytes(n.rss_bytes)],
  ['Engine', (n) => (n.engine ? `${n.engine.kind}${n.engine.connected === false ? ', away' : ''}` : '–')],
  ['Public', (n) => n.public],
  ['Version', (n) => n.version],
  ['Up', (n) => duration(n.uptime_s)],
  ['', (n) => ({
    button: 'Drain', label: `Drain node ${n.id}`, disabled: n.draining || stateOf(n) === 'gone',
    run: () => act(`Drain node ${n.id}? It takes no new streams, sends its sessions away and exits.`,
      'Drain', 'POST', `nodes/${encodeURIComponent(n.id)}/drain`),
  })],
];
const ROOM_COLUMNS = [
  ['Room', (r) => r.room], ['Tenant', (r) => r.tenant], ['Members', (r) => number(r.members)],
  ['Nodes', (r) => list(r.nodes)],
];
const USER_COLUMNS = [
  ['User', (u) => u.user], ['Tenant', (u) => u.tenant], ['Sessions', (u) => number(u.sessions)],
  ['Nodes', (u) => list(u.nodes)],
];
const SESSION_COLUMNS = [
  ['Client id', (s) => s.client_id], ['User', (s) => s.user], ['Tenant', (s) => s.tenant],
  ['Node', (s) => s.node], ['Transport', (s) => s.transport], ['Device', (s) => s.device || '–'],
  ['From', (s) => s.remote], ['Rooms', (s) => list(s.rooms)],
  ['Age', (s) => duration((Date.now() - s.opened_ms) / 1000)],
  ['Delivered', (s) => number(s.delivered)],
  ['Queued', (s) => `${number(s.queued_events)} / ${bytes(s.queued_bytes)}`],
  ['Position', (s) => s.position],
  ['', (s) => ({
    button: 'Kick', label: `Kick session ${s.client_id}`,
    run: () => act(`End session ${s.client_id} of ${s.user}? It does not reconnect by itself.`, 'Kick',
      'DELETE', `sessions/${encodeURIComponent(s.client_id)}`),
  })],
];

function stateOf(node) {
  return node.draining ? 'draining' : node.state ?? 'alive';
}

async function act(question, verb, method, path) {
  $('confirm-text').textContent = question;
  $('confirm-yes').textContent = verb;
  $('confirm').returnValue = 'no';
  $('confirm').showModal();
  await new Promise((resolve) => { $('confirm').addEventListener('close', resolve, { once: true }); });
  if ($('confirm').returnValue !== 'yes') return;
  try {
    await call(path, method);
    say(`${verb}: done`);
  } catch (error) {
    say(`${verb} failed: ${error.message}`, true);
  }
}

function say(text, bad = false) {
  $('status').textContent = text;
  $('status').className = bad ? 'bad' : 'dim';
}

// Counters of nodes that come and go may fall; that second is left out instead of shown below zero.
function rates(stats) {
  const now = performance.now();
  if (last) {
    const seconds = (now - last.now) / 1000;
    for (const [name, field] of [['events', 'events_in'], ['deliveries', 'deliveries']]) {
      const value = (stats[field] - last.stats[field]) / seconds;
      if (!(value >= 0)) continue;
      rateHistory[name].push(value);
      if (rateHistory[name].length > POINTS) rateHistory[name].shift();
      $(`rate-${name}`).textContent = rate(value);
      draw(`line-${name}`, rateHistory[name]);
    }
  }
  last = { now, stats };
}

function draw(id, values) {
  const top = Math.max(1, ...values);
  const points = values.map((value, index) =>
    `${(100 * (POINTS - values.length + index)) / (POINTS - 1)},${38 - (36 * value) / top}`);
  $(id).querySelector('polyline').setAttribute('points', points.join(' '));
}

function totals(stats) {
  const tiles = [
    ['Sessions', number(stats.sessions)], ['Rooms', number(stats.rooms)], ['Users', number(stats.users)],
    ['Nodes', number(stats.nodes?.length ?? stats.nodes)], ['Events in', number(stats.events_in)],
    ['Deliveries', number(stats.deliveries)], ['Opened', number(stats.opened)],
    ['Closed', number(stats.closed)], ['Dropped', number(stats.dropped)],
    ['Outbox', bytes(stats.outbox_bytes)],
  ];
  $('totals').replaceChildren(...tiles.map(([name, value]) => {
    const tile = document.createElement('div');
    tile.className = 'tile';
    tile.innerHTML = '<b></b><span></span>';
    [tile.children[0].textContent, tile.children[1].textContent] = [value, name];
    return tile;
  }));
}

async function poll() {
  const answers = await Promise.all([
    call('nodes'), call('stats'), call(`rooms?limit=${PAGE}`), call(`users?limit=${PAGE}`),
    call(`sessions?limit=${PAGE}`),
  ]);
  const [nodes, stats, rooms, users, sessions] = answers;
  $('cluster').hidden = false;
  const missing = [...new Set(answers.flatMap((answer) => answer.missing ?? []))];
  $('missing').hidden = !missing.length;
  $('missing').textContent = `No answer from: ${missing.join(', ')}. Figures are without them.`;
  totals(stats);
  rates(stats);
  const by = (field) => (a, b) => (b[field] ?? 0) - (a[field] ?? 0);
  const top = (items = [], field) => [...items].sort(by(field)).slice(0, TOP);
  table('nodes', NODE_COLUMNS, nodes.nodes ?? [], (n) => n.id);
  table('rooms', ROOM_COLUMNS, top(rooms.rooms, 'members'), (r) => `${r.tenant}/${r.room}`);
  table('users', USER_COLUMNS, top(users.users, 'sessions'), (u) => `${u.tenant}/${u.user}`);
  table('sessions', SESSION_COLUMNS, sessions.sessions ?? [], (s) => s.client_id);
  say(`updated ${new Date().toLocaleTimeString()}${sessions.next ? `, first ${PAGE} sessions shown` : ''}`);
}

async function loop() {
  clearTimeout(timer);
  if (!token) return;
  try {
    if (!document.hidden) await poll();
  } catch (error) {
    if (error.status === 401 || error.status === 403) {
      signOut();
      return say(`Not signed in: ${error.message}`, true);
    }
    say(`No answer: ${error.message}`, true);
  }
  clearTimeout(timer);
  timer = setTimeout(loop, INTERVAL_MS);
}

function signIn(value) {
  token = value;
  sessionStorage.setItem('admin:token', token);
  $('login').querySelector('label').hidden = $('login').querySelector('.main').hidden = true;
  $('logout').hidden = false;
  $('token').value = '';
  loop();
}

function signOut() {
  token = '';
  last = null;
  clearTimeout(timer);
  sessionStorage.removeItem('admin:token');
  $('login').querySelector('label').hidden = $('login').querySelector('.main').hidden = false;
  $('logout').hidden = $('cluster').hidden = true;
  say('not signed in');
}

$('login').addEventListener('submit', (submit) => {
  submit.preventDefault();
  if ($('token').value.trim()) signIn($('token').value.trim());
});
$('logout').addEventListener('click', signOut);
document.addEventListener('visibilitychange', () => document.hidden || loop());

// A fragment never reaches a server or its log; it leaves the address bar as well.
const given = new URLSearchParams(location.hash.slice(1)).get('token');
if (location.hash) history.replaceState(null, '', location.pathname + location.search);
const known = given ?? sessionStorage.getItem('admin:token');
if (known) signIn(known);

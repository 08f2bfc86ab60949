import { Starling } from '/starling.js';

const MAX_ROWS = 200;
const REMEMBERED = ['token', 'rooms', 'device', 'format', 'transport'];
const $ = (id) => document.getElementById(id);
const latencies = [];
let client = null;
let countdown = null;

const GOODBYES = {
  replaced: 'This device connected again elsewhere.',
  session_limit: 'This user has too many sessions.',
  kicked: 'An administrator ended this session.',
  token_expired: 'The token has expired.',
  token_revoked: 'The token was revoked.',
  draining: 'The node is being drained.',
  slow_consumer: 'This client read too slowly.',
  overload: 'The node is overloaded.',
  shutdown: 'The node is shutting down.',
};
const LOSSES = {
  expired: 'history no longer reaches back far enough',
  epoch: 'the store was recreated',
  bad_cursor: 'the position is not known here',
  forbidden: 'no longer allowed',
};

function notice(text, bad = false) {
  $('notice').textContent = text;
  $('notice').classList.toggle('bad', bad);
}

function farewell({ code, reason, reconnect }) {
  const words = GOODBYES[code] ?? reason ?? code;
  notice(`Goodbye (${code}): ${words} ${reconnect ? 'Coming back by itself.' : 'Not reconnecting.'}`, true);
}

function showState({ state, delay = 0, reason, message }) {
  clearInterval(countdown);
  const words = { open: 'connected', paused: 'paused', follower: 'waiting for another tab' };
  $('state').dataset.state = state;
  $('state').textContent = words[state] ?? state;
  $('connect').disabled = state !== 'closed';
  $('disconnect').disabled = state === 'closed';
  if (state === 'closed') sessionStorage.removeItem('page:connected');
  if (state === 'closed' && reason) notice(`Closed: ${message ?? reason}`, !reason.startsWith('closed by'));
  if (state !== 'waiting' && state !== 'offline') return;
  const until = Date.now() + delay;
  const tick = () => {
    const seconds = Math.max(0, (until - Date.now()) / 1000).toFixed(1);
    $('state').textContent = `${state}, next attempt in ${seconds} s`;
  };
  tick();
  countdown = setInterval(tick, 200);
}

function showCounters() {
  $('last-id').textContent = client?.lastId || '–';
  $('reconnects').textContent = client?.counters.reconnects ?? 0;
  $('heartbeats').textContent = client?.counters.heartbeats ?? 0;
  $('count').textContent = client?.counters.events ?? 0;
  const sorted = [...latencies].sort((a, b) => a - b);
  $('median').textContent = sorted.length ? `${sorted[sorted.length >> 1]} ms` : '–';
}

function showSession(session) {
  $('user').textContent = `${session.user ?? '–'}${session.tenant ? ` @ ${session.tenant}` : ''}`;
  $('node').textContent = session.node ?? '–';
  $('client-id').textContent = session.client_id ?? '–';
  $('joined').textContent = session.rooms?.join(', ') || '–';
  $('via').textContent = client.transport;
  const lost = (session.lost ?? []).map(({ room, reason }) =>
    `${room === '*' ? 'everything' : room}: ${LOSSES[reason] ?? reason}`);
  if (lost.length) notice(`Events were lost, fetch the state again (${lost.join('; ')}).`, true);
  else notice(session.resumed ? `Resumed; ${session.replayed ?? 0} events replayed.` : '');
}

function addEvent(event) {
  const latency = event.ts === undefined ? null : Date.now() - event.ts;
  if (latency !== null && !event.replayed) latencies.push(latency);
  if (latencies.length > 100) latencies.shift();
  if ($('hold').checked) return;
  const target = event.room ?? (event.user ? `user ${event.user}` : '');
  const shown = latency === null ? '–' : `${latency} ms`;
  const cells = [
    ['Id', event.id, 'id'], ['Target', target, 'target'], ['Event', event.event, 'event'],
    ['Data', typeof event.data === 'string' ? event.data : JSON.stringify(event.data), 'data'],
    ['Latency', event.replayed ? `${shown}, replayed` : shown, 'latency'],
  ];
  const row = document.createElement('tr');
  for (const [label, text, name] of cells) {
    const cell = row.insertCell();
    cell.dataset.label = label;
    cell.className = name;
    cell.textContent = text ?? '';
  }
  $('events').prepend(row);
  while ($('events').rows.length > MAX_ROWS) $('events').lastElementChild.remove();
  $('none').hidden = true;
}

function connect() {
  client?.close();
  for (const name of REMEMBERED) sessionStorage.setItem(`page:${name}`, $(name).value);
  sessionStorage.setItem('page:connected', '1');
  notice('');
  const transport = $('transport').value;
  const native = transport === 'native';
  client = new Starling({
    url: location.origin,
    token: $('token').value.trim(),
    rooms: $('rooms').value.split(',').map((room) => room.trim()).filter(Boolean),
    device: $('device').value.trim() || undefined,
    format: native && $('format').value !== 'named' ? 'message' : $('format').value,
    transport: native ? 'sse' : transport,
    native,
    sharedAcrossTabs: $('shared').checked,
  });
  client.on('*', addEvent);
  client.on('starling:state', showState);
  client.on('starling:connected', showSession);
  client.on('starling:goodbye', farewell);
  client.on('starling:error', ({ status, message }) =>
    notice(`${status ? `${status}: ` : ''}${message}`, true));
  client.on('starling:gap', () => notice('The node dropped events for this slow client.', true));
}

$('connect-form').addEventListener('submit', (submit) => {
  submit.preventDefault();
  connect();
});

$('disconnect').addEventListener('click', () => client?.close());

$('clear').addEventListener('click', () => {
  $('events').replaceChildren();
  $('none').hidden = false;
});

$('target-kind').addEventListener('change', () => {
  $('target').disabled = $('target-kind').value === 'all';
});

function parsedData() {
  const text = $('data').value;
  try {
    return JSON.parse(text);
  } catch { // plain text is a payload too
    return text;
  }
}

$('publish-form').addEventListener('submit', async (submit) => {
  submit.preventDefault();
  const kind = $('target-kind').value;
  const target = kind === 'all' ? { all: true } : { [kind]: $('target').value.trim() };
  const publisher = client ?? new Starling({
    url: location.origin, token: $('token').value.trim(), autoConnect: false,
  });
  const began = performance.now();
  $('published').classList.remove('bad');
  $('published').textContent = 'sending';
  try {
    await publisher.publish({
      ...target, event: $('event-name').value.trim(), data: parsedData(),
      ...($('ephemeral').checked ? { ephemeral: true } : {}),
    });
    $('published').textContent = `accepted in ${Math.round(performance.now() - began)} ms`;
  } catch (error) {
    $('published').classList.add('bad');
    $('published').textContent = `${error.status ?? ''} ${error.message}`;
  }
});

// A fragment never reaches a server or its log; it leaves the address bar as well.
const fragment = new URLSearchParams(location.hash.slice(1));
for (const name of REMEMBERED) {
  const value = fragment.get(name) ?? sessionStorage.getItem(`page:${name}`);
  if (value !== null) $(name).value = value;
}
if (fragment.get('rooms')) $('target').value = fragment.get('rooms').split(',')[0];
if (location.hash) history.replaceState(null, '', location.pathname + location.search);
if (fragment.get('token') || sessionStorage.getItem('page:connected')) connect();
setInterval(showCounters, 250);

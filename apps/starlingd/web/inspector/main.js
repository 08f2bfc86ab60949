/// The page `/`: what a client hears, and what its connection is like. One client at a time.
import { Starling } from '/starling.js';
import { goodbyeText, lossText } from '/web/inspector/words.js';
import { Rooms } from '/web/inspector/rooms.js';
import { Status } from '/web/inspector/status.js';
import { watchPublishForm } from '/web/inspector/publish.js';
import { $, copyButton, debounce, setText } from '/web/shared/dom.js';
import { EventTable } from '/web/shared/event_table.js';
import { number } from '/web/shared/format.js';
import { makeCommand, takeFragment } from '/web/shared/token.js';

const REMEMBERED = ['token', 'rooms', 'device', 'format', 'transport'];
const FILTER_MS = 150;
const status = new Status();
const rooms = new Rooms();
const events = new EventTable({ body: $('events'), box: $('events-box'), changed: showList });
let client = null;

function notice(text, bad = false) {
  setText($('notice'), text);
  $('notice').className = bad ? 'bad' : '';
}

function showList({ kept, shown, waiting, older }) {
  $('older').hidden = !older;
  $('none').hidden = shown > 0;
  if (kept > 0) setText($('none-text'), 'Nothing of what was received matches.');
  $('pause').setAttribute('aria-pressed', String(events.paused));
  setText($('pause'), events.paused ? `Resume (${number(waiting)} new)` : 'Pause');
}

/// Without a token, or with one that was refused, the page says how to get one.
function showHelp(needed) {
  $('help').hidden = !needed;
}

function showState(change) {
  const { state, reason, message, status: code } = change;
  status.showState(change);
  $('connect').disabled = state !== 'closed';
  $('disconnect').disabled = state === 'closed';
  if (state !== 'closed') return;
  sessionStorage.removeItem('page:connected');
  showHelp(code === 401 || code === 403 || reason === 'token refused');
  if (message === 'goodbye' || !reason) return; // the goodbye itself has said more
  notice(`Closed: ${message ?? reason}`, !reason.startsWith('closed by'));
}

function showSession(session) {
  status.showSession(session);
  showHelp(false);
  if (session.lost?.length) notice(lossText(session.lost), true);
  else notice(session.resumed ? `Resumed; ${session.replayed ?? 0} events replayed.` : '');
  if (!events.paused) setText($('none-text'), 'Connected. Nothing yet: publish something.');
}

function options() {
  const transport = $('transport').value;
  const native = transport === 'native';
  return {
    url: location.origin,
    token: $('token').value.trim() || undefined,
    rooms: $('rooms')
      .value.split(',')
      .map((room) => room.trim())
      .filter(Boolean),
    device: $('device').value.trim() || undefined,
    format: native && $('format').value !== 'named' ? 'message' : $('format').value,
    transport: native ? 'sse' : transport,
    native,
    sharedAcrossTabs: $('shared').checked,
  };
}

function connect() {
  client?.close();
  for (const name of REMEMBERED) sessionStorage.setItem(`page:${name}`, $(name).value);
  sessionStorage.setItem('page:connected', '1');
  notice('');
  client = new Starling(options());
  status.client = client;
  rooms.client = client;
  client.on('*', (event) => events.add(event, status.delayOf(event)));
  client.on('starling:state', showState);
  client.on('starling:connected', showSession);
  client.on('starling:goodbye', (goodbye) => notice(goodbyeText(goodbye), true));
  client.on('starling:lost', (lost) => notice(lossText(lost), true));
  client.on('starling:error', ({ status: code, message }) =>
    notice(`${code ? `${code}: ` : ''}${message}`, true),
  );
  client.on('starling:gap', () => notice('The node dropped events for this slow client.', true));
}

$('connect-form').addEventListener('submit', (submit) => {
  submit.preventDefault();
  connect();
});
$('disconnect').addEventListener('click', () => client?.close());
$('clear').addEventListener('click', () => events.clear());
$('pause').addEventListener('click', () => {
  events.paused = !events.paused;
});
$('more').addEventListener('click', () => events.showMore());
$('filter').addEventListener(
  'input',
  debounce(() => {
    events.filter = $('filter').value.trim();
  }, FILTER_MS),
);
watchPublishForm(() => client ?? new Starling({ ...options(), autoConnect: false }));

// The client has remembered what it heard as heard.
addEventListener('pagehide', () => events.flush());

setText($('help-command'), makeCommand(false));
$('help-copy').append(copyButton('Copy the command', () => makeCommand(false)));

const fragment = takeFragment();
for (const name of REMEMBERED) {
  const value = fragment.get(name) ?? sessionStorage.getItem(`page:${name}`);
  if (value !== null) $(name).value = value;
}
if (fragment.get('rooms')) $('target').value = fragment.get('rooms').split(',')[0];
if (fragment.get('token') || sessionStorage.getItem('page:connected')) connect();
else showHelp(!$('token').value);

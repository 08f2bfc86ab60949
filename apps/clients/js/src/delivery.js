import { StarlingError } from './errors.js';
import { makeRepeats } from './repeats.js';

/// Says to the listeners of `client` what a connection brought, be it of this tab or of another:
/// messages of inbox.js and run.js, {kind, said?, cursor?, ...}. Returns a function for a list of them.
export function makeDelivery(client, core) {
  const repeats = makeRepeats();
  const { counters } = client;
  const { emit } = core.listeners;
  const { position, rooms } = core;

  function event(given, { asked, key }) {
    if (asked && !rooms.has(given.room)) return;
    const { again, replayed } = repeats.look(key);
    if (again) return void counters.duplicates++;
    counters.events++;
    const seen = { ...given, replayed };
    emit(seen.event, seen);
    emit('*', seen);
  }

  function connected(session) {
    client.session = session;
    client.clientId = session.client_id;
    repeats.connected(session.replayed);
    if (counters.connects++) counters.reconnects++;
    core.state({ state: 'open', url: client.url, transport: client.transport });
    emit('starling:connected', session);
    if (session.lost?.length) emit('starling:lost', session.lost);
    if (!core.run?.restarting) rooms.settle(); // else this connection does not answer them yet
  }

  function final(detail) {
    core.stop('final');
    rooms.settle(new StarlingError(detail.reason ?? 'connection ended'));
    core.state({ state: 'closed', ...detail });
  }

  function hear({ kind, said, ...message }) {
    if (kind === 'heartbeat') counters.heartbeats++;
    if (kind === 'goodbye' && said.code === 'session_limit')
      console.warn('Starling: too many sessions of this user (sessions.max_per_user):', said);
    const own = { event, connected, final, state: core.state, position() {} }[kind];
    if (own) own(said, message);
    else emit(`starling:${kind}`, said);
  }

  return (messages) => {
    const { run } = core;
    for (const message of messages) {
      if (core.run !== run) break; // a listener has closed this client
      hear(message);
      position.at(message.cursor);
    }
    position.store();
  };
}

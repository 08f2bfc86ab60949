import { StarlingError } from './errors.js';
import { parseJson } from './util.js';

const HEARTBEAT_MS = 30_000;
/// Events that belong to the protocol.
export const CONTROL = ['connected', 'goodbye', 'heartbeat', 'token_expiring', 'gap'];

/// What arrives on one link, as messages for everybody who listens: those of one read go out together,
/// which costs one broadcast and one stored position, however many they are.
export function makeInbox({ options, rooms, relay, renew }, link) {
  const messages = [];
  const put = (kind, said, cursor, more) => link.ended || messages.push({ kind, said, cursor, ...more });

  const inbox = {
    /// `take` calls the functions below with all that one read brought.
    read(take) {
      link.touch();
      try {
        take();
      } finally {
        relay(messages.splice(0));
      }
    },

    /// An event of an event stream, in any format.
    frame(type, raw, cursor) {
      const data = parseJson(raw);
      if (typeof data?.event === 'string' && 'data' in data && 'ts' in data)
        return inbox.event({ ...data, cursor });
      if (CONTROL.includes(type)) return inbox.command({ ...data, type }, cursor);
      if (options.format === 'both') return; // the envelope of the same event follows
      inbox.event({ id: cursor, cursor, event: type, data: data === undefined ? raw : data, raw },
        `${cursor}|${raw.length}|${raw.slice(0, 80)}`);
    },

    event(event, id = `${event.id}|${event.ts}`) {
      // Rooms that a tab asked for are that tab's; what the roster or the token adds is everybody's.
      const asked = link.rooms.includes(event.room);
      const key = `${event.event}|${event.room ?? event.user ?? ''}|${id}`;
      put('event', event, event.cursor, { key, asked });
    },

    heartbeat(cursor) {
      put('heartbeat', {}, cursor);
    },

    /// All that came up to there has been said.
    position(cursor) {
      put('position', {}, cursor);
    },

    /// What the server itself has to say.
    command({ type, ...said }, cursor = said.id) {
      if (link.ended) return;
      switch (type) {
        case 'event':
          return inbox.event({ ...said, cursor });
        case 'connected':
          link.open(said.heartbeat_ms ?? HEARTBEAT_MS);
          return put(type, said, cursor || (said.resumed ? '' : said.position));
        case 'goodbye':
          // A final one carries the closing mark, which is no position.
          put(type, said, said.reconnect === false ? '' : cursor);
          link.goodbye = said;
          return link.end(type);
        case 'gap':
          return put(type, said, cursor);
        case 'token_expiring':
          return renew(link);
        case 'heartbeat':
        case 'pong':
          return inbox.heartbeat(cursor);
        case 'ack':
          return rooms.answered(said.ref);
        case 'error': {
          const { ref, code, message = 'refused' } = said;
          if (!rooms.answered(ref, new StarlingError(message, { code })))
            put(type, { status: 0, code, message });
          return;
        }
        default: // a frame of a newer server: counts as activity, nothing else
      }
    },
  };
  return inbox;
}

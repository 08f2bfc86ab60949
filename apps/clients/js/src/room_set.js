import { StarlingError } from './errors.js';

/// The rooms that this tab wants, those that the server has accepted, and who waits for its answer.
export function makeRoomSet(rooms) {
  let wanted = new Set(rooms);
  let accepted = new Set(rooms);
  let waiters = []; // the next `connected` answers them
  let nextRef = 1;
  const asked = new Map(); // commands on a WebSocket, by their `ref`

  const set = {
    list: () => [...wanted],
    has: (room) => wanted.has(room),

    /// type: 'subscribe' | 'unsubscribe'. -> the rooms for which that is new.
    change(type, names) {
      const add = type === 'subscribe';
      const changed = names.filter((room) => wanted.has(room) !== add);
      for (const room of changed) wanted[add ? 'add' : 'delete'](room);
      return changed;
    },

    /// Says a change on a connection that takes commands; it is undone when the server refuses.
    send(link, type, changed) {
      const ref = String(nextRef++);
      link.send({ type, rooms: changed, ref });
      return new Promise((resolve, reject) => {
        asked.set(ref, (error) => {
          if (!error) return resolve();
          set.change(type === 'subscribe' ? 'unsubscribe' : 'subscribe', changed);
          reject(error);
        });
      });
    },

    /// The answer to a command: no error when it was obeyed. False when nobody waits for it.
    answered(ref, error) {
      asked.get(ref)?.(error);
      return asked.delete(ref);
    },

    /// The connection is gone, and what was asked on it with it.
    cut() {
      for (const ref of asked.keys()) set.answered(ref, new StarlingError('connection lost'));
    },

    nextAnswer() {
      return new Promise((resolve, reject) => {
        waiters.push((error) => (error ? reject(error) : resolve()));
      });
    },

    settle(error) {
      for (const answer of waiters) answer(error);
      waiters = [];
    },

    accept(names) {
      accepted = new Set(names);
    },

    /// A room that was added and refused must not cost the rooms that work. False: all were accepted
    /// before.
    rollBack(link) {
      if (set.list().every((room) => accepted.has(room))) return false;
      wanted = new Set(accepted);
      set.settle(new StarlingError(link.message, link));
      return true;
    },
  };
  return set;
}

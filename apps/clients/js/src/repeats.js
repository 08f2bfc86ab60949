const KEPT = 512; // per tab

/// Recognises what a replay says again: it may repeat what an earlier connection delivered just before
/// it broke. Only there do equal keys mean the same event: ephemeral events share the cursor of their
/// predecessor.
export function makeRepeats() {
  const seen = new Map(); // key -> number of the connection
  let connection = 0;
  let left = 0;
  return {
    /// replayed: how many events of before come first.
    connected(replayed = Infinity) {
      left = replayed;
      connection++;
    },

    /// -> {replayed: it was said before this connection began, again: and this tab had it}.
    look(key) {
      const replayed = left > 0;
      if (replayed) left--;
      if (replayed && seen.get(key) < connection) return { again: true };
      seen.set(key, connection);
      if (seen.size > KEPT) seen.delete(seen.keys().next().value);
      return { replayed };
    },
  };
}

/// The cursor to resume from (`last`). It outlives a reload in `storage`: Storage-like, null for none,
/// undefined for the page's own.
export function makePosition(storage = ofThePage()) {
  let key;
  let stored;
  return {
    last: '',

    restore(name) {
      key = name;
      this.last ||= storage?.getItem(key) ?? '';
    },

    at(cursor) {
      if (cursor) this.last = cursor;
    },

    store() {
      if (this.last === stored) return;
      stored = this.last;
      try {
        storage?.setItem(key, stored);
      } catch { // a full storage costs the resume after a reload, not the stream
        storage = null;
      }
    },
  };
}

function ofThePage() {
  try {
    return globalThis.sessionStorage;
  } catch { // a sandboxed frame forbids even to look at it
    return null;
  }
}

/// Who listens to what, by name.
export function makeListeners() {
  const byName = new Map();
  return {
    names: () => [...byName.keys()],

    add(name, fn) {
      if (!byName.has(name)) byName.set(name, new Set());
      byName.get(name).add(fn);
    },

    remove(name, fn) {
      byName.get(name)?.delete(fn);
    },

    emit(name, value) {
      for (const fn of [...(byName.get(name) ?? [])]) {
        try {
          fn(value);
        } catch (error) { // a listener's fault is reported as uncaught and must not end the stream
          if (globalThis.reportError) reportError(error);
          else setTimeout(() => { throw error; });
        }
      }
    },
  };
}

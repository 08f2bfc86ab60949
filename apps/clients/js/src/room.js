/// One room of a client: made by client.room(name).
export class Room {
  #client;
  #off = [];

  constructor(client, name) {
    this.name = name;
    this.#client = client;
    /// Resolves when the server has accepted the room, rejects with a StarlingError when not.
    this.joined = client.subscribe(name);
    this.joined.catch(() => {}); // whoever wants to know looks at `joined`
  }

  /// Calls fn for each event of that name in this room ('*': all). Returns its remover.
  on(event, fn) {
    const remove = this.#client.on(event, (seen) => seen.room === this.name && fn(seen));
    this.#off.push(remove);
    return remove;
  }

  publish(event, data, extra) {
    return this.#client.publish(this.name, event, data, extra);
  }
  history(options) {
    return this.#client.history(this.name, options);
  }
  presence() {
    return this.#client.presence(this.name);
  }

  /// Removes this object's listeners and leaves the room.
  leave() {
    for (const remove of this.#off.splice(0)) remove();
    return this.#client.unsubscribe(this.name);
  }
}

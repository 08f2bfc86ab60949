// A Starling node as small as the client tests need: each connection is answered by a script.
import { createServer } from 'node:http';
import { once } from 'node:events';

export class Connection {
  constructor(request, response) {
    this.request = request;
    this.response = response;
    this.url = new URL(request.url, 'http://test');
    this.query = this.url.searchParams;
    this.closed = once(response, 'close');
  }

  refuse(status, message = 'refused', headers = {}) {
    this.response.writeHead(status, { 'Content-Type': 'application/json', ...headers });
    this.response.end(status === 204 ? undefined : JSON.stringify({ error: { code: 'x', message } }));
  }

  open(bytes = '') {
    this.response.writeHead(200, { 'Content-Type': 'text/event-stream' });
    this.response.write(bytes);
  }

  /// `connected` as the contract has it; `more` overrides fields.
  greet(cursor, more = {}) {
    this.open();
    this.send('connected', {
      client_id: `c-${cursor}`, user: 'ann', tenant: 'default', node: 'n1', rooms: [],
      position: cursor, resumed: false, replayed: 0, lost: [], heartbeat_ms: 30_000,
      server_time: Date.now(), ...more,
    }, cursor);
  }

  send(event, data, id) {
    const head = event ? `event: ${event}\n` : '';
    this.response.write(`${head}${id ? `id: ${id}\n` : ''}data: ${JSON.stringify(data)}\n\n`);
  }

  envelope(cursor, data, event = 'note', more = {}) {
    this.send(event, { id: cursor, room: 'lobby', event, data, ts: 1, ...more }, cursor);
  }

  goodbye(code, reconnect, retryMs, id) {
    this.send('goodbye', { code, reason: code, reconnect, retry_ms: retryMs }, id);
    this.response.end();
  }
}

/// Starts a server; `script(connection, number)` answers each GET of the stream, number from 0.
/// `stop` must be awaited by the test.
export async function serve(script, other = () => {}) {
  const connections = [];
  const server = createServer((request, response) => {
    const connection = new Connection(request, response);
    if (request.method !== 'GET') return other(connection);
    connections.push(connection);
    script(connection, connections.length - 1);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    connections,
    async stop() {
      const closed = once(server, 'close');
      server.close(); // first: a connection that arrives later would never be closed
      server.closeAllConnections();
      await closed;
    },
  };
}

/// The next value that `client` emits under `name` and that `accept` says yes to.
export function next(client, name, accept = () => true) {
  return new Promise((resolve) => {
    const off = client.on(name, (value) => {
      if (!accept(value)) return;
      off();
      resolve(value);
    });
  });
}

export function state(client, name) {
  return next(client, 'starling:state', (value) => value.state === name);
}

export async function body(request) {
  let text = '';
  for await (const chunk of request) text += chunk;
  return JSON.parse(text);
}

/// A token that ends in `seconds`; the signature is not looked at by clients.
export function token(sub, seconds = 3600) {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'HS256' })}.${part({ sub, exp: Math.floor(Date.now() / 1000) + seconds })}.s`;
}

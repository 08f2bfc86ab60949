/// A proxy before the nodes that can misbehave, for as long as a test says.
import { once } from 'node:events';
import { createServer, request as forward } from 'node:http';
import { connect } from 'node:net';

const STREAM = /^\/events/;

export class Proxy {
  #server;
  #turn = 0;
  #sockets = new Set();
  /// Nobody is let in.
  closed = false;
  /// Answers to streams are kept until they end, as a proxy that buffers does.
  buffering = false;
  /// Streams are refused, as by a proxy that knows no event streams.
  blocking = false;
  blockingSockets = false;

  static async start(urls) {
    const proxy = new Proxy(urls);
    await once(proxy.#server, 'listening');
    proxy.url = `http://127.0.0.1:${proxy.#server.address().port}`;
    return proxy;
  }

  constructor(urls) {
    this.urls = urls;
    this.#server = createServer((asked, answer) => this.#pass(asked, answer)).listen(0, '127.0.0.1');
    this.#server.on('connection', (socket) => {
      if (this.closed) return socket.destroy();
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
    this.#server.on('upgrade', (asked, socket, head) => this.#upgrade(asked, socket, head));
  }

  /// Ends every connection there is.
  cut() {
    for (const socket of this.#sockets) socket.destroy();
  }

  async stop() {
    this.#server.close();
    this.cut();
    await once(this.#server, 'close');
  }

  #next() {
    return new URL(this.urls[this.#turn++ % this.urls.length]);
  }

  async #pass(asked, answer) {
    if (this.blocking && STREAM.test(asked.url)) return answer.writeHead(502).end('no streams here');
    const chunks = [];
    for await (const chunk of asked) chunks.push(chunk);
    this.#try(asked, Buffer.concat(chunks), answer, this.urls.length);
  }

  #try(asked, body, answer, left) {
    const { hostname, port } = this.#next();
    const up = forward({ hostname, port, method: asked.method, path: asked.url, headers: asked.headers });
    up.on('response', (response) => {
      up.on('error', () => answer.destroy());
      if (this.buffering && STREAM.test(asked.url))
        return void response.resume().on('close', () => answer.destroy());
      answer.writeHead(response.statusCode, response.headers);
      answer.flushHeaders();
      response.on('error', () => answer.destroy());
      response.pipe(answer);
    });
    up.on('error', () => {
      if (answer.headersSent) return answer.destroy();
      if (left > 1) return this.#try(asked, body, answer, left - 1);
      answer.writeHead(502).end('nobody is there');
    });
    answer.on('close', () => up.destroy());
    up.end(body);
  }

  #upgrade(asked, socket, head) {
    if (this.blockingSockets) return socket.end('HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n');
    const { hostname, port } = this.#next();
    const up = connect(port, hostname, () => {
      const lines = [];
      for (let i = 0; i < asked.rawHeaders.length; i += 2)
        lines.push(`${asked.rawHeaders[i]}: ${asked.rawHeaders[i + 1]}`);
      up.write(`${asked.method} ${asked.url} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`);
      up.write(head);
      socket.pipe(up).pipe(socket);
    });
    up.on('error', () => socket.destroy());
    socket.on('error', () => up.destroy());
    socket.on('close', () => up.destroy());
  }
}

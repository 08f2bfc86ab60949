/// Nodes, a NATS server, tokens and publishers for browser tests. Programs: STARLING_BIN, by default
/// build/bin of this checkout.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHmac, randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

export const bin = process.env.STARLING_BIN ?? fileURLToPath(new URL('../../../build/bin', import.meta.url));
const secret = randomBytes(32).toString('hex');
const START_MS = 15_000;

const base64url = (text) => Buffer.from(text).toString('base64url');

/// A token of this world's nodes. exp: seconds from now.
export function makeToken({ user = 'browser', rooms = ['*'], exp = 3600, ...claims } = {}) {
  const now = Math.floor(Date.now() / 1000);
  const head = base64url(JSON.stringify({ alg: 'HS256', typ: 'JWT' }));
  const body = base64url(
    JSON.stringify({ sub: user, rooms, publish: true, iat: now - 3600, exp: now + exp, ...claims }),
  );
  return `${head}.${body}.${createHmac('sha256', secret).update(`${head}.${body}`).digest('base64url')}`;
}
export const operator = makeToken({ admin: true });

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

/// Waits until `check()` answers something true, and gives it back.
export async function until(check, what, ms = 10_000) {
  const end = Date.now() + ms;
  for (;;) {
    const value = await check();
    if (value) return value;
    if (Date.now() > end) assert.fail(`not within ${ms} ms: ${what}`);
    await delay(20);
  }
}

class Program {
  constructor(command, given, ready) {
    this.log = '';
    this.process = spawn(command, given, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.ended = once(this.process, 'exit');
    this.ready = new Promise((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`${command} was not ready:\n${this.log}`)), START_MS);
      for (const stream of [this.process.stdout, this.process.stderr])
        createInterface({ input: stream }).on('line', (line) => {
          this.log += `${line}\n`;
          const found = ready.exec(line);
          if (found) resolve(found);
        });
      this.ready_ = () => clearTimeout(late);
      this.process.once('exit', (code) => reject(new Error(`${command} ended with ${code}:\n${this.log}`)));
    }).finally(() => this.ready_());
    this.ready.catch(() => {}); // whoever waits for it hears of it
  }

  kill(signal = 'SIGKILL') {
    this.process.kill(signal);
    return this.ended;
  }
}

export class Node extends Program {
  constructor(id, settings = {}, ports = {}) {
    const set = Object.entries({ 'auth.hs256_secret': secret, ...settings }).flatMap(([key, value]) => [
      '--set',
      `${key}=${value}`,
    ]);
    super(
      join(bin, 'starlingd'),
      [
        '--node-id',
        id,
        '--listen',
        `127.0.0.1:${ports.public ?? 0}`,
        '--admin',
        `127.0.0.1:${ports.admin ?? 0}`,
        ...set,
      ],
      /^starlingd ready .*public=(\S+) admin=(\S+)/,
    );
    this.id = id;
  }

  async started() {
    const [, open, admin] = await this.ready;
    [this.url, this.admin] = [`http://${open}`, `http://${admin}`];
    return this;
  }

  /// A figure of /metrics.
  async metric(name) {
    const text = await (await fetch(`${this.url}/metrics`)).text();
    const line = text.split('\n').find((each) => each.startsWith(`${name} `));
    return Number(line?.split(' ')[1]);
  }

  async ask(path, { method = 'GET', token = operator } = {}) {
    const response = await fetch(this.admin + path, {
      method,
      headers: { Authorization: `Bearer ${token}` },
    });
    assert.ok(response.ok, `${path}: ${response.status}`);
    return response.json();
  }
}

/// Starts a cluster of nodes n1.. on a NATS server of its own, or one node without any.
export class World {
  #parts = [];
  #dir = null;
  nodes = [];

  static async start(count = 1, settings = {}) {
    const world = new World();
    try {
      await world.#begin(count, settings);
    } catch (error) {
      await world.stop();
      throw error;
    }
    return world;
  }

  async #begin(count, settings) {
    this.settings = settings;
    if (count > 1) {
      this.#dir = await mkdtemp(join(tmpdir(), 'starling-browser-'));
      const port = await freePort();
      const nats = new Program(
        'nats-server',
        ['-a', '127.0.0.1', '-p', String(port), '-js', '-sd', this.#dir],
        /Server is ready/,
      );
      this.#parts.push(nats);
      await nats.ready;
      this.settings = { ...settings, 'nats.url': `nats://127.0.0.1:${port}` };
    }
    for (let i = 1; i <= count; i++) this.add(`n${i}`);
    await Promise.all(this.nodes.map((node) => node.started()));
    if (count > 1)
      await until(
        async () => (await this.nodes[0].ask('/admin/v1/nodes')).nodes.length === count,
        'all nodes know each other',
      );
  }

  add(id, ports) {
    const node = new Node(id, this.settings, ports);
    this.#parts.push(node);
    this.nodes.push(node);
    return node;
  }

  async stop() {
    await Promise.all(
      this.#parts.map((part) => (part.process.exitCode ?? part.process.signalCode) === null && part.kill()),
    );
    if (this.#dir) await rm(this.#dir, { recursive: true, force: true });
  }
}

/// Publishes to a room until it is stored: with an id, so that a repeated one counts once.
export function publish(url, room, data, event = 'note') {
  return store(url, { room, event, data, id: randomUUID() }, (answer) => answer);
}

/// Several at once.
export function publishBatch(url, room, all) {
  const items = all.map((data) => ({ room, event: 'note', data, id: randomUUID() }));
  return store(url, items, (answers) => answers.every(({ position }) => position));
}

/// Posts it until the answer says that it is stored, and gives that back.
function store(url, message, stored) {
  const body = JSON.stringify(message);
  return until(async () => {
    const response = await fetch(`${url}/api/publish`, {
      method: 'POST',
      body,
      headers: { Authorization: `Bearer ${operator}`, 'Content-Type': 'application/json' },
    }).catch(() => null);
    if (response?.status >= 400 && response.status < 500)
      assert.fail(`publish: ${response.status} ${await response.text()}`);
    if (!response?.ok) return false;
    const answer = await response.json();
    return stored(answer) && answer;
  }, 'a publish is stored');
}

/// Numbers 0, 1, 2 ... to a room, one publish after the other, each of `batch` numbers, until it is stopped.
export class Counter {
  sent = 0;
  #running = true;

  constructor(url, room, batch = 1) {
    this.room = room;
    this.batch = batch;
    this.done = this.#run(url);
    this.done.catch(() => {}); // stop() hears of it
  }

  async #run(url) {
    while (this.#running) {
      const numbers = Array.from({ length: this.batch }, (_, i) => ({ n: this.sent + i }));
      if (this.batch === 1) await publish(url, this.room, numbers[0]);
      else await publishBatch(url, this.room, numbers);
      this.sent += this.batch;
      await delay(10);
    }
  }

  /// At least so many more.
  async more(count) {
    const goal = this.sent + count;
    await Promise.race([until(() => this.sent >= goal, `${count} more events are stored`), this.done]);
  }

  /// -> how many there were.
  async stop() {
    this.#running = false;
    await this.done;
    return this.sent;
  }
}

import { parseJson } from '../util.js';
import { probe, target } from './target.js';

/// A WebSocket, on which rooms and the token can be changed (`link.send`).
export function webSocket(core, link, inbox) {
  const url = target(core, link, '/ws', { access_token: link.token });
  return new Promise((resolve) => {
    const socket = new WebSocket(url.replace(/^http/, 'ws'), ['starling.v1.json']);
    socket.onmessage = ({ data }) => inbox.read(() => inbox.command(parseJson(data) ?? {}));
    socket.onclose = ({ code }) =>
      resolve(link.openedAt ? { message: `connection closed (${code})` } : probe(core, link));
    link.send = (command) => socket.send(JSON.stringify(command));
    link.onQuiet = () => link.send({ type: 'ping' }); // script cannot see protocol pings
    link.signal.addEventListener('abort', () => {
      socket.close();
      resolve({});
    });
  });
}

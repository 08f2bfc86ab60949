import { CONTROL } from '../inbox.js';
import { probe, target } from './target.js';

/// Server-sent events through the browser's EventSource.
export function nativeStream(core, link, inbox) {
  const url = target(core, link, '/events', {
    access_token: link.token,
    heartbeat: 'event', // script cannot see comment lines
  });
  return new Promise((resolve) => {
    const source = new EventSource(url);
    const frame = ({ type, data, lastEventId }) =>
      inbox.read(() => inbox.frame(type, data, lastEventId));
    link.listenTo = (name) => source.addEventListener(name, frame);
    for (const name of ['message', ...CONTROL, ...core.listeners.names()]) link.listenTo(name);
    source.onerror = () => {
      source.close(); // the run reconnects, so that there is one place that does
      resolve(link.openedAt ? { message: 'event stream closed' } : probe(core, link));
    };
    link.signal.addEventListener('abort', () => {
      source.close();
      resolve({});
    });
  });
}

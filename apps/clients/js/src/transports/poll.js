import { refusal } from '../errors.js';
import { bearer } from '../token.js';
import { target } from './target.js';

const BETTER_AFTER_MS = 600_000;

/// Long-poll: one request after the other, each answered when there is something.
export async function poll(core, link, inbox) {
  for (let id = '', began = Date.now(); !link.ended;) {
    const response = await fetch(target(core, link, '/api/poll', { client_id: id }), {
      headers: bearer(core.token.value), signal: link.signal, credentials: core.options.credentials,
    });
    if (response.status !== 200) return refusal(response);
    const { connected, events, cursor, client_id: session, retry_ms: retry, goodbye } =
      await response.json();
    id = session;
    link.onRetry(retry);
    inbox.read(() => {
      if (connected) inbox.command({ ...connected, type: 'connected' }, connected.position);
      for (const { id: at, event_id: name, ...event } of events) {
        if (name) inbox.event({ ...event, id: name, cursor: at });
        else inbox.command({ ...event.data, type: event.event }, at);
      }
      inbox.position(cursor);
      if (goodbye) inbox.command({ ...goodbye, type: 'goodbye' }, cursor);
    });
    if (Date.now() - began > BETTER_AFTER_MS && core.options.transport === 'auto') {
      core.addresses.startOver();
      link.end('restart');
    }
  }
  return {};
}

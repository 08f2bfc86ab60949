import { refusal } from '../errors.js';
import { SseParser } from '../sse_parser.js';
import { bearer } from '../token.js';
import { target } from './target.js';

/// Server-sent events through fetch.
export async function eventStream(core, link, inbox) {
  const response = await fetch(target(core, link, '/events'), {
    headers: { Accept: 'text/event-stream', ...bearer(link.token) },
    cache: 'no-store', signal: link.signal, credentials: core.options.credentials,
  });
  if (response.status !== 200) return refusal(response);
  if (!/^text\/event-stream\s*(;|$)/i.test(response.headers.get('content-type') ?? ''))
    return { message: 'the answer is not an event stream' };
  const parser = new SseParser({
    onEvent: ({ type, data, lastEventId }) => inbox.frame(type, data, lastEventId),
    onComment: () => link.openedAt && inbox.heartbeat(),
    onRetry: link.onRetry,
  });
  const reader = response.body.getReader();
  // Node 20 may forget the signal once the response is there, so the body is cancelled as well;
  // an already aborted body rejects, which says nothing new.
  link.signal.addEventListener('abort', () => reader.cancel().catch(() => {}));
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return { message: link.reason ?? 'event stream closed' };
    inbox.read(() => parser.push(value));
  }
}

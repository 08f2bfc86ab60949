import { refusal } from '../errors.js';
import { bearer } from '../token.js';
import { withQuery } from '../util.js';

/// Where a link asks, and for what; `more` goes into the query too.
export function target({ options, position }, { base, rooms }, path, more) {
  const { device, format, since } = options;
  return withQuery(base + path, {
    rooms: rooms.join(','), device, format: path === '/events' ? format : '',
    last_event_id: position.last, since: position.last ? '' : since, ...more,
  });
}

/// EventSource and WebSocket hide the status of a refused connection; HEAD tells it.
export async function probe(core, link) {
  const response = await fetch(target(core, link, '/api/poll'), {
    method: 'HEAD', headers: bearer(link.token), cache: 'no-store',
  });
  return response.status === 200 ? { message: 'event stream closed', there: true }
    : refusal(response);
}

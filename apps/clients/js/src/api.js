import { refusal, StarlingError } from './errors.js';
import { bearer } from './token.js';
import { delay, parseJson, randomId, withQuery } from './util.js';

const ATTEMPTS = 4;
const MAY_PASS = [undefined, 429, 502, 503, 504]; // undefined: no answer at all

/// Requests beside the stream, to the node that it comes from. They reject with a StarlingError.
export function makeApi(addresses, token) {
  async function ask(path, request = {}, refreshed = false) {
    const response = await fetch(addresses.at.base + path, {
      ...request, headers: { ...request.headers, ...bearer(await token.current()) },
    });
    if (response.status === 401 && !refreshed && token.renewable
        && await token.refresh('unauthorized')) return ask(path, request, true);
    if (response.ok) return parseJson(await response.text()) ?? {};
    const { message, retryAfter, ...fields } = await refusal(response);
    throw Object.assign(new StarlingError(message, fields), { retryAfter });
  }

  function post(path, body) {
    const headers = { 'Content-Type': 'application/json' };
    return ask(path, { method: 'POST', body: JSON.stringify(body), headers });
  }

  return {
    post,

    room(name, what, query = {}) {
      return ask(withQuery(`/api/rooms/${encodeURIComponent(name)}/${what}`, query));
    },

    /// A durable event gets an id, and a retry after a lost answer uses the same one, so it is
    /// stored once.
    async publish(message) {
      if (!message.ephemeral) message.id ??= randomId();
      for (let attempt = 1; ; attempt++) {
        try {
          return await post('/api/publish', message);
        } catch (error) {
          const { status, retryAfter } = error;
          if (!MAY_PASS.includes(status) || message.ephemeral || attempt === ATTEMPTS) throw error;
          await delay(retryAfter ?? (0.5 + Math.random() / 2) * 250 * 2 ** attempt);
        }
      }
    },
  };
}

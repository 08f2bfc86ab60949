const VIAS = ['sse', 'ws', 'poll']; // in the order in which 'auto' tries them
const ENDPOINTS =
  /\/(?:api\/sse\/connect|realtime\/(?:events|sse)|api\/events|events|stream|sse|ws)$/;

/// The nodes and transports that there are to try, and which of them it is now (`at`: {base, via}).
/// Throws TypeError when the options name no node or no transport.
export function makeAddresses({ url, urls, transport }) {
  const here = globalThis.location?.origin;
  const given = urls ?? [url ?? here];
  if (!given.length || !given[0]) throw new TypeError('Starling needs `url` or `urls`');
  const auto = transport === 'auto';
  const vias = VIAS.filter((via) => (auto ? via !== 'ws' || globalThis.WebSocket : via === transport));
  if (!vias.length)
    throw new TypeError(`Starling: transport is 'sse', 'ws', 'poll' or 'auto', not '${transport}'`);
  const bases = given.map((each) => new URL(each, here).href.replace(/[?#].*$/, '')
    .replace(/\/+$/, '').replace(ENDPOINTS, ''));
  const all = vias.flatMap((via) => bases.map((base) => ({ base, via })));
  let index = 0;
  let tried = 0; // of this round

  return {
    first: bases[0],
    count: all.length,
    get at() { return all[index]; },

    newRound() {
      tried = 0;
    },

    /// Moves on to the next node or transport; true when all were tried and it is time to back off.
    /// there: a node answered. Long-poll is the last resort, where one does and nothing streams: a
    /// node that is away would bring everybody there.
    next(there) {
      do {
        index = (index + 1) % all.length;
        tried = (tried + 1) % all.length;
      } while (all[index].via === 'poll' && !there && auto);
      return tried === 0;
    },

    /// Another node with the same transport: this one said that it is busy or going away.
    nextNode() {
      const { base, via } = all[index];
      const next = bases[(bases.indexOf(base) + 1) % bases.length];
      index = all.findIndex((other) => other.base === next && other.via === via);
    },

    /// What broke the better transports may be gone.
    startOver() {
      index = 0;
    },
  };
}

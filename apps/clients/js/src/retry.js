// How long to wait before the next attempt.

/// Milliseconds, for what does not heal by itself: a refused token, an address where nothing is.
export const BACKOFF = Object.freeze({
  auth: { initial: 30_000, max: 600_000, factor: 2, attempts: 5 },
  address: { initial: 15_000, max: 900_000, factor: 2.5, attempts: 4 },
});
export const QUALITY_FACTOR = Object.freeze({ excellent: 0.5, good: 1, fair: 1.5, poor: 3 });
export const LONG_TERM_MS = Object.freeze([600_000, 1_200_000, 1_800_000, 3_600_000]);

export const RETRY_MS = 500; // until a server has said its own
const AWAY_GROWTH = 1.1;
const AWAY_CEILING_MS = 1_200; // with its jitter below two seconds: so long may a node be back unnoticed
const MIN_DELAY_MS = 250; // full jitter may draw 0, which would be a busy loop

/// 'auth' | 'address' | 'away': the node or what stands before it cannot be reached, is broken or
/// too busy. That heals by itself.
export function classifyError({ status = 0 } = {}) {
  if (status === 401 || status === 403) return 'auth';
  if (status === 404) return 'address';
  return 'away';
}

/// Milliseconds to wait before attempt number `attempt` (0 = first retry). While a server is away
/// the tries are short and flat, around what it last asked for (`retry`, which it makes longer when
/// many come at once), so that a client is back soon after it; the rest waits below an exponential
/// ceiling with full jitter. The cap comes last.
export function retryDelay({
  kind = 'away', attempt = 0, retry = RETRY_MS, quality = 'good', maxDelay = Infinity,
  random = Math.random,
} = {}) {
  if (kind === 'away') {
    const flat = Math.min(retry * AWAY_GROWTH ** attempt, Math.max(retry, AWAY_CEILING_MS));
    return Math.floor(Math.min(flat * (0.5 + random()), maxDelay));
  }
  const { initial, max, factor } = BACKOFF[kind];
  const ceiling = Math.min(initial * factor ** attempt * QUALITY_FACTOR[quality], max, maxDelay);
  return Math.floor(Math.min(Math.max(random() * ceiling, MIN_DELAY_MS), maxDelay));
}

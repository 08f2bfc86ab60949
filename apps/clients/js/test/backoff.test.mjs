import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BACKOFF, ConnectionQuality, classifyError, LONG_TERM_MS, retryDelay } from './subject.mjs';

const highest = () => 1 - Number.EPSILON;

test('while a server is away the tries are short and flat, around the retry it named', () => {
  const draws = (attempt, retry) =>
    Array.from({ length: 500 }, () => retryDelay({ attempt, retry }));
  assert.ok(draws(0, 500).every((ms) => ms >= 250 && ms <= 750));
  assert.ok(draws(200, 500).every((ms) => ms >= 600 && ms < 2000), 'never two seconds apart');
  assert.ok(draws(200, 10_000).every((ms) => ms >= 5_000 && ms <= 15_000), 'a busy server spreads them');
  const first = draws(0, 500);
  assert.ok(first.filter((ms) => ms < 375).length > 50 && first.filter((ms) => ms > 625).length > 50);
});

test('the ceilings of what does not heal by itself grow up to their maximum', () => {
  const ceiling = (kind, attempt) =>
    Math.ceil(retryDelay({ kind, attempt, random: highest, maxDelay: Infinity }));
  const near = (actual, expected) => assert.ok(Math.abs(actual - expected) <= 1, `${actual}`);
  near(ceiling('auth', 0), 30_000);
  near(ceiling('auth', 1), 60_000);
  near(ceiling('auth', 50), 600_000);
  near(ceiling('address', 1), 37_500);
  near(ceiling('address', 50), 900_000);
});

test('the cap comes after the quality factor', () => {
  for (const quality of ['excellent', 'good', 'fair', 'poor'])
    assert.ok(retryDelay({ kind: 'auth', attempt: 40, quality, maxDelay: 60_000, random: highest })
      <= 60_000);
  assert.ok(retryDelay({ kind: 'auth', attempt: 40, quality: 'poor', random: highest })
    <= BACKOFF.auth.max);
});

test('quality stretches and shortens the first waiting time', () => {
  const first = (quality) => retryDelay({ kind: 'auth', quality, random: () => 0.9999 });
  assert.ok(first('excellent') < 15_001 && first('fair') > 44_000 && first('poor') > 89_000);
});

test('full jitter spreads clients over the whole range and never spins', () => {
  const draws = Array.from({ length: 2000 }, () => retryDelay({ kind: 'auth', attempt: 1 }));
  assert.ok(Math.min(...draws) >= 250);
  assert.ok(draws.filter((ms) => ms < 15_000).length > 300);
  assert.ok(draws.filter((ms) => ms > 45_000).length > 300);
});

test('a cap below the shortest waiting time wins', () => {
  assert.equal(retryDelay({ maxDelay: 20, random: () => 0.5 }), 20);
  assert.equal(retryDelay({ kind: 'auth', maxDelay: 20, random: () => 0.5 }), 20);
});

test('only a refused token and a wrong address wait long', () => {
  const table = [
    [{ status: 401 }, 'auth'], [{ status: 403 }, 'auth'], [{ status: 404 }, 'address'],
    [{ status: 500 }, 'away'], [{ status: 502 }, 'away'], [{ status: 503 }, 'away'],
    [{ status: 504 }, 'away'], [{}, 'away'],
  ];
  for (const [error, kind] of table) assert.equal(classifyError(error), kind, JSON.stringify(error));
});

test('long-term waiting goes 10, 20, 30, 60 minutes', () => {
  assert.deepEqual(LONG_TERM_MS.map((ms) => ms / 60_000), [10, 20, 30, 60]);
});

test('quality needs three samples, then follows latency, errors and stability', () => {
  const quality = new ConnectionQuality();
  quality.opened(5000, 0);
  quality.opened(5000, 0);
  assert.equal(quality.assess(0), 'good');
  quality.opened(5000, 0);
  assert.equal(quality.assess(0), 'poor');
  for (let i = 0; i < 10; i++) quality.opened(20, 0);
  assert.equal(quality.assess(0), 'excellent');
  quality.ended(40_000);
  assert.equal(quality.assess(0), 'good');
  for (let i = 0; i < 10; i++) quality.failed(0);
  assert.equal(quality.assess(0), 'fair');
  assert.equal(quality.assess(300_001), 'good', 'failures are forgotten after five minutes');
});

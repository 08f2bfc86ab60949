import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BACKOFF, ConnectionQuality, classifyError, LONG_TERM_MS, retryDelay } from '../starling.js';

const highest = () => 1 - Number.EPSILON;

test('the ceilings grow by kind of failure and stop at its maximum', () => {
  const ceiling = (kind, attempt) =>
    Math.ceil(retryDelay({ kind, attempt, random: highest, maxDelay: Infinity }));
  const near = (actual, expected) => assert.ok(Math.abs(actual - expected) <= 1, `${actual}`);
  near(ceiling('network', 0), 5_000);
  near(ceiling('network', 2), 11_250);
  near(ceiling('network', 50), 300_000);
  near(ceiling('auth', 1), 60_000);
  near(ceiling('auth', 50), 600_000);
  near(ceiling('server', 1), 18_000);
  near(ceiling('server', 50), 180_000);
  near(ceiling('proxy', 1), 37_500);
  near(ceiling('proxy', 50), 900_000);
});

test('the cap comes after the quality factor', () => {
  for (const quality of ['excellent', 'good', 'fair', 'poor'])
    assert.ok(retryDelay({ attempt: 40, quality, maxDelay: 60_000, random: highest }) <= 60_000);
  assert.ok(retryDelay({ attempt: 40, quality: 'poor', maxDelay: Infinity, random: highest })
    <= BACKOFF.network.max);
});

test('quality stretches and shortens the first waiting time', () => {
  const first = (quality) => retryDelay({ quality, random: () => 0.9999 });
  assert.ok(first('excellent') < 2_501 && first('fair') > 7_000 && first('poor') > 14_000);
});

test('full jitter spreads clients over the whole range and never spins', () => {
  const draws = Array.from({ length: 2000 }, () => retryDelay({ attempt: 3 }));
  assert.ok(Math.min(...draws) >= 250);
  assert.ok(draws.filter((ms) => ms < 16_875 / 4).length > 300);
  assert.ok(draws.filter((ms) => ms > 16_875 * 0.75).length > 300);
});

test('a cap below the shortest waiting time wins', () => {
  assert.equal(retryDelay({ maxDelay: 20, random: () => 0.5 }), 20);
});

test('failures are sorted in the documented order', () => {
  const table = [
    [{ status: 404 }, 'proxy'], [{ status: 502 }, 'proxy'], [{ status: 503 }, 'proxy'],
    [{ status: 401 }, 'auth'], [{ status: 403 }, 'auth'], [{ status: 500 }, 'server'],
    [{ status: 504 }, 'server'], [{ message: 'network: refused' }, 'network'],
    [{ message: 'event stream closed' }, 'proxy'], [{ message: 'Unauthorized' }, 'auth'],
    [{}, 'network'],
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

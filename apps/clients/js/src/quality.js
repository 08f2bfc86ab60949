/// How good the connection has been: mean time to open, share of failures in five minutes, and
/// how long the last stream lived.
export class ConnectionQuality {
  #latencies = [];
  #attempts = [];
  #stability = 1;

  opened(latencyMs, now = Date.now()) {
    this.#latencies = [...this.#latencies, latencyMs].slice(-10);
    this.#note(now, false);
  }
  failed(now = Date.now()) {
    this.#note(now, true);
  }
  ended(uptimeMs) {
    this.#stability = Math.min(uptimeMs / 60_000, 1);
  }
  #note(now, error) {
    this.#attempts = [...this.#attempts, { now, error }].slice(-100);
  }

  assess(now = Date.now()) {
    const count = this.#latencies.length;
    if (count < 3) return 'good';
    const mean = this.#latencies.reduce((sum, value) => sum + value, 0) / count;
    const recent = this.#attempts.filter((attempt) => now - attempt.now < 300_000);
    const errors = recent.filter((attempt) => attempt.error).length / Math.max(recent.length, 1);
    if (mean < 100 && errors < 0.1 && this.#stability > 0.8) return 'excellent';
    if (mean < 500 && errors < 0.3 && this.#stability > 0.5) return 'good';
    if (mean < 2000 && errors < 0.5 && this.#stability > 0.2) return 'fair';
    return 'poor';
  }
}

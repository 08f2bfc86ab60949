/// What counters say about the time between two looks at them.

/// Counters since nodes began, as `{name: number}` -> per second, or NaN after a node came or went:
/// a sum over other nodes says nothing about this second.
export class Rates {
  #last = null;

  next(at, counters, nodes) {
    const before = this.#last;
    const of = [...nodes].sort().join(' '); // who answers first is listed first
    this.#last = { at, counters, of };
    const seconds = before ? (at - before.at) / 1000 : 0;
    return Object.fromEntries(
      Object.entries(counters).map(([name, value]) => {
        const risen = before?.of === of ? value - before.counters[name] : NaN;
        return [name, risen >= 0 && seconds > 0 ? risen / seconds : NaN];
      }),
    );
  }
}

/// The value below which `share` of what was counted between two looks lies, from the counts of
/// buckets; NaN when nothing was. Within a bucket it is taken to be spread evenly.
export function quantile(bounds, counts, share) {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (!(total > 0)) return NaN;
  let left = share * total;
  for (let i = 0; i < counts.length; i++) {
    if (left > counts[i]) {
      left -= counts[i];
      continue;
    }
    const low = i ? bounds[i - 1] : 0;
    const high = bounds[i] ?? low; // of the last bucket only its beginning is known
    return low + (high - low) * (counts[i] ? left / counts[i] : 1);
  }
  return bounds.at(-1);
}

export class Latencies {
  #last = null;

  /// answer: of /admin/v1/latency -> {p50, p99} in ms since the last one.
  next({ bounds_ms: bounds, counts, replied }) {
    const of = [...replied].sort().join(' ');
    const before = this.#last;
    this.#last = { counts, of };
    const risen = counts.map((count, i) => count - (before?.counts[i] ?? 0));
    if (before?.of !== of || risen.some((count) => count < 0)) return { p50: NaN, p99: NaN };
    return { p50: quantile(bounds, risen, 0.5), p99: quantile(bounds, risen, 0.99) };
  }
}

/// A line chart that moves with time: axes, and the values under the pointer or the arrow keys.
import { h, setText } from '/web/shared/dom.js';
import { clock } from '/web/shared/format.js';

const SVG = 'http://www.w3.org/2000/svg';
const HEIGHT = 152;
const EDGE = { left: 52, right: 10, top: 8, bottom: 20 };
const STEPS = 4;

function s(tag, attributes, text) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  if (text !== undefined) element.textContent = text;
  return element;
}

/// The least of 1, 2, 5 times a power of ten that is not below `value`.
export function niceCeiling(value) {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map((step) => step * power).find((step) => step >= value * 0.999999);
}

/// title, series: names, format: a value as text, span_ms: as far back as the chart goes.
export class Chart {
  #options;
  #points = []; // {at, values}
  #svg = s('svg', { role: 'img' });
  #readout = h('output');
  #picked = null;

  constructor(host, options) {
    this.#options = options;
    const keys =
      options.series.length > 1
        ? options.series.map((name, i) => h('span', { class: `key k${i + 1}` }, name))
        : [];
    const plot = h('div', {
      class: 'chart',
      tabindex: '0',
      role: 'group',
      'aria-label': `${options.title}, arrow keys read values`,
    });
    plot.append(this.#svg);
    host.append(
      h(
        'section',
        { 'aria-label': options.title },
        h('div', { class: 'chart-head' }, h('h2', {}, options.title), ...keys, this.#readout),
        plot,
      ),
    );
    new ResizeObserver(() => this.#draw()).observe(plot);
    plot.addEventListener('pointermove', ({ clientX }) => this.#pickAt(clientX));
    plot.addEventListener('pointerleave', () => this.#pick(null));
    plot.addEventListener('blur', () => this.#pick(null));
    plot.addEventListener('keydown', (event) => {
      const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (!step) return;
      event.preventDefault();
      const index = this.#points.findIndex(({ at }) => at === this.#picked);
      const next = index < 0 ? this.#points.length - 1 : index + step;
      this.#pick(this.#points[Math.max(0, Math.min(this.#points.length - 1, next))]?.at ?? null);
    });
  }

  /// values: one per series; NaN where there is none.
  push(at, values) {
    this.#points.push({ at, values });
    while (this.#points[0].at < at - this.#options.span_ms) this.#points.shift();
    this.#draw();
  }

  #pickAt(clientX) {
    const { left, width } = this.#svg.getBoundingClientRect();
    const x = clientX - left;
    let best = null;
    for (const point of this.#points)
      if (best === null || Math.abs(this.#x(point.at, width) - x) < Math.abs(this.#x(best, width) - x))
        best = point.at;
    this.#pick(best);
  }

  #pick(at) {
    this.#picked = at;
    this.#draw();
  }

  #x(at, width) {
    const last = this.#points.at(-1).at;
    return width - EDGE.right - ((last - at) / this.#options.span_ms) * (width - EDGE.left - EDGE.right);
  }

  #draw() {
    const width = this.#svg.clientWidth;
    if (!width) return;
    const { series, format, span_ms: span, title } = this.#options;
    const finite = this.#points.flatMap(({ values }) => values).filter(Number.isFinite);
    const top = niceCeiling(Math.max(0, ...finite));
    const y = (value) => HEIGHT - EDGE.bottom - (value / top) * (HEIGHT - EDGE.top - EDGE.bottom);
    const parts = [];
    for (let i = 0; i <= STEPS; i++) {
      const value = (top * i) / STEPS;
      parts.push(
        s('line', { class: 'grid', x1: EDGE.left, x2: width - EDGE.right, y1: y(value), y2: y(value) }),
      );
      if (i % 2 === 0)
        parts.push(s('text', { x: EDGE.left - 6, y: y(value) + 4, 'text-anchor': 'end' }, format(value)));
    }
    const minutes = Math.round(span / 60_000);
    for (let minute = minutes; minute >= 0; minute--) {
      const x = width - EDGE.right - (minute / minutes) * (width - EDGE.left - EDGE.right);
      parts.push(
        s('line', { class: 'grid', x1: x, x2: x, y1: HEIGHT - EDGE.bottom, y2: HEIGHT - EDGE.bottom + 4 }),
      );
      parts.push(
        s(
          'text',
          { x, y: HEIGHT - 4, 'text-anchor': minute ? 'middle' : 'end' },
          minute ? `−${minute} min` : 'now',
        ),
      );
    }
    if (this.#points.length) {
      series.forEach((_, i) => parts.push(...this.#lines(i, y, width)));
      parts.push(...this.#cross(y, width));
    }
    this.#svg.replaceChildren(...parts);
    const shown = this.#points.find(({ at }) => at === this.#picked) ?? this.#points.at(-1);
    const words = shown
      ? series.map((name, i) => `${series.length > 1 ? `${name} ` : ''}${format(shown.values[i])}`).join(', ')
      : '–';
    setText(this.#readout, `${this.#picked && shown ? clock(shown.at) : 'now'}: ${words}`);
    this.#svg.setAttribute('aria-label', `${title}, now ${words}`);
  }

  /// A line per stretch without a gap; one value alone is a dot.
  #lines(series, y, width) {
    const out = [];
    let stretch = [];
    for (const { at, values } of [...this.#points, { at: 0, values: [] }]) {
      const value = values[series];
      if (Number.isFinite(value)) stretch.push(`${this.#x(at, width).toFixed(1)},${y(value).toFixed(1)}`);
      else if (stretch.length) {
        if (stretch.length === 1) stretch.push(stretch[0]);
        out.push(s('polyline', { class: `s${series + 1}`, points: stretch.join(' ') }));
        stretch = [];
      }
    }
    return out;
  }

  #cross(y, width) {
    const point = this.#points.find(({ at }) => at === this.#picked);
    if (!point) return [];
    const x = this.#x(point.at, width);
    return [
      s('line', { class: 'cross', x1: x, x2: x, y1: EDGE.top, y2: HEIGHT - EDGE.bottom }),
      ...point.values.flatMap((value, i) =>
        Number.isFinite(value)
          ? [s('circle', { class: `s${i + 1}`, cx: x, cy: y(value), r: 3, fill: 'none' })]
          : [],
      ),
    ];
  }
}

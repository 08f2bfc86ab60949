/// Numbers and times as people read them. What is no number is a dash.
const DASH = '–';

export const number = (value) => (Number.isFinite(value) ? value.toLocaleString('en') : DASH);
export const percent = (value) => (Number.isFinite(value) ? `${value.toFixed(1)} %` : DASH);

/// Per second.
export function rate(value) {
  if (!Number.isFinite(value)) return DASH;
  return value > 0 && value < 10 ? value.toFixed(1) : Math.round(value).toLocaleString('en');
}

export function milliseconds(value) {
  if (!Number.isFinite(value)) return DASH;
  if (value >= 10_000) return `${Math.round(value / 1000)} s`;
  return `${value < 10 ? Math.round(value * 10) / 10 : Math.round(value)} ms`;
}

export function bytes(value) {
  if (!Number.isFinite(value)) return DASH;
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let at = 0;
  for (; value >= 1024 && at < units.length - 1; at++) value /= 1024;
  return `${value.toFixed(at && value < 100 ? 1 : 0)} ${units[at]}`;
}

export function duration(seconds) {
  if (!Number.isFinite(seconds)) return DASH;
  const [d, h, m] = [seconds / 86400, (seconds / 3600) % 24, (seconds / 60) % 60].map(Math.floor);
  return d ? `${d} d ${h} h` : h ? `${h} h ${m} min` : m ? `${m} min` : `${Math.floor(seconds)} s`;
}

const pad = (value, digits = 2) => String(value).padStart(digits, '0');

/// 14:03:07 and 14:03:07.512, in the reader's own time.
export function clock(ms, fine = false) {
  if (!Number.isFinite(ms)) return DASH;
  const at = new Date(ms);
  const text = `${pad(at.getHours())}:${pad(at.getMinutes())}:${pad(at.getSeconds())}`;
  return fine ? `${text}.${pad(at.getMilliseconds(), 3)}` : text;
}

/// 14:03, with the day when that is not today.
export const minute = (ms) => moment(ms).replace(/:\d\d$/, '');

/// 14:03:07, with the day when that is not today.
export function moment(ms) {
  if (!Number.isFinite(ms)) return DASH;
  const at = new Date(ms);
  if (at.toDateString() === new Date().toDateString()) return clock(ms);
  return `${at.toLocaleDateString('en-GB', { day: 'numeric', month: 'short' })} ${clock(ms)}`;
}

export const plural = (count, word) => `${number(count)} ${word}${count === 1 ? '' : 's'}`;

/// The middle of a list of numbers.
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1];
}

export function parseJson(text) {
  try {
    return JSON.parse(text);
  } catch { // not JSON: a payload of plain text
    return undefined;
  }
}

export function randomId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

export function delay(ms) {
  return new Promise((resolve) => { setTimeout(resolve, ms); });
}

/// Leaves out what has no value.
export function withQuery(address, query) {
  const given = Object.entries(query).filter(([, value]) => value || value === 0);
  return `${address}?${new URLSearchParams(given)}`;
}

/// A request that the server answered with an error; `code` is its error code when it gave one.
export class StarlingError extends Error {
  constructor(message, { status = 0, code = '' } = {}) {
    super(message);
    this.name = 'StarlingError';
    this.status = status;
    this.code = code;
  }
}

export function bearer(token) {
  return token ? { Authorization: `Bearer ${token}` } : {};
}

export async function refusal(response) {
  const { error } = parseJson(await response.text().catch(() => '')) ?? {};
  const seconds = response.headers.get('retry-after');
  return {
    status: response.status,
    code: error?.code ?? '',
    message: error?.message ?? (typeof error === 'string' ? error : `HTTP ${response.status}`),
    retryAfter: seconds && /^[0-9]+$/.test(seconds) ? seconds * 1000 : undefined,
  };
}

export function parseJson(text) {
  try {
    return JSON.parse(text);
  } catch { // not JSON: a payload of plain text
    return undefined;
  }
}

/// The claims of a JWT, unverified: only to know when it ends and whose cursor this is.
export function claims(token) {
  const body = token?.split('.')[1]?.replaceAll('-', '+').replaceAll('_', '/');
  try {
    return body ? JSON.parse(atob(body)) : undefined;
  } catch { // an opaque token
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

import { parseJson } from './util.js';

/// A request that the server answered with an error; `code` is its error code when it gave one.
export class StarlingError extends Error {
  constructor(message, { status = 0, code = '' } = {}) {
    super(message);
    this.name = 'StarlingError';
    this.status = status;
    this.code = code;
  }
}

/// What an answer that is not 200 says: {status, code, message, retryAfter in ms or undefined}.
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

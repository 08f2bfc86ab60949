/// The admin API, with this tab's token.

/// An answer that is no 200: `status` and the server's own words.
export class Refused extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/// Nobody answered, or not in time.
export class NoAnswer extends Error {}

/// A question to all nodes may be several rounds of 1.5 s when one of them is silent.
const TIMEOUT_MS = 10_000;

export class Api {
  token = '';
  /// May ask about all tenants, and about the nodes themselves.
  operator = false;
  /// Of the token; where its events go.
  tenant = 'default';

  /// query: values that are undefined are left out. Throws Refused or NoAnswer.
  async call(path, { method = 'GET', query = {}, body, timeout = TIMEOUT_MS } = {}) {
    const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== '');
    const url =
      (path.startsWith('/') ? path : `/admin/v1/${path}`) +
      (given.length ? `?${new URLSearchParams(given)}` : '');
    let response;
    let text;
    try {
      response = await fetch(url, {
        method,
        cache: 'no-store',
        signal: AbortSignal.timeout(timeout),
        headers: {
          Authorization: `Bearer ${this.token}`,
          ...(body ? { 'Content-Type': 'application/json' } : {}),
        },
        body: body && JSON.stringify(body),
      });
      text = await response.text();
    } catch (error) {
      throw new NoAnswer(error.message);
    }
    let answer = {};
    try {
      answer = text ? JSON.parse(text) : {};
    } catch {
      // a proxy's page instead of an answer: the status is what counts
      answer = {};
    }
    if (!response.ok) throw new Refused(response.status, answer.error?.message ?? `HTTP ${response.status}`);
    return answer;
  }

  /// What a list shows: everything for an operator.
  get scope() {
    return this.operator ? { all_tenants: 1 } : {};
  }
  /// For questions about one thing of a tenant.
  of(tenant) {
    return this.operator && tenant ? { tenant } : {};
  }

  /// A client for sheets that show history and presence.
  reader(tenant) {
    const room = (name, what) => `/api/rooms/${encodeURIComponent(name)}/${what}`;
    return {
      history: (name, query) => this.call(room(name, 'history'), { query: { ...query, ...this.of(tenant) } }),
      presence: (name) => this.call(room(name, 'presence'), { query: this.of(tenant) }),
    };
  }
}

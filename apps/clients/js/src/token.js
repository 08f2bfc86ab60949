const REFRESH_BEFORE_MS = 120_000;

/// The present token, and how to get the next one: by `get`, getToken of the options, if there is one.
/// onError hears why that failed.
export function makeToken(value, get, onError) {
  let refreshing = null;
  const token = {
    value,
    renewable: Boolean(get),
    get user() { return claims(token.value)?.sub ?? ''; },

    /// The token to ask with, renewed when it ends soon.
    async current() {
      const expires = (claims(token.value)?.exp ?? Infinity) * 1000;
      if (get && (!token.value || expires - Date.now() < REFRESH_BEFORE_MS))
        await token.refresh(token.value ? 'expiring' : 'initial');
      return token.value;
    },

    /// Resolves to true when there is a new one; asked once at a time.
    refresh(reason) {
      refreshing ??= Promise.resolve(get({ reason })).then((fresh) => {
        token.value = fresh;
        return Boolean(fresh);
      }).catch((error) => {
        onError({ status: 0, message: `getToken failed: ${error?.message ?? error}` });
        return false;
      }).finally(() => { refreshing = null; });
      return refreshing;
    },
  };
  return token;
}

export function bearer(token) {
  return token ? { Authorization: `Bearer ${token}` } : {};
}

// Of a JWT, unverified: only to know when it ends and whose cursor this is.
function claims(token) {
  const body = token?.split('.')[1]?.replaceAll('-', '+').replaceAll('_', '/');
  try {
    return body ? JSON.parse(atob(body)) : undefined;
  } catch { // an opaque token
    return undefined;
  }
}

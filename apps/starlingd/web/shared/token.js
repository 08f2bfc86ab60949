/// The token of a page: from the link's fragment, kept in this tab only.

/// What a JWT says, unchecked: for showing, and for knowing what to ask for. {} when it is none.
export function claims(token) {
  try {
    const [, body] = token.split('.');
    const bytes = Uint8Array.from(atob(body.replace(/-/g, '+').replace(/_/g, '/')), (c) => c.charCodeAt(0));
    return JSON.parse(new TextDecoder().decode(bytes)) ?? {};
  } catch {
    // the server says what is wrong with it
    return {};
  }
}

/// Parameters after #; they never reach a server or its log, and leave the address bar as well.
export function takeFragment() {
  const given = new URLSearchParams(location.hash.slice(1));
  if (location.hash) history.replaceState(null, '', location.pathname + location.search);
  return given;
}

/// How somebody without a token gets one; both pages say it in the same words.
export function makeCommand(admin) {
  return `starlingctl token create --user me --rooms lobby --publish true${admin ? ' --admin' : ''} --secret SECRET`;
}

/// What the codes of the protocol mean to a person.
export const GOODBYES = {
  replaced: 'This device connected again elsewhere.',
  session_limit: 'This user has too many sessions.',
  kicked: 'An administrator ended this session.',
  token_expired: 'The token has expired.',
  token_revoked: 'The token was revoked.',
  draining: 'The node is being drained.',
  slow_consumer: 'This client read too slowly.',
  overload: 'The node is overloaded.',
  shutdown: 'The node is shutting down.',
};

const LOSSES = {
  expired: 'history no longer reaches back far enough',
  epoch: 'the store was recreated',
  bad_cursor: 'the position is not known here',
  forbidden: 'no longer allowed',
};

/// lost: what `connected` says is missing.
export function lossText(lost) {
  const parts = lost.map(
    ({ room, reason }) => `${room === '*' ? 'everything' : room}: ${LOSSES[reason] ?? reason}`,
  );
  return `Events were lost, fetch the state again (${parts.join('; ')}).`;
}

export function goodbyeText({ code, reason, reconnect }) {
  const words = GOODBYES[code] ?? reason ?? code;
  const next =
    code === 'token_expired'
      ? 'Connect with a new one.'
      : reconnect
        ? 'Coming back by itself.'
        : 'Not reconnecting.';
  return `Goodbye (${code}): ${words} ${next}`;
}

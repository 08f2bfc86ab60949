/// Why do messages not arrive? The rules of `starlingctl doctor` over what this node can be asked;
/// that one also asks each node directly and compares their clocks.
import { bytes, moment, number, plural } from '/web/shared/format.js';

const SLOW_EVENTS = 50; // half of what the default outbox holds
const SLOW_BYTES = 512 * 1024;
const LEEWAY_MS = 60_000;
const PAGES = 20; // of sessions: enough to judge by
const PAGE = 500;

const isEngine = ({ name }) => /engine|nats/.test(name);
const isDrain = ({ name }) => /drain/.test(name);
const nameOf = (s) =>
  `session ${s.client_id} of ${s.user} on node ${s.node}${s.device ? ` (device ${s.device})` : ''}`;

/// The answer, or null for a 404.
async function ask(api, path, query) {
  try {
    return await api.call(path, { query });
  } catch (error) {
    if (error.status === 404) return null;
    throw error;
  }
}

async function ready() {
  const response = await fetch('/readyz', { cache: 'no-store' });
  return (await response.json()).checks ?? [];
}

async function someSessions(api) {
  const out = [];
  let after = '';
  for (let page = 0; page < PAGES; page++) {
    const { sessions, next } = await api.call('sessions', { query: { ...api.scope, limit: PAGE, after } });
    out.push(...sessions);
    if (!next) return { sessions: out, all: true };
    after = next;
  }
  return { sessions: out, all: false };
}

export async function fetchFacts(api, { user, room }) {
  const facts = { user, room, checks: await ready(), now: Date.now() };
  const answer = await api.call('nodes');
  facts.nodes = answer.nodes;
  facts.missing = answer.missing;
  if (facts.checks.some((check) => !check.ok && isEngine(check))) return facts; // what NATS carries is not asked
  if (user) {
    facts.found = await ask(api, `users/${encodeURIComponent(user)}`);
    facts.sessions = facts.found?.details ?? [];
    facts.all = true;
  } else {
    Object.assign(facts, await someSessions(api));
  }
  if (room) {
    const members = `/api/rooms/${encodeURIComponent(room)}/members`;
    facts.inRoom = await ask(api, `rooms/${encodeURIComponent(room)}`);
    facts.roster = (await ask(api, members))?.members ?? [];
    facts.member = user ? await ask(api, `${members}/${encodeURIComponent(user)}`) : null;
  }
  return facts;
}

/// facts -> {checks: [{name, ok, detail}], findings: [{check, severity, message, evidence, fix}]}.
export function diagnose(facts) {
  const out = { checks: [], findings: [] };
  const passed = (name, detail) => {
    if (!out.checks.some((check) => check.name === name)) out.checks.push({ name, ok: true, detail });
  };
  const found = (check, severity, message, evidence, fix) => {
    out.checks = out.checks.filter(({ name, ok }) => name !== check || !ok);
    if (!out.checks.some(({ name }) => name === check))
      out.checks.push({ name: check, ok: false, detail: message });
    out.findings.push({ check, severity, message, evidence, fix });
  };
  nodeRules(facts, passed, found);
  if (facts.sessions) sessionRules(facts, passed, found);
  if (facts.user && facts.sessions) userRules(facts, passed, found);
  if (facts.room && !facts.user && facts.sessions) roomRule(facts, passed, found);
  return out;
}

function nodeRules({ nodes, missing, checks }, passed, found) {
  const bad = checks.filter((check) => !check.ok);
  const away = nodes.filter((n) => n.state !== 'gone' && n.engine?.connected === false).map(({ id }) => id);
  const detail = bad
    .filter(isEngine)
    .map(({ name, detail: why }) => `${name}: ${why}`)
    .join('; ');
  if (away.length || detail)
    found(
      'engine',
      'error',
      `NATS is away from ${away.join(', ') || 'this node'}: no event can be published or delivered there`,
      detail || `${away.join(', ')} said so`,
      'start nats-server (with JetStream), or check that these nodes reach the nats.url of their configuration; they catch up by themselves',
    );
  else passed('engine', 'every node is connected to its engine');
  const other = bad
    .filter((check) => !isEngine(check) && !isDrain(check))
    .map(({ name, detail: why }) => `${name}: ${why}`);
  if (other.length)
    found(
      'nodes',
      'error',
      'this node is not ready: it takes no new clients',
      other.join('; '),
      "mend what the check names; the node's log says more",
    );
  for (const n of nodes) {
    if (n.state === 'gone' && !n.draining)
      found(
        'nodes',
        'error',
        `node ${n.id} is gone: its clients are without it`,
        'it has not announced itself for 10 s',
        `restart node ${n.id}, or read its log`,
      );
    else if (n.state === 'suspect')
      found(
        'nodes',
        'warning',
        `node ${n.id} has fallen silent`,
        'it has not announced itself for 3 s',
        'look whether its process runs, is overloaded, or has lost NATS',
      );
    else if (n.state === 'alive' && !n.ready && !away.includes(n.id) && !other.length)
      found(
        'nodes',
        'error',
        `node ${n.id} is not ready: it takes no new clients`,
        'it announces ready: false',
        'ask it why: GET /readyz on its admin listener',
      );
  }
  for (const id of missing.filter((each) => nodes.find((n) => n.id === each)?.state === 'alive'))
    found(
      'nodes',
      'error',
      `node ${id} does not answer questions of the cluster`,
      'it is missing from an answer',
      'look whether it is overloaded or cut off from NATS',
    );
  const draining = nodes.filter(({ state }) => state === 'draining').map(({ id }) => id);
  passed(
    'nodes',
    `${plural(nodes.length, 'node')}, none in trouble${draining.length ? `; draining: ${draining.join(', ')}` : ''}`,
  );
}

function sessionRules({ sessions, all, now }, passed, found) {
  for (const s of sessions) {
    if (s.queued_events >= SLOW_EVENTS || s.queued_bytes >= SLOW_BYTES)
      found(
        'sessions',
        'warning',
        `${nameOf(s)} reads too slowly`,
        `${plural(s.queued_events, 'event')} and ${bytes(s.queued_bytes)} wait in its outbox`,
        "look at the client's network or a proxy that buffers; at the outbox limit the session is closed and resumes, or loses events (outbox.policy)",
      );
    if (s.expires_ms > 0 && s.expires_ms + LEEWAY_MS < now)
      found(
        'sessions',
        'error',
        `the token of ${nameOf(s)} has expired`,
        `it expired at ${moment(s.expires_ms)}`,
        `let the client fetch a new token and connect again, or POST it to /api/session/${s.client_id}/token`,
      );
  }
  if (sessions.length)
    passed(
      'sessions',
      `${plural(sessions.length, 'session')}${all ? '' : ' (the first ones)'} looked at: none slow, no token expired`,
    );
}

function userRules({ user, room, found: answer, sessions, member }, passed, found) {
  if (!sessions.length)
    found(
      'user',
      'error',
      `user ${user} is not connected: no sessions on any node`,
      'no node holds a session of theirs in your tenant',
      'look in the client for a refused connection (token expired or of another tenant, wrong URL, a 204 after being kicked), and check the spelling',
    );
  else passed('user', `user ${user} has ${plural(sessions.length, 'session')} on ${answer.nodes.join(', ')}`);
  if (!room) return;
  const outside = sessions.filter(({ rooms }) => !rooms.includes(room));
  const known = Boolean(member) || answer?.rooms.includes(room);
  if (!known && outside.length === sessions.length)
    found(
      'room',
      'error',
      `user ${user} is not a member of room ${room}: neither the roster nor a session names the room`,
      sessions.length
        ? `rooms of ${plural(sessions.length, 'open session')}: ${[...new Set(sessions.flatMap((s) => s.rooms))].join(', ') || 'none'}`
        : 'no session is open',
      `add ${user} to the roster of ${room}, or give the client a token whose rooms allow ${room} and let it connect with ?rooms=${room}`,
    );
  else if (known && outside.length)
    found(
      'room',
      'error',
      `user ${user} is on the roster of room ${room}, but ${plural(outside.length, 'session')} of theirs did not join it`,
      outside.map(nameOf).join('; '),
      'let these clients connect again (reload them); if that does not help, read the log of their node',
    );
  else passed('room', `user ${user} is in room ${room} by ${known ? 'roster' : 'token or request'}`);
}

function roomRule({ room, inRoom, roster }, passed, found) {
  if (inRoom?.members > 0)
    return passed(
      'room',
      `room ${room} has ${plural(inRoom.members, 'session')} on ${inRoom.nodes.join(', ')}`,
    );
  found(
    'room',
    'error',
    `room ${room} has nobody online: what is published there reaches no one`,
    `${number(roster.length)} users on its roster`,
    'check the spelling, then ask for one of its users',
  );
}

"""Sessions: opened, left, resumed, and what is done to them by anybody."""
import uuid

from model import ROOMS, USERS, Actor, Claims
from operations import any_claims, any_session, anybody, foreign_to, operation
from world import Mismatch

MOST_SESSIONS = 24
DEVICES = (None, None, "phone", "tab")


@operation(8)
def open_session(world, draw, cursor=None):
    if sum(len(t.sessions) for t in world.tenants) >= MOST_SESSIONS:
        return
    actor, node = anybody(world, draw), draw.choice(world.nodes)
    kind, device = draw.choice(["sse", "ws"]), draw.choice(DEVICES)
    _open(world, draw, actor, node, kind, device, cursor, draw.sample(ROOMS, draw.choice([0, 0, 1, 2])))


def _open(world, draw, actor, node, kind, device, cursor, asked):
    tenant = actor.tenant
    stream = world.connect(kind, actor, node, asked, device, cursor)
    allowed = all(actor.claims.may_join(room) for room in asked)
    doing = f"connecting to {asked} as {actor}"
    if not allowed and stream.status == 403:
        return stream.close()
    in_roster = all(actor.claims.may_join(room) or tenant.in_roster(actor.user, room) for room in asked)
    if stream.status not in (200, 101):
        stream.close()
        raise Mismatch(f"{doing}: {stream.status} {stream.error}")
    if not in_roster:
        raise Mismatch(f"{doing} was let in")
    rooms = tenant.rooms_at_connect(actor.user, actor.claims, asked)
    world.expect(sorted(stream.connected["rooms"]), sorted(rooms), doing)
    world.expect((stream.connected["user"], stream.connected["tenant"]), (actor.user, tenant.name), doing)
    session = world.add_session(stream, actor, node, device)
    if cursor is not None:
        tenant.resumed(session)
    for loser, code in tenant.opened(session):
        world.end(loser, code)
    return session


@operation(2)
def come_back_with_a_cursor(world, draw):
    """Any cursor, also one that a client of the other tenant was given."""
    session = any_session(world, draw)
    if session:
        open_session(world, draw, session.stream.cursor)


@operation(2)
def resume(world, draw):
    """Hears what was stored meanwhile, and nothing else."""
    session = any_session(world, draw)
    if not session:
        return
    for name, fields in session.stream.heard:  # its cursor is beyond them
        world.heard(session, name, fields)
    session.stream.heard.clear()
    _leave(world, session)
    tenant = session.tenant
    missed = [event for event in tenant.stored if session.pending.get(event.text)]
    actor = Actor(tenant, session.user, session.claims)
    again = _open(world, draw, actor, draw.choice(world.nodes), session.stream.kind, session.device,
                  session.stream.cursor, [])
    for event in missed:
        if again.hears(event):
            again.pending[event.text] = True


@operation(4)
def leave(world, draw):
    session = any_session(world, draw)
    if session:
        _leave(world, session)


def _leave(world, session):
    tenant = session.tenant
    session.stream.close()
    tenant.closed(session)
    for node in world.nodes:
        world.eventually(lambda node=node: session.id in world.listed(tenant, node), lambda: False,
                         f"{session} has gone for {node.id}")


@operation(3)
def subscribe(world, draw):
    session = any_session(world, draw, kind="ws")
    if not session:
        return
    rooms = draw.sample(ROOMS, draw.randint(1, 2))
    if session.unsettled & set(rooms):
        return
    answer = session.stream.ask(type="subscribe", rooms=rooms)
    allowed = all(session.claims.may_join(room) or room in session.rooms for room in rooms)
    world.expect(answer["type"] == "ack", allowed, f"subscribe {rooms} by {session}: {answer}")
    if allowed:
        session.rooms |= set(rooms)
        session.tenant.joined(session)


@operation(2)
def unsubscribe(world, draw):
    session = any_session(world, draw, kind="ws")
    if not session:
        return
    rooms = [room for room in sorted(session.rooms - session.unsettled)
             if not session.tenant.in_roster(session.user, room)][:2]
    if rooms:
        world.expect(session.stream.ask(type="unsubscribe", rooms=rooms)["type"], "ack", f"unsubscribe by {session}")
        for room in rooms:
            session.leave(room, session.tenant.texts)


@operation(2)
def set_state(world, draw):
    session = any_session(world, draw, kind="ws")
    if session:
        state = draw.choice(["online", "away", "busy", "invisible"])
        world.expect(session.stream.ask(type="presence", state=state)["type"], "ack", f"presence of {session}")
        session.state = state


def _commands(draw):
    """(method, path of a session id, body) that name a session."""
    return draw.choice([("POST", "/api/session/{}/token", None), ("POST", "/api/sse/disconnect/{}", None),
                        ("POST", "/api/sse/send/{}", {"data": "x"}), ("GET", "/admin/v1/sessions/{}", None),
                        ("DELETE", "/admin/v1/sessions/{}", None),
                        ("POST", "/api/session/{}/presence", {"state": "away"}),
                        ("POST", "/api/session/{}/publish", {"room": "c", "event": "e", "data": "x"})])


@operation(10)
def name_a_foreign_session(world, draw):
    """It must look like one that nobody has: a made-up one of the same node, and one of no node."""
    target = any_session(world, draw)
    if not target:
        return
    asker = anybody(world, draw)
    if asker.tenant is target.tenant:
        asker = Actor(foreign_to(world, target.tenant), asker.user, asker.claims)
    method, path, body = _commands(draw)
    node = draw.choice(world.nodes)

    def seen(client_id):
        reply = world.ask(asker, node, method, path.format(client_id), body)
        return reply.status, reply.text.replace(client_id, "ID")

    made_up = target.id[:-12] + uuid.UUID(int=draw.getrandbits(128)).hex[-12:]
    foreign = seen(target.id)
    for unknown in (made_up, str(uuid.UUID(int=draw.getrandbits(128)))):
        world.expect(foreign, seen(unknown), f"{method} {path} of a foreign session and of none, by {asker}")
    if foreign[0] not in (403, 404, 405):
        raise Mismatch(f"{method} {path} of a foreign session by {asker}: {foreign}")


@operation(5)
def publish_to_a_foreign_session(world, draw):
    target = any_session(world, draw)
    if not target:
        return
    tenant = foreign_to(world, target.tenant)
    actor = draw.choice([world.boss(tenant), Actor(tenant, draw.choice(USERS), Claims((), True))])
    event = tenant.event("client", [target.id], False)
    reply = world.ask(actor, draw.choice(world.nodes), "POST", "/api/publish",
                      {"client": target.id, "event": "e", "data": event.text})
    world.expect(reply.status, 404, f"publishing to a foreign session: {reply}")


@operation(3)
def renew(world, draw):
    session = any_session(world, draw)
    if not session:
        return
    claims = any_claims(draw)
    user = draw.choice([session.user, session.user, draw.choice(USERS)])
    reply = world.ask(Actor(session.tenant, user, claims), draw.choice(world.nodes), "POST",
                      f"/api/session/{session.id}/token")
    if user != session.user:
        return world.expect(reply.status, 403, f"a token of {user} for {session}: {reply}")
    world.expect(reply.status, 200, f"a token for {session}: {reply}")
    session.tenant.renew(session, claims)


@operation(2)
def disconnect(world, draw):
    session = any_session(world, draw)
    if not session:
        return
    actor = draw.choice([Actor(session.tenant, draw.choice(USERS), any_claims(draw)), world.boss(session.tenant)])
    reply = world.ask(actor, draw.choice(world.nodes), "POST", f"/api/sse/disconnect/{session.id}")
    may = actor.claims.admin or actor.user == session.user
    world.expect(reply.status, 200 if may else 403, f"{actor} disconnects {session}: {reply}")
    if may:
        world.end(session, "kicked")


@operation(2)
def kick_a_session(world, draw):
    session = any_session(world, draw)
    if not session:
        return
    node = draw.choice(world.nodes)
    if draw.random() < 0.3:
        world.expect(world.ctl(world.boss(session.tenant), node, "kick", session.id)[0], 0, f"kick of {session}")
    else:
        reply = world.ask(world.boss(session.tenant), node, "DELETE", f"/admin/v1/sessions/{session.id}")
        world.expect(reply.status, 200, f"kick of {session}: {reply}")
    world.end(session, "kicked")


@operation(1)
def kick_a_user(world, draw):
    """Of a name that both tenants have."""
    tenant, user = draw.choice(world.tenants), draw.choice(USERS)
    mine = [s for s in tenant.sessions if s.user == user]
    reply = world.ask(world.boss(tenant), draw.choice(world.nodes), "DELETE", f"/admin/v1/users/{user}/sessions")
    if not mine:
        return world.expect(reply.status, 404, f"kick of {user} of {tenant.name}: {reply}")
    world.expect((reply.status, reply.json.get("closed")), (200, len(mine)), f"kick of {user} of {tenant.name}")
    for session in mine:
        world.end(session, "kicked")

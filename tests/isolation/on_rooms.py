"""History, presence and the roster of rooms whose names both tenants have."""
from model import ROOMS, USERS
from operations import anybody, operation
from world import path_of


@operation(6)
def history(world, draw):
    actor, room = anybody(world, draw), draw.choice(ROOMS)
    node = draw.choice(world.nodes)
    doing = f"history of {room} for {actor}"
    wanted = [event.text for event in actor.tenant.history[room]]
    if draw.random() < 0.05:
        code, found = world.ctl(actor, node, "history", room)
        if not actor.tenant.may_read(actor, room):
            return world.expect(code, 5, doing)
        world.expect(code, 0, doing)
        return world.expect([e["data"] for e in found["events"]], wanted[:len(found["events"])], doing)
    path = f"/api/rooms/{path_of(room)}/history?limit=1000"
    reply = world.ask(actor, node, "GET", path)
    if not actor.tenant.may_read(actor, room):
        return world.expect(reply.status, 403, doing)
    world.expect(reply.status, 200, f"{doing}: {reply}")
    world.expect([e["data"] for e in reply.json["events"]], wanted, doing)


@operation(5)
def presence(world, draw):
    actor, room, node = anybody(world, draw), draw.choice(ROOMS), draw.choice(world.nodes)
    doing = f"presence in {room} for {actor}"
    by_ctl = draw.random() < 0.05

    def seen():
        if by_ctl:
            code, found = world.ctl(actor, node, "presence", room)
            if code:
                return code
        else:
            reply = world.ask(actor, node, "GET", f"/api/rooms/{path_of(room)}/presence")
            if reply.status != 200:
                return reply.status
            found = reply.json
        return found["count"], {u["user"]: (u["state"], u["sessions"]) for u in found["users"]}

    if not actor.tenant.may_read(actor, room):
        return world.expect(seen(), 5 if by_ctl else 403, doing)
    wanted = actor.tenant.presence(room)
    world.eventually(seen, lambda: (len(wanted), wanted), doing)


@operation(2)
def online_users(world, draw):
    actor, node = anybody(world, draw), draw.choice(world.nodes)
    tenant = actor.tenant
    room = draw.choice([None, *ROOMS])
    doing = f"online users in {room} for {actor}"
    path = "/online-users" + (f"?room={path_of(room)}" if room else "")
    if room and not tenant.may_read(actor, room):
        return world.expect(world.ask(actor, node, "GET", path).status, 403, doing)
    rooms = [room] if room else sorted(tenant.rooms_at_connect(actor.user, actor.claims, ()))
    wanted = sorted({user for r in rooms for user in tenant.presence(r)} - {actor.user})
    world.eventually(lambda: sorted(u["user"] for u in world.ask(actor, node, "GET", path).json), lambda: wanted, doing)


@operation(6)
def change_membership(world, draw):
    actor, node = anybody(world, draw), draw.choice(world.nodes)
    room, user, member = draw.choice(ROOMS), draw.choice(USERS), draw.random() < 0.5
    doing = f"{user} {'joins' if member else 'leaves'} {room} by {actor}"
    if draw.random() < 0.1:
        code, _ = world.ctl(actor, node, "member", "add" if member else "rm", room, user)
        done, refused = code in (0, 3), code == 5
    else:
        reply = world.ask(actor, node, "PUT" if member else "DELETE", f"/api/rooms/{path_of(room)}/members/{user}")
        done, refused = reply.status == 200, reply.status == 403
    world.expect((done, refused), (actor.claims.admin, not actor.claims.admin), doing)
    if done:
        actor.tenant.set_member(room, user, member)


@operation(4)
def members(world, draw):
    actor, node, room = anybody(world, draw), draw.choice(world.nodes), draw.choice(ROOMS)
    doing = f"members of {room} for {actor}"
    wanted = sorted(actor.tenant.roster[room])
    if draw.random() < 0.05:
        code, found = world.ctl(actor, node, "member", "ls", room)
        if not actor.claims.admin:
            return world.expect(code, 5, doing)
        return world.expect(sorted(m["user"] for m in found["members"]), wanted, doing)
    reply = world.ask(actor, node, "GET", f"/api/rooms/{path_of(room)}/members")
    if not actor.claims.admin:
        return world.expect(reply.status, 403, doing)
    world.expect(sorted(m["user"] for m in reply.json["members"]), wanted, doing)
    user = draw.choice(USERS)
    reply = world.ask(actor, node, "GET", f"/api/rooms/{path_of(room)}/members/{user}")
    world.expect(reply.status, 200 if user in wanted else 404, f"{user} in {room} for {actor}")

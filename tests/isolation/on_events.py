"""Publishing: singly, in batches, by WebSocket and starlingctl, to every kind of target."""
from model import ROOMS, USERS, Actor
from operations import any_session, anybody, operation


def _target(world, draw, tenant):
    """(kind, names, fields of the item)."""
    kind = draw.choice(["room", "room", "room", "rooms", "user", "users", "client", "all"])
    if kind == "room":
        room = draw.choice(ROOMS)
        return "room", [room], {"room": room}
    if kind == "rooms":
        rooms = draw.sample(ROOMS, 2)
        return "room", rooms, {"rooms": rooms}
    if kind == "user":
        user = draw.choice(USERS)
        return "user", [user], {"user": user}
    if kind == "users":
        users = draw.sample(USERS, 2)
        return "user", users, {"users": users}
    mine = [s for s in tenant.sessions]
    if kind == "client" and mine:
        chosen = draw.choice(mine)
        return "client", [chosen.id], {"client": chosen.id}
    return "all", [], {"all": True}


def _item(world, draw, tenant):
    kind, names, fields = _target(world, draw, tenant)
    event = tenant.event(kind, names, draw.random() < 0.3)
    # Of any tenant: who is excluded elsewhere is nobody here.
    exclude = [s.id for s in draw.sample(sorted((s for t in world.tenants for s in t.sessions), key=lambda s: s.id),
                                         min(2, sum(len(t.sessions) for t in world.tenants)))]
    exclude = exclude if draw.random() < 0.2 else []
    item = fields | {"event": "said", "data": event.text, "id": event.id}
    if event.ephemeral:
        item["ephemeral"] = True
    if exclude:
        item["exclude"] = exclude
    return event, item, exclude


def _may_publish(actor, event):
    if event.kind == "all":
        return actor.claims.admin
    return all(actor.claims.may_publish(event.kind, name) for name in event.names)


@operation(20)
def publish(world, draw):
    actor, node = anybody(world, draw), draw.choice(world.nodes)
    event, item, exclude = _item(world, draw, actor.tenant)
    reply = world.ask(actor, node, "POST", "/api/publish", item)
    may = _may_publish(actor, event)
    world.expect(reply.status, 200 if may else 403, f"{actor} publishes {item}: {reply}")
    if may:
        actor.tenant.published(event, exclude)


@operation(3)
def publish_a_batch(world, draw):
    actor = anybody(world, draw)
    items = [_item(world, draw, actor.tenant) for _ in range(draw.randint(1, 4))]
    reply = world.ask(actor, draw.choice(world.nodes), "POST", "/api/publish", [item for _, item, _ in items])
    for (event, item, exclude), verdict in zip(items, reply.json, strict=True):
        may = _may_publish(actor, event)
        world.expect(verdict.get("error", {}).get("code"), None if may else "forbidden", f"{item} of a batch by {actor}")
        if may:
            actor.tenant.published(event, exclude)


@operation(6)
def publish_by_websocket(world, draw):
    session = any_session(world, draw, kind="ws")
    if not session:
        return
    event, item, exclude = _item(world, draw, session.tenant)
    answer = session.stream.ask(**item, type="publish")
    may = _may_publish(Actor(session.tenant, session.user, session.claims), event)
    world.expect(answer["type"] == "ack", may, f"{session} with {session.claims} publishes {item}: {answer}")
    if may:
        session.tenant.published(event, exclude)


@operation(2)
def repeat_an_id(world, draw):
    """An id that was published to a room is a repeat in its tenant and news in the other."""
    tenant = draw.choice(world.tenants)
    room = draw.choice(ROOMS)
    recent = [event for event in tenant.history[room] if len(event.names) == 1][-5:]
    if not recent:
        return
    old = draw.choice(recent)
    reply = world.ask(world.boss(tenant), draw.choice(world.nodes), "POST", "/api/publish",
                      {"room": room, "event": "said", "data": tenant.secret + "-repeated", "id": old.id})
    world.expect(reply.status, 200, f"repeating {old}: {reply}")


@operation(1)
def publish_by_ctl(world, draw):
    actor, room = anybody(world, draw), draw.choice(ROOMS)
    event = actor.tenant.event("room", [room], False)
    code, _ = world.ctl(actor, draw.choice(world.nodes), "publish", room, event.text, "--id", event.id)
    may = _may_publish(actor, event)
    world.expect(code, 0 if may else 5, f"starlingctl publish {room} by {actor}")
    if may:
        actor.tenant.published(event)

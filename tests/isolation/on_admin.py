"""Lists, details, statistics, operations on nodes, errors and metrics."""
import re

from model import ADMIN, ROOMS, USERS
from operations import any_session, anybody, foreign_to, operation
from world import Mismatch, path_of


def _lists(tenant):
    return {"rooms": tenant.live_rooms(), "users": tenant.live_users(),
            "sessions": {s.id: s.user for s in tenant.sessions}}


def _rows(kind, found):
    if kind == "rooms":
        return {row["room"]: row["members"] for row in found}
    if kind == "users":
        return {row["user"]: row["sessions"] for row in found}
    return {row["client_id"]: row["user"] for row in found}


@operation(8)
def lists(world, draw):
    actor, node = anybody(world, draw), draw.choice(world.nodes)
    kind = draw.choice(["rooms", "users", "sessions"])
    doing = f"the list of {kind} for {actor}"
    by_ctl = draw.random() < 0.05

    def seen():
        if by_ctl:
            code, found = world.ctl(actor, node, kind)
            return code or _rows(kind, found[kind])
        reply = world.ask(actor, node, "GET", f"/admin/v1/{kind}?limit=1000")
        return _rows(kind, reply.json[kind]) if reply.status == 200 else reply.status

    if not actor.claims.admin:
        return world.expect(seen(), 5 if by_ctl else 403, doing)
    world.eventually(seen, lambda: _lists(actor.tenant)[kind], doing)


@operation(5)
def one_of_a_list(world, draw):
    """A room, user or session: another tenant's is none."""
    actor, node = anybody(world, draw), draw.choice(world.nodes)
    tenant = actor.tenant
    kind = draw.choice(["rooms", "users", "sessions"])
    target = any_session(world, draw)
    if kind == "sessions" and not target:
        return
    name = {"rooms": draw.choice(ROOMS), "users": draw.choice([*USERS, ADMIN]),
            "sessions": target and target.id}[kind]
    there = {"rooms": lambda: name in tenant.live_rooms(),
             "users": lambda: name in tenant.live_users() or any(tenant.in_roster(name, room) for room in ROOMS),
             "sessions": lambda: target.tenant is tenant}[kind]
    doing = f"{kind[:-1]} {name} for {actor}"
    if draw.random() < 0.05:
        wanted = 5 if not actor.claims.admin else 0 if there() else 3
        return world.eventually(lambda: world.ctl(actor, node, kind[:-1], name)[0], lambda: wanted, doing)
    wanted = 403 if not actor.claims.admin else 200 if there() else 404
    world.eventually(lambda: world.ask(actor, node, "GET", f"/admin/v1/{kind}/{path_of(name)}").status,
                     lambda: wanted, doing)
    if wanted == 200 and kind == "users":
        wanted = sorted(room for room in ROOMS if tenant.in_roster(name, room))
        world.expect(world.ask(actor, node, "GET", f"/admin/v1/users/{name}").json["rooms"], wanted, doing)


@operation(3)
def statistics(world, draw):
    """They count what the caller may see."""
    actor, node = anybody(world, draw), draw.choice(world.nodes)
    compatible = draw.random() < 0.3
    path = "/api/sse/stats" if compatible else "/admin/v1/stats"
    if not actor.claims.admin:
        return world.expect(world.ask(actor, node, "GET", path).status, 403, f"statistics for {actor}")

    def seen():
        found = world.ask(actor, node, "GET", path).json
        if compatible:
            return found["statistics"]["active_connections"]
        return found["sessions"], found["users"], found["rooms"]

    def wanted():
        tenant = actor.tenant
        if compatible:
            return len(tenant.sessions)
        return len(tenant.sessions), len(tenant.live_users()), len(tenant.live_rooms())

    world.eventually(seen, wanted, f"{path} for {actor}")


@operation(3)
def an_operation_on_nodes(world, draw):
    """Is the operator's alone."""
    actor, node = anybody(world, draw), draw.choice(world.nodes)
    method, path, body = draw.choice([("GET", "/admin/v1/config", None),
                                      ("PUT", f"/admin/v1/nodes/{node.id}/log-level", {"level": "info"}),
                                      ("POST", f"/admin/v1/nodes/{node.id}/drain", None)])
    reply = world.ask(actor, draw.choice(world.nodes), method, path, body)
    world.expect(reply.status, 403, f"{method} {path} by {actor}: {reply}")


@operation(3)
def the_operator_looks(world, draw):
    """At one tenant with ?tenant=, at both with ?all_tenants=1; a tenant's admin may ask for neither."""
    node, tenant = draw.choice(world.nodes), draw.choice(world.tenants)
    kind = draw.choice(["rooms", "users", "sessions"])
    query = draw.choice([f"tenant={tenant.name}", "all_tenants=1"])
    path = f"/admin/v1/{kind}?limit=1000&{query}"
    other = world.boss(foreign_to(world, tenant))
    world.expect(world.ask(other, node, "GET", path).status, 403, f"GET {path} by {other}")
    wanted_of = [tenant] if "all" not in query else world.tenants

    def seen():
        reply = world.ask(world.operator(), node, "GET", path)
        if reply.status != 200:
            raise Mismatch(f"GET {path} by the operator: {reply}")
        mine = {t.name for t in wanted_of}
        return sorted((row["tenant"], *_rows(kind, [row]).items()) for row in reply.json[kind] if row["tenant"] in mine)

    world.eventually(seen, lambda: sorted((t.name, item) for t in wanted_of for item in _lists(t)[kind].items()),
                     f"GET {path} by the operator")


@operation(2)
def a_bad_request(world, draw):
    """What is said about it names nothing of anybody else; world.ask() sees to that."""
    actor, node = anybody(world, draw), draw.choice(world.nodes)
    method, path, body = draw.choice([
        ("GET", "/api/rooms/no%20room/history", None), ("POST", "/api/publish", {"room": "c"}),
        ("POST", "/api/publish", {"rooms": [], "event": "e", "data": 1}), ("GET", "/admin/v1/nothing", None),
        ("POST", "/api/session/not-an-id/token", None), ("GET", "/api/rooms/c/history?limit=0", None),
        ("DELETE", "/admin/v1/users/nobody/sessions", None), ("GET", "/api/rooms/c/members?limit=-1", None)])
    reply = world.ask(actor, node, method, path, body)
    if not 400 <= reply.status < 500:
        raise Mismatch(f"{method} {path} by {actor}: {reply}")


@operation(1)
def metrics(world, draw):
    """Names of tenants, users, rooms and sessions are no labels."""
    node = draw.choice(world.nodes)
    text = node.http("GET", "/metrics", admin_listener=True).body.decode()
    names = [t.name for t in world.tenants] + [s.id for t in world.tenants for s in t.sessions]
    labels = set(re.findall(r'="([^"]*)"', text))
    world.expect([name for name in names if name in labels], [], f"labels of {node.id}'s metrics")
    for tenant in world.tenants:
        world.swept(tenant, text, "", f"metrics of {node.id}")

"""Nodes, two tenants on them, and the means by which operations ask and compare."""
import http.client
import json
import os
import subprocess
import sys
import time
import pathlib
from urllib.parse import quote

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))

from clients import Closed, Sse, Ws  # noqa: E402
from harness import BIN, token  # noqa: E402
from model import ADMIN, Actor, Claims, Session, Tenant, tenant_names  # noqa: E402
from sweep import Sweep  # noqa: E402


class Mismatch(AssertionError):
    """What a node said is not what the model says."""


class Reply:
    def __init__(self, status, body):
        self.status, self.text = status, body.decode(errors="replace")

    @property
    def json(self):
        try:
            return json.loads(self.text)
        except ValueError:
            raise Mismatch(f"not JSON: {self.text!r}") from None

    def __repr__(self):
        return f"{self.status} {self.text[:300]}"


class Stream:
    """An SSE or WebSocket client behind one face. heard: [(event name, data)] not looked at yet."""

    def __init__(self, world, kind, actor, node, rooms, device, cursor):
        query = {"rooms": ",".join(rooms) or None, "device": device}
        secret = world.token(actor)
        self.world, self.kind, self.tenant = world, kind, actor.tenant
        if kind == "sse":
            self.client = Sse(node, secret, last_event_id=cursor, format="envelope", **query)
        else:
            self.client = Ws(node, secret, last_event_id=cursor, **query)
        self.status, self.heard = self.client.status, []
        self.connected = getattr(self.client, "connected", None)
        self.client_id = self.connected and self.connected["client_id"]
        self.cursor = self.connected["position"] if self.connected else cursor
        self.error = self.client.buffer.decode(errors="replace") if self.status not in (101, 200) else ""
        world.swept(self.tenant, self.error or json.dumps(self.connected), "", f"connecting as {actor}")

    def next(self, timeout):
        """(name, fields) of the next thing it hears."""
        if self.kind == "sse":
            event = self.client.next(timeout)
            self.cursor = event.id or self.cursor
            name, fields = event.name, json.loads(event.data) if event.data[:1] == "{" else {"data": event.data}
        else:
            fields = self.client.next(timeout)
            name = fields.get("event") if fields["type"] == "event" else fields["type"]
            self.cursor = fields.get("id", self.cursor) if fields["type"] in ("event", "connected") else self.cursor
        self.world.swept(self.tenant, json.dumps(fields), "", f"heard by {self.client_id}")
        return name, fields

    def ask(self, **command):
        """WebSocket: the command's answer; what comes before it is kept."""
        ref = str(len(self.heard)) + str(time.monotonic_ns())
        self.client.send(ref=ref, **command)
        while True:
            name, fields = self.next(self.world.patience)
            if fields.get("ref") == ref:
                return fields
            self.heard.append((name, fields))

    def close(self):
        self.client.close()


class World:
    """Two tenants with names no other world has. One thread; one operation after the other."""

    def __init__(self, nodes, number, patience):
        self.nodes, self.patience = nodes, patience
        self.sweep = Sweep()
        self.tenants = [Tenant(name, f"secret{number}{word}") for name, word in
                        zip(tenant_names(number), ("olive", "maroon"))]
        for tenant in self.tenants:
            self.sweep.add_secret(tenant.name, tenant.secret)
        self._connections = {}
        self._tokens = {}
        self.asked = 0

    # -- who asks

    def token(self, actor):
        """Tokens say the same for an hour, so each is signed once."""
        key = (actor.tenant and actor.tenant.name, actor.user, repr(actor.claims))
        if key not in self._tokens:
            c = actor.claims
            self._tokens[key] = token(actor.user, ttl=3600, tenant=actor.tenant and actor.tenant.name,
                                      rooms=list(c.rooms), publish=c.publish or None, admin=c.admin or None)
        return self._tokens[key]

    @staticmethod
    def boss(tenant):
        return Actor(tenant, ADMIN, Claims(rooms=["*"], publish=True, admin=True))

    @staticmethod
    def operator():
        return Actor(None, "root", Claims(admin=True))

    # -- asking

    def swept(self, tenant, text, said, doing):
        """Every byte that anybody is told passes here. tenant None: the operator, who may see all."""
        if tenant is None:
            return
        leak = self.sweep.leaks(tenant.name, text, said)
        if leak:
            raise Mismatch(f"{doing}: {leak} is visible in {text[:2000]}")

    def ask(self, actor, node, method, path, body=None):
        """Over HTTP on the admin listener, which serves the public paths too (public paths: either)."""
        self.asked += 1
        admin = path.startswith("/admin") or self.asked % 2 == 0
        key = (node.id, admin)
        for attempt in (0, 1):
            if key not in self._connections:
                self._connections[key] = http.client.HTTPConnection(*(node.admin if admin else node.public), timeout=20)
            connection = self._connections[key]
            payload = None if body is None else json.dumps(body)
            try:
                connection.request(method, path, payload, {"Authorization": "Bearer " + self.token(actor)})
                answer = connection.getresponse()
                reply = Reply(answer.status, answer.read())
                break
            except (http.client.HTTPException, OSError):
                connection.close()
                del self._connections[key]
                if attempt:
                    raise
        doing = f"{method} {path} {payload or ''} on {node.id} by {actor}"
        self.swept(actor.tenant, reply.text, path + (payload or ""), doing)
        if actor.tenant is not None and reply.text[:1] in "[{":
            leak = self.sweep.leaks_in_fields(actor.tenant.name, reply.json)
            if leak:
                raise Mismatch(f"{doing}: {leak} in {reply}")
        return reply

    def ctl(self, actor, node, *arguments):
        """(exit code, JSON or None) of starlingctl."""
        host, port = node.admin
        env = {k: v for k, v in os.environ.items() if not k.startswith("STARLING")}
        env |= {"STARLINGCTL_TOKEN": self.token(actor), "STARLINGCTL_SERVER": f"http://{host}:{port}"}
        done = subprocess.run([str(BIN / "starlingctl"), "--json", *arguments], capture_output=True, text=True, env=env,
                              timeout=30, stdin=subprocess.DEVNULL, check=False)
        doing = f"starlingctl {' '.join(arguments)} on {node.id} by {actor}"
        self.swept(actor.tenant, done.stdout + done.stderr, " ".join(arguments), doing)
        value = None
        if done.returncode == 0:
            try:
                value = json.loads(done.stdout)
            except ValueError:
                raise Mismatch(f"{doing} did not print JSON: {done.stdout[:500]!r}") from None
            if actor.tenant is not None and (leak := self.sweep.leaks_in_fields(actor.tenant.name, value)):
                raise Mismatch(f"{doing}: {leak} in {done.stdout[:2000]}")
        return done.returncode, value

    def expect(self, found, wanted, doing):
        if found != wanted:
            raise Mismatch(f"{doing}: {found!r}, and the model says {wanted!r}")

    def eventually(self, ask, wanted, doing):
        """ask() -> a value that must become `wanted()` when the nodes have agreed. What leaks on the way is noticed
        by ask() itself."""
        end = time.monotonic() + self.patience
        pause = 0.001
        while (found := ask()) != wanted():
            if time.monotonic() > end:
                raise Mismatch(f"{doing}: {found!r}, and the model says {wanted()!r}")
            time.sleep(pause)
            pause = min(pause * 2, 0.1)

    # -- streams

    def connect(self, kind, actor, node, rooms=(), device=None, cursor=None):
        return Stream(self, kind, actor, node, rooms, device, cursor)

    def add_session(self, stream, actor, node, device):
        session = Session(actor.tenant, actor.user, actor.claims, stream, stream.connected["rooms"], device, node)
        self.sweep.add_session(actor.tenant.name, session.id)
        return session

    def hear(self, session, until=None):
        """Reads until the event with the text `until` has come, or, without one, until the stream ends; returns the
        goodbye's code or None."""
        stream = session.stream
        goodbye = None
        end = time.monotonic() + self.patience
        while True:
            if stream.heard:
                name, fields = stream.heard.pop(0)
            else:
                try:
                    name, fields = stream.next(max(end - time.monotonic(), 0.001))
                except Closed:
                    if until:
                        raise Mismatch(f"{session} was closed with {goodbye}, and nobody did that") from None
                    return goodbye
                except TimeoutError:
                    missing = f"{until} does not come" if until else "its end does not come"
                    raise Mismatch(f"{session}: {missing}; it waits for {sorted(session.pending)}") from None
            if name == "goodbye":
                goodbye = fields["code"]
            elif self.heard(session, name, fields) == until and until:
                return None

    def heard(self, session, name, fields):
        """Text of the event; '' for what the connection says about itself."""
        if name in ("connected", "heartbeat", "token_expiring", "presence", "pong", "ack"):
            return ""
        text = fields.get("data")
        if not isinstance(text, str) or not text.startswith(session.tenant.secret):
            raise Mismatch(f"{session} heard {name} {fields}, which nobody said")
        if text in session.got:
            raise Mismatch(f"{session} heard {text} twice")
        if text not in session.pending and text not in session.replayable:
            raise Mismatch(f"{session} heard {fields}, which is not for it")
        session.pending.pop(text, None)
        session.got.add(text)
        return text

    def end(self, session, code):
        """The session must end with this code; nothing that it had to hear may be missing before."""
        self.expect(self.hear(session), code, f"the goodbye of {session}")
        session.stream.close()
        session.tenant.closed(session)

    def listed(self, tenant, node):
        """{client id: rooms} as the admin API tells it."""
        reply = self.ask(self.boss(tenant), node, "GET", "/admin/v1/sessions?limit=1000")
        if reply.status != 200:
            raise Mismatch(f"the list of sessions: {reply}")
        return {row["client_id"]: sorted(row["rooms"]) for row in reply.json["sessions"]}

    def settle(self, node):
        """Waits until the nodes agree with the model, then checks that each session has heard what it must."""
        for tenant in self.tenants:
            self.eventually(lambda: self.listed(tenant, node),
                            lambda: {s.id: sorted(s.rooms) for s in tenant.sessions}, f"sessions of {tenant.name}")
            mark = tenant.event("all", (), False)
            reply = self.ask(self.boss(tenant), node, "POST", "/api/publish",
                             {"all": True, "event": "settle", "data": mark.text, "id": mark.id})
            self.expect(reply.status, 200, f"publishing to all of {tenant.name}: {reply}")
            tenant.published(mark)
            for session in tenant.sessions:
                self.hear(session, mark.text)
                self._hear_what_is_not_stored(session)
            tenant.settled()

    def _hear_what_is_not_stored(self, session):
        """The settling event comes in the order of the store; what is not stored may be later."""
        end = time.monotonic() + self.patience
        while missing := [text for text, must in session.pending.items() if must]:
            try:
                self.heard(session, *session.stream.next(max(end - time.monotonic(), 0.001)))
            except (TimeoutError, Closed):
                events = [session.tenant.texts[text] for text in missing]
                raise Mismatch(f"{session} has not heard {events}") from None

    def close(self):
        for tenant in self.tenants:
            for session in tenant.sessions:
                session.stream.close()
        for connection in self._connections.values():
            connection.close()


def path_of(room):
    return quote(room, safe="")

"""A world for fault_test: one steady node, one whose actors have faults, clients that must lose nothing, and errands that
make every kind of message flow."""
import http.client
import itertools
import json
import pathlib
import re
import shutil
import socket
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from clients import Closed, Sse, Ws
from harness import ROOT, Nats, Node, admin, eventually, fresh, nats_publish, token
from nats_client import NatsClient
from resolver import SECRET, Resolver

# What a client or publisher may meet at a node that dies.
GONE = (OSError, Closed, http.client.HTTPException)
ROOMS, READERS, CROWD = 4, 6, 140
SETTINGS = ("sse.retry=50ms", "sessions.policy=reject-new", "sessions.max_per_user=3", "history.max_events_per_room=5000",
            "membership.sources=['roster','http']", f"membership.http.secret='{SECRET}'", "mapping_profile=fechatter",
            "sse.heartbeat=500ms")
# A foreign stream, whose events become those of a room that all readers are in.
STREAM, SOURCES = "FOREIGN", ("fechatter.>", "foreign.>")
RULE = f"""
[[mapping]]
stream = "{STREAM}"
subject = "foreign.>"
id = "{{/id}}"
room = "{{/room}}"
event = "load"
data = "{{/data}}"
"""


def handlers():
    """{actor: [message, ...]} of all inboxes, as their headers have them."""
    found = {}
    for header in sorted((ROOT / "actors").rglob("*_inbox.hpp")):
        text = header.read_text()
        for name, base, listed in re.findall(r"class (\w+)_inbox\s*: public (?:detail::)?inbox(_chain)?<([^>]*)>", text):
            messages = [word.strip() for word in listed.split(",")]
            # inbox_chain<BASE, ...> adds to what BASE takes.
            found[name] = found["channel"] + messages[1:] if base else messages
    found.pop("channel")  # no actor; what rooms and users both take
    return found


def calls():
    """{actor: [event, ...]} of what comes to actors not as messages but as calls, as their sources name it."""
    found = {actor: [] for actor in handlers()}
    for source in sorted((ROOT / "actors").rglob("*.[ch]pp")):
        if source.parent.name == "runtime":  # where `guarded` is
            continue
        for event in re.findall(r"guarded\(([^,]*),", source.read_text()):
            assert re.fullmatch(r'"\w+"', event), f"{source}: guarded({event}, has no name to be found by"
            events = found[source.stem.split("_")[0]]
            if event.strip('"') not in events:
                events.append(event.strip('"'))
    return found


def entries():
    """{actor: [message or call, ...]}: everything that makes an actor work."""
    called = calls()
    return {actor: messages + called[actor] for actor, messages in handlers().items()}


class Way:
    """A way to nats-server that can be cut, can stand still for a while, and can leave out one stored event on its way to
    the node."""

    def __init__(self, nats):
        self.nats, self.passing, self.leave_out = nats, True, 0
        self.open = threading.Event()
        self.open.set()
        self.sockets = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"nats://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self.passing = False
        self.release()
        for each in [self.listener, *self.sockets]:
            each.close()

    def cut(self):
        """Breaks what passes now; whoever connects next gets through."""
        for each in self.sockets:
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # it went before
        self.sockets.clear()

    def hold(self):
        """Nothing passes in either direction until release(), nothing is lost."""
        self.open.clear()

    def release(self):
        self.open.set()

    def _accept(self):
        while True:
            try:
                near, _ = self.listener.accept()
                far = socket.create_connection(("127.0.0.1", self.nats.port))
            except OSError:
                return
            self.sockets += [near, far]
            for work in (self._onwards, self._back):
                threading.Thread(target=self._until_closed, args=(work, near, far), daemon=True).start()

    @staticmethod
    def _until_closed(work, near, far):
        try:
            work(near, far)
        except OSError:
            pass  # one of the two has gone: so does the other
        for each in (near, far):
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # it went first

    def _onwards(self, near, far):
        while data := near.recv(65536):
            self.open.wait()
            far.sendall(data)

    def _back(self, near, far):
        lines = far.makefile("rb")
        while line := lines.readline():
            words = line.split()
            body = lines.read(int(words[-1]) + 2) if words and words[0] in (b"MSG", b"HMSG") else b""
            self.open.wait()
            stored = len(words) > 1 and words[1].startswith(b"starling.ch.") and words[1].endswith(b".e")
            if stored and self.leave_out > 0 and b"load" in body:
                self.leave_out -= 1
            else:
                near.sendall(line + body)


class Reader(threading.Thread):
    """A client in all rooms of the load. Comes back with its cursor, at the faulty node whenever that is there."""

    def __init__(self, world, index):
        super().__init__(daemon=True)
        self.world, self.web_socket = world, index % 3 == 2
        self.token = token(fresh("reader"), rooms=world.rooms)
        self.seen = {room: [] for room in world.rooms}
        self.last_id, self.complaints, self.connected = None, [], threading.Event()

    def run(self):
        while not self.world.over.is_set():
            for node in filter(None, (self.world.faulty, self.world.steady)):
                try:
                    self.read(node)
                    break
                except GONE:
                    continue
            time.sleep(0.05)

    def read(self, node):
        if self.web_socket:
            client = Ws(node, self.token, last_event_id=self.last_id)
        else:
            client = Sse(node, self.token, last_event_id=self.last_id, format="envelope")
        try:
            hello = client.connected or {}
            if "lost" not in hello:
                return  # a goodbye, or no stream at all
            self.connected.set()
            if hello["lost"]:
                self.complaints.append(f"lost {hello['lost']}")
            while not self.world.over.is_set() and self.world.faulty in (node, None):
                self.take(client)
        finally:
            client.close()

    def take(self, client):
        if self.web_socket:
            frame = client.next(10)
            self.last_id = frame.get("id", self.last_id)
            name, event = frame.get("event", frame["type"]), frame
        else:
            event = client.next(10)
            self.last_id, name = event.id or self.last_id, event.name
            event = json.loads(event.data)
        if name == "load":
            self.seen[event["room"]].append(event["data"])
        elif name == "gap":
            self.complaints.append(f"gap {event}")


class World:
    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="starling-faults-")
        self.nats = Nats(self.folder)
        self.way = Way(self.nats)
        self.resolver = Resolver()
        self.settings = (*SETTINGS, f"membership.http.url={self.resolver.url}")
        self.rules = f"{self.folder}/rules.toml"
        pathlib.Path(self.rules).write_text(RULE, encoding="utf-8")
        self.foreign = NatsClient(self.nats)
        self.foreign.add_stream(STREAM, "foreign.>")
        self._begin_steady()
        self.numbers = itertools.count(1)  # of users as fechatter has them
        self.faulty, self.over, self.opened = None, threading.Event(), []  # opened: clients of an errand
        self.crowd = []  # clients in one room, of one life of the faulty node
        self.own_rooms, self.foreign_room = [fresh("load") for _ in range(ROOMS)], fresh("foreign")
        self.rooms = [*self.own_rooms, self.foreign_room]
        self.published = {room: 0 for room in self.rooms}
        self.burst = 0  # foreign messages to be stored at once
        self.readers = [Reader(self, i) for i in range(READERS)]
        self.publisher = threading.Thread(target=self._publish, daemon=True)
        self.storer = threading.Thread(target=self._store, daemon=True)
        self.errands = threading.Thread(target=self._run_errands, daemon=True)
        for reader in self.readers:
            reader.start()
        for reader in self.readers:
            reader.connected.wait(10)
        for thread in (self.publisher, self.storer, self.errands):
            thread.start()

    def close(self):
        self.over.set()
        for thread in (self.publisher, self.storer, self.errands, *self.readers):
            thread.join(15)
        self.foreign.close()
        for node in filter(None, (self.faulty, self.steady)):
            node.kill()
        self.way.close()
        self.resolver.close()
        self.nats.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def begin(self, plan):
        """A life of the faulty node, which may end before it is ready."""
        node = Node(self.folder, "n2", *self.settings, f"debug.faults={json.dumps(plan)}", nats=self.way, config=self.rules,
                    wait=False)
        try:
            node.started()
            self.faulty = node
        except AssertionError:
            if node.process.poll() is None:
                raise
        return node

    def end(self, node):
        self.faulty = None
        node.kill()
        while self.crowd:
            self.crowd.pop().close()

    def _begin_steady(self):
        self.steady = Node(self.folder, "n1", *self.settings, nats=self.nats, config=self.rules)
        eventually(self.steady.ready, 10, "the steady node to be ready")

    def let_ingest(self, node):
        """The steady node is restarted, as a deploy does, and hands its sources to `node`, which may end by that."""
        self.steady.stop()
        eventually(lambda: node.process.poll() is not None or
                   all(f"this node ingests a source source={source} " in node.text() for source in SOURCES), 10,
                   "the faulty node to ingest")
        self._begin_steady()

    def _store(self):
        room = self.foreign_room
        while not self.over.wait(0.02):
            for _ in range(1 + self.burst):
                number = self.published[room]
                self.foreign.store("foreign.a", {"id": f"{room}.{number}", "room": room, "data": number})
                self.published[room] += 1

    def _publish(self):
        for room in itertools.cycle(self.own_rooms):
            number = self.published[room]
            item = {"room": room, "event": "load", "data": number, "id": f"{room}.{number}"}
            while not self.over.is_set() and not self._stored(item):
                time.sleep(0.02)
            self.published[room] += 1
            if self.over.wait(0.02):
                return

    def _stored(self, item):
        for node in filter(None, (self.faulty, self.steady)):
            try:
                if node.http("POST", "/api/publish", token=admin(), body=item).status == 200:
                    return True
            except GONE:
                continue
        return False

    def missing(self):
        """What readers lack of what is stored now, or have had wrongly; waits for what is on its way."""
        stored = dict(self.published)
        end = time.monotonic() + 20
        while time.monotonic() < end and any(len(reader.seen[room]) < count for reader in self.readers
                                             for room, count in stored.items()):
            time.sleep(0.05)
        wrong = []
        for reader in self.readers:
            wrong += reader.complaints
            for room, count in stored.items():
                seen = list(reader.seen[room])
                if seen[:count] != list(range(count)):
                    at = next((i for i, value in enumerate(seen) if value != i), len(seen))
                    wrong.append(f"{'ws' if reader.web_socket else 'sse'} {room}: {count} stored, from place {at} "
                                 f"{seen[at:at + 5]}")
        return wrong

    # -- what makes messages flow -----------------------------------------------------------------------------------

    def _run_errands(self):
        errands = (self._sessions, self._resume, self._long_replay, self._roster, self._membership, self._web_socket,
                   self._questions, self._one_session, self._too_many, self._refusals)
        while not self.over.wait(0.05):
            for errand in errands:
                node = self.faulty
                try:
                    if node:
                        errand(node)
                except GONE:
                    pass  # the node or the session had its fault
                except AssertionError:
                    pass  # a publish was refused by a node that is on its way down
                while self.opened:
                    self.opened.pop().close()

    def _open(self, kind, node, *arguments, **more):
        """A client until the end of the errand."""
        client = kind(node, *arguments, **more)
        self.opened.append(client)
        return client

    def _sessions(self, node):
        room, user = fresh("e"), fresh("user")
        me = token(user, rooms=[room])
        self._open(Sse, node, me, device="a")
        self._open(Sse, self.steady, me, device="b")
        self._open(Sse, node, me, since="last")
        self.steady.publish(user=user, data=1)
        self.steady.publish(room=room, data=1)
        node.publish(room=room, data=2, ephemeral=True)

    def _resume(self, node):
        room = fresh("e")
        position = self.steady.publish(room=room, data=0)["position"]
        for i in range(3):
            self.steady.publish(room=room, data=i)
        first = self._open(Sse, node, token(fresh("user"), rooms=[room]), last_event_id=position)
        first.take(3, 2)
        self.steady.publish(room=room, data=3)
        first.take(1, 2)
        for cursor in (first.last_id, position):
            self._open(Sse, node, token(fresh("user"), rooms=[room]), last_event_id=cursor)

    def _long_replay(self, node):
        """More than an outbox takes at once."""
        room = fresh("e")
        position = self.steady.publish(room=room, data=0)["position"]
        self.steady.http("POST", "/api/publish", token=admin(),
                         body=[{"room": room, "event": "msg", "data": i} for i in range(300)])
        self._open(Sse, node, token(fresh("user"), rooms=[room]), last_event_id=position).take(300, 5)

    def _roster(self, node):
        room, user = fresh("e"), fresh("user")
        stream = self._open(Sse, node, token(user))
        path = f"/api/rooms/{room}/members/{user}"
        node.http("PUT", path, token=admin())
        self.steady.publish(room=room, data=1)
        stream.take(1, 2)
        node.http("GET", f"/api/rooms/{room}/members", token=admin())
        node.http("GET", "/online-users", token=token(user))
        node.http("DELETE", path, token=admin())

    def _membership(self, node):
        room, user, elsewhere = fresh("e"), next(self.numbers), next(self.numbers)
        self._open(Sse, node, token(str(user)))
        self._open(Sse, self.steady, token(str(elsewhere)))  # whose tenant the other node has to ask for
        node.http("POST", "/api/members", token=admin(),
                  body=json.dumps({"room": room, "user": fresh("user"), "member": True}).encode())
        for each in (user, elsewhere):
            nats_publish(self.nats, "fechatter.chats.member.joined",
                         json.dumps({"chat_id": each, "user_id": each, "joined_at": "2026-01-01T00:00:00Z"}))

    def _web_socket(self, node):
        room = fresh("e")
        client = self._open(Ws, node, token(fresh("user"), rooms=["*"], publish=True))
        many = [room, *(f"{room}.{i}" for i in range(100))]  # more than a bridge does in one bite
        client.send(type="subscribe", rooms=many, ref=1)
        client.until("ack", 2)
        client.send(type="publish", room=room, event="x", data=1, ref=2)
        client.until("ack", 2)
        client.send(type="unsubscribe", rooms=many, ref=3)
        client.until("ack", 2)

    def _questions(self, node):
        for path in ("rooms", "users", "sessions", f"rooms/{self.rooms[0]}"):
            node.http("GET", f"/admin/v1/{path}", token=admin(), admin_listener=True)
        node.http("GET", f"/api/rooms/{self.rooms[0]}/presence", token=admin())
        # A tenant's own administrator: statistics of that tenant alone.
        node.http("GET", "/admin/v1/stats", token=admin(tenant="default"), admin_listener=True)

    def _one_session(self, node):
        user = fresh("user")
        here, there = self._open(Sse, node, token(user)), self._open(Sse, self.steady, token(user))
        self.steady.publish(client=here.client_id, data=1)
        node.publish(client=there.client_id, data=1)
        node.http("POST", f"/api/session/{here.client_id}/presence", token=token(user), body={"state": "away"})
        node.http("POST", f"/api/session/{here.client_id}/token", body={"token": token(user)})
        node.http("DELETE", f"/admin/v1/sessions/{here.client_id}", token=admin(), admin_listener=True)

    def _too_many(self, node):
        me = token(fresh("user"))
        for _ in range(4):
            self._open(Sse, node, me)

    def _refusals(self, node):
        self._open(Sse, node, token(fresh("user")), rooms="not-allowed")

    # -- what does not happen by itself -----------------------------------------------------------------------------

    def new_leader(self):
        nats_publish(self.nats, "$JS.EVENT.ADVISORY.STREAM.LEADER_ELECTED.starling", "{}")

    def leave_out_an_event(self):
        """The node misses one event. Never in a later life, which would end before it has repaired what it misses."""
        self.way.leave_out = 1
        time.sleep(0.2)
        self.way.leave_out = 0

    def cut(self):
        self.way.cut()
        time.sleep(0.3)

    def cut_off_from_the_store(self):
        """While many foreign messages are on their way there."""
        self.burst = 300
        time.sleep(0.1)
        self.cut()
        self.burst = 0

    def say_much_to_many(self, node):
        """More at once than one pass over a room takes that is large on some shard."""
        def join(user):
            try:
                self.crowd.append(Sse(node, token(user, rooms=["crowd"])))
            except GONE:
                pass  # it has had its fault
        if not self.crowd:
            with ThreadPoolExecutor(20) as pool:
                pool.map(join, [fresh("user") for _ in range(CROWD)])
        self.steady.http("POST", "/api/publish", token=admin(),
                         body=[{"room": "crowd", "event": "msg", "data": i} for i in range(50)])

    def node_dies(self):
        """A third node comes and goes; it takes 10 s until the others call it gone."""
        third = Node(self.folder, "n3", *self.settings, nats=self.nats, config=self.rules)
        user = fresh("user")
        streams = [Sse(node, token(user)) for node in (third, self.faulty)]
        third.kill()
        return streams

"""The nodes that the tests of rows share, each started when the first test asks for it and stopped by its pid when
the interpreter ends.

fechatter(): two nodes as an operator who leaves its notify server would configure them: NATS, the mapping profile,
EdDSA tokens with its claims. oblivious(): one node with limits to run into. The methods of Case make tokens and
clients.
"""
import base64
import functools
import json
import pathlib
import subprocess
import tempfile
import time
import unittest

from clients import Sse, Ws
from harness import Cluster, Node, eventually, token
from nats_client import NatsClient

AT = "2025-01-02T03:04:05Z"


def _b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Configured(Cluster):
    """Nodes with a configuration file."""

    def __init__(self, count, text, *settings):
        self.text = text
        super().__init__(count, *settings, nats=True)

    def start_node(self, node_id):
        file = pathlib.Path(self.folder, "node.toml")
        file.write_text(self.text.replace("FOLDER", self.folder), encoding="utf-8")
        if not pathlib.Path(self.folder, "chat.pem").exists():
            self.make_key("chat")
            self.make_key("stranger")
        return Node(self.folder, node_id, *self.settings, nats=self.nats, config=file)

    def make_key(self, name):
        key, public = f"{self.folder}/{name}.key", f"{self.folder}/{name}.pem"
        subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", key], check=True, capture_output=True)
        pem = subprocess.run(["openssl", "pkey", "-in", key, "-pubout"], check=True, capture_output=True).stdout
        # As fechatter's YAML has it: on one line, its line ends written out.
        pathlib.Path(public).write_bytes(pem.strip().replace(b"\n", b"\\n"))

    def sign(self, claims, key="chat"):
        text = _b64(b'{"alg":"EdDSA","typ":"JWT"}') + "." + _b64(json.dumps(claims).encode())
        with tempfile.NamedTemporaryFile() as file:
            file.write(text.encode())
            file.flush()
            signature = subprocess.run(["openssl", "pkeyutl", "-sign", "-rawin", "-inkey", f"{self.folder}/{key}.key",
                                        "-in", file.name], check=True, capture_output=True).stdout
        return text + "." + _b64(signature)

    @functools.cached_property
    def operator(self):
        """A token for the admin listener."""
        return self.sign({"exp": int(time.time()) + 3600, "iss": "fechatter-server", "aud": "fechatter-web",
                          "user": {"id": 9}, "admin": "*"})

    def alive(self, node):
        reply = node.http("GET", "/admin/v1/nodes", token=self.operator, admin_listener=True)
        return sum(row["state"] == "alive" for row in reply.json["nodes"])


@functools.cache
def fechatter():
    cluster = Configured(2, """
mapping_profile = "fechatter"
[auth]
public_key_files = ["FOLDER/chat.pem"]
issuer = "fechatter-server"
audience = ["fechatter-web"]
[auth.claims]
user = "user.id"
tenant = "user.workspace_id"
[sse]
heartbeat = "1s"
[cors]
origins = ["http://localhost:1420", "http://localhost:3000", "https://*.v0.app"]
""", "log.level=debug")
    eventually(lambda: any("this node ingests a source" in node.text() for node in cluster.nodes), 10, "one ingests")
    return cluster


@functools.cache
def oblivious():
    return Cluster(1, "sse.heartbeat=300ms", "limits.max_sessions=12", "sessions.max_per_user=3",
                   "sessions.policy=reject-new", nats=False)


@functools.cache
def signed(user, workspace, chats=(), *, key="chat", iss="fechatter-server", aud="fechatter-web", ttl=1800,
           status="Active"):
    """A token as fechatter's server makes it (rows N28, N29); `chats` only where the roster gives none."""
    now = int(time.time())
    claims = {"sub": str(user), "exp": now + ttl, "iat": now, "iss": iss, "aud": aud,
              "user": {"id": user, "workspace_id": workspace, "fullname": f"User {user}",
                       "email": f"u{user}@example.com", "status": status, "created_at": AT}}
    if chats:
        claims["rooms"] = claims["publish"] = [f"chat:{chat}" for chat in chats]
    return fechatter().sign(claims, key)


class EventSource(Sse):
    """What a browser's EventSource makes of the stream: `messages` are those of onmessage, as objects."""

    def message(self, kind=None, timeout=5):
        """The next unnamed message, of this type; heartbeats are passed over unless asked for."""
        end = time.monotonic() + timeout
        while True:
            event = self.next(max(end - time.monotonic(), 0.001))
            assert event.name == "message", f"a named event: {event}"
            data = json.loads(event.data)
            if kind == data["type"] or (kind is None and data["type"] not in ("heartbeat", "connection_confirmed")):
                return data

    def messages(self, count):
        return [self.message() for _ in range(count)]

    def silent(self, seconds=0.4):
        try:
            raise AssertionError(f"came: {self.message(timeout=seconds)}")
        except TimeoutError:
            pass


class Case(unittest.TestCase):
    def opened(self, client):
        self.addCleanup(client.close)
        return client


class ChatCase(Case):
    """Users of fechatter, its servers as a NATS client, and a chat of its own for each test."""
    last_chat = 1000
    workspace = 5

    @classmethod
    def setUpClass(cls):
        cls.cluster = fechatter()
        cls.nodes = cls.cluster.nodes
        cls.node = cls.nodes[0]

    def setUp(self):
        ChatCase.last_chat += 10
        self.chat = ChatCase.last_chat
        self.nats = NatsClient(self.cluster.nats)
        self.addCleanup(self.nats.close)

    def user(self, number, *chats, node=0, workspace=None, **query):
        """A browser tab of the user: `format=fechatter`."""
        query = {"format": "fechatter", **query}
        return self.opened(EventSource(self.nodes[node], signed(number, workspace or self.workspace, chats), **query))

    def socket(self, number, *chats, node=0, **query):
        return self.opened(Ws(self.nodes[node], signed(number, self.workspace, chats), format="fechatter", **query))

    def send(self, subject, payload):
        self.nats.publish(subject, payload)
        self.nats.flush()

    def received(self, message, recipients, sender=1, content="hi"):
        """Subject `fechatter.realtime.chat.{id}`: recipients, the id a text."""
        return {"MessageReceived": {"message": {"id": str(message), "chat_id": self.chat, "sender_id": sender,
                                                "content": content, "files": [], "timestamp": 1735787045},
                                    "chat_id": self.chat, "recipients": recipients}}

    def flat(self, message, kind="new_message", content="hi", **more):
        """Subject `fechatter.message.new` and its kin: no recipients."""
        return {"event_type": kind, "chat_id": self.chat, "sender_id": 1, "sender_name": "Ann", "content": content,
                "files": [], "timestamp": AT, "message_id": message, "workspace_id": self.workspace, **more}


class HubCase(Case):
    """Users of Oblivious' event hub."""

    @classmethod
    def setUpClass(cls):
        cls.cluster = oblivious()
        cls.node = cls.cluster.nodes[0]

    def connect(self, user, **more):
        return self.opened(Sse(self.node, token(user), path="/api/sse/connect", **more))

    def post(self, path, body=None, by="u"):
        by = by if by is None or "." in by else token(by)
        return self.node.http("POST", path, token=by, body=body)


"""Starts nats-server and nodes on free ports, makes tokens, and asks over HTTP. Standard library only.

Everything started here is stopped by its own pid, at the latest when the interpreter ends.
BIN_DIR names the folder with the programs (default: build/bin), START_SECONDS how long they may take to start.
"""
import atexit
import base64
import hashlib
import hmac
import http.client
import itertools
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("BIN_DIR", ROOT / "build" / "bin"))
SECRET = "integration tests only, thirty-two bytes"
START_SECONDS = float(os.environ.get("START_SECONDS", 15))
STOP_SECONDS = 20

_processes = []
_numbers = itertools.count(1)


@atexit.register
def _stop_all():
    for process in _processes:
        if process.poll() is None:
            process.kill()
            process.wait()


def fresh(prefix):
    """A name no other test uses."""
    return f"{prefix}-{os.getpid()}-{next(_numbers)}"


def eventually(condition, seconds=5, what="the condition"):
    """Polls until `condition` is true and returns its value; fails with `what` after `seconds`."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"{what} did not come true within {seconds} s")
        time.sleep(0.02)


def _b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def token(user="u", /, *, secret=SECRET, ttl=600, alg="HS256", signature=None, **claims):
    """An HS256 token. Claims of value None are left out; `sub` and `exp` can be overridden."""
    payload = {"sub": user, "exp": int(time.time()) + ttl, **claims}
    payload = {name: value for name, value in payload.items() if value is not None}
    text = _b64(json.dumps({"alg": alg, "typ": "JWT"}).encode()) + "." + _b64(json.dumps(payload).encode())
    if signature is None:
        signature = _b64(hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest())
    return text + "." + signature


def admin(**claims):
    return token("admin", admin=True, publish=True, rooms=["*"], **claims)


def reserve_port():
    """(port, socket): 127.0.0.1:port belongs to whom it is given to for as long as the socket lives, also while its
    program is dead. The socket is bound and does not listen, so a program with SO_REUSEADDR can still have the port,
    while the kernel picks it neither for another's port 0 nor for an outgoing connection."""
    held = socket.socket()
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    held.bind(("127.0.0.1", 0))
    return held.getsockname()[1], held


class Process:
    """A program with its output in a file."""

    def __init__(self, command, folder, name, env=None, identity=None):
        """identity: user, group and extra_groups of subprocess.Popen."""
        self.log = pathlib.Path(folder) / f"{name}.log"
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=env,
                                            **(identity or {}))
        _processes.append(self.process)

    @property
    def pid(self):
        return self.process.pid

    def text(self):
        return self.log.read_text(errors="replace")

    def wait_for(self, pattern):
        def look():
            if self.process.poll() is not None:
                raise AssertionError(f"exit {self.process.returncode} while starting:\n{self.text()[-2000:]}")
            return re.search(pattern, self.text())
        return eventually(look, START_SECONDS, f"{pattern!r} in {self.log}")

    def stop(self, sig=signal.SIGTERM):
        """Exit code. Kills what does not go in time, and fails."""
        if self.process.poll() is None:
            self.process.send_signal(sig)
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                raise AssertionError(f"did not end in {STOP_SECONDS} s:\n{self.text()[-2000:]}") from None
        return self.process.returncode

    def kill(self):
        self.stop(signal.SIGKILL)


class Nats(Process):
    """nats-server with JetStream. start_again() keeps port and store. `config`: text of a configuration file, for
    which `env` has variables."""

    def __init__(self, folder, config="", env=None):
        self.port, reservation = reserve_port()
        atexit.register(reservation.close)
        self.folder = folder
        self.config = pathlib.Path(folder, fresh("nats") + ".conf")
        self.config.write_text(config)
        self.env = {**os.environ, **(env or {})}
        self.start_again()

    def start_again(self):
        binary = shutil.which("nats-server", path=os.environ["PATH"] + ":/usr/sbin")
        super().__init__([binary, "-a", "127.0.0.1", "-p", str(self.port), "-js", "-sd", f"{self.folder}/js",
                          "-c", str(self.config)], self.folder, fresh("nats"), self.env)
        self.wait_for("Server is ready")

    @property
    def url(self):
        return f"nats://127.0.0.1:{self.port}"


def nats_publish(nats, subject, body=""):
    """One message over the NATS text protocol; the server has it then."""
    with socket.create_connection(("127.0.0.1", nats.port), 5) as link:
        lines = link.makefile("rb")
        lines.readline()
        link.sendall(f'CONNECT {{"verbose":false}}\r\nPUB {subject} {len(body)}\r\n{body}\r\nPING\r\n'.encode())
        while not lines.readline().startswith(b"PONG"):
            pass


class Reply:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body)


class Node(Process):
    def __init__(self, folder, node_id, *settings, nats=None, config=None, port=0, wait=True):
        """wait: until it says that it is ready; else `started` does."""
        self.id = node_id
        command = [str(BIN / "starlingd"), "--node-id", node_id, "--listen", f"127.0.0.1:{port}",
                   "--admin", "127.0.0.1:0"]
        if config:
            command += ["--config", str(config)]
        if nats:
            command += ["--nats", nats.url]
        for setting in (f"auth.hs256_secret={SECRET}", "drain.window=1s", *settings):
            command += ["--set", setting]
        env = {k: v for k, v in os.environ.items() if not k.startswith("STARLING")}
        super().__init__(command, folder, fresh(node_id), env)
        if wait:
            self.started()

    def started(self):
        found = self.wait_for(r"(?m)^starlingd ready node=(\S+) public=(\S+):(\d+) admin=(\S+):(\d+)")
        self.public = (found[2], int(found[3]))
        self.admin = (found[4], int(found[5]))

    def http(self, method, path, *, token=None, body=None, headers=(), admin_listener=False):
        """body: bytes, or anything else as JSON."""
        headers = dict(headers) | ({"Authorization": "Bearer " + token} if token else {})
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        connection = http.client.HTTPConnection(*(self.admin if admin_listener else self.public), timeout=10)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return Reply(answer.status, answer.headers, answer.read())
        finally:
            connection.close()

    def publish(self, by=None, **item):
        """{id, position} of one published event."""
        item = {"event": "msg", "data": {}, **item}
        reply = self.http("POST", "/api/publish", token=by or admin(), body=item)
        if reply.status != 200:
            raise AssertionError(f"publish {item}: {reply.status} {reply.body!r}")
        return reply.json

    def ready(self):
        return self.http("GET", "/readyz").status == 200

    def inspect(self, path):
        """JSON of an admin path."""
        reply = self.http("GET", "/admin/v1/" + path, token=admin(), admin_listener=True)
        if reply.status != 200:
            raise AssertionError(f"{path}: {reply.status} {reply.body!r}")
        return reply.json

    def metrics(self):
        """{'name{labels}': value} of all samples."""
        out = {}
        for line in self.http("GET", "/metrics", admin_listener=True).body.decode().splitlines():
            if line and not line.startswith("#"):
                name, value = line.rsplit(" ", 1)
                out[name] = float(value)
        return out

    def metric(self, name, **labels):
        """Sum of the samples of `name` that carry these labels."""
        want = [f'{key}="{value}"' for key, value in labels.items()]
        return sum(value for sample, value in self.metrics().items()
                   if sample.partition("{")[0] == name and all(label in sample for label in want))


class Cluster:
    """`count` nodes on one nats-server, or one node on the memory engine (`nats=False`)."""

    def __init__(self, count=1, *settings, nats=None):
        self.folder = tempfile.mkdtemp(prefix="starling-test-")
        self.settings = settings
        self.nats = Nats(self.folder) if (count > 1 if nats is None else nats) else None
        self.nodes = [self.start_node(f"n{i}") for i in range(1, count + 1)]
        for node in self.nodes:
            eventually(node.ready, 10, f"{node.id} ready")
            eventually(lambda node=node: self.alive(node) == count, 10, f"{node.id} sees {count} nodes")

    def start_node(self, node_id):
        return Node(self.folder, node_id, *self.settings, nats=self.nats)

    @staticmethod
    def alive(node):
        return sum(row["state"] == "alive" for row in node.inspect("nodes")["nodes"])

    def close(self):
        for process in [*self.nodes, *([self.nats] if self.nats else [])]:
            process.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


class ClusterCase(unittest.TestCase):
    """A cluster for all tests of a class, and clients that are closed after each."""
    count = 1
    settings = ()
    nats = None

    @classmethod
    def setUpClass(cls):
        cls.cluster = Cluster(cls.count, *cls.settings, nats=cls.nats)
        cls.addClassCleanup(cls.cluster.close)
        cls.nodes = cls.cluster.nodes
        cls.node = cls.nodes[0]

    def opened(self, client):
        self.addCleanup(client.close)
        return client

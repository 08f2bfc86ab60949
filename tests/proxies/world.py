"""Three nodes, a nats-server, and one of the shipped proxy configurations before them."""
import pathlib
import re
import shutil
import signal
import socket
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "integration"))
from harness import Nats, Node, Process, eventually, fresh, reserve_port, token, admin  # noqa: E402


class Proxy(Process):
    """nginx or HAProxy with the shipped file; only addresses and places of files are replaced."""

    def __init__(self, kind, folder, ports):
        self.port, self.reservation = reserve_port()
        shipped = (ROOT / "scripts" / "deploy" / {"nginx": "nginx.conf", "haproxy": "haproxy.cfg"}[kind]).read_text()
        text = shipped.replace("/tmp/starling-nginx", f"{folder}/nginx").replace("listen 8080", f"listen {self.port}")
        text = text.replace("bind :8080", f"bind 127.0.0.1:{self.port}")
        for i, port in enumerate(ports, 1):
            text, found = re.subn(f"127\\.0\\.0\\.1:808{i}\\b", f"127.0.0.1:{port}", text)
            assert found, f"the shipped {kind} configuration does not name 127.0.0.1:808{i}"
        text = text.replace("127.0.0.1:3000", "127.0.0.1:1")
        path = pathlib.Path(folder) / f"{kind}.conf"
        path.write_text(text)
        self.reservation.close()  # a proxy binds without sharing
        binary = shutil.which(kind, path="/usr/sbin:/usr/bin")
        command = [binary, "-c", str(path), "-g", "daemon off;"] if kind == "nginx" else [binary, "-db", "-f", str(path)]
        super().__init__(command, folder, fresh(kind))
        eventually(self.listens, 10, f"{kind} on port {self.port}")

    def listens(self):
        if self.process.poll() is not None:
            raise AssertionError(f"exit {self.process.returncode}: {self.text()[-2000:]}")
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


class World:
    def __init__(self, kind, count=3):
        self.folder = tempfile.mkdtemp(prefix="starling-proxies-")
        self.nats = Nats(self.folder)
        self.held = [reserve_port() for _ in range(count)]
        self.nodes = [self.start_node(i) for i in range(count)]
        for node in self.nodes:
            eventually(node.ready, 10, f"{node.id} ready")
        self.proxy = Proxy(kind, self.folder, [port for port, _ in self.held])

    def start_node(self, i, wait=True):
        return Node(self.folder, f"n{i + 1}", "drain.window=2s", nats=self.nats, port=self.held[i][0], wait=wait)

    def start_again(self, i):
        self.nodes[i] = self.start_node(i)
        eventually(self.nodes[i].ready, 15, f"n{i + 1} ready again")
        return time.monotonic()

    def start_all_again(self):
        self.nodes = [self.start_node(i, wait=False) for i in range(len(self.nodes))]
        for node in self.nodes:
            node.started()
            eventually(node.ready, 15, f"{node.id} ready again")
        return time.monotonic()

    def path(self, i):
        return f"/events?rooms=lobby&access_token={token(f'u{i}', rooms=['lobby'])}"

    def close(self):
        for process in [self.proxy, *self.nodes, self.nats]:
            process.stop(signal.SIGKILL if process.process.poll() is None else signal.SIGTERM)
        for _, held in self.held:
            held.close()
        shutil.rmtree(self.folder, ignore_errors=True)

"""Clients that others have made, as they are, before three nodes that are killed one after the other: each hears every
event once and in order, by its own way of coming back."""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import threading
import unittest
from urllib.parse import urlencode

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "proxies"))
from publisher import MercurePublisher, Publisher  # noqa: E402
from world import World, eventually, token  # noqa: E402

PYTHON = HERE.parents[1] / "build" / "foreign-python" / "bin" / "python"
TOPIC = "https://shop.test/orders"

# How it is started, and the module that must be there.
NODE = [shutil.which("node") or "node", str(HERE / "clients" / "client.mjs")]
PIP = [str(PYTHON), str(HERE / "clients" / "client.py")]
LIBRARIES = {
    "eventsource-2": (NODE, "eventsource-2"),
    "eventsource-3": (NODE, "eventsource-3"),
    "eventsource-4": (NODE, "eventsource-4"),
    "event-source-polyfill": (NODE, "event-source-polyfill"),
    "reconnecting-eventsource": (NODE, "reconnecting-eventsource"),
    "@microsoft/fetch-event-source": (NODE, "@microsoft/fetch-event-source"),
    "httpx-sse": (PIP, "httpx_sse"),
    "sseclient-py": (PIP, "sseclient"),
    "aiohttp-sse-client": (PIP, "aiohttp_sse_client"),
}
OF_A_HUB = ("eventsource-2", "eventsource-4", "event-source-polyfill", "httpx-sse")


def is_there(command, module):
    if command is NODE:
        return (HERE / "node_modules" / module).is_dir()
    return PYTHON.exists() and subprocess.run([PYTHON, "-c", f"import {module}"], stderr=subprocess.DEVNULL,
                                              check=False).returncode == 0


class Client:
    """A library in a process of its own, and what it heard."""

    def __init__(self, library, url, name, bearer):
        self.opened = 0
        self.heard = []
        self.log = []
        self.process = subprocess.Popen([*LIBRARIES[library][0], library, url, name, bearer], text=True,
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        env={**os.environ, "NODE_NO_WARNINGS": "1"})
        self.threads = [threading.Thread(target=self.read), threading.Thread(target=self.read_log)]
        for thread in self.threads:
            thread.start()

    def read(self):
        for line in self.process.stdout:
            said = json.loads(line)
            if said == "open":
                self.opened += 1
            else:
                self.heard.append(said["n"])

    def read_log(self):
        self.log.extend(self.process.stderr)

    def last(self):
        return self.heard[-1] if self.heard else -1

    def stop(self):
        self.process.kill()
        self.process.wait()
        for thread in self.threads:
            thread.join()
        self.process.stdout.close()
        self.process.stderr.close()


class Story:
    """What the clients go through, once for all tests of a class: one for each proxy below."""

    kind = None

    @classmethod
    def setUpClass(cls):
        if not shutil.which(cls.kind, path="/usr/sbin:/usr/bin"):
            raise unittest.SkipTest(f"{cls.kind} is not installed (scripts/deps --test)")
        cls.there = {name for name, how in LIBRARIES.items() if is_there(*how)}
        cls.world = World(cls.kind)
        cls.addClassCleanup(cls.world.close)
        port = cls.world.proxy.port
        base = f"http://127.0.0.1:{port}"
        cls.publishers = {"room": Publisher(port), "hub": MercurePublisher(port, TOPIC)}
        for publisher in cls.publishers.values():
            cls.addClassCleanup(publisher.stop)
        hub = f"{base}/.well-known/mercure?{urlencode({'topic': TOPIC})}"
        cls.clients = {}
        for i, library in enumerate(sorted(cls.there)):
            ways = {"room": (f"{base}/events?rooms=lobby", "note", token(f"u{i}", rooms=["lobby"])),
                    "hub": (hub, "message", token(mercure={"subscribe": [TOPIC]}, sub=None, exp=None))}
            for way, how in ways.items():
                if way == "room" or library in OF_A_HUB:
                    client = cls.clients[way, library] = Client(library, *how)
                    cls.addClassCleanup(client.stop)
        cls.everybody_hears("at first")
        for i, node in enumerate(cls.world.nodes):
            node.kill()
            cls.everybody_hears(f"without {node.id}")
            cls.world.start_again(i)
        for publisher in cls.publishers.values():
            publisher.stop()
        cls.everybody_hears("to the end", more=-1)  # the latest may not have been acknowledged

    @classmethod
    def everybody_hears(cls, when, more=1):
        """Something published from now on. Who does not is told of by its own test."""
        goals = {way: publisher.sent + more - 1 for way, publisher in cls.publishers.items()}
        missing = set(cls.clients)

        def nobody_is_missing():
            missing.difference_update([key for key in missing if cls.clients[key].last() >= goals[key[0]]])
            return not missing or all(cls.clients[key].process.poll() is not None for key in missing)
        try:
            eventually(nobody_is_missing, 20, when)
        except AssertionError:
            for key in missing:
                cls.clients[key].log.append(f"heard nothing {when}\n")

    def check(self, way, library):
        if library not in self.there:
            self.skipTest(f"{library} is not installed: npm or pip could not fetch it")
        client = self.clients[way, library]
        story = f"opened {client.opened} times; {''.join(client.log[-20:])}"
        self.assertTrue(client.heard, story)
        wanted = list(range(client.heard[0], self.publishers[way].sent))
        # The latest may not have been acknowledged, and be there all the same.
        self.assertIn(client.heard, (wanted, wanted[:-1]), story)
        self.assertGreaterEqual(client.opened, 2, "its node was killed, and it did not notice")


def add_tests(case):
    for library in LIBRARIES:
        name = library.strip("@").replace("-", "_").replace("/", "_")
        setattr(case, f"test_{name}_hears_a_room_once_and_in_order", lambda self, it=library: self.check("room", it))
        if library in OF_A_HUB:
            setattr(case, f"test_{name}_hears_a_mercure_hub_once_and_in_order", lambda self, it=library: self.check("hub", it))
    return case


@add_tests
class BehindHaproxy(Story, unittest.TestCase):
    kind = "haproxy"


@add_tests
class BehindNginx(Story, unittest.TestCase):
    kind = "nginx"


if __name__ == "__main__":
    unittest.main()

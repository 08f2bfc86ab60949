"""The programs under test: one or three nats-servers, three nodes, and a fault proxy on every way between them."""
import asyncio
import json
import os
import pathlib
import re
import shutil
import signal
import sys
import tempfile

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "integration"))
from harness import BIN, SECRET, Process, reserve_port  # noqa: E402
from http_client import get_status, get_text  # noqa: E402
from mapped import RULES, make_stream  # noqa: E402
from proxy import Proxy  # noqa: E402

NODES = 3
SERVERS_OF_A_CLUSTER = 3
START_SECONDS = 20
FAULT_EXIT_CODE, PLANNED_FAULT = 70, "a planned fault"  # as in actors/runtime/supervision.cpp
LOG_TAIL = 2000  # characters of a log that go into a complaint
SETTINGS = ("sse.retry=300ms", "sse.heartbeat=1s", "sessions.max_per_user=50", "history.max_events_per_room=100000",
            "drain.window=1s")


async def until(condition, seconds, what):
    """Polls a coroutine function or function; AssertionError with `what` after `seconds`."""
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    while True:
        value = condition()
        if asyncio.iscoroutine(value):
            value = await value
        if value:
            return value
        if loop.time() > end:
            raise AssertionError(f"{what} did not come true within {seconds} s")
        await asyncio.sleep(0.02)


class Program:
    """Something that is killed and started again, on the same ports; each life has its own log."""

    def __init__(self, folder, name):
        self.folder, self.name = folder, name
        self.command = None  # the owner of the ports knows
        self._reservations = []
        self.lives = 0
        self.process = None
        self.expected_down = True

    def reserve_port(self):
        port, reservation = reserve_port()
        self._reservations.append(reservation)
        return port

    def give_ports_back(self):
        for reservation in self._reservations:
            reservation.close()

    def start(self):
        self.lives += 1
        env = {k: v for k, v in os.environ.items() if not k.startswith("STARLING")}
        self.process = Process(self.command, self.folder, f"{self.name}-{self.lives}", env)
        self.expected_down = False

    async def says(self, pattern):
        await until(lambda: self._said(pattern), START_SECONDS, f"{pattern!r} in {self.process.log}")

    def _said(self, pattern):
        if not self.alive():
            if self.expected_down:
                return True  # another fault hit it while it started, and starts it again
            raise AssertionError(f"{self.name} ended with {self.process.process.returncode} while it started:\n"
                                 + self.process.text()[-LOG_TAIL:])
        return re.search(pattern, self.process.text())

    def alive(self):
        return self.process is not None and self.process.process.poll() is None

    def signal(self, number):
        if self.alive():
            self.process.process.send_signal(number)

    def kill(self):
        self.expected_down = True
        if self.alive():
            self.process.kill()

    async def terminate(self):
        """Exit code after SIGTERM."""
        self.expected_down = True
        return await asyncio.to_thread(self.process.stop, signal.SIGTERM)


class NatsServer(Program):
    def __init__(self, folder, name, routes=None):
        super().__init__(folder, name)
        self.port = self.reserve_port()
        self.address = ("127.0.0.1", self.port)
        self.route_port = self.reserve_port()
        self.monitor = ("127.0.0.1", self.reserve_port())  # HTTP: /varz, /jsz
        config = pathlib.Path(folder) / f"{name}.conf"
        lines = [f'server_name: "{name}"', f'listen: "127.0.0.1:{self.port}"', f'http: "127.0.0.1:{self.monitor[1]}"',
                 f'jetstream {{ store_dir: "{folder}/{name}" }}']
        self.config, self.lines = config, lines
        binary = shutil.which("nats-server", path=os.environ["PATH"] + ":/usr/sbin")
        self.command = [binary, "-c", str(config)]
        self.write_config([])

    def write_config(self, route_ports):
        routes = ", ".join(f'"nats://127.0.0.1:{port}"' for port in route_ports)
        # no_advertise: nodes reach the servers through the proxies only.
        cluster = [f'cluster {{ name: "proof", listen: "127.0.0.1:{self.route_port}", no_advertise: true, '
                   f'routes: [{routes}] }}'] if route_ports else []
        self.config.write_text("\n".join(self.lines + cluster) + "\n")


class Node(Program):
    """`planned`: debug.faults of its first life, `ACTOR.MESSAGE@N` each."""

    def __init__(self, folder, name, nats_urls, settings, planned, config=None):
        super().__init__(folder, name)
        self.public = ("127.0.0.1", self.reserve_port())
        self.admin = ("127.0.0.1", self.reserve_port())
        command = [str(BIN / "starlingd"), "--node-id", name, "--listen", "127.0.0.1:%d" % self.public[1],
                   "--admin", "127.0.0.1:%d" % self.admin[1], "--nats", ",".join(nats_urls)]
        command += ["--config", str(config)] if config else []
        for setting in (f"auth.hs256_secret={SECRET}", *SETTINGS, *settings):
            command += ["--set", setting]
        self.planned, self.without_faults = planned, command
        self.command = [*command, "--set", f"debug.faults={json.dumps(planned)}"] if planned else command

    def start(self):
        super().start()
        self.command = self.without_faults

    def said(self):
        """The logs of all its lives."""
        return [log.read_text(errors="replace") for log in sorted(pathlib.Path(self.folder).glob(f"{self.name}-*.log"))]

    def may_end_with(self, code):
        """Did it say itself that it cannot go on, because of a planned fault?"""
        return bool(self.planned) and code == FAULT_EXIT_CODE

    def faults_had(self):
        """How many of the planned faults came."""
        return sum(text.count(PLANNED_FAULT) for text in self.said())

    async def ready(self):
        return self.alive() and await get_status(self.admin, "/readyz", 1) == 200

    async def up(self):
        """Ready. Started again if a planned fault ended it before anything had begun, as its supervisor would."""
        if not self.alive() and self.lives == 1 and self.may_end_with(self.process.process.returncode):
            self.start()
        return self._said("starlingd ready") and await self.ready()


class World:
    """async with World(clustered): everything started and ready; stopped and removed at the end."""

    def __init__(self, clustered, partitions=1, planned=None, settings=(), ingest=False):
        """planned: {index of a node: debug.faults of its first life}; settings: of all nodes, `KEY=VALUE` each;
        ingest: with a foreign stream, and mappings"""
        self.clustered, self.partitions, self.planned, self.settings = clustered, partitions, planned or {}, settings
        self.ingest = ingest
        self.folder = tempfile.mkdtemp(prefix="starling-proof-")
        count = SERVERS_OF_A_CLUSTER if clustered else 1
        self.servers = [NatsServer(self.folder, f"nats{i + 1}") for i in range(count)]
        if clustered:
            for server in self.servers:
                server.write_config([other.route_port for other in self.servers if other is not server])
        self.nodes = []
        self.client_ways = []  # node i's proxy, as clients see it
        self.nats_ways = []  # node i's proxies to each server

    async def __aenter__(self):
        try:
            for server in self.servers:
                server.start()
            for server in self.servers:
                await server.says("Server is ready")
            config = await self._begin_foreign() if self.ingest else None
            for i in range(NODES):
                ways = [await Proxy(server.address).start() for server in self.servers]
                urls = ["nats://%s:%d" % way.address for way in ways[i % len(ways):] + ways[:i % len(ways)]]
                settings = [f"nats.replicas={len(self.servers)}"]
                settings += [f"nats.partitions={self.partitions}"] if self.partitions > 1 else []
                settings += self.settings
                node = Node(self.folder, f"n{i + 1}", urls, settings, self.planned.get(i, []), config)
                self.nats_ways.append(ways)
                self.client_ways.append(await Proxy(node.public).start())
                self.nodes.append(node)
                node.start()
            await self.all_ready()
        except BaseException:
            await self.close()
            raise
        return self

    async def _begin_foreign(self):
        """The foreign stream is there before the nodes. Returns their configuration file."""
        async def made():
            try:
                await asyncio.to_thread(make_stream, self.servers[0], len(self.servers))
            except OSError:
                return False  # three servers have no leader yet
            return True
        await until(made, START_SECONDS, "a foreign stream")
        config = pathlib.Path(self.folder, "mappings.toml")
        config.write_text(RULES)
        return config

    async def all_ready(self):
        for node in self.nodes:
            await until(node.up, START_SECONDS, f"{node.name} ready")

    def died(self):
        """Sentences about programs that ended though nobody ended them."""
        return [f"{each.name} ended by itself with {each.process.process.returncode}"
                for each in (*self.nodes, *self.servers)
                if not each.expected_down and not each.alive()]

    def faults_had(self):
        return sum(node.faults_had() for node in self.nodes)

    async def _streams(self):
        """[(server, what its monitoring says of a stream)], of all servers and streams."""
        out = []
        for server in self.servers:
            told = await asyncio.to_thread(get_text, server.monitor, "/jsz?streams=true")
            for account in json.loads(told).get("account_details", []):
                out += [(server.name, stream) for stream in account.get("stream_detail", [])]
        return out

    async def replicas(self):
        """{stream: {server: (messages, last sequence)}}, as each nats-server has it stored itself."""
        out = {}
        for server, stream in await self._streams():
            state = stream["state"]
            out.setdefault(stream["name"], {})[server] = (state["messages"], state["last_seq"])
        return out

    async def leader(self, stream):
        """The name of the server that leads it."""
        return next(told["cluster"]["leader"] for _, told in await self._streams() if told["name"] == stream)

    def proxies(self):
        return [*self.client_ways, *(way for ways in self.nats_ways for way in ways)]

    def keep_logs(self, target):
        for log in pathlib.Path(self.folder).glob("*.log"):
            shutil.copy(log, target)

    async def close(self):
        for each in (*self.nodes, *self.servers):
            each.kill()
            each.give_ports_back()
        for proxy in self.proxies():
            await proxy.close()

    async def __aexit__(self, *_):
        await self.close()

    def remove(self):
        shutil.rmtree(self.folder, ignore_errors=True)

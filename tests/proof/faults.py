"""What goes wrong, and when: drawn from a seed, then carried out."""
import asyncio
import signal
from collections import namedtuple

from world import START_SECONDS, until

Fault = namedtuple("Fault", "at kind target lasts extra")

Kind = namedtuple("Kind", "weight shortest longest what")  # seconds

KINDS = {
    "node_kill": Kind(4, 0.2, 2.5, "kill -9 of a node; started again after so long"),
    "node_stop": Kind(3, 0.3, 5.0, "SIGSTOP of a node, then SIGCONT"),
    "node_freeze": Kind(1, 10.5, 11.5, "the same for so long that the others call it gone"),
    "node_drain": Kind(2, 0.0, 0.5, "SIGTERM to a node; started again so long after its end"),
    "nats_kill": Kind(3, 0.2, 2.5, "kill -9 of a nats-server"),
    "nats_kill_all": Kind(1, 0.2, 2.5, "kill -9 of all three nats-servers at once (cluster only)"),
    "nats_stop": Kind(2, 0.3, 4.0, "SIGSTOP of a nats-server, then SIGCONT"),
    "client_reset": Kind(3, 0.0, 2.0, "some connections of clients are reset, several times"),
    "link_reset": Kind(3, 0.0, 2.0, "connections of nodes to NATS are reset"),
    "link_hold": Kind(2, 0.3, 8.0, "nothing passes between a node and NATS; then it goes on, or breaks"),
    "slow": Kind(2, 0.5, 2.5, "slow readers stop reading, and get a burst"),
}
# Faults in actors: a message while which its actor throws, and the fewest and most that pass before. Of a node of a
# seed some hundred sessions begin, some thousand events come from the store, some hundred are published to it.
PLANNED = {
    "bridge.engine_stored": (50, 600), "bridge.engine_ephemeral": (30, 200), "bridge.join": (5, 60),
    "bridge.tick": (2, 8), "room.inbound": (20, 300), "room.attach_member": (5, 80), "room.detach_member": (1, 30),
    "user.inbound": (5, 60), "user.admit": (5, 60), "connection.last_position": (2, 30),
    "connection.replay_part": (2, 30), "fanout.fan_out": (50, 500), "fanout.session_started": (5, 50),
    "fanout.joined": (5, 50), "publisher.publish_request": (10, 100), "publisher.append_done": (10, 100),
    "roster.join": (5, 60),
}
_NODE = ("node_kill", "node_stop", "node_freeze", "node_drain")
_NATS = ("nats_kill", "nats_kill_all", "nats_stop")
_CLUSTER_ONLY = ("nats_kill_all",)
FIRST_SECONDS = 1.5  # before the first fault: all is well, and seen to be
LONG_SECONDS = {"node_freeze": 12, "nats_kill_all": 8}  # what is long, or long in healing (10 s), begins early
SETTLE_SECONDS = 1.0  # between two faults of one program
DRAWS = 50  # for 3 to 6 faults that go together


def schedule(rng, seconds, clustered):
    """3 to 6 faults, sorted by time. A node or server has one at a time, and one of each is always well."""
    wanted, kept = rng.randint(3, 6), []
    kinds = {name: kind for name, kind in KINDS.items() if clustered or name not in _CLUSTER_ONLY}
    for _ in range(DRAWS):
        name = rng.choices(list(kinds), [kind.weight for kind in kinds.values()])[0]
        target = 0 if name in _NATS and not clustered else rng.randrange(3)
        lasts = rng.uniform(kinds[name].shortest, kinds[name].longest)
        latest = max(FIRST_SECONDS + 2, seconds - LONG_SECONDS.get(name, 1))
        fault = Fault(rng.uniform(FIRST_SECONDS, latest), name, target, lasts, rng.random())
        if len(kept) < wanted and _bearable(fault, kept):
            kept.append(fault)
    return sorted(kept)


def plan_actor_faults(rng, nodes):
    """{index of a node: ["ACTOR.MESSAGE@N", ...]}: 2 or 3 faults on each of two nodes."""
    return {node: [f"{message}@{rng.randint(*PLANNED[message])}"
                   for message in rng.sample(sorted(PLANNED), rng.randint(2, 3))]
            for node in rng.sample(range(nodes), 2)}


def _bearable(fault, others):
    nodes = [other for other in others if _overlap(fault, other, _NODE)]
    same = [other for other in others if other.kind == fault.kind and other.target == fault.target
            and _overlap(fault, other, (fault.kind,))]
    return (not same and len(nodes) < 2 and all(other.target != fault.target for other in nodes)
            and not any(_overlap(fault, other, _NATS) for other in others))


def _overlap(fault, other, group):
    # A drained node needs its window before it is started again.
    spare = SETTLE_SECONDS + (2 if "node_drain" in (fault.kind, other.kind) else 0)
    return (fault.kind in group and other.kind in group and fault.at < other.at + other.lasts + spare
            and other.at < fault.at + fault.lasts + spare)


class Faults:
    def __init__(self, run):
        self.run, self.world = run, run.world
        self.spans = []  # [fault, begin, end]: what was broken when
        self.nats_healed = []  # seconds from a NATS server's return until every node was ready, nothing else broken

    async def carry_out(self, fault):
        await asyncio.sleep(max(0, fault.at - self.run.now()))
        if not self.spans:  # neither a planned fault nor the end of a node
            self.run.before_first_fault()
        span = [fault, self.run.now(), None]
        self.spans.append(span)
        self.run.say(f"{fault.kind} {fault.target} for {fault.lasts:.1f} s")
        try:
            await getattr(self, fault.kind)(fault)
        finally:
            span[2] = self.run.now()
            self.run.say(f"{fault.kind} {fault.target} is over")

    def quiet_since(self):
        """When the last fault was over; None while there is one."""
        ends = [end for *_, end in self.spans]
        return None if None in ends else max(ends, default=0.0)

    def alone(self, fault, begin, margin=1.0):
        """Was nothing else broken between `begin` and now?"""
        return all(other is fault or other.kind in ("client_reset", "slow") or
                   (end is not None and end + margin < begin) for other, _, end in self.spans)

    async def node_kill(self, fault):
        node = self.world.nodes[fault.target]
        hit = (fault, self.run.now())
        for reader in self.run.readers:
            if reader.node == fault.target and not reader.paused:
                reader.hit = hit
        node.kill()
        await asyncio.sleep(fault.lasts)
        await self._start(node)

    async def _start(self, node):
        node.start()
        await node.says("starlingd ready")

    async def node_stop(self, fault):
        node = self.world.nodes[fault.target]
        node.signal(signal.SIGSTOP)
        try:
            await asyncio.sleep(fault.lasts)
        finally:
            node.signal(signal.SIGCONT)

    node_freeze = node_stop

    async def node_drain(self, fault):
        node = self.world.nodes[fault.target]
        code = await node.terminate()
        if code != 0 and not node.may_end_with(code):
            self.run.ledger.complain(f"{node.name} ended with {code} after SIGTERM")
        await asyncio.sleep(fault.lasts)
        await self._start(node)

    async def nats_kill(self, fault):
        await self._nats_down([self.world.servers[fault.target]], fault)

    async def nats_kill_all(self, fault):
        await self._nats_down(self.world.servers, fault)

    async def _nats_down(self, servers, fault):
        for server in servers:
            server.kill()
        await asyncio.sleep(fault.lasts)
        for server in servers:
            server.start()
        for server in servers:
            await server.says("Server is ready")
        back = self.run.now()
        nodes = [node for node in self.world.nodes if not node.expected_down]
        for node in nodes:
            # A node that another fault has is not waited for.
            await until(lambda node=node: node.expected_down or node.ready(), START_SECONDS, f"{node.name} ready")
        if self.alone(fault, back - fault.lasts):
            self.nats_healed.append(self.run.now() - back)

    async def nats_stop(self, fault):
        server = self.world.servers[fault.target]
        server.signal(signal.SIGSTOP)
        try:
            await asyncio.sleep(fault.lasts)
        finally:
            server.signal(signal.SIGCONT)

    async def client_reset(self, fault):
        times = 1 + int(fault.extra * 4)
        for _ in range(times):
            self.world.client_ways[fault.target].reset(lambda: self.run.chance.random() < 0.6)
            for reader in self.run.readers:
                if reader.direct and reader.node == fault.target and self.run.chance.random() < 0.3:
                    reader.vanish()
            await asyncio.sleep(fault.lasts / times)

    async def link_reset(self, fault):
        times = 1 + int(fault.extra * 3)
        for _ in range(times):
            ways = self.world.nats_ways if fault.extra > 0.6 else [self.world.nats_ways[fault.target]]
            for way in [way for each in ways for way in each]:
                way.reset()
            await asyncio.sleep(fault.lasts / times)

    async def link_hold(self, fault):
        ways = self.world.nats_ways[fault.target]
        for way in ways:
            way.hold(True)
        try:
            await asyncio.sleep(fault.lasts)
        finally:
            for way in ways:
                if fault.extra < 0.5:
                    way.reset()
                way.hold(False)

    async def slow(self, fault):
        for reader in self.run.readers:
            if reader.slow:
                reader.pause(True)
        try:
            self.run.bulk.burst(250 + int(fault.extra * 250), 12_000)
            await asyncio.sleep(fault.lasts)
        finally:
            for reader in self.run.readers:
                if reader.slow:
                    reader.pause(False)

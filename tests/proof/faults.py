"""What goes wrong, and when: drawn from a seed, then carried out."""
import asyncio
import signal
import time
from collections import namedtuple

from world import START_SECONDS, until  # before the others: it says where helpers of other tests are
from mapped import PLAIN, STORED
from takeover import TAKEOVER_SECONDS, taken_over, who_ingests

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
    "ingest_kill": Kind(4, 0.2, 2.5, "kill -9 of the node that ingests (seeds with foreign publishers only)"),
    "ingest_drain": Kind(3, 0.0, 0.5, "SIGTERM to the node that ingests (the same)"),
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
# The same where foreign publishers are: one more fault on a node that has some.
PLANNED_OF_INGESTION = {"ingester.foreign_arrived": (20, 200), "ingester.mapped_stored": (20, 200)}
_INGEST = ("ingest_kill", "ingest_drain")
_NODE = ("node_kill", "node_stop", "node_freeze", "node_drain", *_INGEST)
_NATS = ("nats_kill", "nats_kill_all", "nats_stop")
_UNHARMFUL = ("client_reset", "slow", "actor_fault")  # to ingestion
_CLUSTER_ONLY = ("nats_kill_all",)
FIRST_SECONDS = 1.5  # before the first fault: all is well, and seen to be
# What is long, or long in healing (10 s), begins early.
LONG_SECONDS = {"node_freeze": 12, "nats_kill_all": 8, "ingest_kill": 4}
INGESTION_MARGIN_SECONDS = 0.5  # of what is under way when a node dies, and of what tells that it did
SETTLE_SECONDS = 1.0  # between two faults of one program
DRAWS = 50  # for 3 to 6 faults that go together


def schedule(rng, seconds, clustered, ingest=False):
    """3 to 6 faults, sorted by time. A node or server has one at a time, and one of each is always well. With `ingest`
    one at least hits the node that ingests, whichever that is then."""
    wanted, kept = rng.randint(3, 6), []
    kinds = {name: kind for name, kind in KINDS.items()
             if (clustered or name not in _CLUSTER_ONLY) and (ingest or name not in _INGEST)}
    for _ in range(DRAWS):
        among = _INGEST if ingest and not kept else list(kinds)
        name = rng.choices(among, [kinds[each].weight for each in among])[0]
        target = None if name in _INGEST else 0 if name in _NATS and not clustered else rng.randrange(3)
        lasts = rng.uniform(kinds[name].shortest, kinds[name].longest)
        latest = max(FIRST_SECONDS + 2, seconds - LONG_SECONDS.get(name, 1))
        fault = Fault(rng.uniform(FIRST_SECONDS, latest), name, target, lasts, rng.random())
        if len(kept) < wanted and _bearable(fault, kept):
            kept.append(fault)
    return sorted(kept)


def plan_actor_faults(rng, nodes, ingest=False):
    """{index of a node: ["ACTOR.MESSAGE@N", ...]}: 2 or 3 faults on each of two nodes, with `ingest` one more."""
    planned = {node: [f"{message}@{rng.randint(*PLANNED[message])}"
                      for message in rng.sample(sorted(PLANNED), rng.randint(2, 3))]
               for node in rng.sample(range(nodes), 2)}
    for faults in planned.values() if ingest else ():
        message = rng.choice(sorted(PLANNED_OF_INGESTION))
        faults.append(f"{message}@{rng.randint(*PLANNED_OF_INGESTION[message])}")
    return planned


def _bearable(fault, others):
    nodes = [other for other in others if _overlap(fault, other, _NODE)]
    unknown = any(each.target is None for each in (fault, *nodes))  # which node that will be
    same = [other for other in others if other.kind == fault.kind and other.target == fault.target
            and _overlap(fault, other, (fault.kind,))]
    return (not same and len(nodes) < (1 if unknown else 2) and all(other.target != fault.target for other in nodes)
            and not any(_overlap(fault, other, _NATS) for other in others))


def _overlap(fault, other, group):
    # A drained node needs its window before it is started again.
    kinds = (fault.kind, other.kind)
    spare = SETTLE_SECONDS + (TAKEOVER_SECONDS if set(_INGEST).intersection(kinds) else
                              2 if "node_drain" in kinds else 0)
    return (fault.kind in group and other.kind in group and fault.at < other.at + other.lasts + spare
            and other.at < fault.at + fault.lasts + spare)


class Faults:
    def __init__(self, run):
        self.run, self.world = run, run.world
        self.spans = []  # [fault, begin, end]: what was broken when
        self.takeovers = []  # (kind, seconds until another node ingested, nothing else was broken)
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

    def gaps_in_ingestion(self):
        """(begin, end) of each time at which nobody may have ingested: a node that did is dead until its lease is over,
        and one that is cut off may keep it."""
        out = []
        for fault, begin, end in self.spans:
            if fault.kind in _UNHARMFUL:
                continue
            over = begin if fault.kind in (*_NODE, "node_end") else end or self.run.now()
            out.append((round(begin - INGESTION_MARGIN_SECONDS, 3),
                        round(over + TAKEOVER_SECONDS + INGESTION_MARGIN_SECONDS, 3)))
        return out

    async def node_kill(self, fault):
        await self._kill(fault, fault.target)

    async def _kill(self, fault, index):
        node = self.world.nodes[index]
        hit = (fault, self.run.now())
        for reader in self.run.readers:
            if reader.node == index and not reader.paused:
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
        await self._drain(fault, fault.target)

    async def _drain(self, fault, index):
        node = self.world.nodes[index]
        code = await node.terminate()
        if code != 0 and not node.may_end_with(code):
            self.run.ledger.complain(f"{node.name} ended with {code} after SIGTERM")
        await asyncio.sleep(fault.lasts)
        await self._start(node)

    async def ingest_kill(self, fault):
        await self._end_of_who_ingests(fault, self._kill)

    async def ingest_drain(self, fault):
        await self._end_of_who_ingests(fault, self._drain)

    async def _end_of_who_ingests(self, fault, end):
        index, sources = await who_ingests(self.world.nodes, STORED if fault.extra < 0.5 else PLAIN)
        self.run.say(f"{self.world.nodes[index].name} ingests {', '.join(sources)}")
        next(span for span in self.spans if span[0] is fault)[1] = self.run.now()  # nothing was broken while it was asked for
        await asyncio.gather(end(fault, index), *(self._see_takeover(fault, source) for source in sources))

    async def _see_takeover(self, fault, source):
        begun = self.run.now()
        seconds = await taken_over(self.world.nodes, source, time.time())
        self.run.say(f"{source} is ingested again after {seconds:.3f} s")
        self.takeovers.append((fault.kind, seconds, self.alone(fault, begun)))

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

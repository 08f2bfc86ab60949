"""One seed: a world, its load, its faults, and the audit."""
import asyncio
import itertools
import json
import random
import resource
import time
from collections import Counter

from faults import Faults, schedule
from ledger import Ledger
from publisher import Publisher
from reader import Reader
from world import World, until
from harness import ROOT, admin, token

CLIENTS = 200
USERS = 60
ROOMS = 10
SLOW_READERS = 12
LOAD_SECONDS = (8, 15)
ROOM_PAUSE, USER_PAUSE, ALL_PAUSE = 0.14, 0.5, 2.0  # mean seconds between events: some 80 a second in all
SETTLE_SECONDS = 30  # for everybody to have everything, once nothing is broken any more
QUIET_SECONDS = 0.5  # after that: time for what should not come
RECOVERY_SECONDS = 2.0  # after kill -9 of a node, plus the retry the client was told
HEAL_SECONDS = 3.0  # after a single nats-server is back; a cluster takes 4-9 s to elect a leader, back or not
OPEN_FILES = 8192  # a client through the proxy takes three here
KEPT = ROOT / ".run" / "proof"


class Run:
    """What readers, publishers and faults of one seed share."""

    def __init__(self, seed, clustered, clients=CLIENTS, verbose=False):
        self.seed, self.clustered, self.clients, self.verbose = seed, clustered, clients, verbose
        rng = random.Random(seed)
        self.seconds = rng.uniform(*LOAD_SECONDS)
        self.faults_drawn = schedule(rng, self.seconds, clustered)
        self.chance = random.Random(rng.random())  # of faults while they happen
        self.rng = rng
        self.ledger = Ledger()
        self.goodbyes = Counter()
        self.recoveries = []  # (client, seconds, retry, nothing else was broken)
        self.log = []
        self.begun = time.monotonic()
        self.settled = 0.0  # seconds from the last publish until everybody had everything
        self.world = World(clustered)
        self.faults = Faults(self)
        self.readers, self.publishers = [], []

    def now(self):
        """Seconds since the load began."""
        return time.monotonic() - self.begun

    def say(self, line):
        self.log.append(f"{self.now():8.3f} {line}")
        if self.verbose:
            print(self.log[-1], flush=True)

    def recovered(self, reader):
        fault, when = reader.hit
        reader.hit = None
        self.recoveries.append((reader.name, self.now() - when, reader.retry, self.faults.alone(fault, when)))

    def _people(self):
        """Readers and publishers: who is where depends on the seed alone."""
        rng = self.rng
        rooms = [f"room{i}" for i in range(ROOMS)]
        for i in range(self.clients):
            slow = i < SLOW_READERS
            user = f"user{rng.randrange(USERS)}"
            mine = rng.sample(rooms, rng.randint(1, 4)) + (["bulk"] if slow or i < SLOW_READERS + 3 else [])
            channels = [*(f"room:{room}" for room in mine), f"user:{user}", "all"]
            self.readers.append(Reader(f"client{i}", token(user, rooms=["*"]), mine, channels, self,
                                       random.Random(rng.random()), slow))
        self.publishers = [Publisher(f"{kind}:{name}" if name else kind, {kind: name or True}, admin(), pause, self,
                                     random.Random(rng.random()))
                           for kind, name, pause in [*(("room", room, ROOM_PAUSE) for room in rooms),
                                                     *(("user", f"user{i}", USER_PAUSE) for i in range(4)),
                                                     ("all", None, ALL_PAUSE), ("room", "bulk", 1.0)]]
        self.bulk = self.publishers[-1]
        self.late = rng.sample(self.readers, self.clients // 8)  # connect while it all goes on
        self.late_at = [rng.uniform(0, self.seconds) for _ in self.late]

    async def carry_out(self):
        """The result, as JSON-able dict."""
        try:
            async with self.world:
                self._people()
                await self._load()
                for sentence in self.world.died():
                    self.ledger.complain(sentence)
        except AssertionError as failed:  # what had to come true did not
            self.ledger.complain(str(failed))
        result = self.result()
        if result["failed"]:
            self.keep(result)
        self.world.remove()
        return result

    async def _load(self):
        tasks = [asyncio.create_task(reader.listen()) for reader in self.readers if reader not in self.late]
        try:
            await until(lambda: all(r.node is not None for r in self.readers if r not in self.late), 20,
                        "all clients connected")
            self.begun = time.monotonic()
            stopping = asyncio.Event()
            publishing = [asyncio.create_task(each.publish(stopping)) for each in self.publishers]
            breaking = [asyncio.create_task(self.faults.carry_out(fault)) for fault in self.faults_drawn]
            tasks += [asyncio.create_task(self._join_late(reader, at))
                      for reader, at in zip(self.late, self.late_at)]
            tasks += publishing + breaking
            await self._first_error(asyncio.sleep(self.seconds), tasks)
            await self._first_error(asyncio.gather(*breaking), tasks)
            self.say("nothing is broken any more")
            stopping.set()
            await self._first_error(until(lambda: all(each.done() for each in publishing), SETTLE_SECONDS,
                                          "every publisher got its last 200"), tasks)
            self.say("publishers are done")
            await self._settle(tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _settle(self, tasks):
        def settled():
            return all(r.node is not None for r in self.readers) and not self.ledger.behind()
        begun = self.now()
        try:
            await self._first_error(until(settled, SETTLE_SECONDS, "everybody has everything"), tasks)
        except AssertionError as failed:
            self.say(str(failed))  # the ledger tells who lacks what
            away = [reader.name for reader in self.readers if reader.node is None]
            if away:
                self.ledger.complain(f"not connected at the end: {', '.join(away)}")
        self.settled = self.now() - begun
        self.say(f"settled after {self.settled:.2f} s")
        await asyncio.sleep(QUIET_SECONDS)

    async def _join_late(self, reader, at):
        await asyncio.sleep(at)
        await reader.listen()

    @staticmethod
    async def _first_error(wanted, others):
        """Waits for `wanted`; an exception in any other task ends the wait."""
        wanted = asyncio.ensure_future(wanted)
        pending = {wanted, *(task for task in others if not task.done())}
        while not wanted.done():
            done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
            for task in done - {wanted}:
                if task.exception() is not None:
                    wanted.cancel()
                    raise task.exception()
        return wanted.result()

    def result(self):
        verdict = self.ledger.verdict()
        clean = [each for each in self.recoveries if each[-1]]
        for name, seconds, retry, _ in clean:
            if seconds > RECOVERY_SECONDS + retry:
                self.ledger.complain(f"{name}: was back {seconds:.2f} s after kill -9 of its node (retry {retry} s)")
        for seconds in self.faults.nats_healed:
            if seconds > HEAL_SECONDS and not self.clustered:
                self.ledger.complain(f"nodes were ready {seconds:.2f} s after NATS was back")
        return {
            "seed": self.seed, "nats": "cluster" if self.clustered else "single", "clients": len(self.readers),
            "seconds": round(self.seconds, 1), "events": self.ledger.events(), "deliveries": self.ledger.deliveries,
            "publish_retries": sum(each.retries for each in self.publishers),
            "faults": dict(Counter(fault.kind for fault in self.faults_drawn)),
            "reconnects": sum(max(0, reader.connects - 1) for reader in self.readers),
            "goodbyes": dict(self.goodbyes),
            "worst_recovery": round(max((seconds for _, seconds, *_ in clean), default=0), 3),
            "worst_recovery_overlapping": round(max((seconds for _, seconds, *_ in self.recoveries), default=0), 3),
            "worst_nats_heal": round(max(self.faults.nats_healed, default=0), 3),
            "settled": round(self.settled, 2), **verdict._asdict(), "complaints": self.ledger.complaints,
            "failed": bool(any(verdict) or self.ledger.complaints)}

    def keep(self, result):
        """Everything that helps to understand a failure, in .run/proof/."""
        folder = self._new_folder(result)
        result["kept"] = str(folder.relative_to(ROOT))
        self.world.keep_logs(folder)
        broken = self.ledger.broken()
        (folder / "result.json").write_text(json.dumps(result, indent=1))
        (folder / "schedule.txt").write_text("\n".join([*map(str, self.faults_drawn), "", *self.log]) + "\n")
        (folder / "broken.txt").write_text("".join(f"{client} {channel} {found}\n"
                                                   for (client, channel), found in broken.items()))
        affected = {client for client, _ in broken} | {text.split(":")[0] for text in self.ledger.complaints}
        for reader in self.readers:
            if reader.name in affected:
                self._write_trace(folder / f"{reader.name}.txt", reader.trace)
        for each in self.publishers:
            self._write_trace(folder / f"publisher-{each.channel.replace(':', '-')}.txt", each.trace)

    @staticmethod
    def _new_folder(result):
        """A new folder: an earlier failure of the same seed may have been another one."""
        for attempt in itertools.count(1):
            folder = KEPT / f"seed-{result['seed']}-{result['nats']}-{attempt}"
            if not folder.exists():
                folder.mkdir(parents=True)
                return folder

    @staticmethod
    def _write_trace(path, trace):
        path.write_text("".join(f"{when:8.3f} {' '.join(map(str, what))}\n" for when, *what in trace))


def carry_out(seed, clustered, **options):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, OPEN_FILES)), hard))
    return asyncio.run(Run(seed, clustered, **options).carry_out())

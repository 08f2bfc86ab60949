"""One seed: a world, its load, its faults, and the audit."""
import asyncio
import dataclasses
import functools
import itertools
import json
import random
import resource
import time
from collections import Counter

from faults import Fault, Faults, plan_actor_faults, schedule
from foreign import Plain, Storer
from harness import ROOT
from keeper import Keeper
from lag import Lag
from ledger import Ledger
from mapped import PLAIN, STORED, left_to_acknowledge
from passing import Passing
from people import CLIENTS, ROOMS, TENANTS, People
from stream import WebSocket
from takeover import HANDOVER_SECONDS, REPLICATED_SECONDS, TAKEOVER_SECONDS, who_ingests
from world import NODES, World, until

LOAD_SECONDS = (8, 15)
SETTLE_SECONDS = 30  # for everybody to have everything, once nothing is broken any more
QUIET_SECONDS = 0.5  # after that: time for what should not come
RECOVERY_SECONDS = 2.0  # after kill -9 of a node, plus the retry the client was told
HEAL_SECONDS = 3.0  # after a single nats-server is back; a cluster takes 4-9 s to elect a leader, back or not
WAY_SECONDS = 1.0  # for an ephemeral event to reach everybody while all is well
VOLLEY, VOLLEYS = 10, 5  # ephemeral events in a row, and attempts to get them through at the end
PARTITIONS = 3  # of a seed that has some
OPEN_FILES = 8192  # a client through the proxy takes three here
KEPT = ROOT / ".run" / "proof"


@dataclasses.dataclass
class Options:
    clients: int = CLIENTS
    rooms: int = ROOMS
    rate: float = 1.0  # times the usual publishing
    faults: bool = True
    partitions: int = 1
    tenants: int = 1
    actor_faults: bool = False
    ingest: bool = False  # foreign publishers as well
    verbose: bool = False


def variant(seed):
    """What a seed has beside its faults, of Options: each third many tenants, each third faults in actors, each
    fourth partitions and many tenants, half of these on one nats-server and half on three, each fifth foreign
    publishers."""
    partitions = PARTITIONS if seed % 8 in (3, 4) else 1
    return {"partitions": partitions, "tenants": TENANTS if partitions > 1 or seed % 3 == 0 else 1,
            "actor_faults": seed % 3 == 1, "ingest": seed % 5 == 3}


class Run:
    """What readers, publishers and faults of one seed share."""

    def __init__(self, seed, clustered, options):
        self.seed, self.clustered, self.options = seed, clustered, options
        rng = random.Random(seed)
        self.seconds = rng.uniform(*LOAD_SECONDS)
        drawn = schedule(rng, self.seconds, clustered, options.ingest)
        self.faults_drawn = drawn if options.faults else []
        self.chance = random.Random(rng.random())  # of faults while they happen
        self.rng = rng
        self.ledger = Ledger()
        self.goodbyes = Counter()
        self.recoveries = []  # (client, seconds, retry, nothing else was broken)
        self.log = []
        self.begun = time.monotonic()
        self.wanted_rate = 0.0  # of events, once it is known who publishes
        self.actor_faults = 0  # planned ones that came
        self.settled = 0.0  # seconds from the last publish until everybody had everything
        self.lag = Lag()
        # Drawn apart: what else a seed draws stays the same with and without them.
        self.planned = (plan_actor_faults(random.Random(f"actors {seed}"), NODES, options.ingest)
                        if options.actor_faults else {})
        self.world = World(clustered, options.partitions, self.planned, ingest=options.ingest)
        self.faults, self.keeper = Faults(self), Keeper(self)
        self.passing = Passing(self.now, self.faults.quiet_since, self.ledger.complain)
        self.readers, self.publishers, self.whisperers, self.foreign = [], [], [], []

    def now(self):
        """Seconds since the load began."""
        return time.monotonic() - self.begun

    def _begin(self):
        """The load begins now; what was broken before keeps its distance."""
        before = self.now()
        self.begun += before
        for span in self.faults.spans:
            span[1:] = [None if when is None else when - before for when in span[1:]]

    def say(self, line):
        self.log.append(f"{self.now():8.3f} {line}")
        if self.options.verbose:
            print(self.log[-1], flush=True)

    def recovered(self, reader):
        fault, when = reader.hit
        reader.hit = None
        self.recoveries.append((reader.name, self.now() - when, reader.retry, self.faults.alone(fault, when)))

    def _senders(self):
        return (*self.publishers, *self.whisperers, *self.foreign)

    def _people(self):
        people = People(self, self.rng, self.options)
        self.readers, self.late, self.late_at = people.readers, people.late, people.late_at
        self.publishers, self.bulk, self.whisperers = people.publishers, people.bulk, people.whisperers
        self.foreign = people.foreign
        self.wanted_rate = people.wanted_rate

    async def carry_out(self):
        """The result, as JSON-able dict."""
        # What goes wrong in a callback of the proof itself must not pass for a lost connection.
        asyncio.get_running_loop().set_exception_handler(
            lambda _, what: self.ledger.complain(f"the proof itself: {what['message']}: {what.get('exception')!r}"))
        try:
            async with self.world:
                self._people()
                await self._load()
                for sentence in self.world.died():
                    self.ledger.complain(sentence)
                self.actor_faults = self.world.faults_had()
        except AssertionError as failed:  # what had to come true did not
            self.ledger.complain(str(failed))
        result = self.result()
        if result["failed"]:
            self.keep(result)
        self.world.remove()
        return result

    async def _load(self):
        tasks = [asyncio.create_task(reader.listen()) for reader in self.readers if reader not in self.late]
        tasks.append(asyncio.create_task(self.keeper.watch()))
        unplanned = self._in_planned_faults()
        try:
            await until(lambda: all(r.node is not None for r in self.readers if r not in self.late), 20,
                        "all clients connected")
            for source in (STORED, PLAIN) if self.foreign else ():
                await who_ingests(self.world.nodes, source)
            self._begin()
            publishing = [asyncio.create_task(each.publish()) for each in self._senders()]
            breaking = [asyncio.create_task(self.faults.carry_out(fault)) for fault in self.faults_drawn]
            tasks += [asyncio.create_task(self._join_late(reader, at))
                      for reader, at in zip(self.late, self.late_at)]
            tasks += publishing + breaking
            async with self.lag:
                await self._first_error(asyncio.sleep(self.seconds), tasks)
                await self._first_error(asyncio.gather(*breaking), tasks)
            unplanned()
            self.say("nothing is broken any more")
            for each in self._senders():
                each.stop()
            await self._first_error(until(lambda: all(each.done() for each in publishing), SETTLE_SECONDS,
                                          "every publisher got its last 200"), tasks)
            self.say("publishers are done")
            await self._settle(tasks)
        finally:
            # Again and again: wait_for of Python 3.11 loses a cancellation that comes together with what it waits for.
            left = set(tasks)
            while left:
                for task in left:
                    task.cancel()
                _, left = await asyncio.wait(left, timeout=1)
            await asyncio.gather(*tasks, return_exceptions=True)
            for each in self._senders():
                each.close()

    async def _settle(self, tasks):
        def settled():
            return all(r.node is not None for r in self.readers) and not self.ledger.behind()
        begun = self.now()
        await self._first_error(self._conclude_foreign(), tasks)
        try:
            await self._first_error(until(settled, SETTLE_SECONDS, "everybody has everything"), tasks)
        except AssertionError as failed:
            self.say(str(failed))  # the ledger tells who lacks what
            away = [reader.name for reader in self.readers if reader.node is None]
            if away:
                self.ledger.complain(f"not connected at the end: {', '.join(away)}")
            await self._compare_replicas()
        self.settled = self.now() - begun
        self.say(f"settled after {self.settled:.2f} s")
        if not self.faults_drawn and not self.planned:
            await asyncio.sleep(WAY_SECONDS)
            self._none_missing(self.now())
        await self._first_error(self._whispers_pass(), tasks)
        await asyncio.sleep(QUIET_SECONDS)

    async def _conclude_foreign(self):
        """What came of the plain messages stands in the store; of the stream's nothing is left."""
        if not self.foreign:
            return
        for each in self.world.nodes:
            await until(each.ready, SETTLE_SECONDS, f"{each.name} ready at the end")
        for each in self._of(Plain):
            await each.conclude(self.world.nodes[0])
            for sentence in each.audit():
                self.ledger.complain(sentence)
            self.ledger.found(each.channel, each.kept.numbers)

        async def nothing_left():
            try:
                return await asyncio.to_thread(left_to_acknowledge, self.world.servers[0]) == 0
            except OSError:
                return False
        await until(nothing_left, SETTLE_SECONDS, "all of the foreign stream acknowledged")

    def _of(self, kind):
        return [each for each in self.foreign if isinstance(each, kind)]

    async def _compare_replicas(self):
        """Who lacks something may have read it from a store at odds with itself, as nats-server 2.9 has it at times
        after kill -9 (apps/OPERATIONS.md, Version): then the complaint says so."""
        for stream, states in (await self.world.replicas()).items():
            self.say(f"{stream}: {states}")
            if len(set(states.values())) > 1:
                self.ledger.complain(f"the nats-servers disagree about {stream} (messages, last sequence): {states}")

    def _in_planned_faults(self):
        """Faults in actors come at any time: while they may, nothing is said of quiet. Returns what ends this."""
        if not self.planned:
            return lambda: None
        self.say(f"planned faults: {self.planned}")
        span = [Fault(0.0, "actor_fault", None, 0.0, 0), 0.0, None]
        self.faults.spans.append(span)

        def over():
            span[2] = self.now()
        return over

    def before_first_fault(self):
        self._none_missing(self.now() - WAY_SECONDS - self.lag.worst)

    def _none_missing(self, before):
        missing = self.passing.missing(before)
        if missing:
            self.ledger.complain(f"{len(missing)} deliveries of ephemeral events are missing though nothing was broken "
                                 f"before {self.now():.3f}: {missing[:5]}")

    async def _whispers_pass(self):
        """Once all is well again ephemeral events reach everybody: some in a row, all of them."""
        for each in self.world.nodes:
            await until(each.ready, SETTLE_SECONDS, f"{each.name} ready at the end")
        for _ in range(VOLLEYS):
            begun = self.now()
            for each in self.whisperers:
                for _ in range(VOLLEY):
                    await each.send()
            sent = sum(when > begun for each in self.whisperers for when in self.passing.handed[each.channel].values())
            missing = functools.partial(self.passing.missing, self.now(), begun)
            try:
                await until(lambda: not missing(), WAY_SECONDS, "ephemeral events")
            except AssertionError:
                self.say(f"ephemeral events sent at {begun:.3f} are missing: {missing()[:5]}")
            else:
                if sent == VOLLEY * len(self.whisperers):
                    return
        self.ledger.complain(f"ephemeral events did not reach everybody in {VOLLEYS} attempts: {missing()[:5]}")

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
        slow = "" if self.lag.keeps_up() else f"; the checker itself came late by up to {self.lag.worst:.2f} s"
        clean = [each for each in self.recoveries if each[-1]]
        for name, seconds, retry, _ in clean:
            if seconds > RECOVERY_SECONDS + retry:
                self.ledger.complain(f"{name}: was back {seconds:.2f} s after kill -9 of its node "
                                     f"(retry {retry} s){slow}")
        for seconds in self.faults.nats_healed:
            if seconds > HEAL_SECONDS and not self.clustered:
                self.ledger.complain(f"nodes were ready {seconds:.2f} s after NATS was back{slow}")
        # A hand-over is some steps of some programs: where the checker's timers come late, so do these.
        handover = HANDOVER_SECONDS + self.lag.worst + (REPLICATED_SECONDS if self.clustered else 0)
        for kind, seconds, alone in self.faults.takeovers:
            if alone and seconds > (handover if kind == "ingest_drain" else TAKEOVER_SECONDS):
                self.ledger.complain(f"{seconds:.3f} s after {kind} of the node that ingested another one did{slow}")
        return {
            "seed": self.seed, "nats": "cluster" if self.clustered else "single", "clients": len(self.readers),
            "web_sockets": sum(reader.speaks is WebSocket for reader in self.readers),
            "seconds": round(self.seconds, 1), "events": self.ledger.events(), "deliveries": self.ledger.deliveries,
            "batches": sum(each.batches for each in self.publishers),
            "ephemeral_events": self.passing.events(), "ephemeral_deliveries": self.passing.deliveries,
            "ephemeral_reordered_in_faults": self.passing.reordered,
            "wanted_rate": round(self.wanted_rate), "rate": round(self.ledger.events() / max(self.seconds, 1e-9)),
            "lag": round(self.lag.worst, 3), "busy": round(self.lag.busy, 2), "keeps_up": self.lag.keeps_up(),
            "publish_retries": sum(each.retries for each in self.publishers),
            "faults": dict(Counter(fault.kind for fault in self.faults_drawn)),
            "partitions": self.options.partitions, "tenants": self.options.tenants,
            "actor_faults_planned": sum(map(len, self.planned.values())), "actor_faults": self.actor_faults,
            "restarts": self.keeper.restarts, **self._of_ingestion(),
            "reconnects": sum(max(0, reader.connects - 1) for reader in self.readers),
            "goodbyes": dict(self.goodbyes),
            "worst_recovery": round(max((seconds for _, seconds, *_ in clean), default=0), 3),
            "worst_recovery_overlapping": round(max((seconds for _, seconds, *_ in self.recoveries), default=0), 3),
            "worst_nats_heal": round(max(self.faults.nats_healed, default=0), 3),
            "settled": round(self.settled, 2), **verdict._asdict(), "complaints": self.ledger.complaints,
            "failed": bool(any(verdict) or self.ledger.complaints)}

    def _of_ingestion(self):
        def worst(kind):
            return round(max((seconds for its, seconds, alone in self.faults.takeovers if alone and its == kind),
                             default=0), 3)
        return {"ingest": self.options.ingest,
                "foreign_events": sum(self.ledger.acked[each.channel] for each in self._of(Storer)),
                "foreign_retries": sum(each.retries for each in self._of(Storer)),
                "plain_messages": sum(len(each.sent) for each in self._of(Plain)),
                "plain_lost": sum(len(each.lost) for each in self._of(Plain)),
                "worst_takeover": worst("ingest_kill"), "worst_handover": worst("ingest_drain")}

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
        for each in self._senders():
            name = f"{type(each).__name__}-{each.channel}.txt".lower().replace(":", "-")
            self._write_trace(folder / name, each.trace)

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


def carry_out(seed, clustered, options=Options()):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, OPEN_FILES)), hard))
    begun = time.monotonic()
    result = asyncio.run(Run(seed, clustered, options).carry_out())
    return {**result, "took": round(time.monotonic() - begun, 1)}

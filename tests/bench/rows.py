"""The rows of scripts/bench: what is run, and what must hold between the figures."""
from dataclasses import dataclass

# Sizes by name, filled into titles and arguments.
FULL = {"many": 10_000, "most": 19_000, "rooms": 100_000, "own_rooms": 1_000}
QUICK = {"many": 2_000, "most": 4_000, "rooms": 10_000, "own_rooms": 100}

# A closed connection keeps its port for a minute, so connecting needs more addresses than one.
_SOURCES = " ".join(f"--source-addr 127.0.0.{n}" for n in range(2, 10))
# As many events at a time over either way: a connection has one POST of 100 outstanding.
_INGESTED = " --publishers 16 --window 1600"

# Name: server (see servers.py), arguments of starling-bench. The result is NAME.json.
RUNS = {
    "fanout-1k.floor": ("floor", "fanout --sessions 1000"),
    "fanout-1k.memory": ("memory", "fanout --sessions 1000"),
    "fanout-1k.nchan": ("nchan", "fanout --sessions 1000"),
    "fanout-1k.ws": ("memory", "fanout --sessions 1000 --transport ws"),
    "fanout-10k.floor": ("floor", "fanout --sessions {many}"),
    "fanout-10k.memory": ("memory", "fanout --sessions {many}"),
    "fanout-10k.nchan": ("nchan", "fanout --sessions {many}"),
    "fanout-10k.ws": ("memory", "fanout --sessions {many} --transport ws"),
    "window.floor": ("floor", "fanout --sessions {many} --publishers 8 --window 8"),
    "window.memory": ("memory", "fanout --sessions {many} --publishers 8 --window 8"),
    "rooms.floor": ("floor", "rooms --rooms 1000 --members 10"),
    "rooms.memory": ("memory", "rooms --rooms 1000 --members 10"),
    "rooms.nchan": ("nchan", "rooms --rooms 1000 --members 10"),
    "latency.floor": ("floor", "rooms --sessions {many} --members 1000 --rate 20"),
    "latency.memory": ("memory", "rooms --sessions {many} --members 1000 --rate 20"),
    "latency-10k.floor": ("floor", "fanout --sessions {many} --rate {slow_rate} --publishers 4"),
    "latency-10k.memory": ("memory", "fanout --sessions {many} --rate {slow_rate} --publishers 4"),
    "idle.floor": ("floor", "idle --sessions {many}"),
    "idle.memory": ("memory", "idle --sessions {many}"),
    "idle-rooms.floor": ("floor", "idle --sessions {many} --rooms {many}"),
    "idle-rooms.memory": ("memory", "idle --sessions {many} --rooms {many}"),
    "churn.floor": ("floor", "churn --sessions 1000 " + _SOURCES),
    "churn.memory": ("memory", "churn --sessions 1000 " + _SOURCES),
    "balance.churn": ("shards", "churn --sessions 1000 " + _SOURCES),
    "balance.rooms": ("shards", "rooms --rooms 300 --members 10"),
    "publish.floor": ("floor", "publish --publishers 64"),
    "publish.memory": ("memory", "publish --publishers 64"),
    "publish.jetstream": ("jetstream", "publish --publishers 64"),
    "publish-batch.floor": ("floor", "publish --batch 100"),
    "publish-batch.memory": ("memory", "publish --batch 100"),
    "publish-batch.jetstream": ("jetstream", "publish --batch 100"),
    "partitions.whole": ("jetstream", "publish --batch 100 --tenants 12"),
    "partitions.parts": ("parts", "publish --batch 100 --tenants 12"),
    "ingest.http": ("ingesting", "rooms --rooms 1000 --members 10 --batch 100" + _INGESTED),
    "ingest.core": ("core", "rooms --rooms 1000 --members 10 --batch 100" + _INGESTED),
    "cluster.one": ("jetstream", "fanout --sessions 999 --rate 100"),
    "cluster.three": ("cluster", "fanout --sessions 999 --rate 100"),
    "cluster.stored": ("cluster", "rooms --rooms 100 --members 6 --rate 1000"),
    "cluster.ephemeral": ("cluster", "rooms --rooms 100 --members 6 --rate 1000 --ephemeral"),
    "recovery.doomed": ("doomed", "recovery --sessions {many}"),
    "growth.floor-sessions": ("floor", "rooms --sessions {most} --members 10 --rate 1000"),
    "growth.floor-few": ("floor", "rooms --rooms 100 --members 10 --rate 1000"),
    "growth.floor-room": ("floor", "rooms --rooms 1 --members 10 --rate 1000"),
    "growth.few": ("memory", "rooms --rooms 100 --members 10 --rate 1000"),
    "growth.sessions": ("memory", "rooms --sessions {most} --members 10 --rate 1000"),
    "growth.room": ("memory", "rooms --rooms 1 --members 10 --rate 1000"),
    "growth.rooms": ("memory", "rooms --rooms {rooms} --members 10 --rate 1000 --concurrency 32"
                               " --rooms-per-session {own_rooms}"),
}

# Of these, what nats-server uses counts as well: storing is what they measure.
WITH_NATS = {"publish.jetstream", "publish-batch.jetstream", "partitions.whole", "partitions.parts"}


@dataclass(frozen=True)
class Check:
    """One line of the table. `sign` and `bound` are the target: times the figure of `beside`, or as it stands without
    one; no sign: shown only."""
    metric: str
    subject: str
    beside: str = ""
    sign: str = ""  # "at least" or "at most"
    bound: float = 0.0


@dataclass(frozen=True)
class Row:
    name: str
    title: str
    checks: tuple

    def runs(self):
        """Names of the runs it needs, what it is compared with first."""
        return list(dict.fromkeys(name for check in self.checks for name in (check.beside, check.subject) if name))


_RATE = "deliveries_per_s"
_CPU = "server_cpu_s_per_million_deliveries"
_MEMORY = "rss_kib_per_session"
# What uWebSockets' WebSocket publish reached of a coalescing epoll floor for SSE, measured once beside each other on a
# machine of this size. It is not in Debian, so it is not measured here.
_UWEBSOCKETS_1K, _UWEBSOCKETS_10K = 0.85, 0.81
# "Stays flat": the floor's own growth stands below each, that is what the kernel adds.
_FLAT = 1.15


def _maximum(row, of_floor, of_nchan):
    return (Check(_RATE, f"{row}.memory", f"{row}.floor", "at least", of_floor),
            Check(_CPU, f"{row}.memory", f"{row}.floor", "at most", 1.3),
            Check(_RATE, f"{row}.memory", f"{row}.nchan", "at least", of_nchan))


def _latency(row, *more):
    return (Check("delivery_p99_ms", f"{row}.memory", f"{row}.floor", "at most", 1.2), *more)


def _balance(run):
    return (Check("shard_busiest_to_mean", run, "", "at most", 1.25),
            Check("shard_others_share", run, "", "at most", 0.25))


def _memory(row):
    return (Check(_MEMORY, f"{row}.memory", f"{row}.floor"),
            Check(_MEMORY, f"{row}.memory", "", "at most", 3),
            Check(_MEMORY, f"{row}.memory", "", "at most", 2))


ROWS = (
    Row("fanout-1k", "one room of 1,000", _maximum("fanout-1k", 0.8, 4)),
    Row("fanout-10k", "one room of {many:,}", _maximum("fanout-10k", 0.8, 4)),
    Row("window", "one room of {many:,}, 8 publishes outstanding",
        (Check(_RATE, "window.memory", "window.floor", "at least", 0.9),
         Check(_CPU, "window.memory", "window.floor", "at most", 1.15))),
    Row("rooms", "1,000 rooms of 10, one POST per event", _maximum("rooms", 0.85, 1.4)),
    Row("latency", "rooms of 1,000, {many:,} sessions, 20,000 deliveries/s",
        _latency("latency", Check("delivery_p99_ms", "latency.memory", "", "at most", 10))),
    Row("latency-10k", "one room of {many:,}, 20,000 deliveries/s", _latency("latency-10k")),
    Row("ws-fanout-1k", "one room of 1,000, WebSocket beside SSE",
        (Check(_RATE, "fanout-1k.ws", "fanout-1k.memory", "at least", 0.8),
         Check(_RATE, "fanout-1k.ws", "fanout-1k.floor", "at least", _UWEBSOCKETS_1K))),
    Row("ws-fanout-10k", "one room of {many:,}, WebSocket beside SSE",
        (Check(_RATE, "fanout-10k.ws", "fanout-10k.memory", "at least", 0.8),
         Check(_RATE, "fanout-10k.ws", "fanout-10k.floor", "at least", _UWEBSOCKETS_10K))),
    Row("idle", "{many:,} idle sessions in one room (limit, then goal)", _memory("idle")),
    Row("idle-rooms", "{many:,} idle sessions in a room each (limit, then goal)", _memory("idle-rooms")),
    Row("churn", "connects with a token, 1,000 kept open",
        (Check("connects_per_s", "churn.memory", "churn.floor"),
         Check("connects_per_s", "churn.memory", "", "at least", 10_000),
         Check("connect_success_percent", "churn.memory", "", "at least", 95))),
    Row("balance-churn", "connects on 8 shards: is a thread busier than others?", _balance("balance.churn")),
    Row("balance-rooms", "300 rooms of 10 on 8 shards", _balance("balance.rooms")),
    Row("publish", "POSTs of one event",
        (Check("acks_per_s", "publish.memory", "publish.floor"),
         Check("acks_per_s", "publish.jetstream", "", "at least", 5_000))),
    Row("publish-batch", "POSTs of 100 events",
        (Check("acks_per_s", "publish-batch.memory", "publish-batch.floor"),
         Check("acks_per_s", "publish-batch.jetstream", "", "at least", 20_000))),
    # On one nats-server: what they win when each has a server that leads it, this machine cannot show.
    Row("partitions", "POSTs of 100 events of 12 tenants: three partitions beside one (JetStream)",
        (Check("acks_per_s", "partitions.parts", "partitions.whole", "at least", 0.9),)),
    Row("ingest", "core NATS messages to 1,000 rooms of 10 beside POSTs of 100 events (JetStream)",
        (Check(_RATE, "ingest.core", "ingest.http", "at least", 0.9),
         Check(_CPU, "ingest.core", "ingest.http", "at most", 1.3))),
    Row("cluster-cpu", "a room of 999 on three nodes beside one, 100 events/s",
        (Check(_CPU, "cluster.three", "cluster.one", "at most", 1.15),)),
    Row("cluster-stored", "three nodes, 1,000 stored events/s, to sessions of the other nodes",
        (Check("remote_p99_ms", "cluster.stored", "", "at most", 5),)),
    Row("cluster-ephemeral", "three nodes, 1,000 ephemeral events/s, to sessions of the other nodes",
        (Check("remote_p99_ms", "cluster.ephemeral", "", "at most", 2),)),
    Row("recovery", "{many:,} sessions on three nodes; one is killed, and its sessions come back",
        (Check("accept_per_s", "recovery.doomed"),
         Check("back_p90_ms", "recovery.doomed"),
         Check("last_back_s", "recovery.doomed", "", "at most", 2))),
    Row("growth-sessions", "{most:,} sessions beside 1,000, rooms of 10",
        (Check(_CPU, "growth.sessions", "growth.few", "at most", _FLAT),
         Check(_CPU, "growth.floor-sessions", "growth.floor-few"),
         Check(_MEMORY, "growth.sessions", "growth.few", "at most", _FLAT))),
    Row("growth-rooms", "{rooms:,} rooms of 10 for 1,000 sessions beside one for 10",
        (Check(_CPU, "growth.rooms", "growth.room", "at most", _FLAT),
         Check(_CPU, "growth.floor-few", "growth.floor-room"),
         Check("rss_kib_per_subscription", "growth.rooms"))),
    Row("growth-own-rooms", "1,000 users in {own_rooms:,} rooms each beside one each",
        (Check(_CPU, "growth.rooms", "growth.few", "at most", _FLAT),
         Check(_MEMORY, "growth.rooms", "growth.few"))),
)


def sizes(quick, open_files):
    """What fits into `open_files` per process, and a remark when that is less than it should be."""
    result = dict(QUICK if quick else FULL)
    wanted = result["most"]
    # Beside its sessions a process has listeners, stores, and the publishers' connections.
    result["most"] = max(1_000, min(wanted, (open_files - 300) // 10 * 10))
    result["slow_rate"] = 20_000 / result["many"]
    remark = (f"{open_files:,} open files per process, so {result['most']:,} sessions, not {wanted:,}"
              if result["most"] < wanted else "")
    return result, remark

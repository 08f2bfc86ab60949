"""Who takes part in a seed: readers with their rooms, publishers with their channels. All drawn from the seed."""
import random

from foreign import Plain, Storer
from harness import admin, token
from publisher import Publisher, Whisperer
from reader import Reader
from stream import Sse, WebSocket

CLIENTS = 200
TENANTS = 6  # of a seed with many: rooms and users of the same names in each
USERS = 60
ROOMS = 10
SLOW_READERS = 12
WEB_SOCKETS = 5  # one client in so many
PUBLISHED_USERS = 4
WHISPERED_ROOMS = 3  # with ephemeral events as well
FOREIGN_ROOMS = 3  # with events of foreign publishers, of a seed that has some
# Mean seconds between events: some 80 a second in all, and 30 ephemeral ones.
ROOM_PAUSE, USER_PAUSE, ALL_PAUSE, BULK_PAUSE, WHISPER_PAUSE = 0.14, 0.5, 2.0, 1.0, 0.1
STORED_PAUSE, PLAIN_PAUSE = 0.08, 0.12  # of a foreign room: some 60 a second in all


class Tenant:
    """One tenant's names. The only one of a seed has none of its own, and its channels no prefix."""

    def __init__(self, name, rooms, users):
        self.name, self.rooms, self.users = name, rooms, users
        self.claims = {"tenant": name} if name else {}

    def channel(self, kind, name=None):
        return (f"{self.name}." if self.name else "") + (f"{kind}:{name}" if name else kind)


class People:
    def __init__(self, run, rng, options):
        def own():  # one each, so that what one draws does not depend on when the others do
            return random.Random(rng.random())

        tenants = self._tenants(options)
        # Drawn apart: what else a seed draws stays the same with and without them.
        self.foreign = self._foreign(tenants, run, options) if options.ingest else []
        self.readers = [self._reader(i, tenants, run, rng, own) for i in range(options.clients)]
        published = [(tenant, *row) for tenant in tenants for row in self._published(tenant, len(tenants))]
        published.append((tenants[0], "room", "bulk", BULK_PAUSE))
        self.wanted_rate = options.rate * sum(1 / pause for *_, pause in published) + sum(
            1 / each.pause for each in self.foreign)
        self.publishers = [Publisher(tenant.channel(kind, name), {kind: name or True}, admin(**tenant.claims),
                                     pause / options.rate, run, own(), tenant.name)
                           for tenant, kind, name, pause in published]
        self.bulk = self.publishers[-1]  # gets the bursts
        self.whisperers = [Whisperer(tenant.channel("room", room), {"room": room}, admin(**tenant.claims),
                                     WHISPER_PAUSE / options.rate, run, own(), tenant.name)
                           for tenant, room in self._some_rooms(tenants, WHISPERED_ROOMS)]
        self.late = rng.sample(self.readers, options.clients // 8)  # connect while it all goes on
        self.late_at = [rng.uniform(0, run.seconds) for _ in self.late]

    @staticmethod
    def _some_rooms(tenants, count):
        """(tenant, room), of as many tenants as there are."""
        return [(tenant, room) for tenant in tenants for room in tenant.rooms[:-(-count // len(tenants))]][:count]

    def _foreign(self, tenants, run, options):
        rng = random.Random(f"foreign {run.seed}")
        return [kind(tenant.channel(name, room), tenant, room, pause / options.rate, run, random.Random(rng.random()))
                for tenant, room in self._some_rooms(tenants, FOREIGN_ROOMS)
                for kind, name, pause in ((Storer, "stored", STORED_PAUSE), (Plain, "plain", PLAIN_PAUSE))]

    @staticmethod
    def _tenants(options):
        names = [f"t{i}" for i in range(options.tenants)] if options.tenants > 1 else [""]
        rooms = [f"room{i}" for i in range(-(-options.rooms // len(names)))]
        return [Tenant(name, rooms, USERS // len(names)) for name in names]

    @staticmethod
    def _published(tenant, tenants):
        """(kind, name, pause) of its channels; together all tenants publish what one would."""
        users = range(-(-PUBLISHED_USERS // tenants))
        return [*(("room", room, ROOM_PAUSE) for room in tenant.rooms),
                *(("user", f"user{i}", USER_PAUSE) for i in users), ("all", None, ALL_PAUSE * tenants)]

    def _reader(self, i, tenants, run, rng, own):
        slow, bulk = i < SLOW_READERS, i < SLOW_READERS + 3
        tenant = tenants[0] if bulk or len(tenants) == 1 else rng.choice(tenants)
        user = f"user{rng.randrange(tenant.users)}"
        mine = rng.sample(tenant.rooms, rng.randint(1, min(4, len(tenant.rooms))))
        mine += ["bulk"] if bulk else []
        channels = [*(tenant.channel("room", room) for room in mine), tenant.channel("user", user),
                    tenant.channel("all")]
        channels += [each.channel for each in self.foreign if each.tenant == tenant.name and each.room in mine]
        speaks = WebSocket if i % WEB_SOCKETS == 0 else Sse
        bearer = token(user, rooms=["*"], **tenant.claims)
        return Reader(f"client{i}", speaks, bearer, mine, channels, run, own(), slow)

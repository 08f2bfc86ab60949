"""Who takes part in a seed: readers with their rooms, publishers with their channels. All drawn from the seed."""
import random

from harness import admin, token
from publisher import Publisher, Whisperer
from reader import Reader
from stream import Sse, WebSocket

CLIENTS = 200
USERS = 60
ROOMS = 10
SLOW_READERS = 12
WEB_SOCKETS = 5  # one client in so many
PUBLISHED_USERS = 4
WHISPERED_ROOMS = 3  # with ephemeral events as well
# Mean seconds between events: some 80 a second in all, and 30 ephemeral ones.
ROOM_PAUSE, USER_PAUSE, ALL_PAUSE, BULK_PAUSE, WHISPER_PAUSE = 0.14, 0.5, 2.0, 1.0, 0.1


class People:
    def __init__(self, run, rng, options):
        def own():  # one each, so that what one draws does not depend on when the others do
            return random.Random(rng.random())

        rooms = [f"room{i}" for i in range(options.rooms)]
        self.readers = [self._reader(i, rooms, run, rng, own) for i in range(options.clients)]
        publish = [*(("room", room, ROOM_PAUSE) for room in rooms),
                   *(("user", f"user{i}", USER_PAUSE) for i in range(PUBLISHED_USERS)),
                   ("all", None, ALL_PAUSE), ("room", "bulk", BULK_PAUSE)]
        self.wanted_rate = options.rate * sum(1 / pause for *_, pause in publish)
        self.publishers = [Publisher(f"{kind}:{name}" if name else kind, {kind: name or True}, admin(),
                                     pause / options.rate, run, own()) for kind, name, pause in publish]
        self.bulk = self.publishers[-1]  # gets the bursts
        self.whisperers = [Whisperer(f"room:{room}", {"room": room}, admin(), WHISPER_PAUSE / options.rate, run, own())
                           for room in rooms[:WHISPERED_ROOMS]]
        self.late = rng.sample(self.readers, options.clients // 8)  # connect while it all goes on
        self.late_at = [rng.uniform(0, run.seconds) for _ in self.late]

    @staticmethod
    def _reader(i, rooms, run, rng, own):
        slow = i < SLOW_READERS
        user = f"user{rng.randrange(USERS)}"
        mine = rng.sample(rooms, rng.randint(1, min(4, len(rooms))))
        mine += ["bulk"] if i < SLOW_READERS + 3 else []
        channels = [*(f"room:{room}" for room in mine), f"user:{user}", "all"]
        speaks = WebSocket if i % WEB_SOCKETS == 0 else Sse
        return Reader(f"client{i}", speaks, token(user, rooms=["*"]), mine, channels, run, own(), slow)

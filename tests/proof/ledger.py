"""What publishers were told against what clients saw. Plain state: takes numbers, gives verdicts.

A channel ("room:a", "user:b", "all") has one publisher, which numbers its events 1, 2, 3, ... and goes on to the
next only after a 200. So whoever listens must see the numbers without a hole, once, in this order.
"""
from collections import Counter, namedtuple

Verdict = namedtuple("Verdict", "lost duplicated reordered")


class Track:
    """One client's view of one channel. `owed`: every number from here on was published after it was connected."""

    def __init__(self, owed):
        self.owed = owed
        self.next = None  # number that must come next; None before the first
        self.holes = set()
        self.duplicated = []
        self.reordered = []

    def take(self, number):
        if self.next is None:
            # What was under way while the client connected may come or not; from the first on all must.
            self.next = min(number, self.owed)
        if number == self.next:
            self.next += 1
        elif number > self.next:
            self.holes.update(range(self.next, number))
            self.next = number + 1
        elif number in self.holes:
            self.holes.discard(number)
            self.reordered.append(number)
        else:
            self.duplicated.append(number)

    def lost(self, acked):
        """Numbers up to `acked` that did not come, in order."""
        first = self.owed if self.next is None else self.next
        return sorted(self.holes) + list(range(first, acked + 1))


class Ledger:
    """All tracks of a seed, and what else went wrong."""

    def __init__(self):
        self.begun = Counter()  # channel -> number the publisher is at
        self.acked = Counter()  # channel -> highest number answered with 200
        self.tracks = {}  # (client, channel) -> Track
        self.deliveries = 0
        self.complaints = []  # sentences; each fails the seed

    def joined(self, client, channels):
        for channel in channels:
            self.tracks[client, channel] = Track(self.begun[channel] + 1)

    def delivered(self, client, channel, number):
        self.deliveries += 1
        track = self.tracks.get((client, channel))
        if track is None:
            self.complaints.append(f"{client} got {channel} {number}, which it is not in")
        else:
            track.take(number)

    def complain(self, sentence):
        self.complaints.append(sentence)

    def behind(self):
        """(client, channel) pairs that do not have everything yet."""
        return [key for key, track in self.tracks.items() if track.lost(self.acked[key[1]])]

    def broken(self):
        """{(client, channel): {lost, duplicated, reordered}} with the numbers, where it is not as promised."""
        out = {}
        for key, track in self.tracks.items():
            found = {"lost": track.lost(self.acked[key[1]]), "duplicated": track.duplicated,
                     "reordered": track.reordered}
            if any(found.values()):
                out[key] = found
        return out

    def verdict(self):
        found = self.broken().values()
        return Verdict(*(sum(len(each[kind]) for each in found) for kind in Verdict._fields))

    def events(self):
        return sum(self.acked.values())

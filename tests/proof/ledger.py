"""What publishers were told against what clients saw, of stored events. Plain state: takes numbers, gives verdicts.

A channel ("room:a", "user:b", "all") has one publisher, which numbers its events 1, 2, 3, ... They go out in
rounds of one or more (a batch), and the next round begins when every event of this one has its position. So the
store holds the rounds in order; within a round that had to be repeated, an event that failed at first may stand
behind later ones. Whoever listens must see every event once, in the order of the positions.
"""
from collections import Counter, defaultdict, namedtuple

Verdict = namedtuple("Verdict", "lost duplicated reordered")


class Track:
    """One client's view of one channel. `owed`: every number from here on was published after it was connected;
    `gone`: numbers that nobody stored, and nobody had to."""

    def __init__(self, owed, gone):
        self.owed, self.gone = owed, gone
        self.low = owed  # the lowest owed number that did not come yet
        self.seen = {}  # number -> None, in the order of arrival
        self.duplicated = []

    def take(self, number):
        if number in self.seen:
            self.duplicated.append(number)
            return
        self.seen[number] = None
        self.go_on()

    def go_on(self):
        while self.low in self.seen or self.low in self.gone:
            self.low += 1

    def lost(self, order):
        """Numbers that did not come. order: {number: position}, in the order of the store.

        What was under way while the client connected may come or not; from the first that came on all must.
        """
        begun, out = False, []
        for number in order:
            begun = begun or number in self.seen
            if number not in self.seen and (begun or number >= self.owed):
                out.append(number)
        return out

    def reordered(self, order):
        """Numbers that came behind one with a later position."""
        latest, out = None, []
        for number in self.seen:
            position = order.get(number)
            if position is None:
                continue  # its publisher never got an answer: only where the seed fails anyway
            if latest is not None and position < latest:
                out.append(number)
            else:
                latest = position
        return out


class Ledger:
    """All tracks of a seed, and what else went wrong."""

    def __init__(self):
        self.begun = Counter()  # channel -> number the publisher is at
        self.acked = Counter()  # channel -> up to this number all have their position
        self.positions = defaultdict(dict)  # channel -> {number: position}, sorted by position
        self.gone = defaultdict(set)  # channel -> numbers that are nowhere and may be
        self.tracks = {}  # (client, channel) -> Track
        self.epochs = defaultdict(dict)  # tenant -> {life of its store, as positions name it: who was told first}
        self.deliveries = 0
        self.complaints = []  # sentences; each fails the seed

    def begin(self, channel, count):
        """The numbers of the next round."""
        first = self.begun[channel] + 1
        self.begun[channel] += count
        return range(first, first + count)

    def acknowledged(self, channel, positions, at_once):
        """A round is over. positions: {number: sequence in the store}; at_once: numbers that the first attempt stored."""
        ordered = dict(sorted(positions.items(), key=lambda item: item[1]))
        known = self.positions[channel]
        if known and next(iter(ordered.values())) <= known[next(reversed(known))]:
            self.complain(f"{channel}: the positions of {list(ordered)} are not behind those of the round before")
        straight = [number for number in ordered if number in at_once]
        if straight != sorted(straight):
            self.complain(f"{channel}: one request stored {sorted(straight)} in the order {straight}")
        if len(set(positions.values())) < len(positions):
            self.complain(f"{channel}: two of {sorted(positions)} have the same position")
        known.update(ordered)
        self.acked[channel] = max(self.acked[channel], *positions)

    def found(self, channel, numbers):
        """Nobody was told where the store has them; these, in this order, are there, and others never will be."""
        self.gone[channel] |= set(range(1, self.begun[channel] + 1)) - set(numbers)
        self.positions[channel] = {number: place for place, number in enumerate(dict.fromkeys(numbers))}
        self.acked[channel] = self.begun[channel]
        for (client, its), track in self.tracks.items():
            if its != channel:
                continue
            track.go_on()
            for number in sorted(self.gone[channel].intersection(track.seen)):
                self.complain(f"{client} got {channel} {number}, which the store does not have")

    def epoch(self, epoch, told, tenant=""):
        """A position was of this life of the store that has the tenant. told: to whom, where. No store is emptied here."""
        known = self.epochs[tenant]
        if epoch in known:
            return
        known[epoch] = told
        if len(known) > 1:
            self.complain("positions name several lives of one store: " + ", ".join(
                f"{each} ({told})" for each, told in known.items()))

    def joined(self, client, channels):
        for channel in channels:
            self.tracks[client, channel] = Track(self.begun[channel] + 1, self.gone[channel])

    def delivered(self, client, channel, number):
        self.deliveries += 1
        track = self.tracks.get((client, channel))
        if track is None:
            self.complain(f"{client} got {channel} {number}, which it is not in")
        else:
            track.take(number)

    def complain(self, sentence):
        self.complaints.append(sentence)

    def behind(self):
        """(client, channel) pairs that do not have everything yet."""
        # First the quick look, because this is asked again and again.
        return ([key for key, track in self.tracks.items() if track.low <= self.acked[key[1]]]
                or [key for key, track in self.tracks.items() if track.lost(self.positions[key[1]])])

    def broken(self):
        """{(client, channel): {lost, duplicated, reordered}} with the numbers, where it is not as promised."""
        out = {}
        for key, track in self.tracks.items():
            order = self.positions[key[1]]
            found = {"lost": track.lost(order), "duplicated": track.duplicated, "reordered": track.reordered(order)}
            if any(found.values()):
                out[key] = found
        return out

    def verdict(self):
        found = self.broken().values()
        return Verdict(*(sum(len(each[kind]) for each in found) for kind in Verdict._fields))

    def events(self):
        return sum(self.acked.values())

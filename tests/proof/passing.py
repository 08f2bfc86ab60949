"""Ephemeral events: sent once, not stored, and what must hold of them all the same. Plain state.

They may be lost while something is broken. Nobody may get one twice on one connection; what one connection of the
publisher sent in quiet must not come in another order; and none may be lost before the first fault.
"""
from collections import Counter, defaultdict

AFTERMATH_SECONDS = 2.0  # so long after a fault nothing is said about order


class _View:
    """One connection's view of one channel."""

    def __init__(self, owed):
        self.owed = owed  # every number from here on was sent after it was connected
        self.seen = set()
        self.latest = Counter()  # generation -> highest number


class Passing:
    """quiet_since: () -> the time since which nothing is broken, None while something is."""

    def __init__(self, now, quiet_since, complain):
        self._now, self._quiet_since, self._complain = now, quiet_since, complain
        self.sent = defaultdict(list)  # channel -> when number i + 1 was
        self.handed = defaultdict(dict)  # channel -> {number: when it was answered with 200}
        self._views = {}  # client -> {channel: _View}, while it is connected
        self.deliveries = 0
        self.reordered = 0  # also those that may be

    def send(self, channel):
        """The next number."""
        self.sent[channel].append(self._now())
        return len(self.sent[channel])

    def answered(self, channel, number):
        self.handed[channel][number] = self._now()

    def connected(self, client, channels):
        self._views[client] = {channel: _View(len(self.sent[channel]) + 1) for channel in channels}

    def disconnected(self, client):
        self._views.pop(client, None)

    def delivered(self, client, channel, number, generation):
        """generation: counts the publisher's connections."""
        self.deliveries += 1
        view = self._views.get(client, {}).get(channel)
        if view is None:
            return self._complain(f"{client} got the ephemeral {channel} {number}, which it is not in")
        if number in view.seen:
            self._complain(f"{client} got the ephemeral {channel} {number} twice on one connection")
        elif number < view.latest[generation]:
            self.reordered += 1
            if self._quiet(self.sent[channel][number - 1]):
                self._complain(f"{client} got the ephemeral {channel} {number} behind {view.latest[generation]}")
        view.seen.add(number)
        view.latest[generation] = max(view.latest[generation], number)

    def _quiet(self, since):
        quiet = self._quiet_since()
        return quiet is not None and since > quiet + (AFTERMATH_SECONDS if quiet > 0 else 0)

    def missing(self, before, after=0.0):
        """[(client, channel, number)]: what was handed over between the two times and did not reach those who were
        connected when it was sent and still are."""
        return [(client, channel, number) for client, views in self._views.items() for channel, view in views.items()
                for number, when in self.handed.get(channel, {}).items()
                if after < when <= before and number >= view.owed and number not in view.seen]

    def events(self):
        return sum(len(times) for times in self.sent.values())

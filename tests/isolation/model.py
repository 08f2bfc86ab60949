"""Who may see what. Nothing here asks a node: operations tell the model what was done, and it says what must follow."""
import itertools
import re

USERS = ("ann", "bob", "cid")
ADMIN = "boss"
# Both tenants use all of them. Some are what a careless subject, key or path would confuse: see tenant_names().
ROOMS = ("c", "b.c", "lobby", "x/y:1")
SESSIONS_PER_USER = 3
AVAILABILITY = ("online", "away", "busy")  # of several states of a user the first counts


def tenant_names(world):
    """Two names of which one begins the other, so that (t, b.c) and (t.b, c) look alike once joined by dots."""
    return f"t{world}", f"t{world}.b"


def matches(pattern, name):
    """`*` stands for any run of characters."""
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), name, re.DOTALL) is not None


class Claims:
    """What a token says about its bearer."""

    def __init__(self, rooms=(), publish=(), admin=False):
        self.rooms, self.publish, self.admin = tuple(rooms), publish, admin

    def may_join(self, room):
        return any(matches(pattern, room) for pattern in self.rooms)

    def own_rooms(self):
        return {room for room in self.rooms if "*" not in room}

    def may_publish(self, kind, name):
        """kind: room, user, client."""
        if self.publish is True:
            return True
        prefix = "" if kind == "room" else kind + ":"
        return any(entry.startswith(prefix) and matches(entry[len(prefix):], name) for entry in self.publish
                   if prefix or not entry.startswith(("user:", "client:")))

    def __repr__(self):
        return f"Claims(rooms={list(self.rooms)}, publish={self.publish!r}, admin={self.admin})"


class Actor:
    """Somebody with a token."""

    def __init__(self, tenant, user, claims):
        self.tenant, self.user, self.claims = tenant, user, claims

    def __repr__(self):
        return f"{self.user} of {self.tenant.name if self.tenant else 'no tenant'} with {self.claims}"


class Event:
    """kind: room (names: several), user, client, all. `number` is its place among the tenant's events."""

    def __init__(self, number, event_id, kind, names, ephemeral, text):
        self.number, self.id, self.kind, self.names = number, event_id, kind, tuple(names)
        self.ephemeral, self.text = ephemeral, text
        self.position = None

    def __repr__(self):
        return f"{'ephemeral ' if self.ephemeral else ''}event {self.text} to {self.kind} {', '.join(self.names)}"


class Session:
    """An open stream and what it must have heard. `pending`: text of an event -> must it come (else it may)."""

    def __init__(self, tenant, user, claims, stream, rooms, device, node):
        self.tenant, self.user, self.claims, self.stream = tenant, user, claims, stream
        self.rooms, self.device, self.node = set(rooms), device, node
        self.id = stream.client_id
        self.state = "online"
        self.unsettled = set()  # rooms it is just joining or leaving
        self.pending = {}
        self.got = set()
        self.replayable = set()  # resumed: texts of what was stored for its channels by then, which may come

    def hears(self, event):
        """None: it must not; False: it may; True: it must."""
        if event.kind == "all" or (event.kind == "user" and self.user in event.names):
            return True
        if event.kind == "client":
            return True if self.id in event.names else None
        if event.kind == "room":
            if any(room in self.rooms and room not in self.unsettled for room in event.names):
                return True
            if any(room in self.unsettled for room in event.names):
                return False
        return None

    def leave(self, room, texts):
        """What was said there and is still on its way may be late for it. texts: events by text."""
        self.rooms.discard(room)
        self.unsettled.add(room)
        for text in self.pending:
            if room in texts[text].names:
                self.pending[text] = False

    def __repr__(self):
        return f"session {self.id} of {self.user} of {self.tenant.name} in {sorted(self.rooms)}"


class Tenant:
    def __init__(self, name, secret):
        self.name, self.secret = name, secret
        self.roster = {room: set() for room in ROOMS}
        self.sessions = []
        self.closed_ids = []
        self.history = {room: [] for room in ROOMS}
        self.stored = []
        self.texts = {}
        self.recent = []  # since all had heard everything
        self._numbers = itertools.count(1)

    # -- events

    def event(self, kind, names, ephemeral):
        number = next(self._numbers)
        # Ids are the same in both tenants, texts are not.
        return Event(number, f"e{number}", kind, names, ephemeral, f"{self.secret}-{number}")

    def published(self, event, exclude=()):
        """Tells every session what it is to hear; returns nothing. Excluded ids of other tenants are nobody here."""
        self.texts[event.text] = event
        self.recent.append(event)
        if not event.ephemeral and event.kind != "client":
            self.stored.append(event)
            if event.kind == "room":
                for room in event.names:
                    self.history[room].append(event)
        for session in self.sessions:
            must = session.hears(event)
            if must is not None and session.id not in exclude:
                session.pending[event.text] = must

    def joined(self, session):
        """Its node may learn of what was said just before only after it has joined."""
        for event in self.recent:
            if event.text not in session.got and session.hears(event) is not None:
                session.pending.setdefault(event.text, False)

    def resumed(self, session):
        session.replayable = {event.text for event in self.stored if session.hears(event) is not None}

    # -- rooms

    def in_roster(self, user, room):
        return user in self.roster[room]

    def may_read(self, actor, room):
        return actor.claims.admin or actor.claims.may_join(room) or self.in_roster(actor.user, room)

    def rooms_at_connect(self, user, claims, asked):
        return claims.own_rooms() | set(asked) | {room for room in ROOMS if self.in_roster(user, room)}

    def set_member(self, room, user, member):
        if member == self.in_roster(user, room):
            return
        (self.roster[room].add if member else self.roster[room].discard)(user)
        for session in self.sessions:
            if session.user != user:
                continue
            if member and room not in session.rooms:
                session.rooms.add(room)
                session.unsettled.add(room)
                self.joined(session)
            elif not member and room in session.rooms and room not in session.claims.own_rooms():
                session.leave(room, self.texts)

    def renew(self, session, claims):
        session.claims = claims
        for room in list(session.rooms):
            if not claims.may_join(room) and not self.in_roster(session.user, room):
                session.leave(room, self.texts)

    # -- sessions

    def opened(self, session):
        """Adds it; returns [(session, code)] of those that give way."""
        mine = [s for s in self.sessions if s.user == session.user]
        losers = [(s, "replaced") for s in mine if session.device and s.device == session.device]
        for loser, _ in losers:
            mine.remove(loser)
        if len(mine) >= SESSIONS_PER_USER:
            losers.append((mine[0], "session_limit"))
        self.sessions.append(session)
        self.joined(session)
        return losers

    def closed(self, session):
        self.sessions.remove(session)
        self.closed_ids.append(session.id)

    def settled(self):
        self.recent.clear()
        for session in self.sessions:
            session.unsettled.clear()

    # -- what lists show

    def members_now(self, room):
        return [s for s in self.sessions if room in s.rooms]

    def presence(self, room):
        """{user: (state, sessions)}; who is invisible is nobody."""
        out = {}
        for session in self.members_now(room):
            if session.state == "invisible":
                continue
            state, count = out.get(session.user, (session.state, 0))
            out[session.user] = (min(state, session.state, key=AVAILABILITY.index), count + 1)
        return out

    def live_rooms(self):
        return {room: len(self.members_now(room)) for room in ROOMS if self.members_now(room)}

    def live_users(self):
        out = {}
        for session in self.sessions:
            out[session.user] = out.get(session.user, 0) + 1
        return out

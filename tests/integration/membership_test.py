"""Sources of memberships besides the roster: a real PostgreSQL, and a backend over HTTP."""
import json
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

from clients import Sse
from harness import BIN, Cluster, Node, admin, eventually, fresh, token
from nats_client import NatsClient
from postgres import Postgres
from resolver import SECRET, Resolver


def texts(events):
    return [event.data for event in events]


class Case(unittest.TestCase):
    def opened(self, node, user, **query):
        stream = Sse(node, token(str(user)), **query)
        self.addCleanup(stream.close)
        return stream

    def rooms(self, node, stream):
        return sorted(node.inspect(f"sessions/{stream.client_id}")["rooms"])

    def in_rooms(self, node, stream, *rooms, seconds=5):
        eventually(lambda: self.rooms(node, stream) == sorted(rooms), seconds, f"in {rooms}")

    def check(self, node, name):
        return next(check for check in node.http("GET", "/healthz").json["checks"] if check["name"] == name)

    def assert_turned_away(self, node, user):
        """An EventSource is told to come back, others get a 503."""
        with_stream = self.opened(node, user)
        self.assertEqual(with_stream.status, 200)
        self.assertEqual(with_stream.first.name, "goodbye")
        told = json.loads(with_stream.first.data)
        self.assertEqual((told["code"], told["reconnect"]), ("overload", True))
        self.assertGreater(told["retry_ms"], 0)
        self.assertIn("membership", told["reason"])
        reply = node.http("GET", "/events", token=token(str(user)), headers={"Accept": "application/json"})
        self.assertEqual(reply.status, 503)
        self.assertGreaterEqual(int(reply.headers["Retry-After"]), 1)


class PostgresCase(Case):
    count = 1
    settings = ()

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="starling-pg-")
        cls.addClassCleanup(shutil.rmtree, cls.folder, True)
        cls.db = Postgres(cls.folder)
        cls.addClassCleanup(cls.db.crash)
        cls.cluster = Cluster(cls.count, "membership.sources=['roster','postgres']",
                              f"membership.postgres.dsn='{cls.db.dsn}'", "membership.timeout=1s", *cls.settings,
                              nats=True)
        cls.addClassCleanup(cls.cluster.close)
        cls.nodes = cls.cluster.nodes
        cls.node = cls.nodes[0]

    numbers = iter(range(1, 1 << 30))

    def number(self):
        return next(PostgresCase.numbers)


class Database(PostgresCase):
    """The defaults: fechatter's table, no NOTIFY."""
    count = 2

    def test_a_user_joins_the_rooms_of_the_table_and_of_the_roster(self):
        chat, left, user, room = self.number(), self.number(), self.number(), fresh("room")
        self.db.add(chat, user)
        self.db.add(left, user)
        self.db.leave(left, user)
        self.node.http("PUT", f"/api/rooms/{room}/members/{user}", token=admin())
        stream = self.opened(self.nodes[1], user)
        self.assertEqual(sorted(stream.connected["rooms"]), sorted([f"chat:{chat}", room]))
        self.node.publish(room=f"chat:{chat}", data="hello")
        self.assertEqual(texts(stream.take(1)), ["hello"])

    def test_what_the_column_cannot_hold_is_in_no_room(self):
        self.assertEqual(self.opened(self.node, "ann").connected["rooms"], [])
        self.assertTrue(self.check(self.node, "membership_postgres")["ok"])

    def test_asking_for_rooms_follows_the_table(self):
        chat, user = self.number(), self.number()
        self.db.add(chat, user)
        stream = self.opened(self.node, user, rooms=f"chat:{chat}")
        self.assertEqual(stream.connected["rooms"], [f"chat:{chat}"])
        self.assertEqual(self.opened(self.node, user, rooms="chat:0").status, 403)

    def test_an_event_in_a_room_whose_members_are_not_known_reaches_live_members_everywhere(self):
        chat = self.number()
        users = [self.number() for _ in self.nodes]
        streams = [self.opened(node, user) for node, user in zip(self.nodes, users)]
        for user in users:
            self.db.add(chat, user)
        self.node.publish(room=f"chat:{chat}", data="first")
        self.node.publish(room=f"chat:{chat}", data="second")
        for stream in streams:
            self.assertEqual(texts(stream.take(2)), ["first", "second"])

    def test_history_is_readable_by_members_of_the_table(self):
        chat, user = self.number(), self.number()
        self.db.add(chat, user)
        self.node.publish(room=f"chat:{chat}", data="old")
        path = f"/api/rooms/chat:{chat}/history"
        self.assertEqual(self.node.http("GET", path, token=token(str(user))).status, 200)
        self.assertEqual(self.node.http("GET", path, token=token(str(self.number()))).status, 403)

    def test_configuration_shows_no_connection_string(self):
        self.assertNotIn(self.db.dsn, self.node.http("GET", "/admin/v1/config", token=admin(),
                                                     admin_listener=True).body.decode())


class Figures(PostgresCase):
    """Of a node that nobody else asks."""

    def test_metrics_count_questions_and_what_is_remembered(self):
        user = self.number()

        def looks(result):
            return self.node.metric("starling_membership_cache_total", result=result)
        self.opened(self.node, user)
        self.assertEqual(self.node.metric("starling_membership_requests_total", source="postgres", result="ok"), 1)
        eventually(lambda: looks("miss") == 1)
        self.opened(self.node, user)
        eventually(lambda: looks("hit") > 0)
        self.assertEqual(looks("miss"), 1)
        self.assertGreater(self.node.metric("starling_membership_seconds_count", source="postgres"), 0)
        self.assertEqual(self.node.metric("starling_membership_cached_users"), 1)
        self.assertEqual(self.node.metric("starling_membership_source_up", source="postgres"), 1)


class Notified(PostgresCase):
    count = 2
    settings = ("membership.postgres.notify=members",)

    def notify(self, **news):
        self.db.sql(f"SELECT pg_notify('members', '{json.dumps(news) if news else ''}')")

    def test_news_of_a_user_reach_live_sessions(self):
        chat, user = self.number(), self.number()
        streams = [self.opened(node, user) for node in self.nodes]
        self.db.add(chat, user)
        self.notify(user=user, room=f"chat:{chat}", tenant="default")
        for node, stream in zip(self.nodes, streams):
            self.in_rooms(node, stream, f"chat:{chat}")
        self.db.leave(chat, user)
        self.notify(user=str(user))
        for node, stream in zip(self.nodes, streams):
            self.in_rooms(node, stream)

    def test_news_of_a_room_reach_its_old_and_new_members(self):
        chat, old, new = self.number(), self.number(), self.number()
        self.db.add(chat, old)
        streams = [self.opened(self.node, user) for user in (old, new)]
        self.db.leave(chat, old)
        self.db.add(chat, new)
        self.notify(room=f"chat:{chat}")
        self.in_rooms(self.node, streams[0])
        self.in_rooms(self.node, streams[1], f"chat:{chat}")

    def test_news_reach_who_is_remembered_without_a_session(self):
        chat, user = self.number(), self.number()
        self.opened(self.node, user).close()
        self.db.add(chat, user)
        self.notify(user=user)
        eventually(lambda: self.opened(self.node, user).connected["rooms"] == [f"chat:{chat}"])

    def test_an_empty_notification_forgets_everything(self):
        chat, user = self.number(), self.number()
        stream = self.opened(self.node, user)
        self.db.add(chat, user)
        self.notify()
        self.in_rooms(self.node, stream, f"chat:{chat}")

    def test_what_was_missed_while_nobody_listened_is_asked_again(self):
        chat, user = self.number(), self.number()
        stream = self.opened(self.node, user)
        self.db.crash()
        eventually(lambda: not self.check(self.node, "membership_postgres")["ok"], what="noticed")
        self.db.start_again()
        self.db.add(chat, user)
        self.in_rooms(self.node, stream, f"chat:{chat}", seconds=10)


class Away(PostgresCase):
    """PostgreSQL dies, hangs, and comes back."""
    settings = ("membership.cache=2s",)

    def outage(self, fail, back):
        chat, known, stranger = self.number(), self.number(), self.number()
        self.db.add(chat, known)
        self.db.add(chat, stranger)
        live = self.opened(self.node, known)
        gone = self.opened(self.node, known)
        gone.close()
        fail()
        try:
            eventually(lambda: not self.check(self.node, "membership_postgres")["ok"], 10, "healthz names it")
            health = self.node.http("GET", "/healthz")
            self.assertEqual(health.status, 503)
            self.assertIn(b"postgres", health.body)
            self.assertEqual(self.node.http("GET", "/readyz").status, 200)
            self.assertEqual(self.node.metric("starling_membership_source_up", source="postgres"), 0)
            self.assert_turned_away(self.node, stranger)
            # Longer than answers are good.
            end = time.monotonic() + 3
            while time.monotonic() < end:
                self.assertEqual(self.rooms(self.node, live), [f"chat:{chat}"])
                time.sleep(0.1)
            again = self.opened(self.node, known)
            self.assertEqual(again.connected["rooms"], [f"chat:{chat}"])
            self.node.publish(room=f"chat:{chat}", data="still")
            self.assertEqual(texts(live.take(1)), ["still"])
            self.assertEqual(texts(again.take(1)), ["still"])
        finally:
            back()
        eventually(lambda: self.opened(self.node, stranger).connected, 10, "the stranger is let in")
        eventually(lambda: self.check(self.node, "membership_postgres")["ok"], 10, "healthy again")
        self.db.leave(chat, known)
        self.in_rooms(self.node, live, seconds=10)

    def test_killed_and_started_again(self):
        self.outage(self.db.crash, self.db.start_again)

    def test_stopped_and_continued(self):
        self.outage(lambda: self.db.signal_all(signal.SIGSTOP), lambda: self.db.signal_all(signal.SIGCONT))

    def test_live_sessions_follow_the_table_within_the_cache_time(self):
        chat, user = self.number(), self.number()
        stream = self.opened(self.node, user)
        self.db.add(chat, user)
        self.in_rooms(self.node, stream, f"chat:{chat}", seconds=4)


class Mapped(PostgresCase):
    """Membership events of a foreign publisher change what is remembered."""

    @classmethod
    def setUpClass(cls):
        cls.settings = ("mapping_profile=fechatter",)
        super().setUpClass()

    def test_joined_and_left_reach_live_sessions(self):
        chat, user = self.number(), self.number()
        stream = self.opened(self.node, user)
        publisher = NatsClient(self.cluster.nats)
        self.addCleanup(publisher.close)
        told = {"chat_id": chat, "user_id": user, "joined_at": "2026-01-01T00:00:00Z"}
        self.db.add(chat, user)
        publisher.publish("fechatter.chats.member.joined", json.dumps(told))
        self.in_rooms(self.node, stream, f"chat:{chat}")
        self.db.leave(chat, user)
        publisher.publish("fechatter.chats.member.left", json.dumps(told))
        self.in_rooms(self.node, stream)


class Backend(Case):
    @classmethod
    def setUpClass(cls):
        cls.resolver = Resolver()
        cls.addClassCleanup(cls.resolver.close)
        cls.cluster = Cluster(1, "membership.sources=http", f"membership.http.url={cls.resolver.url}",
                              f"membership.http.secret='{SECRET}'", "membership.cache=2s", "membership.timeout=500ms",
                              nats=False)
        cls.addClassCleanup(cls.cluster.close)
        cls.node = cls.cluster.nodes[0]

    def tearDown(self):
        self.resolver.status = 200
        self.resolver.gate.set()
        self.assertEqual(self.resolver.faults, [])
        eventually(lambda: self.opened(self.node, fresh("probe")).connected, 10, "answers again")

    def test_a_user_joins_what_the_backend_says(self):
        user = fresh("user")
        self.resolver.rooms[user] = ["a", 7, "no room", "b"]
        stream = Sse(self.node, token(user, tenant="acme"))
        self.addCleanup(stream.close)
        self.assertEqual(sorted(stream.connected["rooms"]), ["7", "a", "b"])
        self.assertIn(("/members/rooms_of_user", {"user": user, "tenant": "acme"}), self.resolver.asked)

    def test_the_roster_does_not_count_where_it_is_not_listed(self):
        user = fresh("user")
        self.node.http("PUT", f"/api/rooms/r/members/{user}", token=admin())
        self.assertEqual(self.opened(self.node, user).connected["rooms"], [])

    def test_an_event_asks_who_is_in_its_room(self):
        user, room = fresh("user"), fresh("room")
        stream = self.opened(self.node, user)
        self.resolver.rooms[user] = [room]
        self.node.publish(room=room, data="x")
        self.assertEqual(texts(stream.take(1)), ["x"])
        self.assertIn(("/members/users_of_room", {"room": room, "tenant": "default"}), self.resolver.asked)

    def test_live_sessions_are_refreshed(self):
        user = fresh("user")
        stream = self.opened(self.node, user)
        self.resolver.rooms[user] = ["later"]
        self.in_rooms(self.node, stream, "later", seconds=4)
        self.resolver.rooms[user] = []
        self.in_rooms(self.node, stream, seconds=4)

    def outage(self):
        known = fresh("known")
        self.assertTrue(self.check(self.node, "membership_http")["ok"])
        self.assert_turned_away(self.node, fresh("stranger"))
        self.assertFalse(self.check(self.node, "membership_http")["ok"])
        self.assertEqual(self.node.http("GET", "/readyz").status, 200)
        return known

    def test_an_answer_that_is_none_turns_strangers_away(self):
        known = fresh("known")
        self.resolver.rooms[known] = ["a"]
        live = self.opened(self.node, known)
        self.resolver.status = 500
        self.outage()
        self.assertEqual(self.opened(self.node, known).connected["rooms"], ["a"])
        self.assertEqual(self.rooms(self.node, live), ["a"])

    def test_a_backend_that_hangs_delays_nobody_else(self):
        known, room = fresh("known"), fresh("room")
        self.resolver.rooms[known] = [room]
        live = self.opened(self.node, known)
        self.resolver.gate.clear()
        started = time.monotonic()
        self.outage()
        self.assertLess(time.monotonic() - started, 4)
        started = time.monotonic()
        self.node.publish(room=room, data="x")
        self.assertEqual(texts(live.take(1)), ["x"])
        self.assertLess(time.monotonic() - started, 0.4)
        self.assertGreater(self.node.metric("starling_membership_requests_total", source="http", result="timeout"), 0)


class Configuration(unittest.TestCase):
    def refusal(self, *settings):
        command = [str(BIN / "starlingd"), "--check-config", "--set", "auth.dev=true"]
        for setting in settings:
            command += ["--set", setting]
        done = subprocess.run(command, capture_output=True, text=True, timeout=30)
        self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def test_what_is_missing_or_of_no_use_is_named(self):
        self.assertIn('did you mean "postgres"', self.refusal("membership.sources=['postgress']"))
        self.assertIn("membership.postgres.dsn", self.refusal("membership.sources=['postgres']"))
        self.assertIn("membership.postgres.dsn is no connection",
                      self.refusal("membership.sources=['postgres']", "membership.postgres.dsn=hst=a"))
        refusal = self.refusal("membership.sources=['http']", "membership.http.url=http://127.0.0.1:1")
        self.assertIn("membership.http.secret", refusal)
        self.assertIn("of no use", self.refusal("membership.postgres.notify=x"))
        self.assertIn("membership.http.url", self.refusal("membership.sources=['http']", "membership.http.url=x"))
        self.assertIn("membership.cache", self.refusal("membership.cache=0s"))


if __name__ == "__main__":
    unittest.main()

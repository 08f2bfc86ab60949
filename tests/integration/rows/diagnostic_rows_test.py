"""Rows D1-D9: how one finds out why messages do not arrive."""
import json
import subprocess

from clients import Sse
from harness import BIN, SECRET, admin, fresh, token
from rows.world import HubCase

ADMIN = admin()


class DiagnosticRows(HubCase):
    def ctl(self, *arguments):
        return subprocess.run([BIN / "starlingctl", *arguments, "--server", "http://%s:%d" % self.node.admin,
                               "--token", ADMIN], capture_output=True, text=True, timeout=20)

    def test_D1_a_token_is_made_by_one_command(self):
        made = self.ctl("token", "create", "--user", "ann", "--rooms", "lobby", "--secret", SECRET)
        stream = self.opened(Sse(self.node, made.stdout.strip()))
        self.assertEqual((stream.connected["user"], stream.connected["rooms"]), ("ann", ["lobby"]))

    def test_D2_curl_shows_the_raw_stream(self):
        done = subprocess.run(["curl", "-sN", "-i", "--max-time", "1",
                               "http://%s:%d/events?access_token=%s" % (*self.node.public, token(fresh("u")))],
                              capture_output=True, text=True, timeout=20)
        self.assertIn("200 OK", done.stdout)
        self.assertIn("event: connected", done.stdout)

    def test_D4_who_is_a_member_is_asked_of_the_api(self):
        room, user = fresh("room"), fresh("user")
        self.assertEqual(self.ctl("member", "add", room, user).returncode, 0)
        self.assertIn(user, self.ctl("member", "ls", room).stdout)

    def test_D5_there_is_a_page_to_try_it(self):
        page = self.node.http("GET", "/")
        self.assertEqual(page.status, 200)
        self.assertIn("text/html", page.headers["Content-Type"])
        self.assertIn(b"publish", page.body.lower())

    def test_D6_debug_sse_stats(self):
        stream = self.opened(Sse(self.node, token(fresh("ann"))))
        said = self.node.http("GET", "/debug/sse-stats", token=ADMIN).json
        self.assertGreaterEqual(said["statistics"]["active_connections"], 1)
        self.assertGreater(said["retry_ms"], 0)
        self.assertIn(stream.client_id, [row["id"] for row in said["clients"]])
        self.assertEqual(self.node.http("GET", "/debug/sse-stats", token=token()).status, 403)
        self.assertEqual(self.node.http("GET", "/debug/sse-stats").status, 401)

    def test_D6_a_tenants_administrator_sees_its_own_clients_only(self):
        mine = self.opened(Sse(self.node, token(fresh("ann"), tenant="one")))
        other = self.opened(Sse(self.node, token(fresh("bob"), tenant="two")))
        said = self.node.http("GET", "/debug/sse-stats", token=admin(tenant="one")).json
        listed = [row["id"] for row in said["clients"]]
        self.assertIn(mine.client_id, listed)
        self.assertNotIn(other.client_id, listed)

    def test_D7_what_is_wrong_can_be_told_from_the_answer(self):
        ended = self.opened(Sse(self.node, token("u", ttl=-120)))
        self.assertEqual(ended.status, 401)
        user, room = fresh("user"), fresh("room")
        self.opened(Sse(self.node, token(user)))
        found = self.ctl("doctor", "--user", user, "--room", room)
        self.assertEqual(found.returncode, 1)
        self.assertIn(room, found.stdout)
        self.assertEqual(self.ctl("doctor").returncode, 0)

    def test_D9_a_session_tells_of_itself(self):
        stream = self.opened(Sse(self.node, token(fresh("ann"))))
        said = json.loads(self.ctl("session", stream.client_id, "--json").stdout)
        self.assertEqual(said["client_id"], stream.client_id)

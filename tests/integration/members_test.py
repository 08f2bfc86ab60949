"""The roster by the hundred thousand: POST /api/members, PUT of a room's members, `starlingctl member import`."""
import json
import subprocess
import tempfile
import time
import unittest

from clients import Sse
from harness import BIN, ClusterCase, admin, eventually, fresh, token


def lines(*changes):
    return "".join(json.dumps(dict(zip(("room", "user", "member"), change))) + "\n" for change in changes).encode()


class Bulk:
    """Behaves the same on both engines."""

    def members(self, room, node=None):
        out, after = [], None
        while True:
            query = f"?after={after}" if after else ""
            page = (node or self.node).http("GET", f"/api/rooms/{room}/members{query}", token=admin()).json
            out += [entry["user"] for entry in page["members"]]
            after = page["next"]
            if not after:
                return out

    def post(self, body, **how):
        return self.node.http("POST", "/api/members", token=how.pop("by", admin()), body=body)

    def put(self, room, body):
        return self.node.http("PUT", f"/api/rooms/{room}/members", token=admin(), body=body)

    def ctl(self, *words, by=None, stdin=None, server=None):
        server = server or "http://%s:%d" % self.node.admin
        return subprocess.run([str(BIN / "starlingctl"), "--server", server, "--token", by or admin(), *words],
                              capture_output=True, text=True, input=stdin, timeout=60)

    def test_lines_begin_and_end_memberships(self):
        a, b = fresh("room"), fresh("room")
        reply = self.post(lines((a, "ann", True), (a, "bob", True), (b, "ann", True)))
        self.assertEqual((reply.status, reply.json), (200, {"done": 3, "errors": []}))
        for node in self.nodes:
            self.assertEqual(self.members(a, node), ["ann", "bob"])
        self.assertEqual(self.post(lines((a, "ann", False), (b, "bob", False))).json, {"done": 2, "errors": []})
        for node in self.nodes:
            self.assertEqual(self.members(a, node), ["bob"])

    def test_faulty_lines_are_named_and_the_others_done(self):
        room = fresh("room")
        body = (lines((room, "ann", True)) + b"nonsense\n\n" + lines((room, "b b", True), (room, "cid", True)) +
                b'{"room":"%s","user":"dan"}\n' % room.encode())
        reply = self.post(body)
        self.assertEqual(reply.status, 200)
        self.assertEqual(reply.json["done"], 2)
        self.assertEqual([error["line"] for error in reply.json["errors"]], [2, 4, 6])
        self.assertIn("user must be", reply.json["errors"][1]["message"])
        self.assertIn("member", reply.json["errors"][2]["message"])
        self.assertEqual(self.members(room), ["ann", "cid"])

    def test_the_last_line_about_a_membership_counts(self):
        room = fresh("room")
        self.post(lines((room, "ann", True), (room, "ann", False), (room, "bob", False), (room, "bob", True)))
        self.assertEqual(self.members(room), ["bob"])

    def test_a_membership_that_is_there_keeps_its_beginning(self):
        room = fresh("room")
        since = self.node.http("PUT", f"/api/rooms/{room}/members/ann", token=admin()).json["since"]
        time.sleep(0.005)  # a later one would show
        self.post(lines((room, "ann", True)))
        self.put(room, ["ann", "bob"])
        self.assertEqual(self.node.http("GET", f"/api/rooms/{room}/members/ann", token=admin()).json["since"], since)

    def test_live_sessions_follow(self):
        room, user = fresh("room"), fresh("user")
        stream = self.opened(Sse(self.nodes[-1], token(user)))
        self.post(lines((room, user, True)))
        self.node.publish(room=room, data="in")
        self.assertEqual(stream.take(1)[0].data, "in")
        self.put(room, [])
        eventually(lambda: self.nodes[-1].inspect(f"sessions/{stream.client_id}")["rooms"] == [], what="left")

    def test_put_replaces_all(self):
        room = fresh("room")
        self.assertEqual(self.put(room, ["ann", "bob", 7]).json, {"done": 3, "added": 3, "removed": 0})
        self.assertEqual(self.members(room), ["7", "ann", "bob"])
        reply = self.put(room, b'"bob"\n"cid"\n\n')
        self.assertEqual(reply.json, {"done": 2, "added": 1, "removed": 2})
        for node in self.nodes:
            self.assertEqual(self.members(room, node), ["bob", "cid"])
        self.assertEqual(self.put(room, []).status, 200)
        self.assertEqual(self.members(room), [])

    def test_a_faulty_list_replaces_nothing(self):
        room = fresh("room")
        self.put(room, ["ann"])
        for body, place in ((b'"bob"\ncid\n', "line 2"), (b'["bob", {}]', "element 2"), (b'["bob"', "malformed JSON")):
            reply = self.put(room, body)
            self.assertEqual(reply.status, 400)
            self.assertIn(place, reply.json["error"]["message"])
        self.assertEqual(self.members(room), ["ann"])

    def test_delete_of_the_list_empties_it(self):
        room = fresh("room")
        self.put(room, ["ann", "bob"])
        reply = self.node.http("DELETE", f"/api/rooms/{room}/members", token=admin())
        self.assertEqual((reply.status, reply.json["removed"]), (200, 2))
        self.assertEqual(self.members(room), [])

    def test_only_administrators_may(self):
        for by, status in ((token("ann", publish=True, rooms=["*"]), 403), (None, 401)):
            self.assertEqual(self.node.http("POST", "/api/members", token=by, body=lines()).status, status)
            self.assertEqual(self.node.http("PUT", "/api/rooms/a/members", token=by, body=[]).status, status)

    def test_a_tenants_administrator_changes_that_tenant_alone(self):
        room = fresh("room")
        self.assertEqual(self.post(lines((room, "ann", True)), by=admin(tenant="acme")).status, 200)
        self.assertEqual(self.members(room), [])
        reply = self.node.http("GET", f"/api/rooms/{room}/members?tenant=acme", token=admin())
        self.assertEqual([entry["user"] for entry in reply.json["members"]], ["ann"])
        reply = self.node.http("POST", "/api/members?tenant=other", token=admin(tenant="acme"), body=lines())
        self.assertEqual(reply.status, 403)

    def test_import_names_faulty_lines_of_a_file(self):
        room = fresh("room")
        text = lines((room, "ann", True)).decode() + "oops\n" + lines((room, "bob", True)).decode()
        done = self.ctl("--json", "member", "import", "-", stdin=text)
        self.assertEqual(done.returncode, 1, done.stderr)
        answer = json.loads(done.stdout)
        self.assertEqual(answer["done"], 2)
        self.assertEqual([error["line"] for error in answer["errors"]], [2])
        self.assertEqual(self.members(room), ["ann", "bob"])
        self.assertEqual(self.ctl("member", "import", "/nowhere").returncode, 2)
        self.assertEqual(self.ctl("member", "import", "-", by=token("ann"), stdin=text).returncode, 5)
        self.assertEqual(self.ctl("member", "import", "-", stdin=text, server="http://127.0.0.1:1").returncode, 4)

    def test_a_hundred_thousand_lines_are_imported_within_ten_seconds(self):
        room = fresh("big")
        with tempfile.NamedTemporaryFile("w", suffix=".ndjson") as file:
            for i in range(100_000):
                file.write(json.dumps({"room": f"{room}-{i % 1000}", "user": f"user-{i}@example.org", "member": True}))
                file.write("\n")
            file.write("no line\n")
            file.flush()
            started = time.monotonic()
            done = self.ctl("member", "import", file.name)
            took = time.monotonic() - started
        print(f"\n100,000 memberships on {type(self).__name__}: {took:.1f} s")
        self.assertEqual(done.returncode, 1, done.stderr[-500:])
        self.assertIn("line 100001: ", done.stderr)
        self.assertIn("100000 lines done, 1 faulty", done.stdout)
        self.assertIn("lines sent", done.stderr)
        self.assertLess(took, 10)
        for node in self.nodes:
            self.assertEqual(len(self.members(f"{room}-7", node)), 100)


class OnMemory(Bulk, ClusterCase):
    pass


class OnNats(Bulk, ClusterCase):
    count = 3


if __name__ == "__main__":
    unittest.main()

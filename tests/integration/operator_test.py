"""Who may see and do what through the API: tenants, their admins, the operator; on two nodes."""
import http.client
import json
import signal
import subprocess
import threading
import unittest

from clients import Sse
from harness import BIN, Cluster, ClusterCase, eventually, fresh, token


def tenant_admin(tenant):
    return token("root", tenant=tenant, admin=True, rooms=["*"], publish=True)


OPERATOR = {"admin": True}
STAR_OPERATOR = {"admin": "*", "tenant": "acme"}


class Rights(ClusterCase):
    count = 2
    settings = ("nats.stream=rights",)

    def setUp(self):
        self.ours, self.theirs = fresh("ours"), fresh("theirs")
        self.ann = self.opened(Sse(self.node, token("ann", tenant="acme", rooms=[self.ours, "both"])))
        self.bob = self.opened(Sse(self.nodes[1], token("bob", tenant="evil", rooms=[self.theirs, "both"])))

    def ask(self, path, by, *, method="GET", body=None, node=None):
        return (node or self.node).http(method, "/admin/v1/" + path, token=by, body=body, admin_listener=True)

    def names(self, path, by, field):
        reply = self.ask(path, by)
        self.assertEqual(reply.status, 200, reply.body)
        return {row[field] for row in reply.json[path.partition("?")[0]]}

    def test_lists_show_the_callers_tenant_and_to_the_operator_any(self):
        acme, operator = tenant_admin("acme"), token("op", **OPERATOR)
        eventually(lambda: self.ours in self.names("rooms", acme, "room"))
        self.assertEqual(self.names("rooms", acme, "tenant"), {"acme"})
        self.assertEqual(self.names("users", acme, "user"), {"ann"})
        eventually(lambda: self.names("sessions", acme, "client_id") == {self.ann.client_id})
        self.assertEqual(self.names("rooms?tenant=evil", operator, "room"), {self.theirs, "both"})
        self.assertEqual(self.names("users?tenant=evil", operator, "user"), {"bob"})
        self.assertLessEqual({"ann", "bob"}, self.names("users?all_tenants=1", operator, "user"))
        both = [row for row in self.ask("rooms?all_tenants=1", operator).json["rooms"] if row["room"] == "both"]
        self.assertEqual({row["tenant"]: row["members"] for row in both}, {"acme": 1, "evil": 1})
        self.assertEqual(self.names("rooms", operator, "room"), set())  # of the tenant "default"
        for query in ("tenant=evil", "all_tenants=1"):
            for path in ("rooms", "users", "sessions", "stats"):
                self.assertEqual(self.ask(f"{path}?{query}", acme).status, 403, (path, query))
        self.assertEqual(self.ask("rooms?tenant=acme", acme).status, 200)
        self.assertEqual(self.ask("rooms?tenant=a%20b", operator).status, 400)
        self.assertEqual(self.ask("rooms?all_tenants=maybe", operator).status, 400)
        self.assertEqual(self.ask("rooms?all_tenants=1&tenant=acme", operator).status, 400)

    def test_lists_over_all_tenants_come_in_pages_each_room_once(self):
        operator = token("op", **OPERATOR)
        for i in range(5):
            self.opened(Sse(self.nodes[i % 2], token("c", tenant=f"t{i % 3}", rooms=[f"page{i}"])))
        eventually(lambda: self.ask("rooms?all_tenants=1", operator).json["total"] == 9)
        seen, after = [], ""
        while after is not None:
            page = self.ask(f"rooms?all_tenants=1&limit=2&after={after}", operator).json
            self.assertLessEqual(len(page["rooms"]), 2)
            self.assertEqual(page["total"], 9)
            seen += [(row["tenant"], row["room"]) for row in page["rooms"]]
            after = page["next"]
        self.assertEqual(seen, sorted(set(seen)))
        self.assertEqual(len(seen), 9)

    def test_what_is_done_to_nodes_needs_the_operator(self):
        acme = tenant_admin("acme")
        level = {"level": "info"}
        self.assertEqual(self.ask("nodes/n2/log-level", acme, method="PUT", body=level).status, 403)
        self.assertEqual(self.ask("nodes/n2/drain", acme, method="POST").status, 403)
        self.assertEqual(self.ask("config", acme).status, 403)
        self.assertEqual(self.ask("nodes", acme).status, 200)
        for claims in (OPERATOR, STAR_OPERATOR):
            operator = token("op", **claims)
            reply = self.ask("nodes/n2/log-level", operator, method="PUT", body=level)
            self.assertEqual((reply.status, reply.json), (200, level))
            self.assertEqual(self.ask("config", operator).status, 200)
        wrong = self.ask("nodes/n2/log-level", operator, method="PUT", body={"level": "loud"})
        self.assertEqual(wrong.status, 400)
        self.assertIn("trace, debug, info", wrong.json["error"]["message"])
        self.assertEqual(self.ask("nodes/n2/log-level", operator, method="PUT", body={"lvl": 1}).status, 400)

    def test_statistics_count_what_the_caller_may_see(self):
        acme, operator = tenant_admin("acme"), token("op", **OPERATOR)
        before = eventually(lambda: next((s for s in [self.ask("stats", acme).json] if s["sessions"] == 1), None))
        self.node.publish(tenant_admin("acme"), room=self.ours)
        self.assertEqual(self.ann.next().name, "msg")
        # More of the others' traffic than of ours.
        for _ in range(5):
            self.node.publish(tenant_admin("evil"), room=self.theirs)
        for _ in range(5):
            self.assertEqual(self.bob.next().name, "msg")
        after = eventually(lambda: next((s for s in [self.ask("stats", acme).json]
                                         if s["deliveries"] > before["deliveries"]), None))
        self.assertEqual(after["deliveries"] - before["deliveries"], 1)
        self.assertEqual((after["sessions"], after["users"]), (1, 1))
        self.assertEqual(after["tenant"], "acme")
        self.assertNotIn("events_in", after)
        everything = self.ask("stats", operator).json
        self.assertGreaterEqual(everything["sessions"], 2)
        self.assertGreater(everything["deliveries"], after["deliveries"])
        self.assertEqual(self.ask("stats?tenant=evil", operator).json["users"], 1)
        compatible = self.node.http("GET", "/api/sse/stats", token=acme).json["statistics"]
        self.assertEqual((compatible["active_connections"], compatible["total_messages"]), (1, after["deliveries"]))
        self.ann.close()
        ended = eventually(lambda: next((s for s in [self.ask("stats", acme).json] if s["sessions"] == 0), None))
        self.assertEqual(ended["deliveries"], after["deliveries"])  # what was, was

    def test_the_operator_reads_and_changes_other_tenants_data_when_it_names_them(self):
        acme, operator = tenant_admin("acme"), token("op", **OPERATOR)
        self.node.publish(tenant_admin("evil"), room=self.theirs, data={"secret": 1})
        history = f"/api/rooms/{self.theirs}/history"
        self.assertEqual(self.node.http("GET", history, token=acme).json["events"], [])
        self.assertEqual(self.node.http("GET", history + "?tenant=evil", token=acme).status, 403)
        events = self.node.http("GET", history + "?tenant=evil", token=operator).json["events"]
        self.assertEqual([one["data"] for one in events], [{"secret": 1}])
        presence = self.node.http("GET", f"/api/rooms/{self.theirs}/presence?tenant=evil", token=operator).json
        self.assertEqual([user["user"] for user in presence["users"]], ["bob"])
        member = f"/api/rooms/{fresh('r')}/members/zoe"
        self.assertEqual(self.node.http("PUT", member + "?tenant=evil", token=operator).status, 200)
        self.assertEqual(self.node.http("GET", member, token=tenant_admin("evil")).status, 200)
        self.assertEqual(self.node.http("GET", member, token=acme).status, 404)

    def test_a_session_of_another_tenant_is_as_unknown_as_one_that_never_was(self):
        acme, operator = tenant_admin("acme"), token("op", **OPERATOR)
        foreign, unknown = self.bob.client_id, "00000000-0000-8000-8000-000000000000"
        home = foreign[:8] + unknown[8:]  # an unknown one of the same node
        for method, path in (("GET", "/admin/v1/sessions/{}"), ("DELETE", "/admin/v1/sessions/{}"),
                             ("POST", "/api/sse/disconnect/{}"), ("POST", "/api/session/{}/token")):
            with self.subTest(path=path, method=method):
                said = []
                for client in (foreign, home):
                    reply = self.node.http(method, path.format(client), token=acme, admin_listener=True)
                    said.append((reply.status, reply.body.replace(client.encode(), b"ID")))
                self.assertEqual(said[0], said[1])
                self.assertEqual(said[0][0], 404)
        other = self.node.http("POST", f"/api/session/{self.ann.client_id}/token", token=token("eve", tenant="acme"))
        self.assertEqual(other.status, 403)
        mine = self.nodes[1].http("POST", f"/api/session/{self.ann.client_id}/token",
                                  token=token("ann", tenant="acme", rooms=[self.ours]))
        self.assertEqual(mine.status, 200)
        # The operator needs no more than the id.
        self.assertEqual(self.ask(f"sessions/{foreign}", operator).json["tenant"], "evil")
        self.assertEqual(self.ask(f"sessions/{foreign}", operator, method="DELETE").status, 200)
        self.assertEqual(self.bob.goodbye(5)["code"], "kicked")

    def test_a_node_shows_its_partitions_also_from_the_other_one(self):
        acme = tenant_admin("acme")
        for _ in range(3):
            self.node.publish(acme, room=self.ours)
        for asked in self.nodes:
            def settled(asked=asked):
                found = self.ask("nodes/n1", acme, node=asked).json["partitions"]
                return found if found and found[0]["position"] > 0 and found[0]["lag"] == 0 else None
            (only,) = eventually(settled)
            self.assertEqual(set(only), {"partition", "position", "lag", "leader"})
            self.assertEqual(only["partition"], 0)
            self.assertTrue(only["leader"])
        self.assertEqual(self.node.metric("starling_partition_ready", partition="0"), 1)
        self.assertGreater(self.node.metric("starling_partition_position", partition="0"), 0)

    def test_the_command_line_asks_about_tenants(self):
        eventually(lambda: self.names("users", tenant_admin("acme"), "user") == {"ann"})
        server = "http://%s:%s" % self.node.admin

        def ctl(by, *words):
            done = subprocess.run([BIN / "starlingctl", "--server", server, "--token", by, "--json", *words],
                                  capture_output=True, text=True, timeout=20)
            return done.returncode, done.stdout

        operator = token("op", **OPERATOR)
        code, out = ctl(operator, "users", "--tenant", "evil")
        self.assertEqual((code, [row["user"] for row in json.loads(out)["users"]]), (0, ["bob"]))
        code, out = ctl(operator, "users", "--all-tenants", "--limit", "1")
        self.assertEqual((code, len(json.loads(out)["users"])), (0, 1))
        self.assertEqual(ctl(tenant_admin("acme"), "rooms", "--all-tenants")[0], 5)
        self.assertEqual(ctl(tenant_admin("acme"), "drain", "n2")[0], 5)
        code, out = ctl(operator, "node", "n2")
        self.assertEqual((code, [part["partition"] for part in json.loads(out)["partitions"]]), (0, [0]))
        made = subprocess.run([BIN / "starlingctl", "token", "create", "--user", "x", "--tenant", "acme", "--operator",
                               "--secret", "a secret of more than thirty-two bytes"], capture_output=True, text=True,
                              timeout=20)
        self.assertEqual(made.returncode, 0, made.stderr)

    def test_the_command_line_says_its_version_and_that_a_public_address_answers_no_operator(self):
        ctl = BIN / "starlingctl"
        done = subprocess.run([ctl, "--version"], capture_output=True, timeout=20, check=True)
        self.assertRegex(done.stdout.decode(), r"^starlingctl \d+\.\d+\.\d+\n$")
        public = "http://{}:{}".format(*self.node.public)
        done = subprocess.run([ctl, "--server", public, "--token", token("op", **OPERATOR), "nodes"], capture_output=True,
                              timeout=20, check=False)
        self.assertEqual(done.returncode, 3)
        self.assertIn(f"no such path at {public}; that may be a node's public address", done.stderr.decode())


class Leaving(unittest.TestCase):
    def test_a_node_that_is_asked_while_it_leaves_ends_in_order(self):
        cluster = Cluster(2)
        self.addCleanup(cluster.close)
        here, leaving = cluster.nodes
        operator, over = token("op", **OPERATOR), threading.Event()

        def ask(node, *paths):
            while not over.is_set():
                for path in paths:
                    try:
                        node.http("POST" if path.endswith("trace") else "GET", path, token=operator,
                                  admin_listener=True)
                    except (OSError, http.client.HTTPException):
                        pass

        # Of itself, and by the other node.
        askers = [threading.Thread(target=ask, args=(node, "/admin/v1/rooms", "/admin/v1/rooms/r/trace", "/admin/v1/stats",
                                                     "/admin/v1/users/u", "/admin/v1/nodes/n2"))
                  for node in (here, leaving) for _ in range(3)]
        for asker in askers:
            asker.start()
        try:
            reply = here.http("POST", "/admin/v1/nodes/n2/drain", token=operator, admin_listener=True)
            self.assertEqual(reply.status, 200)
            eventually(lambda: leaving.process.poll() is not None, 15, "the node has left")
        finally:
            over.set()
            for asker in askers:
                asker.join()
        self.assertEqual(leaving.process.returncode, 0, leaving.text()[-2000:])

    def assert_asking_changes_nothing(self, begin):
        """`begin` starts a drain; whoever asks for it then, the sessions have the whole window."""
        cluster = Cluster(2, "drain.window=2s")
        self.addCleanup(cluster.close)
        here, leaving = cluster.nodes
        streams = [Sse(leaving, token(fresh("user"))) for _ in range(6)]
        for stream in streams:
            self.addCleanup(stream.close)
        begin(leaving)
        eventually(lambda: not leaving.ready(), 5, "the drain to begin")
        for node in (here, leaving, here):
            self.assertEqual(self.ask_to_drain(node, leaving), 200)
        self.assertEqual({stream.goodbye(5)["code"] for stream in streams}, {"draining"})
        self.assertEqual(leaving.process.wait(10), 0)

    @staticmethod
    def ask_to_drain(node, leaving):
        return node.http("POST", f"/admin/v1/nodes/{leaving.id}/drain", token=token("op", **OPERATOR),
                         admin_listener=True).status

    def test_a_drain_that_is_asked_for_again_goes_on(self):
        self.assert_asking_changes_nothing(lambda leaving: self.ask_to_drain(leaving, leaving))

    def test_a_drain_that_a_signal_began_goes_on_when_it_is_asked_for(self):
        self.assert_asking_changes_nothing(lambda leaving: leaving.process.send_signal(signal.SIGTERM))

    def test_a_node_that_was_drained_and_has_left_is_missed_by_nobody(self):
        cluster = Cluster(2)
        self.addCleanup(cluster.close)

        def ctl(*words):
            server = "http://{}:{}".format(*cluster.nodes[0].admin)
            done = subprocess.run([BIN / "starlingctl", "--server", server, "--token", token("op", **OPERATOR), "--json",
                                   *words], capture_output=True, timeout=30, check=False)
            return done.returncode, done.stdout.decode(), done.stderr.decode()

        code, out, said = ctl("drain", "n2", "--wait")
        self.assertEqual(code, 0, out + said)
        code, out, said = ctl("nodes")
        self.assertEqual((code, json.loads(out)["missing"], said), (0, [], ""), out)
        self.assertEqual([node["state"] for node in json.loads(out)["nodes"]], ["alive", "gone"])
        code, out, said = ctl("doctor")
        self.assertEqual((code, json.loads(out)["findings"]), (0, []), said)


class History(ClusterCase):
    nats = True
    settings = ("nats.stream=pages", "history.max_events_per_room=1000")

    def read(self, room, query=""):
        return self.node.http("GET", f"/api/rooms/{room}/history{query}", token=tenant_admin("default"))

    def test_stored_data_comes_back_byte_for_byte(self):
        room = fresh("room")
        data = '{"b":1.10,"a":[1e2,"\\u00e9\\/"],"big":12345678901234567890123,"a":2}'
        self.node.http("POST", "/api/publish", token=tenant_admin("default"),
                       body=f'{{"room":"{room}","event":"e","data":{data}}}'.encode())
        self.node.publish(tenant_admin("default"), room=room, data='text "with" quotes\n')
        body = self.read(room).body.decode()
        self.assertIn(f'"data":{data},', body)
        self.assertEqual(json.loads(body)["events"][1]["data"], 'text "with" quotes\n')

    def test_a_page_is_cut_at_4_mib_and_next_goes_on_without_a_gap(self):
        room = fresh("room")
        filler = "x" * 60_000
        batch = [{"room": room, "event": "e", "data": {"n": n, "f": filler}} for n in range(100)]
        for part in (batch[:50], batch[50:]):
            self.assertEqual(self.node.http("POST", "/api/publish", token=tenant_admin("default"), body=part).status, 200)
        seen, after, pages = [], "", 0
        while after is not None:
            reply = self.read(room, f"?limit=1000&after={after}")
            self.assertLess(len(reply.body), 4.2 * 2**20)
            seen += [one["data"]["n"] for one in reply.json["events"]]
            after, pages = reply.json["next"], pages + 1
        self.assertEqual(seen, list(range(100)))
        self.assertGreaterEqual(pages, 2)

    def test_an_unknown_query_parameter_is_named(self):
        reply = self.read("r", "?limt=3")
        self.assertEqual(reply.status, 400)
        self.assertIn('"limt"', reply.json["error"]["message"])
        self.assertIn("limit", reply.json["error"]["message"])


if __name__ == "__main__":
    unittest.main()

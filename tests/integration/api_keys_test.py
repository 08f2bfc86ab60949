"""API keys: made, listed and revoked by starlingctl; taken by nodes wherever a token is."""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import unittest

from clients import Sse
from harness import BIN, Node, eventually, token


class ApiKeys(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="starling-test-")
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        cls.file = str(pathlib.Path(cls.folder, "keys.json"))
        cls.first = cls.made("--user", "ann", "--rooms", "lobby,team-*", "--publish", "lobby")
        cls.node = Node(cls.folder, "n1", f"auth.api_keys_file={cls.file}")
        cls.addClassCleanup(cls.node.stop)
        eventually(cls.node.ready, 10, "the node is ready")

    @classmethod
    def key(cls, *arguments, file=None):
        return subprocess.run([BIN / "starlingctl", "key", *arguments, "--file", file or cls.file],
                              capture_output=True, text=True, timeout=20)

    @classmethod
    def made(cls, *arguments):
        done = cls.key("create", *arguments, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def listed(self):
        return {row["id"]: row for row in json.loads(self.key("ls", "--json").stdout)["keys"]}

    def reload(self):
        before = self.node.text().count("configuration reloaded")
        self.node.process.send_signal(signal.SIGHUP)
        eventually(lambda: self.node.text().count("configuration reloaded") > before)

    def get(self, path, key, header="X-Api-Key", **more):
        return self.node.http("GET", path, headers={header: key}, **more)

    def test_either_header_opens_what_a_token_opens(self):
        for header in ("X-Api-Key", "x-goog-api-key", "X-API-KEY"):
            stream = Sse(self.node, headers={header: self.first["key"]})
            self.addCleanup(stream.close)
            self.assertEqual((stream.connected["user"], stream.connected["tenant"], stream.connected["rooms"]),
                             ("ann", "default", ["lobby"]))
            item = {"room": "lobby", "event": "e", "data": header}
            self.assertEqual(self.node.http("POST", "/api/publish", headers={header: self.first["key"]},
                                            body=item).status, 200)
            self.assertEqual(stream.take(1)[0].data, header)
        self.assertEqual(self.get("/api/rooms/lobby/history", self.first["key"]).status, 200)
        self.assertEqual(self.get("/api/rooms/other/history", self.first["key"]).status, 403)
        self.assertEqual(self.get("/admin/v1/nodes", self.first["key"], admin_listener=True).status, 403)

    def test_a_key_goes_before_the_query_and_a_bearer_before_the_key(self):
        path = "/api/rooms/lobby/history?access_token=nonsense"
        self.assertEqual(self.get(path, self.first["key"]).status, 200)
        self.assertEqual(self.get("/api/rooms/lobby/history?access_token=" + token(rooms=["lobby"]), "sk_no").status,
                         401)
        for bearer, status in ((token(rooms=["lobby"]), 200), ("nonsense", 401)):
            self.assertEqual(self.node.http("GET", "/api/rooms/lobby/history", token=bearer,
                                            headers={"X-Api-Key": self.first["key"]}).status, status)

    def test_the_file_and_the_list_hold_no_key_and_the_log_neither(self):
        for text in (pathlib.Path(self.file).read_text(encoding="utf-8"), self.key("ls").stdout,
                     self.key("ls", "--json").stdout, self.node.text()):
            self.assertNotIn(self.first["key"], text)
            self.assertNotIn(self.first["key"].rsplit("_", 1)[1], text)
        self.assertEqual(os.stat(self.file).st_mode & 0o777, 0o600)
        row = self.listed()[self.first["id"]]
        self.assertEqual((row["user"], row["tenant"], row["rooms"], row["publish"], row["admin"]),
                         ("ann", "default", ["lobby", "team-*"], ["lobby"], False))

    def test_a_new_key_counts_and_a_revoked_one_does_not_after_sighup(self):
        made = self.made("--user", "bob", "--tenant", "shop", "--admin", "--publish", "true")
        self.assertEqual(self.get("/api/sse/stats", made["key"]).status, 401)
        self.reload()
        self.assertEqual(self.get("/api/sse/stats", made["key"]).status, 200)
        self.assertEqual(self.get("/admin/v1/config", made["key"], admin_listener=True).status, 403)
        self.assertEqual(self.get("/api/sse/stats", self.first["key"]).status, 403)
        done = self.key("revoke", made["id"], "--json")
        self.assertEqual((done.returncode, json.loads(done.stdout)["id"]), (0, made["id"]))
        self.assertNotIn(made["id"], self.listed())
        self.reload()
        refused = self.get("/api/sse/stats", made["key"])
        self.assertEqual((refused.status, refused.json["error"]["code"] if isinstance(refused.json["error"], dict)
                          else "unauthorized"), (401, "unauthorized"))
        self.assertEqual(self.get("/api/rooms/lobby/history", self.first["key"]).status, 200)

    def test_a_file_that_is_spoilt_leaves_the_keys_as_they_were(self):
        good = pathlib.Path(self.file).read_bytes()
        self.addCleanup(pathlib.Path(self.file).write_bytes, good)
        pathlib.Path(self.file).write_text('{"keys":[{"id":"x"}]}', encoding="utf-8")
        self.node.process.send_signal(signal.SIGHUP)
        eventually(lambda: "reload refused" in self.node.text())
        self.assertIn("key 1", self.node.text())
        self.assertEqual(self.get("/api/rooms/lobby/history", self.first["key"]).status, 200)

    def test_what_is_wrong_is_said_with_an_exit_code(self):
        self.assertEqual(self.key("revoke", "0123456789abcdef").returncode, 3)
        self.assertEqual(self.key("create", "--user", "no such user").returncode, 2)
        self.assertEqual(self.key("create").returncode, 2)
        absent = self.key("ls", file=self.file + ".none")
        self.assertEqual(absent.returncode, 1)
        self.assertIn("keys.json.none", absent.stderr)
        done = subprocess.run([BIN / "starlingd", "--set", f"auth.api_keys_file={self.file}.none", "--check-config"],
                              capture_output=True, text=True, timeout=20)
        self.assertEqual(done.returncode, 2)
        self.assertIn("auth.api_keys_file", done.stderr)

    def test_a_session_of_a_key_is_renewed_by_it(self):
        stream = Sse(self.node, headers={"X-Api-Key": self.first["key"]})
        self.addCleanup(stream.close)
        path = f"/api/session/{stream.client_id}/token"
        self.assertEqual(self.node.http("POST", path, headers={"X-Api-Key": self.first["key"]}).status, 200)
        presence = f"/api/session/{stream.client_id}/presence"
        self.assertEqual(self.node.http("POST", presence, headers={"X-Api-Key": self.first["key"]},
                                        body={"state": "away"}).status, 200)

"""Every configuration key does what its line in the schema says, seen from outside."""
import base64
import json
import os
import pathlib
import shutil
import signal
import ssl
import subprocess
import tempfile
import time
import unittest
import urllib.request

from clients import Sse
from harness import BIN, SECRET, Node, admin, eventually, fresh, token


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, timeout=20).stdout


class ConfigKeys(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="starling-test-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def start(self, *settings, **options):
        node = Node(self.folder, fresh("node"), *settings, **options)
        self.addCleanup(node.stop)
        eventually(node.ready, 10, "the node is ready")
        return node

    def open(self, node, *arguments, **options):
        stream = Sse(node, *arguments, **options)
        self.addCleanup(stream.close)
        return stream

    def file(self, name, content):
        path = pathlib.Path(self.folder, name)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(path)

    def ed25519(self, name):
        """(private PEM file, public PEM file, raw public key)"""
        key, public = f"{self.folder}/{name}.key", f"{self.folder}/{name}.pem"
        run("openssl", "genpkey", "-algorithm", "ed25519", "-out", key)
        run("openssl", "pkey", "-in", key, "-pubout", "-out", public)
        return key, public, run("openssl", "pkey", "-in", key, "-pubout", "-outform", "DER")[-32:]

    @staticmethod
    def signed_by(key, *more):
        return run(str(BIN / "starlingctl"), "token", "create", "--user", "u", "--key", key, *more).decode().strip()

    # -- auth

    def test_auth_public_key_files(self):
        key, public, _ = self.ed25519("a")
        other, _, _ = self.ed25519("b")
        node = self.start(f'auth.public_key_files=["{public}"]')
        self.assertEqual(self.open(node, self.signed_by(key)).status, 200)
        self.assertEqual(self.open(node, self.signed_by(other)).status, 401)

    def test_auth_jwks_file_chooses_by_kid(self):
        key, _, raw = self.ed25519("a")
        x = base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
        jwks = {"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "k1", "alg": "EdDSA", "x": x}]}
        node = self.start("auth.jwks_file=" + self.file("jwks.json", json.dumps(jwks)))
        self.assertEqual(self.open(node, self.signed_by(key, "--kid", "k1")).status, 200)
        self.assertEqual(self.open(node, self.signed_by(key, "--kid", "k2")).status, 401)

    def test_auth_issuer_audience_and_claims(self):
        node = self.start("auth.issuer=chat", 'auth.audience=["web","app"]', "auth.claims.user=user.id",
                          "auth.claims.tenant=user.workspace_id")
        claims = {"iss": "chat", "aud": "app", "user": {"id": 7, "workspace_id": 3}}
        stream = self.open(node, token("x", **claims))
        self.assertEqual((stream.connected["user"], stream.connected["tenant"]), ("7", "3"))
        for wrong in ({"iss": "other"}, {"iss": None}, {"aud": "tv"}, {"aud": None}, {"user": {"workspace_id": 3}}):
            self.assertEqual(self.open(node, token("x", **{**claims, **wrong})).status, 401, wrong)

    def test_auth_leeway(self):
        node = self.start("auth.leeway=1s")
        self.assertEqual(self.open(node, token(ttl=-30)).status, 401)
        self.assertEqual(self.open(self.start(), token(ttl=-30)).status, 200)

    # -- streams

    def test_node_id_sse_heartbeat_and_sse_retry(self):
        node = self.start("sse.heartbeat=300ms", "sse.retry=7s")
        stream = self.open(node, token(), heartbeat="event")
        self.assertEqual((stream.connected["node"], stream.connected["heartbeat_ms"]), (node.id, 300))
        self.assertTrue(3500 <= stream.first.retry <= 10_500, stream.first.retry)
        start = time.monotonic()
        stream.until("heartbeat")
        stream.until("heartbeat")
        self.assertLess(time.monotonic() - start, 3)
        self.assertIn("heartbeat", stream.comments)

    def test_cors_origins(self):
        node = self.start('cors.origins=["https://app.example"]')
        good = self.open(node, token(), headers={"Origin": "https://app.example"})
        self.assertEqual((good.status, good.headers["access-control-allow-origin"]), (200, "https://app.example"))
        self.assertEqual(self.open(node, token(), headers={"Origin": "https://evil.example"}).status, 403)

    def test_tls(self):
        key, cert = f"{self.folder}/k.pem", f"{self.folder}/c.pem"
        run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", cert, "-days", "2",
            "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1")
        node = Node(self.folder, fresh("node"), f"tls.cert_file={cert}", f"tls.key_file={key}")
        self.addCleanup(node.stop)
        trust = ssl.create_default_context(cafile=cert)
        url = "https://{}:{}/livez".format(*node.public)
        with urllib.request.urlopen(url, context=trust, timeout=10) as answer:
            self.assertEqual(answer.status, 200)

    # -- limits

    def test_limits_max_sessions(self):
        node = self.start("limits.max_sessions=2")
        for _ in range(2):
            self.assertTrue(self.open(node, token(fresh("u"))).connected)
        self.assertEqual(self.open(node, token(fresh("u"))).first.name, "goodbye")
        refused = node.http("GET", "/events", token=token(fresh("u")), headers={"Accept": "application/json"})
        self.assertEqual(refused.status, 503)
        self.assertTrue(refused.headers["Retry-After"])

    def test_limits_connect_rate(self):
        node = self.start("limits.connect_rate=3")
        firsts = [self.open(node, token(fresh("u"))).first for _ in range(12)]
        self.assertEqual(firsts[0].name, "connected")
        self.assertEqual(firsts[-1].name, "goodbye")
        self.assertEqual(json.loads(firsts[-1].data)["code"], "overload")

    def test_limits_publish_rate(self):
        node = self.start("limits.publish_rate=3")
        by = admin()
        item = {"room": "r", "event": "e", "data": 1}
        replies = [node.http("POST", "/api/publish", token=by, body=item) for _ in range(12)]
        self.assertEqual((replies[0].status, replies[-1].status), (200, 429))
        self.assertTrue(replies[-1].headers["Retry-After"])

    def overrun(self, node):
        """A session that does not read while 12 MB are published to it; returns it."""
        room = fresh("room")
        stream = self.open(node, token(fresh("u"), rooms=[room]))
        for i in range(240):
            node.publish(room=room, data=f"{i}:" + "x" * 50_000)
        return stream

    def test_outbox_limits_with_disconnect(self):
        node = self.start("outbox.max_events=10", "outbox.policy=disconnect")
        stream = self.overrun(node)
        self.assertEqual(stream.goodbye(10)["code"], "slow_consumer")
        self.assertEqual(node.metric("starling_dropped_total", reason="slow_consumer"), 1)

    def test_outbox_budgets_of_a_user_and_of_the_node(self):
        for limit in ("user_max_events=16", "user_max_bytes=400KiB", "node_max_events=16", "node_max_bytes=400KiB"):
            with self.subTest(limit):
                node = self.start(f"outbox.{limit}", "outbox.max_events=100000", "outbox.max_bytes=1GiB")
                self.assertEqual(self.overrun(node).goodbye(10)["code"], "slow_consumer")

    def test_outbox_limits_with_drop_oldest(self):
        node = self.start("outbox.max_bytes=200KiB", "outbox.policy=drop-oldest")
        stream = self.overrun(node)
        self.assertEqual(json.loads(stream.until("gap", 10).data)["reason"], "slow_consumer")
        while not stream.take(1, 10)[0].data.startswith("239:"):
            pass

    def test_history_max_age(self):
        node, room = self.start("history.max_age=1s"), fresh("room")
        node.publish(room=room)
        eventually(lambda: not node.http("GET", f"/api/rooms/{room}/history", token=admin()).json["events"], 10,
                   "the event has expired")

    # -- the process

    def test_drain_window(self):
        node = self.start("drain.window=2s")
        streams = [self.open(node, token(fresh("u"))) for _ in range(20)]
        node.process.send_signal(signal.SIGTERM)
        start = time.monotonic()
        for stream in streams:
            self.assertEqual(stream.goodbye(5)["code"], "draining")
        self.assertEqual(node.process.wait(10), 0)
        self.assertTrue(0.5 < time.monotonic() - start < 8)

    def test_log_level_and_log_format(self):
        node = self.start("log.level=info", "log.format=json")
        self.open(node, token()).reset()
        lines = eventually(lambda: [x for x in node.text().splitlines() if x.startswith("{") and "session closed" in x])
        self.assertIn("client_id", json.loads(lines[0]))
        quiet = self.start("log.level=error")
        self.open(quiet, token()).reset()
        eventually(lambda: quiet.metric("starling_sessions") == 0)
        self.assertNotIn("session closed", quiet.text())

    def test_sighup_reloads_keys_and_names_what_it_cannot(self):
        text = '[auth]\nhs256_keys = {{ k1 = "{}" }}\n[history]\nmax_age = "{}"\n[limits]\nmax_event_bytes = "{}"\n'
        config = self.file("node.toml", text.format("x" * 32, "1h", "1KiB"))
        node = self.start(config=config)
        body = {"room": "r", "event": "e", "data": "x" * 2000}
        self.assertEqual(node.http("POST", "/api/publish", token=admin(), body=body).status, 413)
        self.file("node.toml", text.format("y" * 32, "2h", "8KiB"))
        node.process.send_signal(signal.SIGHUP)
        eventually(lambda: node.http("POST", "/api/publish", token=admin(), body=body).status == 200)
        eventually(lambda: "history.max_age" in node.text(), what="the log names the key that needs a restart")

    def test_secrets_are_masked_in_the_config_answer(self):
        node = self.start()
        shown = node.inspect("config")
        self.assertNotIn(SECRET, json.dumps(shown))
        self.assertEqual(shown["drain"]["window"], "1s")

    def test_the_environment_lies_between_file_and_flags(self):
        config = self.file("node.toml", '[sse]\nheartbeat = "11s"\nretry = "1s"\n')
        command = [str(BIN / "starlingd"), "--config", config, "--set", "auth.dev=true", "--set", "sse.retry=3s"]
        env = {**os.environ, "STARLING_SSE_HEARTBEAT": "12s", "STARLING_SSE_RETRY": "2s"}
        self.assertEqual(subprocess.run([*command, "--check-config"], env=env, timeout=10, check=False).returncode, 0)
        env["STARLING_SSE_HARTBEAT"] = "1s"
        bad = subprocess.run([*command, "--check-config"], env=env, timeout=10, capture_output=True, check=False)
        self.assertEqual(bad.returncode, 2)
        self.assertIn(b"STARLING_SSE_HEARTBEAT", bad.stdout + bad.stderr)


if __name__ == "__main__":
    unittest.main()

"""Every configuration key does what its line in the schema says, seen from outside."""
import base64
import json
import os
import pathlib
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import time
import unittest
import urllib.request

from clients import Sse, Ws
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
        cert, key = self.certificate("localhost")
        node = Node(self.folder, fresh("node"), f"tls.cert_file={cert}", f"tls.key_file={key}")
        self.addCleanup(node.stop)
        trust = ssl.create_default_context(cafile=cert)
        url = "https://{}:{}/livez".format(*node.public)
        with urllib.request.urlopen(url, context=trust, timeout=10) as answer:
            self.assertEqual(answer.status, 200)
        admin_url = "https://{}:{}".format(*node.admin)
        with urllib.request.urlopen(admin_url + "/livez", context=trust, timeout=10) as answer:
            self.assertEqual(answer.status, 200)
        with socket.create_connection(node.admin, timeout=10) as plain:
            plain.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
            self.assertNotIn(b"200 OK", plain.recv(1000))

        def ask(*flags):
            command = [str(BIN / "starlingctl"), "--server", admin_url, "--token", admin(), *flags, "nodes"]
            return subprocess.run(command, timeout=20, capture_output=True, check=False, text=True)
        self.assertIn("certificate", ask().stderr)
        for flags in (("--ca", cert), ("--insecure",)):
            self.assertEqual(ask(*flags).returncode, 0, flags)

    def versions_spoken(self, address, **limits):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        for name, value in limits.items():
            context.set_ciphers(value) if name == "ciphers" else setattr(context, name, value)
        try:
            with socket.create_connection(address, timeout=10) as plain, context.wrap_socket(plain) as secure:
                return secure.version(), secure.cipher()[0]
        except ssl.SSLError:
            return None

    def test_tls_min_version_and_ciphers(self):
        cert, key = self.certificate("localhost")
        both = Node(self.folder, fresh("node"), f"tls.cert_file={cert}", f"tls.key_file={key}")
        self.addCleanup(both.stop)
        newest = Node(self.folder, fresh("node"), f"tls.cert_file={cert}", f"tls.key_file={key}", "tls.min_version=1.3")
        self.addCleanup(newest.stop)
        old = {"maximum_version": ssl.TLSVersion.TLSv1_2}
        self.assertEqual(self.versions_spoken(both.public)[0], "TLSv1.3")
        self.assertEqual(self.versions_spoken(both.public, **old)[0], "TLSv1.2")
        for weak in ("AES128-GCM-SHA256", "ECDHE-ECDSA-AES128-SHA256", "ECDHE-RSA-AES128-SHA", "AES256-SHA"):
            self.assertIsNone(self.versions_spoken(both.public, **old, ciphers=weak), weak)
        for address in (newest.public, newest.admin):
            self.assertIsNone(self.versions_spoken(address, **old))
            self.assertEqual(self.versions_spoken(address)[0], "TLSv1.3")

    def test_tls_client_ca_file(self):
        cert, key = self.certificate("localhost")
        ours, our_key = self.certificate("operator")
        node = Node(self.folder, fresh("node"), f"tls.cert_file={cert}", f"tls.key_file={key}", f"tls.client_ca_file={ours}")
        self.addCleanup(node.stop)

        def livez(address, *shown):
            trust = ssl.create_default_context(cafile=cert)
            if shown:
                trust.load_cert_chain(*shown)
            with socket.create_connection(address, timeout=10) as plain, \
                    trust.wrap_socket(plain, server_hostname="127.0.0.1") as secure:
                secure.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
                return secure.recv(100)
        self.assertIn(b"200 OK", livez(node.public))
        self.assertIn(b"200 OK", livez(node.admin, ours, our_key))
        for stranger in ((), (cert, key)):
            with self.assertRaises(ssl.SSLError):
                livez(node.admin, *stranger)

    def test_starlingctl_shows_a_certificate_to_a_node_that_demands_one(self):
        cert, key = self.certificate("localhost")
        ours, our_key = self.certificate("operator")
        both = self.file("both.pem", pathlib.Path(ours).read_text() + pathlib.Path(our_key).read_text())
        node = Node(self.folder, fresh("node"), f"tls.cert_file={cert}", f"tls.key_file={key}", f"tls.client_ca_file={ours}")
        self.addCleanup(node.stop)
        url = "https://{}:{}".format(*node.admin)
        contexts = pathlib.Path(self.folder, "starling", "contexts.toml")
        contexts.parent.mkdir()
        contexts.write_text(f'[prod]\nserver = "{url}"\ntoken = "{admin()}"\nca = "{cert}"\ncert = "{ours}"\nkey = "{our_key}"\n')

        def ask(*flags, context=False, **env):
            to = ["--context", "prod"] if context else ["--server", url, "--token", admin(), "--ca", cert]
            return subprocess.run([str(BIN / "starlingctl"), *to, *flags, "nodes"], timeout=20, capture_output=True,
                                  check=False, text=True, env={**os.environ, "XDG_CONFIG_HOME": self.folder, **env})
        for good in (ask("--cert", ours, "--key", our_key), ask("--cert", both), ask(context=True),
                     ask(STARLINGCTL_CERT=ours, STARLINGCTL_KEY=our_key)):
            self.assertEqual((good.returncode, good.stderr), (0, ""))
        for stranger in (ask(), ask("--cert", cert, "--key", key)):
            self.assertNotIn(stranger.returncode, (0, 2), stranger.stderr)
        for wrong, named in (((("--key", our_key)), "--cert"), (("--cert", ours, "--key", key), key),
                             (("--cert", "/nowhere.pem"), "/nowhere.pem"), (("--cert", ours), ours)):
            refused = ask(*wrong)
            self.assertEqual(refused.returncode, 2, refused.stderr)
            self.assertIn(named, refused.stderr)

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

    def test_limits_rooms_per_session(self):
        node = self.start("limits.rooms_per_session=2")
        self.assertEqual(node.http("GET", "/events?rooms=a,b,c", token=admin()).status, 413)
        client = Ws(node, admin())
        self.addCleanup(client.close)

        def ask(**command):
            client.send(**command)
            return client.next()
        self.assertEqual(ask(type="subscribe", rooms=["a", "a"], ref=1)["type"], "ack")
        refused = ask(type="subscribe", rooms=["b", "c"], ref=2)
        self.assertEqual((refused["code"], refused["ref"]), ("too_large", 2))
        self.assertIn("limits.rooms_per_session", refused["message"])
        self.assertEqual(ask(type="subscribe", rooms=["a", "b"], ref=3)["type"], "ack")
        self.assertEqual(ask(type="unsubscribe", rooms=["a"], ref=4)["type"], "ack")
        self.assertEqual(ask(type="subscribe", rooms=["c"], ref=5)["type"], "ack")
        self.assertEqual(node.metric("starling_limited_total", limit="rooms_per_session"), 2)

    def test_limits_max_targets(self):
        node = self.start("limits.max_targets=3", "limits.publish_rate=3")
        many = [{"rooms": ["a", "b"], "event": "e", "data": 1}] * 2
        refused = node.http("POST", "/api/publish", token=admin(), body=many)
        self.assertEqual(refused.status, 413)
        self.assertIn("limits.max_targets", refused.json["error"]["message"])
        self.assertEqual(node.metric("starling_limited_total", limit="max_targets"), 1)
        # Each target counts for the rate.
        who = admin()
        self.assertEqual(node.http("POST", "/api/publish", token=who, body=many[0]).status, 200)
        self.assertEqual(node.http("POST", "/api/publish", token=who, body=many[0]).status, 429)

    def test_limits_connections_per_address(self):
        node = self.start("limits.connections_per_address=2")
        kept = [self.open(node, token()), self.open(node, token())]
        self.assertEqual([client.status for client in kept], [200, 200])
        refused = node.http("GET", "/livez")
        self.assertEqual((refused.status, refused.headers["retry-after"]), (429, "1"))
        self.assertEqual(node.http("GET", "/metrics", admin_listener=True).status, 200)
        kept[0].close()
        eventually(lambda: node.http("GET", "/livez").status == 200, 5, "the closed stream to be counted out")
        self.assertGreaterEqual(node.metric("starling_limited_total", limit="connections_per_address"), 1)

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

    def reload(self, node):
        """What the node logs while it reloads."""
        before = len(node.text())
        node.process.send_signal(signal.SIGHUP)

        def done():
            new = node.text()[before:]
            return new if "configuration reloaded" in new or "refused" in new else None
        return eventually(done, what="the reload is done")

    def test_a_reloaded_key_file_is_told_of_once_and_as_done(self):
        (key, public, _), (other, other_public, _) = self.ed25519("a"), self.ed25519("b")
        text = '[auth]\npublic_key_files = ["{}"]\n'
        config = self.file("node.toml", text.format(public))
        node = self.start(config=config)
        self.file("node.toml", text.format(other_public))
        for _ in range(2):
            self.assertNotIn("no effect", self.reload(node))
        self.assertEqual(self.open(node, self.signed_by(other)).status, 200)
        self.assertEqual(self.open(node, self.signed_by(key)).status, 401)

    def certificate(self, name):
        """(certificate, key) for 127.0.0.1 that is its own authority."""
        key, cert = f"{self.folder}/{name}.key", f"{self.folder}/{name}.crt"
        run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", cert, "-days", "2",
            "-subj", f"/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1")
        return cert, key

    def test_a_certificate_renewed_in_place_is_used_after_a_reload_and_a_broken_one_is_not(self):
        old, new = self.certificate("old"), self.certificate("new")
        used = [shutil.copy(file, f"{self.folder}/used.{kind}") for file, kind in zip(old, ("crt", "key"))]
        node = Node(self.folder, fresh("node"), f"tls.cert_file={used[0]}", f"tls.key_file={used[1]}")
        self.addCleanup(node.stop)

        def shown():
            return ssl.get_server_certificate(node.public, timeout=10).strip()
        with socket.create_connection(node.public, timeout=10) as plain, \
                ssl.create_default_context(cafile=old[0]).wrap_socket(plain, server_hostname="127.0.0.1") as kept:
            self.assertEqual(shown(), pathlib.Path(old[0]).read_text().strip())
            for file, place in zip(new, used):
                shutil.copy(file, place)
            self.assertNotIn("stays", self.reload(node))
            self.assertEqual(shown(), pathlib.Path(new[0]).read_text().strip())
            shutil.copy(old[1], used[1])
            self.assertIn("tls.key_file", self.reload(node))
            self.assertEqual(shown(), pathlib.Path(new[0]).read_text().strip())
            kept.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
            self.assertIn(b"200", kept.recv(100))

    def test_what_a_start_refuses_both_checks_refuse(self):
        good = '[auth]\nhs256_secret = "' + "x" * 32 + '"\n'
        empty, (cert, key), (_, other) = self.file("empty.pem", ""), self.certificate("a"), self.certificate("b")
        bad = {
            "a key file that is none": f'[auth]\npublic_key_files = ["{empty}"]\n',
            "a key file that is not there": '[auth]\npublic_key_files = ["/nowhere.pem"]\n',
            "a key set that is none": f'[auth]\njwks_file = "{empty}"\n',
            "an address that does not resolve": good + '[listen]\npublic = "no-such-host.invalid:0"\n',
            "an address of another machine": good + '[listen]\nadmin = "192.0.2.1:0"\n',
            "one port for two listeners": good + '[listen]\npublic = "127.0.0.1:7"\nadmin = "0.0.0.0:7"\n',
            "a NATS port that is none": good + '[nats]\nurl = "nats://127.0.0.1:99999"\n',
            "a certificate and the key of another": good + f'[tls]\ncert_file = "{cert}"\nkey_file = "{other}"\n',
            "a secret that can be guessed": '[auth]\nhs256_secret = "' + "x" * 31 + '"\n',
            "a secret by kid that can be guessed": '[auth.hs256_keys]\nk1 = "short"\n',
            "a Mercure publishers' secret that can be guessed": good + '[mercure]\npublisher_key = "' + "x" * 31 + '"\n',
            "a Mercure subscribers' secret that can be guessed": good + '[mercure]\nsubscriber_key = "short"\n',
            "a membership source without its address": good + '[membership]\nsources = ["postgres"]\n',
            "more targets than nodes take of an event": good + "[limits]\nmax_targets = 100001\n",
            "a client CA without a certificate": good + f'[tls]\nclient_ca_file = "{cert}"\n',
            "a client CA that is none": good + f'[tls]\ncert_file = "{cert}"\nkey_file = "{key}"\nclient_ca_file = "{empty}"\n',
            "a TLS version too old": good + '[tls]\nmin_version = "1.1"\n',
            "mappings": good + '[[mapping]]\nsubject = "x"\nroom = "r"\n',
        }
        env = {name: value for name, value in os.environ.items() if not name.startswith("STARLING")}

        def verdicts(text):
            config = self.file("checked.toml", text)
            check = [str(BIN / "starlingd"), "--check-config", "--config", config]
            commands = [check, [str(BIN / "starlingctl"), "config", "check", config]]
            answers = [subprocess.run(command, env=env, timeout=20, capture_output=True, check=False, text=True)
                       for command in commands]
            return [answer.returncode for answer in answers], answers[0].stderr + answers[1].stderr

        for text in (good + f'[tls]\ncert_file = "{cert}"\nkey_file = "{key}"\n',
                     good + '[mercure]\npublisher_key = "' + "x" * 32 + '"\n',
                     '[auth]\ndev = true\n[mercure]\nsubscriber_key = "short"\n'):
            self.assertEqual(verdicts(text)[0], [0, 0])
        for name, text in bad.items():
            with self.subTest(name):
                codes, said = verdicts(text)
                self.assertEqual(codes, [2, 1], said)
                self.assertEqual(said.count("checked.toml:"), 2, said)
                start = subprocess.run([str(BIN / "starlingd"), "--config", self.file("checked.toml", text)], env=env,
                                       timeout=20, capture_output=True, check=False)
                self.assertEqual(start.returncode, 2, start.stderr)

    # -- tools that serve a configuration

    def test_token_create_serves_a_node_that_asks_for_issuer_audience_and_claims(self):
        config = self.file("node.toml", f'[auth]\nhs256_secret = "{SECRET}"\nissuer = "chat"\naudience = ["web", "app"]\n'
                           '[auth.claims]\nuser = "user.id"\ntenant = "https://chat.example/tenant"\n')
        node = self.start(config=config)

        def made(*more):
            command = [str(BIN / "starlingctl"), "token", "create", "--user", "7", "--tenant", "acme", *more]
            return run(*command).decode().strip()
        typed = made("--secret", SECRET, "--issuer", "chat", "--audience", "app", "--claim-user", "user.id",
                     "--claim-tenant", "https://chat.example/tenant")
        for bearer in (typed, made("--config", config)):
            stream = self.open(node, bearer)
            self.assertEqual(stream.status, 200)
            self.assertEqual((stream.connected["user"], stream.connected["tenant"]), ("7", "acme"))
        self.assertEqual(self.open(node, made("--secret", SECRET)).status, 401)

    def test_a_trace_counts_from_its_beginning(self):
        node = self.start()
        trace = node.http("POST", "/admin/v1/rooms/r/trace", token=admin(), admin_listener=True).json
        after = [hop["ms"] for hop in trace["hops"]]
        self.assertEqual(after, sorted(after))
        self.assertEqual(after[0], trace["stored_ms"])
        self.assertEqual(trace["clocks"], [])

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

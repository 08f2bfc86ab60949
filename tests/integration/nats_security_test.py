"""Nodes and nats-servers that demand passwords, credentials or certificates."""
import pathlib
import shutil
import subprocess
import tempfile
import unittest

from harness import BIN, Nats, Node, SECRET, eventually, fresh
from nats_keys import Operator

PASSWORD = "s3cret of the nodes"
ONE_USER = f'authorization {{ users: [ {{ user: node, password: "{PASSWORD}" }} ] }}\n'


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, timeout=20).stdout


class NatsSecurity(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="starling-test-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def nats(self, config):
        server = Nats(self.folder, config)
        self.addCleanup(server.stop)
        return server

    def node(self, nats, *settings):
        node = Node(self.folder, fresh("node"), *settings, nats=nats)
        self.addCleanup(node.stop)
        return node

    def works(self, node):
        eventually(node.ready, 10, f"{node.id} ready:\n{node.text()[-800:]}")
        self.assertIn("position", node.publish(room="a"))

    def refused(self, node, words):
        """The node says why, in its log and in /readyz, and nothing of it is secret."""
        eventually(lambda: words in node.text(), 10, f"{words!r} in the log:\n{node.text()[-800:]}")
        answer = node.http("GET", "/readyz")
        self.assertEqual((answer.status, words in answer.body.decode()), (503, True), answer.body)
        self.assertEqual(node.text().count("NATS engine is away"), 1, "one line per outage")
        self.assertNotIn(PASSWORD, node.text())

    # -- user and password

    def test_user_and_password(self):
        self.works(self.node(self.nats(ONE_USER), "nats.user=node", f"nats.password={PASSWORD}"))

    def test_a_wrong_password_is_said(self):
        nats = self.nats(ONE_USER)
        self.refused(self.node(nats, "nats.user=node", "nats.password=wrong"), "NATS refuses this node's credentials")
        self.refused(self.node(nats), "NATS refuses this node's credentials")

    def test_a_password_is_seen_neither_in_the_list_of_processes_nor_in_the_configuration(self):
        nats = self.nats(ONE_USER.replace(PASSWORD, "plain"))
        for settings, url in ((("nats.user=node", "nats.password=plain"), nats.url),
                              ((), nats.url.replace("//", "//node:plain@"))):
            server = type("Server", (), {"url": url})
            node = self.node(server, *settings)
            self.works(node)
            arguments = pathlib.Path(f"/proc/{node.pid}/cmdline").read_bytes().split(b"\0")
            self.assertIn(b"--nats", arguments)
            self.assertFalse([a for a in arguments if b"plain" in a], arguments)
            self.assertIn(b"auth.hs256_secret=" + b"x" * len(SECRET), arguments)
            self.assertNotIn("plain", str(node.inspect("config")))
            self.assertNotIn("plain", node.text())

    # -- credentials

    def test_a_credentials_file(self):
        operator = Operator(self.folder)
        nats = self.nats(operator.config)
        self.works(self.node(nats, "nats.creds_file=" + operator.creds("node")))
        stranger = Operator(tempfile.mkdtemp(dir=self.folder)).creds("stranger")
        self.refused(self.node(nats, "nats.creds_file=" + stranger), "NATS refuses this node's credentials")

    # -- certificates

    def authority(self, name):
        """(certificate, key) of who signs others."""
        cert, key = f"{self.folder}/{name}.crt", f"{self.folder}/{name}.key"
        run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", cert, "-days", "2",
            "-subj", f"/CN={name}")
        return cert, key

    def signed(self, authority, name, address="IP:127.0.0.1"):
        cert, key, request = (f"{self.folder}/{name}.{kind}" for kind in ("crt", "key", "csr"))
        extensions = pathlib.Path(self.folder, name + ".ext")
        extensions.write_text(f"subjectAltName={address}\n")
        run("openssl", "req", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", request, "-subj", f"/CN={name}")
        run("openssl", "x509", "-req", "-in", request, "-CA", authority[0], "-CAkey", authority[1], "-CAcreateserial",
            "-out", cert, "-days", "2", "-extfile", str(extensions))
        return cert, key

    @staticmethod
    def tls(server, ca=None):
        demand = f', ca_file: "{ca}", verify: true' if ca else ""
        return f'tls {{ cert_file: "{server[0]}", key_file: "{server[1]}"{demand} }}\n'

    def test_the_server_shows_a_certificate_of_the_configured_authority(self):
        ours, other = self.authority("ours"), self.authority("other")
        nats = self.nats(self.tls(self.signed(ours, "server")))
        self.works(self.node(nats, f"nats.tls_ca={ours[0]}"))
        self.refused(self.node(nats, f"nats.tls_ca={other[0]}"), "there is no TLS with NATS as configured")

    def test_the_server_must_be_the_one_that_its_certificate_names(self):
        ours = self.authority("ours")
        nats = self.nats(self.tls(self.signed(ours, "server", "DNS:elsewhere.example")))
        self.refused(self.node(nats, f"nats.tls_ca={ours[0]}"), "there is no TLS with NATS as configured")

    def test_the_server_asks_for_a_certificate_of_the_node(self):
        ours = self.authority("ours")
        nats = self.nats(self.tls(self.signed(ours, "server"), ours[0]))
        cert, key = self.signed(ours, "node")
        self.works(self.node(nats, f"nats.tls_ca={ours[0]}", f"nats.tls_cert={cert}", f"nats.tls_key={key}"))
        alone = self.node(nats, f"nats.tls_ca={ours[0]}")
        eventually(lambda: "NATS engine is away" in alone.text(), 10, "the log says that it is refused")
        self.assertFalse(alone.ready())

    def test_a_server_without_tls_is_not_spoken_to_when_it_is_wanted(self):
        nats = self.nats("")
        self.refused(self.node(nats, "nats.tls_ca=" + self.authority("ours")[0]), "there is no TLS with NATS")
        tls = type("Server", (), {"url": nats.url.replace("nats://", "tls://")})
        self.refused(self.node(tls), "there is no TLS with NATS")

    # -- what is refused at start

    def test_what_is_only_half_configured_is_exit_2(self):
        cert = self.authority("ours")[0]
        for settings, words in ((("nats.user=node",), "nats.user needs nats.password"),
                                (("nats.password=x",), "nats.password needs nats.user"),
                                ((f"nats.tls_cert={cert}",), "nats.tls_cert needs nats.tls_key"),
                                (("nats.creds_file=/nowhere",), 'nats.creds_file cannot read "/nowhere"'),
                                ((f"nats.creds_file={cert}", "nats.user=a", "nats.password=b"),
                                 "nats.creds_file cannot be used together with nats.user"),
                                (("nats.url=nats://a:b@127.0.0.1:4222", "nats.user=a", "nats.password=b"),
                                 "nats.user cannot be used together with a user in nats.url"),
                                (("nats.url=", f"nats.tls_ca={cert}"), "nats.tls_ca needs nats.url")):
            command = [str(BIN / "starlingd"), "--check-config", "--set", "auth.dev=true",
                       "--set", "nats.url=nats://127.0.0.1:4222"]
            for setting in settings:
                command += ["--set", setting]
            done = subprocess.run(command, capture_output=True, text=True, timeout=20)
            self.assertEqual((done.returncode, words in done.stderr), (2, True), done.stderr)


if __name__ == "__main__":
    unittest.main()

"""An operator, an account and a user of a nats-server in operator mode: what `nsc` would make. Uses openssl."""
import base64
import hashlib
import json
import pathlib
import subprocess
import time

OPERATOR, ACCOUNT, USER, SEED = 14 << 3, 0, 20 << 3, 18 << 3


def _crc16(data):
    crc = 0
    for byte in data:
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1 ^ 0x1021 if crc & 0x8000 else crc << 1) & 0xFFFF
    return crc


def _base32(data):
    return base64.b32encode(data + _crc16(data).to_bytes(2, "little")).rstrip(b"=").decode()


def _base64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Key:
    """An Ed25519 key as NATS writes it."""

    def __init__(self, folder, name, kind):
        self.kind, self.pem = kind, str(pathlib.Path(folder, name + ".pem"))
        self._openssl("genpkey", "-algorithm", "ed25519", "-out", self.pem)
        self.public = _base32(bytes([kind]) + self._openssl("pkey", "-in", self.pem, "-pubout", "-outform", "DER")[-32:])

    @property
    def seed(self):
        raw = self._openssl("pkey", "-in", self.pem, "-outform", "DER")[-32:]
        return _base32(bytes([SEED | self.kind >> 5, (self.kind & 31) << 3]) + raw)

    @staticmethod
    def _openssl(*arguments):
        return subprocess.run(["openssl", *arguments], check=True, capture_output=True, timeout=20).stdout

    def sign(self, folder, data):
        file = pathlib.Path(folder, "to-sign")
        file.write_bytes(data)
        return self._openssl("pkeyutl", "-sign", "-inkey", self.pem, "-rawin", "-in", str(file))

    def token(self, folder, name, subject, nats):
        """A JWT about `subject`, a public key, signed by this one."""
        claims = {"iat": int(time.time()), "iss": self.public, "name": name, "sub": subject, "nats": {**nats, "version": 2}}
        claims["jti"] = base64.b32encode(hashlib.sha256(json.dumps(claims).encode()).digest()).rstrip(b"=").decode()
        text = _base64(json.dumps({"typ": "JWT", "alg": "ed25519-nkey"}).encode()) + "." + _base64(
            json.dumps(claims).encode())
        return text + "." + _base64(self.sign(folder, text.encode()))


class Operator:
    """`config`: of a server that knows this operator's one account; creds(): a file for a user of it."""

    def __init__(self, folder):
        self.folder = folder
        operator, self.account = Key(folder, "operator", OPERATOR), Key(folder, "account", ACCOUNT)
        storage = {"mem_storage": -1, "disk_storage": -1, "streams": -1, "consumer": -1}
        limits = {"subs": -1, "data": -1, "payload": -1, "imports": -1, "exports": -1, "wildcards": True, "conn": -1,
                  "leaf": -1, **storage}
        account = operator.token(folder, "nodes", self.account.public, {"type": "account", "limits": limits})
        # JetStream does not start without one.
        system = Key(folder, "system", ACCOUNT)
        served = {**limits, **dict.fromkeys(storage, 0)}
        own = operator.token(folder, "system", system.public, {"type": "account", "limits": served})
        self.config = (f"operator: {operator.token(folder, 'op', operator.public, {'type': 'operator'})}\n"
                       f"system_account: {system.public}\nresolver: MEMORY\n"
                       f"resolver_preload: {{ {self.account.public}: {account}, {system.public}: {own} }}\n")

    def creds(self, name):
        user = Key(self.folder, name, USER)
        token = self.account.token(self.folder, name, user.public,
                                   {"type": "user", "pub": {}, "sub": {}, "subs": -1, "data": -1, "payload": -1})
        file = pathlib.Path(self.folder, name + ".creds")
        file.write_text(f"-----BEGIN NATS USER JWT-----\n{token}\n------END NATS USER JWT------\n\n"
                        f"-----BEGIN USER NKEY SEED-----\n{user.seed}\n------END USER NKEY SEED------\n")
        return str(file)

"""Looks through everything a node says for what belongs to another tenant."""
import re

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def tenants_named(value):
    """All values of fields called `tenant`, however deep."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == "tenant" and isinstance(inner, str):
                yield inner
            yield from tenants_named(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from tenants_named(inner)


class Sweep:
    """Knows each tenant's secret word and session ids."""

    def __init__(self):
        self._secrets = {}  # word -> tenant
        self._sessions = {}  # client id -> tenant

    def add_secret(self, tenant, word):
        self._secrets[word] = tenant

    def add_session(self, tenant, client_id):
        self._sessions[client_id] = tenant

    def leaks(self, tenant, text, said=""):
        """What in `text` is of another tenant than `tenant`, unless who asked had `said` it. '' for nothing."""
        for word, owner in self._secrets.items():
            if owner != tenant and word in text:
                return f"the secret of {owner}"
        for client_id in _UUID.findall(text):
            owner = self._sessions.get(client_id)
            if owner not in (None, tenant) and client_id not in said:
                return f"session {client_id} of {owner}"
        return ""

    def leaks_in_fields(self, tenant, value):
        other = set(tenants_named(value)) - {tenant}
        return f"fields of tenant {sorted(other)}" if other else ""

"""What is measured of nodes and nats-server, each with how much it may grow over a run."""
import json
import os
import pathlib

from http_client import get_text

MIB = 1024 * 1024


def _status(pid, field):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1])
    raise AssertionError(f"/proc/{pid}/status has no {field}")


def _metrics(node):
    out = {}
    for text in get_text(node.admin, "/metrics").splitlines():
        if text and not text.startswith("#"):
            name, value = text.rsplit(" ", 1)
            name = name.partition("{")[0]
            out[name] = out.get(name, 0) + float(value)
    return out


def of_node(node):
    """{gauge: value} of a node that rests."""
    pid, metrics = node.process.pid, _metrics(node)
    return {"memory": _status(pid, "VmRSS") * 1024, "threads": _status(pid, "Threads"),
            "descriptors": len(os.listdir(f"/proc/{pid}/fd")), "actors": metrics["starling_actors"],
            "sessions": metrics["starling_sessions"], "rooms": metrics["starling_rooms"],
            "users": metrics["starling_users"], "outbox bytes": metrics["starling_outbox_bytes"]}


def of_nats(server):
    """{gauge: value} of a nats-server with its streams."""
    varz = json.loads(get_text(server.monitor, "/varz"))
    jsz = json.loads(get_text(server.monitor, "/jsz?streams=true&accounts=true&config=true"))
    out = {"memory": _status(server.process.pid, "VmRSS") * 1024, "descriptors": len(os.listdir(f"/proc/{server.process.pid}/fd")),
           "subscriptions": varz["subscriptions"], "connections": varz["connections"], "stream bytes": 0,
           "roster entries": 0, "positions": 0}
    for account in jsz.get("account_details", []):
        for stream in account.get("stream_detail", []):
            kept, name = stream["state"], stream["name"]
            if name.endswith("_roster"):
                out["roster entries"] += kept["messages"]
            elif name.endswith("_positions"):
                out["positions"] += kept["messages"]
            else:
                out["stream bytes"] += kept["bytes"]
    return out


# How much a gauge may grow over the settled part of a run, whatever its length: less is noise.
ALLOWED = {
    "node": {"memory": 6 * MIB, "threads": 1, "descriptors": 8, "actors": 4, "sessions": 0.5, "rooms": 0.5, "users": 0.5,
             "outbox bytes": 1},
    "nats": {"memory": 48 * MIB, "descriptors": 20, "subscriptions": 24, "connections": 2, "stream bytes": 4 * MIB,
             "roster entries": 0.5, "positions": 400},
}

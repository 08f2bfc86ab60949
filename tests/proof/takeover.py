"""Who ingests, by the nodes' own word, and how soon another one does."""
import datetime
import json
import re

from harness import admin
from http_client import Connection
from world import START_SECONDS, until

TAKEOVER_SECONDS, HANDOVER_SECONDS = 3.0, 0.2  # after kill -9 of the node that ingests, and after its SIGTERM
REPLICATED_SECONDS = 0.8  # for what a hand-over writes, one after the other, on three servers and two busy cores
ASK_SECONDS = 1.0
_BEGINS = re.compile(r"^(\S+) info +this node ingests a source source=(\S+) ", re.MULTILINE)


async def ingests(node):
    """Sources (their subjects) of which the node says that it ingests them itself; nothing when it does not answer."""
    connection = Connection(node.admin)
    try:
        status, answer = await connection.request("GET", "/admin/v1/mappings", [f"Authorization: Bearer {admin()}"],
                                                  timeout=ASK_SECONDS)
    except (OSError, EOFError, TimeoutError):
        return []
    finally:
        connection.close()
    if status != 200:
        return []
    return [source["subject"] for source in json.loads(answer)["sources"] if source["holder"] == node.name]


async def who_ingests(nodes, wanted):
    """(index of the node that ingests the source `wanted`, all the sources it ingests)"""
    async def found():
        for index, node in enumerate(nodes):
            if node.alive() and not node.expected_down:
                sources = await ingests(node)
                if wanted in sources and node.alive() and not node.expected_down:
                    return index, sources
    return await until(found, START_SECONDS, f"somebody who ingests {wanted}")


async def taken_over(nodes, source, since):
    """Seconds from `since` (wall clock) until a node began to ingest the source, by its log."""
    def begun():
        times = [datetime.datetime.fromisoformat(when).timestamp()
                 for node in nodes for text in node.said() for when, its in _BEGINS.findall(text) if its == source]
        return min((when - since for when in times if when > since), default=None)
    return await until(begun, START_SECONDS, f"another one who ingests {source}")

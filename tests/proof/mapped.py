"""What nodes ingest in seeds that have foreign publishers: a foreign stream, and the `[[mapping]]` rules."""
from nats_client import NatsClient

STREAM, CONSUMER = "FOREIGN", "starling-ingest"
STORED, PLAIN = "foreign.>", "plain.>"  # what the stream has, and what is published only
RULES = "".join(f"""
[[mapping]]
{source}
tenant = "{{/tenant}}"
room = "{{/room}}"
event = "msg"
data = {{ c = "{{/c}}", n = "{{/n}}", pad = "{{/pad}}" }}
""" for source in (f'stream = "{STREAM}"\nsubject = "{STORED}"\nid = "{{/id}}"', f'subject = "{PLAIN}"'))
STORE_SECONDS = 1.0  # for an answer of JetStream


def make_stream(server, replicas):
    """Blocking; OSError while there is no JetStream that could."""
    client = NatsClient(server, STORE_SECONDS)
    try:
        client.add_stream(STREAM, STORED, replicas=replicas)
    finally:
        client.close()


def left_to_acknowledge(server):
    """Messages that the consumer of the nodes has not delivered, or that were not acknowledged. Blocking; OSError."""
    client = NatsClient(server, STORE_SECONDS)
    try:
        told = client.consumer(STREAM, CONSUMER)
    finally:
        client.close()
    if "error" in told:
        raise ConnectionError(told["error"])
    return told["num_pending"] + told["num_ack_pending"]

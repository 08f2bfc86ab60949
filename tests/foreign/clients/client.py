"""One client of others, used as its own README shows: LIBRARY URL EVENT TOKEN. Says `open` for each connection, and the
data of each event, a line of JSON each; what went wrong goes to stderr. Two of them leave coming back to who uses them."""
import asyncio
import json
import sys
import time

RETRY_SECONDS = 0.5


class Listener:
    """What the application keeps: the id to resume from, and how long to wait."""

    def __init__(self, name, token):
        self.name = name
        self.authorization = {"Authorization": "Bearer " + token}
        self.last_id = ""
        self.retry = RETRY_SECONDS

    def headers(self):
        return {**self.authorization, **({"Last-Event-ID": self.last_id} if self.last_id else {})}

    def opened(self):
        say("open")

    def event(self, name, data, event_id, retry=None):
        self.last_id = event_id or self.last_id
        self.retry = int(retry) / 1000 if retry else self.retry
        if data and (name or "message") == self.name:  # httpx-sse hands over also what has none
            say(json.loads(data))

    def broken(self, error):
        print("error", repr(error), file=sys.stderr, flush=True)


def say(value):
    print(json.dumps(value), flush=True)


def httpx_sse(url, listener):
    import httpx
    from httpx_sse import connect_sse

    with httpx.Client(timeout=httpx.Timeout(10, read=None)) as client:
        while True:
            try:
                with connect_sse(client, "GET", url, headers=listener.headers()) as source:
                    source.response.raise_for_status()
                    listener.opened()
                    for event in source.iter_sse():
                        listener.event(event.event, event.data, event.id, event.retry)
            except httpx.TransportError as error:
                listener.broken(error)
            time.sleep(listener.retry)


def sseclient_py(url, listener):
    import requests
    import sseclient

    while True:
        try:
            response = requests.get(url, stream=True, timeout=(10, 60),
                                    headers={"Accept": "text/event-stream", **listener.headers()})
            response.raise_for_status()
            listener.opened()
            for event in sseclient.SSEClient(response).events():
                listener.event(event.event, event.data, event.id, event.retry)
        except (requests.exceptions.ChunkedEncodingError, requests.exceptions.ConnectionError) as error:
            listener.broken(error)
        time.sleep(listener.retry)


async def aiohttp_sse_client(url, listener):
    import aiohttp
    from aiohttp_sse_client import client as sse_client

    while True:
        try:
            async with sse_client.EventSource(url, headers=listener.headers(), on_open=listener.opened) as source:
                async for event in source:
                    listener.event(event.type, event.data, event.last_event_id)
        except aiohttp.ClientError as error:
            listener.broken(error)
        await asyncio.sleep(listener.retry)


def main():
    library, url, name, token = sys.argv[1:]
    listener = Listener(name, token)
    if library == "aiohttp-sse-client":
        asyncio.run(aiohttp_sse_client(url, listener))
    else:
        {"httpx-sse": httpx_sse, "sseclient-py": sseclient_py}[library](url, listener)


main()

"""Clients as strict as a browser's EventSource, many in one thread."""
import asyncio
import collections
import json
import threading
import time


class Source:
    """One EventSource: what it heard, when it was without a stream, and whether it gave up."""

    def __init__(self, host, port, path):
        self.host, self.port, self.path = host, port, path
        self.retry = 3.0  # a browser's own, until a server has said one
        self.last_id = ""
        self.events = []
        self.nodes = []
        self.fatal = None
        self.connected = False
        self.blanks = []  # (began, ended)
        self.began = time.monotonic()
        self.goodbyes = []
        self.steps = collections.deque(maxlen=60)  # (what it began to do, when)
        self.now("beginning")

    def now(self, doing):
        self.steps.append((doing, time.monotonic()))

    async def run(self):
        while self.fatal is None:
            try:
                await self.stream()
            except (OSError, asyncio.IncompleteReadError):
                pass  # the connection broke: it comes back after `retry`
            self.lost()
            self.now(f"waiting {self.retry} s")
            await asyncio.sleep(self.retry)

    def lost(self):
        if self.connected:
            self.connected = False
            self.began = time.monotonic()

    async def stream(self):
        self.now("connecting")
        reader, writer = await asyncio.open_connection(self.host, self.port)
        try:
            last = f"Last-Event-ID: {self.last_id}\r\n" if self.last_id else ""
            writer.write(f"GET {self.path} HTTP/1.1\r\nHost: {self.host}:{self.port}\r\nAccept: text/event-stream\r\n"
                         f"Origin: http://page.test\r\n{last}\r\n".encode())
            self.now("waiting for the head")
            head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            status = int(head[0].split()[1])
            fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
            if status != 200 or not fields.get("content-type", "").startswith("text/event-stream"):
                self.fatal = f"{head[0]} {fields.get('content-type')}"
                return
            if "access-control-allow-origin" not in fields:
                self.fatal = "a page of another origin may not read this answer"
                return
            self.now("streaming")
            await self.read(reader, fields)
        finally:
            writer.close()

    async def read(self, reader, fields):
        rest = b""
        left = int(fields["content-length"]) if "content-length" in fields else None
        while left is None or left > 0:
            if "chunked" in fields.get("transfer-encoding", ""):
                size = int((await reader.readuntil(b"\r\n")).split(b";")[0], 16)
                if not size:
                    return
                piece = (await reader.readexactly(size + 2))[:-2]
            else:
                piece = await reader.read(left or 65536)
                if not piece:
                    return
                left = None if left is None else left - len(piece)
            *blocks, rest = (rest + piece).split(b"\n\n")
            for block in blocks:
                self.block(block.decode())

    def block(self, text):
        fields = {}
        for line in text.split("\n"):
            name, _, value = line.partition(":")
            fields[name] = value.removeprefix(" ")
        if fields.get("retry", "").isdecimal():
            self.retry = int(fields["retry"]) / 1000
        if "data" not in fields:
            return
        self.last_id = fields.get("id", self.last_id)
        data = json.loads(fields["data"])
        name = fields.get("event", "message")
        if name == "connected":
            self.connected = True
            self.now(f"connected to {data['node']}")
            self.nodes.append(data["node"])
            self.blanks.append((self.began, time.monotonic()))
            if data["lost"]:
                self.fatal = f"lost {data['lost']}"
        elif name == "goodbye":
            self.goodbyes.append(data["code"])
            self.now(f"told goodbye {data['code']}: {data['reason']}")
        elif name == "note":
            self.events.append(data["n"])


class Fleet:
    """Sources on a loop in a thread of their own."""

    def __init__(self, host, port, paths):
        self.sources = [Source(host, port, path) for path in paths]
        self.loop = asyncio.new_event_loop()
        self.tasks = [self.loop.create_task(source.run()) for source in self.sources]
        self.thread = threading.Thread(target=self.loop.run_forever)
        self.thread.start()

    def close(self):
        async def end():
            for task in self.tasks:
                task.cancel()
            await asyncio.gather(*self.tasks, return_exceptions=True)
        asyncio.run_coroutine_threadsafe(end(), self.loop).result(10)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()

    def all_connected(self):
        return all(source.connected for source in self.sources)

    def without_stream(self):
        """For a failure's message: who has none, and what each is doing since how long."""
        now = time.monotonic()
        return [f"{source.path.split('&')[0]}: {doing} for {now - since:.1f} s, goodbyes {source.goodbyes[-3:]}"
                for source in self.sources if not source.connected for doing, since in [source.steps[-1]]]

    def fatal(self):
        return [source.fatal for source in self.sources if source.fatal]

    def spread(self):
        """{node: streams} now."""
        out = {}
        for source in self.sources:
            if source.connected:
                out[source.nodes[-1]] = out.get(source.nodes[-1], 0) + 1
        return out

    def longest_blank(self, since, counted_from=None):
        """(seconds, what that client did and when), of those that ended after `since`; counted from `counted_from` when
        they began before it."""
        blanks = [(ended - max(began, counted_from or began), ended, source) for source in self.sources
                  for began, ended in source.blanks if ended > since]
        if not blanks:
            return 0, ""
        seconds, ended, source = max(blanks, key=lambda blank: blank[0])
        return seconds, "".join(f"\n{at - ended:+.2f} s {doing}" for doing, at in source.steps)

"""Starling client for Python 3.11 or later; standard library only.

    client = Starling("https://push.example", token=token, rooms=["lobby"])
    for event in client:
        print(event.room, event.name, event.data)

Iterating blocks until the next event, reconnects by itself and resumes after the last event. It
ends when the server says that there must be no reconnect (see `goodbye`) or after `close()`.
One thread iterates; `publish` and `close` may be called from any other.
"""

from __future__ import annotations

import codecs
import http.client
import json
import random
import re
import socket
import ssl
import threading
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

# Seconds: first ceiling, highest ceiling, growth per failure, by kind of failure.
BACKOFF = {
    "network": (5.0, 300.0, 1.5),
    "auth": (30.0, 600.0, 2.0),
    "server": (10.0, 180.0, 1.8),
    "proxy": (15.0, 900.0, 2.5),
}
MIN_DELAY = 0.25  # full jitter may draw 0, which would be a busy loop
OPEN_TIMEOUT = 10.0
HEARTBEAT = 30.0
SILENCE_FACTOR = 2.5  # heartbeats missed before a connection counts as dead
MAX_FRAME_CHARS = 16 * 1024 * 1024
_CONTROL = {"connected", "goodbye", "heartbeat", "token_expiring", "gap"}
_LINE_END = re.compile(r"\r\n|\r|\n")


def retry_delay(kind: str, attempt: int, max_delay: float = 120.0, draw=random.random) -> float:
    """Seconds before retry number `attempt` (from 0): full jitter, the cap applied last."""
    initial, highest, factor = BACKOFF[kind]
    ceiling = min(initial * factor ** min(attempt, 64), highest, max_delay)
    return min(max(draw() * ceiling, MIN_DELAY), max_delay)


class StarlingError(Exception):
    """The server refused a request; `status` is 0 when there was no answer at all."""

    def __init__(self, message: str, status: int = 0, code: str = "", retry_after: float | None = None):
        super().__init__(message)
        self.status = status
        self.code = code
        self.retry_after = retry_after


@dataclass(frozen=True)
class Event:
    """One event. `cursor` is the position to resume from; `id` names the event itself."""

    id: str
    cursor: str
    name: str
    data: Any
    room: str | None = None
    user: str | None = None
    ts: int | None = None
    sender: str | None = None
    replayed: bool = False


@dataclass
class SseParser:
    """The WHATWG event stream parser: bytes in any slicing in, (type, data, id) out."""

    retry_ms: int | None = None
    last_event_id: str = ""
    _decoder: Any = field(default_factory=lambda: codecs.getincrementaldecoder("utf-8")("replace"))
    _rest: str = ""
    _started: bool = False
    _skip_line_feed: bool = False
    _data: list[str] = field(default_factory=list)
    _size: int = 0
    _type: str = ""
    _id: str = ""

    def push(self, chunk: bytes) -> Iterator[tuple[str, str, str]]:
        text = self._decoder.decode(chunk)
        if not text:
            return
        if not self._started:
            self._started = True
            text = text.removeprefix("\ufeff")
        if self._skip_line_feed and text.startswith("\n"):
            text = text[1:]
        self._skip_line_feed = text.endswith("\r")
        searched, text, start = len(self._rest), self._rest + text, 0
        for end in _LINE_END.finditer(text, searched):
            line, start = text[start : end.start()], end.end()
            if line:
                self._line(line)
            elif (event := self._dispatch()) is not None:
                yield event
        self._rest = text[start:]
        if len(self._rest) + self._size > MAX_FRAME_CHARS:
            raise StarlingError("an event is larger than 16 MiB")

    def _line(self, line: str) -> None:
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            self._data.append(value)
            self._size += len(value)
        elif name == "event":
            self._type = value
        elif name == "id" and "\0" not in value:
            self._id = value
        elif name == "retry" and re.fullmatch("[0-9]+", value):
            self.retry_ms = int(value)

    def _dispatch(self) -> tuple[str, str, str] | None:
        kind, data = self._type or "message", self._data
        self._type, self._data, self._size = "", [], 0
        self.last_event_id = self._id
        return (kind, "\n".join(data), self._id) if data else None


class Starling:
    """A subscription that survives reconnects. `url` may be a list of nodes, tried in turn.

    `get_token(reason)` ("initial" or "unauthorized") is asked for a token when there is none or
    the present one was refused. `on_status(state, detail)` hears connecting, open, waiting, lost,
    gap, goodbye and closed. `last_id` may be set to resume where another process ended.
    """

    def __init__(
        self,
        url: str | list[str],
        token: str | None = None,
        rooms: list[str] | None = None,
        device: str | None = None,
        last_id: str = "",
        get_token: Callable[[str], str] | None = None,
        on_status: Callable[[str, dict], None] = lambda state, detail: None,
        max_delay: float = 120.0,
        context: ssl.SSLContext | None = None,
    ):
        urls = [url] if isinstance(url, str) else list(url)
        if not urls or any(urlsplit(u).scheme not in ("http", "https") for u in urls):
            raise ValueError(f"url must be http:// or https://, got {url!r}")
        self.last_id = last_id
        self.goodbye: dict | None = None
        self.session: dict = {}
        self._urls = [u.rstrip("/") for u in urls]
        self._at = 0
        self._token = token
        self._rooms = list(rooms or [])
        self._device = device
        self._get_token = get_token
        self._on_status = on_status
        self._max_delay = max_delay
        self._context = context
        self._closed = threading.Event()
        self._socket: socket.socket | None = None
        self._seen: dict[tuple, int] = {}
        self._connection = 0
        self._replay_left = 0

    def __iter__(self) -> Iterator[Event]:
        return self.events()

    def close(self) -> None:
        """Ends the iteration, also from another thread."""
        self._closed.set()
        if (sock := self._socket) is not None:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # the peer was faster

    def events(self) -> Iterator[Event]:
        """Yields events until a final goodbye or close(); raises StarlingError when refused."""
        failures, refreshed = 0, False
        while not self._closed.is_set():
            self._on_status("connecting", {"url": self._urls[self._at]})
            before, kind, wait = self._connection, "network", None
            parser = SseParser()
            self.goodbye = None
            try:
                yield from self._stream(parser)
                kind = "proxy"
            except StarlingError as refused:
                kind, wait = _kind(refused.status), refused.retry_after
                if refused.status in (400, 403) or (refused.status == 401 and not self._get_token):
                    raise
                if refused.status == 204:
                    break
                if refused.status == 401:
                    self._token = self._get_token("unauthorized")
                    wait, refreshed = (None if refreshed else 0.0), True
            except (OSError, http.client.HTTPException):
                pass  # the connection broke: what follows is what to do about it
            if self._closed.is_set():
                break
            if self._connection > before:
                failures, refreshed = 0, False
                wait = parser.retry_ms / 1000 if wait is None and parser.retry_ms is not None else wait
            else:
                self._at = (self._at + 1) % len(self._urls)
            if self.goodbye is not None:
                if not self.goodbye.get("reconnect", True):
                    break
                if self.goodbye.get("code") == "token_expired" and self._get_token:
                    self._token = self._get_token("unauthorized")
                if self.goodbye.get("retry_ms") is not None:
                    wait = self.goodbye["retry_ms"] / 1000
            if wait is None:
                wait = retry_delay(kind, failures, self._max_delay)
                failures += 1
            self._on_status("waiting", {"delay": wait, "failures": failures})
            self._closed.wait(wait)
        self._on_status("closed", {"goodbye": self.goodbye})

    def publish(self, room: str | None, event: str, data: Any, *, ephemeral: bool = False, **target) -> dict:
        """Publishes to a room, or with room=None to user=, users=, rooms=, client= or all=True.

        Answers {"id", "position"}. A durable event gets an id, so that the retries after a lost
        answer store it once; an ephemeral one is sent once.
        """
        message = {"event": event, "data": data, **target}
        if room is not None:
            message["room"] = room
        if ephemeral:
            message["ephemeral"] = True
        else:
            message.setdefault("id", str(uuid.uuid4()))
        for attempt in range(4):
            try:
                return self._post("/api/publish", message)
            except (StarlingError, OSError, http.client.HTTPException) as error:
                status = getattr(error, "status", 0)
                if ephemeral or attempt == 3 or status not in (0, 429, 502, 503, 504):
                    raise
                after = getattr(error, "retry_after", None)
                self._closed.wait(0.5 * 2**attempt * random.uniform(0.5, 1) if after is None else after)
        raise AssertionError("unreachable")

    def _current_token(self) -> str | None:
        if self._token is None and self._get_token:
            self._token = self._get_token("initial")
        return self._token

    def _connect(self) -> tuple[http.client.HTTPConnection, str]:
        url = urlsplit(self._urls[self._at])
        if url.scheme == "https":
            context = self._context or ssl.create_default_context()
            link = http.client.HTTPSConnection(url.netloc, timeout=OPEN_TIMEOUT, context=context)
        else:
            link = http.client.HTTPConnection(url.netloc, timeout=OPEN_TIMEOUT)
        return link, url.path

    def _headers(self, **more: str) -> dict[str, str]:
        token = self._current_token()
        return more | ({"Authorization": f"Bearer {token}"} if token else {})

    def _post(self, path: str, body: Any) -> dict:
        link, prefix = self._connect()
        try:
            headers = self._headers(**{"Content-Type": "application/json"})
            link.request("POST", prefix + path, json.dumps(body).encode(), headers)
            response = link.getresponse()
            if response.status != 200:
                raise _refusal(response)
            return json.loads(response.read())
        finally:
            link.close()

    def _stream(self, parser: SseParser) -> Iterator[Event]:
        query = {"format": "envelope"}
        if self._rooms:
            query["rooms"] = ",".join(self._rooms)
        if self._device:
            query["device"] = self._device
        if self.last_id:
            query["last_event_id"] = self.last_id
        link, prefix = self._connect()
        try:
            headers = self._headers(Accept="text/event-stream")
            link.connect()
            self._socket = link.sock
            link.request("GET", f"{prefix}/events?{urlencode(query, quote_via=quote)}", headers=headers)
            response = link.getresponse()
            if response.status != 200:
                raise _refusal(response)
            while chunk := response.read1(65536):
                for kind, text, cursor in parser.push(chunk):
                    event = self._frame(kind, text, cursor)
                    if event is not None:
                        yield event
                        self.last_id = event.cursor or self.last_id
                    if self.goodbye is not None or self._closed.is_set():
                        return
        finally:
            self._socket = None
            link.close()

    def _frame(self, kind: str, text: str, cursor: str) -> Event | None:
        data = _json(text)
        wrapped = isinstance(data, dict) and {"event", "data", "ts"} <= data.keys()
        if not wrapped and kind in _CONTROL:
            self._control(kind, data if isinstance(data, dict) else {}, cursor)
            return None
        if not wrapped:
            data = {"event": kind, "data": text if data is None else data}
        replayed = self._replay_left > 0
        event = Event(
            id=str(data.get("id", cursor)), cursor=cursor, name=data["event"], data=data["data"],
            room=data.get("room"), user=data.get("user"), ts=data.get("ts"),
            sender=data.get("sender"), replayed=replayed,
        )  # fmt: skip
        return None if self._repeats(event) else event

    def _repeats(self, event: Event) -> bool:
        # Only inside a replay do equal keys mean the same event: ephemeral ones share a cursor.
        key = (event.id, event.name, event.room, event.user, event.ts)
        if event.replayed:
            self._replay_left -= 1
            if self._seen.get(key, self._connection) < self._connection:
                return True
        self._seen[key] = self._connection
        if len(self._seen) > 512:
            del self._seen[next(iter(self._seen))]
        return False

    def _control(self, kind: str, data: dict, cursor: str) -> None:
        if kind == "connected":
            self._connection += 1
            self._replay_left = data.get("replayed", 0)
            self.session = data
            beat = data.get("heartbeat_ms", HEARTBEAT * 1000) / 1000
            if self._socket is not None:
                self._socket.settimeout(beat * SILENCE_FACTOR or None)
            self._on_status("open", data)
            if data.get("lost"):
                self._on_status("lost", {"lost": data["lost"]})
        elif kind == "goodbye":
            self.goodbye = data
            self._on_status("goodbye", data)
            if data.get("reconnect") is False:
                return  # its id carries the closing mark, which is no position
        elif kind == "gap":
            self._on_status("gap", data)
        self.last_id = cursor or self.last_id


def _kind(status: int) -> str:
    if status in (404, 502, 503):
        return "proxy"
    if status in (401, 403):
        return "auth"
    return "server" if status >= 500 else "network"


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None  # a payload of plain text


def _refusal(response: http.client.HTTPResponse) -> StarlingError:
    answer = _json(response.read(65536).decode("utf-8", "replace"))
    error = answer.get("error") if isinstance(answer, dict) else None
    error = error if isinstance(error, dict) else {"message": error or f"HTTP {response.status}"}
    after = response.headers.get("Retry-After", "")
    return StarlingError(
        error.get("message", ""), response.status, error.get("code", ""),
        float(after) if after.isdecimal() else None,
    )  # fmt: skip

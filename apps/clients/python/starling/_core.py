"""What both clients share: the protocol and every decision, no sockets and no clock."""

from __future__ import annotations

import json
import random
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from ._errors import StarlingError, parse_json
from ._retry import RETRY, kind_of, retry_delay
from ._sse import SseParser

Json = dict[str, Any]  # an object of the protocol

OPEN_TIMEOUT = 10.0
HEARTBEAT = 30.0
SILENCE_FACTOR = 2.5  # heartbeats missed before a connection counts as dead
PUBLISH_ATTEMPTS = 4
_CONTROL = {"connected", "goodbye", "heartbeat", "token_expiring", "gap"}
_SEEN_EVENTS = 512


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


@dataclass(frozen=True)
class Next:
    """What follows an attempt: wait `delay` seconds, with a new token when `refresh`; or the end."""

    delay: float = 0.0
    refresh: bool = False
    end: bool = False


class Core:
    """The state of one subscription. Its driver makes the requests, waits, and calls the user."""

    def __init__(
        self,
        url: str | Iterable[str],
        token: str | None,
        rooms: Iterable[str] | None,
        device: str | None,
        last_id: str,
        can_refresh: bool,
        max_delay: float,
    ):
        urls = [url] if isinstance(url, str) else list(url)
        if not urls or any(urlsplit(u).scheme not in ("http", "https") for u in urls):
            raise ValueError(f"url must be http:// or https://, got {url!r}")
        self.token = token
        self.rooms = list(rooms or [])
        self.last_id = last_id
        self.goodbye: Json | None = None
        self.session: Json = {}
        self.silence: float | None = OPEN_TIMEOUT  # seconds without a byte that a connection may have
        self.expiring = False  # the driver gets a new token and takes it to the live session
        self.notices: list[tuple[str, Json]] = []  # for on_status
        self._urls = [u.rstrip("/") for u in urls]
        self._at = 0
        self._device = device
        self._can_refresh = can_refresh
        self._max_delay = max_delay
        self._retry = RETRY
        self._parser = SseParser()
        self._failures = 0
        self._round = 0
        self._refreshed = False
        self._connection = 0
        self._before = 0
        self._replay_left = 0
        self._seen: dict[tuple[object, ...], int] = {}

    # -- requests -------------------------------------------------------------------------------

    @property
    def url(self) -> str:
        return self._urls[self._at]

    def begin(self) -> str:
        """A new attempt: the path of its GET."""
        self._parser = SseParser()
        self._before = self._connection
        self.goodbye = None
        self.silence = OPEN_TIMEOUT
        query = {"format": "envelope"}
        if self.rooms:
            query["rooms"] = ",".join(self.rooms)
        if self._device:
            query["device"] = self._device
        if self.last_id:
            query["last_event_id"] = self.last_id
        return f"/events?{urlencode(query, quote_via=quote)}"

    def headers(self, **more: str) -> dict[str, str]:
        return more | ({"Authorization": f"Bearer {self.token}"} if self.token else {})

    def renewal(self) -> tuple[str, bytes]:
        """Path and body of the POST that gives the live session the present token."""
        self.expiring = False
        path = f"/api/session/{quote(self.session.get('client_id', ''))}/token"
        return path, json.dumps({"token": self.token}).encode()

    # -- what arrives ---------------------------------------------------------------------------

    def feed(self, chunk: bytes) -> Iterator[Event]:
        """The events in these bytes; `last_id` moves on when the next one is asked for."""
        for kind, text, cursor in self._parser.push(chunk):
            event = self._frame(kind, text, cursor)
            if event is not None:
                yield event
                self.last_id = event.cursor or self.last_id
            if self.goodbye is not None:
                return

    def _frame(self, kind: str, text: str, cursor: str) -> Event | None:
        data = parse_json(text)
        wrapped = isinstance(data, dict) and {"event", "data", "ts"} <= data.keys()
        if not wrapped and kind in _CONTROL:
            self._control(kind, data if isinstance(data, dict) else {}, cursor)
            return None
        if not wrapped:
            data = {"event": kind, "data": text if data is None else data}
        event = Event(
            id=str(data.get("id", cursor)), cursor=cursor, name=data["event"], data=data["data"],
            room=data.get("room"), user=data.get("user"), ts=data.get("ts"),
            sender=data.get("sender"), replayed=self._replay_left > 0,
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
        if len(self._seen) > _SEEN_EVENTS:
            del self._seen[next(iter(self._seen))]
        return False

    def _control(self, kind: str, data: Json, cursor: str) -> None:
        if kind == "connected":
            self._connection += 1
            self._failures, self._round, self._refreshed = 0, 0, False
            self._replay_left = data.get("replayed", 0)
            self.session = data
            self.silence = data.get("heartbeat_ms", HEARTBEAT * 1000) / 1000 * SILENCE_FACTOR or None
            self.notices.append(("open", data))
            if data.get("lost"):
                self.notices.append(("lost", {"lost": data["lost"]}))
        elif kind == "goodbye":
            self.goodbye = data
            self.notices.append(("goodbye", data))
            if data.get("reconnect") is False:
                return  # its id carries the closing mark, which is no position
        elif kind == "gap":
            self.notices.append(("gap", data))
        elif kind == "token_expiring":
            self.expiring = self._can_refresh
            self.notices.append(("token_expiring", data))
        self.last_id = cursor or self.last_id

    # -- what follows ---------------------------------------------------------------------------

    def after(self, failure: StarlingError | None) -> Next:
        """What to do after an attempt; `failure` is the refusal, None when the connection broke or
        ended. Raises `failure` when coming back would not help."""
        opened = self._connection > self._before
        told = self._parser.retry_ms
        if told:
            self._retry = told / 1000
        if self.goodbye is not None:
            return self._after_goodbye(self.goodbye, opened)
        if failure is not None and failure.status:
            if failure.status == 204:
                return Next(end=True)
            if failure.status in (400, 403) or (failure.status == 401 and not self._can_refresh):
                raise failure
            if failure.status == 401 and not self._refreshed:
                self._refreshed = True
                return Next(refresh=True)
        if failure is not None and failure.retry_after is not None:
            self._next_url()
            return Next(failure.retry_after)
        self._next_url()  # after a cut, too: that node may be gone, and another one there at once
        if opened:
            return Next(self._delay() if told is None else told / 1000)
        kind = kind_of(failure.status if failure else 0)
        self._round = (self._round + 1) % len(self._urls)
        if kind == "away" and self._round:
            return Next(self._delay(retry=self._retry / len(self._urls)))
        self._failures += 1
        return Next(self._delay(kind, self._failures - 1), refresh=kind == "auth")

    def _after_goodbye(self, goodbye: Json, opened: bool) -> Next:
        if goodbye.get("reconnect") is False:
            return Next(end=True)
        code, told = goodbye.get("code"), goodbye.get("retry_ms")
        if not opened or code in ("draining", "shutdown"):
            self._next_url()
        if told:
            self._retry = told / 1000
        delay = self._delay() if told is None else told / 1000
        return Next(delay, refresh=code == "token_expired" and self._can_refresh)

    def _delay(self, kind: str = "away", attempt: int = 0, retry: float | None = None) -> float:
        return retry_delay(kind, attempt, self._retry if retry is None else retry, self._max_delay)

    def _next_url(self) -> None:
        self._at = (self._at + 1) % len(self._urls)


# -- publishing -----------------------------------------------------------------------------------


def publish_message(room: str | None, event: str, data: Any, ephemeral: bool, target: Json) -> Json:
    """The item; a durable one gets an id, so that retries after a lost answer store it once."""
    message = {"event": event, "data": data, **target}
    if room is not None:
        message["room"] = room
    if ephemeral:
        message["ephemeral"] = True
    else:
        message.setdefault("id", str(uuid.uuid4()))
    return message


def publish_wait(error: Exception, attempt: int, ephemeral: bool) -> float | None:
    """Seconds until a failed publish is worth another attempt; None: it is not."""
    status = getattr(error, "status", 0)
    if ephemeral or attempt + 1 == PUBLISH_ATTEMPTS or status not in (0, 429, 502, 503, 504):
        return None
    after: float | None = getattr(error, "retry_after", None)
    return 0.5 * 2**attempt * random.uniform(0.5, 1) if after is None else after

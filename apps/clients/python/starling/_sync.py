"""The blocking client, on http.client."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from urllib.parse import urlsplit

from ._core import OPEN_TIMEOUT, Core, Event, Json, publish_message, publish_wait
from ._errors import StarlingError, refusal
from ._subscription import Subscription


class Starling(Subscription):
    """A subscription that survives reconnects. `url` may be a list of nodes, tried in turn.

    `get_token(reason)` ("initial", "expiring" or "unauthorized") is asked for a token when there is
    none, when the present one ends soon and when it was refused. `on_status(state, detail)` hears
    connecting, open, waiting, lost, gap, goodbye, token_expiring, renewal_failed and closed. `last_id`
    may be set to resume where another process ended.

    One thread iterates; `publish`, `subscribe`, `unsubscribe` and `close` may be called from any
    other, and from the one that iterates.
    """

    def __init__(
        self,
        url: str | Iterable[str],
        token: str | None = None,
        rooms: Iterable[str] | None = None,
        device: str | None = None,
        last_id: str = "",
        get_token: Callable[[str], str] | None = None,
        on_status: Callable[[str, Json], None] = lambda state, detail: None,
        max_delay: float = float("inf"),
        context: ssl.SSLContext | None = None,
    ):
        self._core = Core(url, token, rooms, device, last_id, get_token is not None, max_delay)
        self._get_token = get_token
        self._on_status = on_status
        self._context = context
        self._closed = False
        self._restart = False
        self._wake = threading.Event()
        self._socket: socket.socket | None = None

    def __iter__(self) -> Iterator[Event]:
        return self.events()

    def close(self) -> None:
        """Ends the iteration, also from another thread."""
        self._closed = True
        self._cut()

    def _cut(self) -> None:
        self._wake.set()
        if (sock := self._socket) is not None:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # the peer was faster

    def events(self) -> Iterator[Event]:
        """Yields events until a final goodbye or close(); raises StarlingError when refused."""
        core = self._core
        while not self._closed:
            self._restart = False
            self._wake.clear()
            self._on_status("connecting", {"url": core.url})
            failure = None
            try:
                yield from self._stream(core.begin())
            except StarlingError as refused:
                failure = refused
            except (OSError, http.client.HTTPException):
                pass  # the connection broke: what follows is what to do about it
            if self._closed:
                break
            if self._restart:
                continue
            then = core.after(failure)
            if then.end:
                break
            if then.refresh and self._get_token:
                core.token = self._get_token("unauthorized")
            self._on_status("waiting", {"delay": then.delay})
            self._wake.wait(then.delay)
        self._on_status("closed", {"goodbye": core.goodbye})

    def publish(self, room: str | None, event: str, data: Any, *, ephemeral: bool = False, **target: Any) -> Json:
        """Publishes to a room, or with room=None to user=, users=, rooms=, client= or all=True.

        Answers {"id", "position"}. A durable event gets an id, so that the retries after a lost
        answer store it once; an ephemeral one is sent once.
        """
        body = json.dumps(publish_message(room, event, data, ephemeral, target)).encode()
        attempt = 0
        while True:
            try:
                return self._post("/api/publish", body)
            except (StarlingError, OSError, http.client.HTTPException) as error:
                wait = publish_wait(error, attempt, ephemeral)
                if wait is None:
                    raise
            threading.Event().wait(wait)
            attempt += 1

    def _connect(self) -> tuple[http.client.HTTPConnection, str]:
        url = urlsplit(self._core.url)
        if url.scheme == "https":
            context = self._context or ssl.create_default_context()
            return http.client.HTTPSConnection(url.netloc, timeout=OPEN_TIMEOUT, context=context), url.path
        return http.client.HTTPConnection(url.netloc, timeout=OPEN_TIMEOUT), url.path

    def _headers(self, **more: str) -> dict[str, str]:
        if self._core.token is None and self._get_token:
            self._core.token = self._get_token("initial")
        return self._core.headers(**more)

    def _post(self, path: str, body: bytes) -> Json:
        link, prefix = self._connect()
        try:
            headers = self._headers(**{"Content-Type": "application/json"})
            link.request("POST", prefix + path, body, headers)
            response = link.getresponse()
            if response.status != 200:
                raise _refused(response)
            published: Json = json.loads(response.read())
            return published
        finally:
            link.close()

    def _stream(self, path: str) -> Iterator[Event]:
        core = self._core
        link, prefix = self._connect()
        try:
            headers = self._headers(Accept="text/event-stream")
            link.connect()
            self._socket = link.sock
            link.request("GET", prefix + path, headers=headers)
            response = link.getresponse()
            if response.status != 200:
                raise _refused(response)
            while core.goodbye is None and not self._restart and (chunk := response.read1(65536)):
                for event in core.feed(chunk):
                    self._tell()
                    yield event
                    if self._closed or self._restart:
                        core.last_id = event.cursor or core.last_id
                        return
                self._tell()
                if self._socket.gettimeout() != core.silence:
                    self._socket.settimeout(core.silence)
                if core.expiring:
                    self._renew()
        finally:
            self._socket = None
            link.close()

    def _tell(self) -> None:
        notices, self._core.notices = self._core.notices, []
        for state, detail in notices:
            self._on_status(state, detail)

    def _renew(self) -> None:
        assert self._get_token is not None  # else the core does not ask for it
        self._core.token = self._get_token("expiring")
        try:
            self._post(*self._core.renewal())
        except (StarlingError, OSError, http.client.HTTPException) as error:
            # The session goes on until its token ends; then the next connect brings the new one.
            self._on_status("renewal_failed", {"error": str(error)})


def _refused(response: http.client.HTTPResponse) -> StarlingError:
    return refusal(response.status, response.read(65536), response.headers.get("Retry-After", ""))

"""The asyncio client: `async for event in Starling(...)`."""

from __future__ import annotations

import asyncio
import inspect
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from typing import Any

from ._core import OPEN_TIMEOUT, Core, Event, Json, publish_message, publish_wait
from ._errors import StarlingError, refusal
from ._http import Exchange
from ._subscription import Subscription

__all__ = ["Event", "Starling", "StarlingError"]

_BROKEN = (OSError, EOFError, ValueError, asyncio.LimitOverrunError, TimeoutError)


class Starling(Subscription):
    """As `starling.Starling`, for asyncio. `get_token` may be a function or a coroutine function.

    One task iterates; the other methods may be called from any task of the same loop.
    """

    def __init__(
        self,
        url: str | Iterable[str],
        token: str | None = None,
        rooms: Iterable[str] | None = None,
        device: str | None = None,
        last_id: str = "",
        get_token: Callable[[str], str | Awaitable[str]] | None = None,
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
        self._wake = asyncio.Event()

    def __aiter__(self) -> AsyncIterator[Event]:
        return self.events()

    def close(self) -> None:
        """Ends the iteration."""
        self._closed = True
        self._cut()

    def _cut(self) -> None:
        self._wake.set()

    async def events(self) -> AsyncIterator[Event]:
        """Yields events until a final goodbye or close(); raises StarlingError when refused."""
        core = self._core
        while not self._closed:
            self._restart = False
            self._wake.clear()
            self._on_status("connecting", {"url": core.url})
            failure = None
            try:
                async for event in self._stream(core.begin()):
                    yield event
            except StarlingError as refused:
                failure = refused
            except _BROKEN:
                pass  # the connection broke: what follows is what to do about it
            if self._closed:
                break
            if self._restart:
                continue
            then = core.after(failure)
            if then.end:
                break
            if then.refresh and self._get_token:
                core.token = await self._new_token("unauthorized")
            self._on_status("waiting", {"delay": then.delay})
            try:
                async with asyncio.timeout(then.delay):
                    await self._wake.wait()
            except TimeoutError:
                pass  # nothing woke it: the waiting time is over
        self._on_status("closed", {"goodbye": core.goodbye})

    async def publish(
        self, room: str | None, event: str, data: Any, *, ephemeral: bool = False, **target: Any
    ) -> Json:
        """As `starling.Starling.publish`."""
        body = json.dumps(publish_message(room, event, data, ephemeral, target)).encode()
        attempt = 0
        while True:
            try:
                return await self._post("/api/publish", body)
            except (StarlingError, *_BROKEN) as error:
                wait = publish_wait(error, attempt, ephemeral)
                if wait is None:
                    raise
            await asyncio.sleep(wait)
            attempt += 1

    async def _new_token(self, reason: str) -> str:
        assert self._get_token is not None  # else nobody asks for one
        token = self._get_token(reason)
        fresh: str = await token if inspect.isawaitable(token) else token
        return fresh

    async def _headers(self, **more: str) -> dict[str, str]:
        if self._core.token is None and self._get_token:
            self._core.token = await self._new_token("initial")
        return self._core.headers(**more)

    async def _post(self, path: str, body: bytes) -> Json:
        headers = await self._headers(**{"Content-Type": "application/json"})
        async with Exchange(self._core.url, self._context, OPEN_TIMEOUT) as link:
            await link.send("POST", path, headers, body)
            answer = await link.read()
            if link.status != 200:
                raise refusal(link.status, answer, link.headers.get("retry-after", ""))
            published: Json = json.loads(answer)
            return published

    async def _stream(self, path: str) -> AsyncIterator[Event]:
        core = self._core
        headers = await self._headers(Accept="text/event-stream")
        async with Exchange(core.url, self._context, OPEN_TIMEOUT) as link:
            await link.send("GET", path, headers)
            if link.status != 200:
                raise refusal(link.status, await link.read(), link.headers.get("retry-after", ""))
            pieces = link.body()
            while core.goodbye is None and (piece := await self._next(pieces)):
                for event in core.feed(piece):
                    self._tell()
                    yield event
                    if self._closed or self._restart:
                        core.last_id = event.cursor or core.last_id
                        return
                self._tell()
                if core.expiring:
                    await self._renew()

    async def _next(self, pieces: AsyncIterator[bytes]) -> bytes:
        """The next piece; nothing at the end, and when close() or another room ends the wait.
        Error: TimeoutError after a silence that means a dead connection."""
        piece = asyncio.ensure_future(anext(pieces, b""))
        woken = asyncio.ensure_future(self._wake.wait())
        try:
            done, _ = await asyncio.wait(
                {piece, woken}, timeout=self._core.silence, return_when=asyncio.FIRST_COMPLETED
            )
            if not done:
                raise TimeoutError("silent for too long")
            return piece.result() if piece in done else b""
        finally:
            for each in (piece, woken):
                each.cancel()
            await asyncio.wait({piece, woken})

    def _tell(self) -> None:
        notices, self._core.notices = self._core.notices, []
        for state, detail in notices:
            self._on_status(state, detail)

    async def _renew(self) -> None:
        self._core.token = await self._new_token("expiring")
        try:
            await self._post(*self._core.renewal())
        except (StarlingError, *_BROKEN) as error:
            # The session goes on until its token ends; then the next connect brings the new one.
            self._on_status("renewal_failed", {"error": str(error)})

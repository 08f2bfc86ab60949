"""As much of HTTP/1.1 as the asyncio client needs: one request on a connection of its own."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

from ._errors import StarlingError

_MAX_HEAD = 64 * 1024


class Exchange:
    """One request and its answer. Leaving the `async with` closes the connection."""

    status = 0
    headers: dict[str, str]

    def __init__(self, url: str, context: ssl.SSLContext | None, timeout: float):
        self._url = urlsplit(url)
        self._context = context
        self._timeout = timeout

    async def __aenter__(self) -> Exchange:
        tls = None
        if self._url.scheme == "https":
            tls = self._context or ssl.create_default_context()
        port = self._url.port or (443 if tls else 80)
        async with asyncio.timeout(self._timeout):
            self._reader, self._writer = await asyncio.open_connection(
                self._url.hostname, port, ssl=tls, limit=_MAX_HEAD
            )
        return self

    async def __aexit__(self, *_: object) -> None:
        self._writer.close()

    async def send(self, method: str, path: str, headers: dict[str, str], body: bytes = b"") -> None:
        """Sends the request and reads the head of the answer."""
        lines = [f"{method} {self._url.path}{path} HTTP/1.1", f"Host: {self._url.netloc}", "Connection: close"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        if body:
            lines.append(f"Content-Length: {len(body)}")
        self._writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        async with asyncio.timeout(self._timeout):
            head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        version, _, rest = head[0].partition(" ")
        if not version.startswith("HTTP/1.") or not rest[:3].isdecimal():
            raise StarlingError(f"not an HTTP answer: {head[0]!r}")
        self.status = int(rest[:3])
        pairs = (line.partition(":") for line in head[1:] if line)
        self.headers = {name.strip().lower(): value.strip() for name, _, value in pairs}

    async def body(self) -> AsyncIterator[bytes]:
        """The body in pieces, as they come."""
        if "chunked" in self.headers.get("transfer-encoding", "").lower():
            while size := int((await self._reader.readuntil(b"\r\n")).split(b";")[0], 16):
                yield (await self._reader.readexactly(size + 2))[:-2]
            return
        left = int(self.headers.get("content-length", -1))
        while left and (piece := await self._reader.read(65536 if left < 0 else min(left, 65536))):
            left -= len(piece) if left > 0 else 0
            yield piece

    async def read(self) -> bytes:
        async with asyncio.timeout(self._timeout):
            return b"".join([piece async for piece in self.body()])

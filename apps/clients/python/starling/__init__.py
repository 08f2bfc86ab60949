"""Starling client for Python 3.11 or later; standard library only.

    client = Starling("https://push.example", token=token, rooms=["lobby"])
    for event in client:
        print(event.room, event.name, event.data)

Iterating blocks until the next event, reconnects by itself and resumes after the last event. It
ends when the server says that there must be no reconnect (see `goodbye`) or after `close()`.
`starling.aio.Starling` is the same for asyncio.
"""

from ._core import Event
from ._errors import StarlingError
from ._retry import BACKOFF, retry_delay
from ._sse import SseParser
from ._sync import Starling

__all__ = ["BACKOFF", "Event", "SseParser", "Starling", "StarlingError", "retry_delay"]

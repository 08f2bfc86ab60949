"""What the blocking and the asyncio client offer alike."""

from __future__ import annotations

from ._core import Core, Json


class Subscription:
    """The part of a client that neither waits nor speaks to a socket."""

    _core: Core
    _restart: bool

    def _cut(self) -> None:
        """Ends the present wait, so that the client looks at what has changed."""
        raise NotImplementedError

    @property
    def last_id(self) -> str:
        """The position to resume from."""
        return self._core.last_id

    @last_id.setter
    def last_id(self, cursor: str) -> None:
        self._core.last_id = cursor

    @property
    def session(self) -> Json:
        """What the last `connected` said."""
        return self._core.session

    @property
    def goodbye(self) -> Json | None:
        return self._core.goodbye

    @property
    def rooms(self) -> list[str]:
        return list(self._core.rooms)

    def subscribe(self, *rooms: str) -> None:
        """Adds rooms; the stream is opened anew at its position, so nothing is missed."""
        self._change_rooms(self._core.rooms + [room for room in rooms if room not in self._core.rooms])

    def unsubscribe(self, *rooms: str) -> None:
        self._change_rooms([room for room in self._core.rooms if room not in rooms])

    def _change_rooms(self, rooms: list[str]) -> None:
        if rooms == self._core.rooms:
            return
        self._core.rooms = rooms
        self._restart = True
        self._cut()

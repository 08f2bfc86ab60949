"""The WHATWG event stream parser."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ._errors import StarlingError

MAX_FRAME_CHARS = 16 * 1024 * 1024
_LINE_END = re.compile(r"\r\n|\r|\n")


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

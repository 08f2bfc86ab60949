"""What went wrong, as callers see it."""

from __future__ import annotations

import json
from typing import Any


class StarlingError(Exception):
    """The server refused a request; `status` is 0 when there was no answer at all."""

    def __init__(self, message: str, status: int = 0, code: str = "", retry_after: float | None = None):
        super().__init__(message)
        self.status = status
        self.code = code
        self.retry_after = retry_after


def parse_json(text: str | bytes) -> Any:
    """None when it is not JSON: a payload of plain text."""
    try:
        return json.loads(text)
    except ValueError:
        return None


def refusal(status: int, body: bytes, retry_after: str) -> StarlingError:
    """The error of an answer that is no 200."""
    answer = parse_json(body.decode("utf-8", "replace"))
    error = answer.get("error") if isinstance(answer, dict) else None
    error = error if isinstance(error, dict) else {"message": error or f"HTTP {status}"}
    seconds = float(retry_after) if retry_after.isdecimal() else None
    return StarlingError(error.get("message", ""), status, error.get("code", ""), seconds)

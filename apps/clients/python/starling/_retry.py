"""How long to wait before the next attempt."""

from __future__ import annotations

import random
from collections.abc import Callable

# Seconds, for what does not heal by itself: first ceiling, highest ceiling, growth per failure.
BACKOFF = {"auth": (30.0, 600.0, 2.0), "address": (15.0, 900.0, 2.5)}
RETRY = 0.5  # until a server has said its own
AWAY_GROWTH = 1.1
AWAY_CEILING = 1.2  # with its jitter below two seconds: so long may a node be back unnoticed
MIN_DELAY = 0.25  # full jitter may draw 0, which would be a busy loop


def kind_of(status: int) -> str:
    """"auth", "address", or "away": not there, broken or too busy, which heals by itself."""
    if status in (401, 403):
        return "auth"
    return "address" if status == 404 else "away"


def retry_delay(
    kind: str = "away",
    attempt: int = 0,
    retry: float = RETRY,
    max_delay: float = float("inf"),
    draw: Callable[[], float] = random.random,
) -> float:
    """Seconds before retry number `attempt` (from 0).

    While a server is away the tries are short and flat, around what it last asked for (`retry`,
    which it makes longer when many come at once); the rest waits below an exponential ceiling with
    full jitter. The cap comes last.
    """
    steps = min(attempt, 64)
    if kind == "away":
        flat = min(retry * AWAY_GROWTH**steps, max(retry, AWAY_CEILING))
        return min(flat * (0.5 + draw()), max_delay)
    initial, highest, factor = BACKOFF[kind]
    return min(max(draw() * min(initial * factor**steps, highest), MIN_DELAY), max_delay)

"""Does the checker itself keep up? Its readers, publishers and proxies share one thread of one interpreter."""
import asyncio
import time

TICK_SECONDS = 0.02
LATE_SECONDS = 0.5  # from here on the times it measured are its own
BUSY = 0.85  # share of a core


class Lag:
    """async with: measures. Seconds by which the event loop came late at worst, and the share of a core it used."""

    def __init__(self):
        self.worst = self.busy = 0.0

    async def __aenter__(self):
        self._wall, self._used = time.monotonic(), time.process_time()
        self._task = asyncio.create_task(self._measure())
        return self

    async def _measure(self):
        while True:
            due = time.monotonic() + TICK_SECONDS
            await asyncio.sleep(TICK_SECONDS)
            self.worst = max(self.worst, time.monotonic() - due)

    async def __aexit__(self, *_):
        self._task.cancel()
        self.busy = (time.process_time() - self._used) / (time.monotonic() - self._wall)

    def keeps_up(self):
        return self.worst < LATE_SECONDS and self.busy < BUSY

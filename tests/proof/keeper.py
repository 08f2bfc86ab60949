"""Starts nodes again that end by themselves, as their supervisor would."""
import asyncio

from faults import Fault

LOOK_SECONDS = 0.05
RESTART_SECONDS = 1.0  # RestartSec of scripts/deploy/systemd


class Keeper:
    """Such an end is a fault like others: what is said of quiet times is not said of it. One that was not planned is
    complained of as well."""

    def __init__(self, run):
        self.run = run
        self.restarts = 0
        self._away = set()  # names of nodes that are being started again

    async def watch(self):
        """For ever; cancel it."""
        async with asyncio.TaskGroup() as starting:
            while True:
                for index, node in enumerate(self.run.world.nodes):
                    if node.name not in self._away and not node.expected_down and not node.alive():
                        self._away.add(node.name)
                        starting.create_task(self._start_again(index, node))
                await asyncio.sleep(LOOK_SECONDS)

    async def _start_again(self, index, node):
        code, life = node.process.process.returncode, node.lives
        self.run.say(f"{node.name} ended by itself with {code}")
        if not node.may_end_with(code):
            self.run.ledger.complain(f"{node.name} ended by itself with {code}")
        span = [Fault(self.run.now(), "node_end", index, RESTART_SECONDS, 0), self.run.now(), None]
        self.run.faults.spans.append(span)
        try:
            await asyncio.sleep(RESTART_SECONDS)
            if node.lives == life and not node.expected_down:  # else a fault has it, and starts it again
                self.restarts += 1
                node.start()
                await node.says("starlingd ready")
        except AssertionError as failed:
            self.run.ledger.complain(str(failed))
        finally:
            span[2] = self.run.now()
            self._away.discard(node.name)

"""Kills processes without warning, in turn, at random moments of the run, and starts each again a little later."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from itertools import cycle
from random import Random

from serving.soak.processes import Process
from serving.soak.recovery import Kill

LONGEST_ABSENCE = 3.0  # seconds
LOOK_SECONDS = 0.02
REVIVE_SECONDS = 1.0
FROM, TO = 0.02, 0.95  # shares of the run: at the end somebody has to be left to feel it


class Killer:
    def __init__(self, processes: Sequence[Process], kills: int, seed: int) -> None:
        self._random = Random(f"kills {seed}")
        self._processes = processes
        self._moments = [FROM + (TO - FROM) * (number + self._random.random()) / kills for number in range(kills)]
        self._away: set[str] = set()  # killed, and not started again yet
        self.kills: list[Kill] = []
        self.ended: Counter[str] = Counter()  # processes that ended by themselves

    async def run(self, progress: Callable[[], float]) -> None:
        """Ends when all have been killed and started again. `progress` goes from 0 to 1."""
        victims = cycle(in_turn(self._processes))
        async with asyncio.TaskGroup() as group:
            for moment in self._moments:
                await _until(partial(_reached, progress, moment))
                await asyncio.sleep(self._random.random() / 2)
                victim = next(victims)
                await _until(victim.runs)
                self._away.add(victim.name)
                self.kills.append(Kill(victim.name, time.monotonic()))
                victim.kill()
                group.create_task(self._start_again(victim, self._random.random() * LONGEST_ABSENCE))

    async def revive(self) -> None:
        """What every service manager does: whoever ends by itself is started again. Runs until cancelled."""
        while True:
            await asyncio.sleep(REVIVE_SECONDS)
            for process in self._processes:
                if not process.runs() and process.name not in self._away:
                    self.ended[process.name] += 1
                    process.start()

    async def _start_again(self, victim: Process, after: float) -> None:
        await asyncio.sleep(after)
        victim.start()
        self._away.discard(victim.name)


async def _until(holds: Callable[[], bool]) -> None:
    while not holds():  # noqa: ASYNC110 -- a process that dies by itself tells nobody
        await asyncio.sleep(LOOK_SECONDS)


def _reached(progress: Callable[[], float], moment: float) -> bool:
    return progress() >= moment


def in_turn(processes: Sequence[Process]) -> list[Process]:
    """One of each kind, then the next of each; a kind with fewer begins anew."""
    kinds: dict[str, list[Process]] = {}
    for process in processes:
        kinds.setdefault(process.kind, []).append(process)
    rounds = max(map(len, kinds.values()))
    return [of_kind[number % len(of_kind)] for number in range(rounds) for of_kind in kinds.values()]

"""What the rows of the benchmark find, as the table reads it and as one process hands it to another."""

from collections.abc import Sequence
from statistics import quantiles

import msgspec


class Figures(msgspec.Struct, frozen=True, tag="turns"):
    """Turns of one row; milliseconds, and for CPU milliseconds per turn."""

    row: str
    at_once: int
    turns: int
    p50: float
    p95: float
    first_p50: float
    first_p95: float
    cpu: float
    redis_cpu: float
    model_cpu: float
    model_busy: float  # share of one core, 0..1
    per_second: float
    not_as_meant: int
    round_trips: float  # to Redis, per turn of a single customer
    commands: dict[str, float]  # the same, by command or script

    @property
    def per_core(self) -> float:
        """Turns that a second of CPU is enough for."""
        return 1000 / self.cpu if self.cpu else 0.0


class IdleSockets(msgspec.Struct, frozen=True, tag="idle sockets"):
    sockets: int
    kib_each: float  # by which the process that holds them grew, resident
    cpu_share: float  # of one core, 0..1, while nothing happened

    @property
    def per_gib(self) -> float:
        return 2**20 / self.kib_each


class Queueing(msgspec.Struct, frozen=True, tag="queueing"):
    """From when a message was accepted until a worker took it, by Redis's clock; milliseconds."""

    open: int
    active: int
    workers: int
    turns: int
    per_second: float
    p50: float
    p95: float
    most: float
    not_answered: int
    busy: float  # share of this machine's cores that was in use meanwhile, 0..1


Found = Figures | IdleSockets | Queueing


def percentile(values: Sequence[float], percent: int) -> float:
    if len(values) < 2:
        return values[0]
    return quantiles(values, n=100, method="inclusive")[percent - 1]

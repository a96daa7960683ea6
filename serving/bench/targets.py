"""What the figures should be, and how far they are from it."""

from collections.abc import Iterator, Sequence

import msgspec

from serving.bench.figures import Figures, Found, IdleSockets, Queueing

RAW, EXTRACTIVE, AGENT, WHOLE, STOCK = "raw", "extractive", "agent", "whole path", "stock"


class Target(msgspec.Struct, frozen=True):
    """Met at `bound` exactly; `aim` is what would be better still."""

    what: str
    bound: float
    unit: str = ""
    more_is_better: bool = False
    aim: float | None = None
    digits: int = 1

    def verdict(self, got: float, where: str = "") -> str:
        most = "at least" if self.more_is_better else "at most"
        said = f"{self.what}{where}: {self._said(got)}; target {most} {self._said(self.bound)}: {self._met(got)}"
        if self.aim is None:
            return said
        reached = "reached" if self._holds(got, self.aim) else "not reached"
        return f"{said} (aim {self._said(self.aim)}: {reached})"

    def _holds(self, got: float, bound: float) -> bool:
        return got >= bound if self.more_is_better else got <= bound

    def _met(self, got: float) -> str:
        if self._holds(got, self.bound):
            return "met"
        return f"MISSED by {self._said(abs(got - self.bound))}"

    def _said(self, figure: float) -> str:
        number = f"{figure:,.{self.digits}f}"
        return f"{number.removesuffix('.0')}{self.unit}"


EXTRACTIVE_P95 = Target("extractive: p95 of a whole turn, one at a time", 100, " ms")
ADDED_P50 = Target("whole path: added time to the first text, p50, one at a time", 25, " ms", aim=10)
ADDED_P95 = Target("whole path: added time to the first text, p95, one at a time", 50, " ms")
CPU = Target("whole path: CPU per turn", 15, " ms", aim=4)
PER_CORE = Target("whole path: turns per second and core", 70, more_is_better=True, aim=300, digits=0)
ROUND_TRIPS = Target("whole path: Redis round trips per turn", 6, aim=4, digits=2)
AGENT_CPU = Target("agent in one process, without the web: CPU per turn", 15, " ms")
TIMES_STOCK = Target("whole path: turns per core beside stock LangChain's", 10, " x", more_is_better=True)
SOCKETS = Target("idle sockets per GiB", 30_000, more_is_better=True, aim=60_000, digits=0)
QUEUEING_P95 = Target("queueing p95", 250, " ms", aim=100, digits=0)


def verdicts(found: Sequence[Found]) -> list[str]:
    turns = {(row.row, row.at_once): row for row in found if isinstance(row, Figures)}
    said = [*_one_at_a_time(turns), *_at_each_size(turns), *_growing(turns)]
    for each in found:
        if isinstance(each, IdleSockets):
            said.append(SOCKETS.verdict(each.per_gib))
        elif isinstance(each, Queueing):
            where = f", {each.open:,} open and {each.active} active on {each.workers} workers"
            said.append(QUEUEING_P95.verdict(each.p95, where))
    return said


def _one_at_a_time(turns: dict[tuple[str, int], Figures]) -> Iterator[str]:
    if one := turns.get((EXTRACTIVE, 1)):
        yield EXTRACTIVE_P95.verdict(one.p95)
    if (one := turns.get((WHOLE, 1))) and (raw := turns.get((RAW, 1))):
        yield ADDED_P50.verdict(one.first_p50 - raw.first_p50)
        yield ADDED_P95.verdict(one.first_p95 - raw.first_p95)
    if one:
        yield ROUND_TRIPS.verdict(one.round_trips)


def _at_each_size(turns: dict[tuple[str, int], Figures]) -> Iterator[str]:
    for (row, at_once), one in turns.items():
        where = f", {at_once} at once"
        if row == WHOLE:
            yield CPU.verdict(one.cpu, where)
            yield PER_CORE.verdict(one.per_core, where)
            if stock := turns.get((STOCK, at_once)):
                yield TIMES_STOCK.verdict(one.per_core / stock.per_core, where)
        elif row == AGENT:
            yield AGENT_CPU.verdict(one.cpu, where)


def _growing(turns: dict[tuple[str, int], Figures]) -> Iterator[str]:
    """No target: on a machine of two cores, which the customers and the model share, a second worker has no core."""
    for (row, at_once), one in turns.items():
        if row == "web + worker" and (two := turns.get(("web + 2 workers", at_once))):
            yield (
                f"1 -> 2 workers, {at_once} at once: {one.per_second:.0f} -> {two.per_second:.0f} turns/s, "
                f"CPU per turn {one.cpu:.1f} -> {two.cpu:.1f} ms"
            )

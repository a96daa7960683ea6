"""What the desk's search must reach, and whether it does."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

NONE, MINILM = "none", "minilm"
ACCEPTED = (0.92, 0.98)  # of what has an answer, at the threshold that is fitted for 95 %
NEAR = 0.01  # the whole may lie so far below the best of its parts

Figures = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Bar:
    set: str
    embedder: str
    figure: str
    bound: float
    at_most: bool = False

    def met(self, value: float) -> bool:
        return value <= self.bound if self.at_most else value >= self.bound


BARS = (
    Bar("stackfaq", MINILM, "hit@1", 0.78),
    Bar("stackfaq", MINILM, "mrr@10", 0.86),
    Bar("shoppingbench", MINILM, "hit@1", 0.66),
    Bar("ecombench_known", MINILM, "recall@10", 0.90),
    *(Bar(f"banking77_{seed}", NONE, "hit@1", 0.75) for seed in range(3)),
    *(Bar(f"banking77_{seed}", MINILM, "hit@1", 0.82) for seed in range(3)),
    Bar("clinc150", MINILM, "auroc", 0.975),
    Bar("clinc150", MINILM, "fpr95", 0.12, at_most=True),
    Bar("identifiers", NONE, "hit@1", 0.99),
    Bar("identifiers", MINILM, "hit@1", 0.99),
    Bar("epqa", MINILM, "p@1", 0.75),
    Bar("10k passages", MINILM, "p50_ms", 6, at_most=True),
    Bar("10k passages", MINILM, "p95_ms", 10, at_most=True),
    Bar("10k passages", MINILM, "memory_mb", 200, at_most=True),
    Bar("100k passages", MINILM, "p50_ms", 15, at_most=True),
    Bar("100k passages", MINILM, "p95_ms", 25, at_most=True),
    Bar("100k passages", MINILM, "memory_mb", 300, at_most=True),
)


@dataclass(frozen=True, slots=True)
class Row:
    """One way of searching, or of ranking, one set."""

    set: str
    way: str  # "desk, none", "desk, minilm", or the name of a part
    figures: Figures

    @property
    def is_desk(self) -> bool:
        return self.way.startswith("desk")

    def figure(self, name: str) -> float | None:
        value = self.figures.get(name)
        return float(value) if isinstance(value, int | float) else None


def judged(rows: Sequence[Row]) -> list[str]:
    """A line for each bar whose row was measured: met or MISSED."""
    measured = {(row.set, row.way): row for row in rows}
    lines = []
    for bar in BARS:
        row = measured.get((bar.set, f"desk, {bar.embedder}"))
        value = row.figure(bar.figure) if row else None
        if value is not None:
            sign = "<=" if bar.at_most else ">="
            what = f"{bar.set}, {bar.embedder}: {bar.figure} {value:.3f} {sign} {bar.bound}"
            lines.append(_line(bar.met(value), what))
    return [*lines, *_accepting(rows), *_not_below_parts(rows)]


def _accepting(rows: Sequence[Row]) -> list[str]:
    low, high = ACCEPTED
    found = [(row, row.figure("accepted")) for row in rows if row.is_desk]
    return [
        _line(low <= value <= high, f"{row.set}, {row.way}: accepted {value:.3f} from {low} to {high}")
        for row, value in found
        if value is not None
    ]


def _not_below_parts(rows: Sequence[Row]) -> list[str]:
    lines = []
    for row in rows:
        parts = [
            (value, part.way)
            for part in rows
            if part.set == row.set and _is_part(part.way, row.way) and (value := part.figure("hit@1")) is not None
        ]
        mine = row.figure("hit@1")
        if row.is_desk and mine is not None and parts:
            best, name = max(parts)
            lines.append(_line(mine >= best - NEAR, f"{row.set}, {row.way}: hit@1 {mine:.3f}, {name} {best:.3f}"))
    return lines


def _is_part(part: str, whole: str) -> bool:
    alone = part.endswith(" alone")
    return alone and (MINILM in whole or not part.startswith("dense"))


def _line(met: bool, what: str) -> str:
    return f"{'met   ' if met else 'MISSED'}  {what}"

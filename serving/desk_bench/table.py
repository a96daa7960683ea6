"""The figures of all measurements, side by side."""

from collections.abc import Iterable

from serving.bench.figures import percentile
from serving.desk_bench.measuring import Measured

HEADINGS = (
    "",
    "words",
    "row p50",
    "p95",
    "max",
    "talk p95",
    "joined p95",
    "opened p95",
    "desk CPU",
    "Redis CPU",
    "kB/s",
)
EXPLAINED = """\
row: seconds from the moment a customer's words are sent until an open page is told them for its line, over all pages
and words; talk: the same in the conversation that a page has open; joined: a new customer's row; opened: a page's
socket until it has the whole line. CPU: of one core. kB/s: what one page is sent."""


def table(found: Iterable[Measured]) -> str:
    lines = [HEADINGS, *(_row(one) for one in found)]
    widths = [max(len(line[place]) for line in lines) for place in range(len(HEADINGS))]
    drawn = [
        "  ".join(
            cell.rjust(width) if place else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        for line in lines
    ]
    return "\n".join([*drawn, "", EXPLAINED])


def _row(one: Measured) -> tuple[str, ...]:
    return (
        one.name,
        str(one.words),
        f"{percentile(one.rows, 50):.3f}",
        f"{percentile(one.rows, 95):.3f}",
        f"{max(one.rows):.3f}",
        f"{percentile(one.talks, 95):.3f}",
        f"{percentile(one.joins, 95):.3f}",
        f"{percentile(one.opened, 95):.3f}",
        f"{one.desk_cpu:.0%}",
        f"{one.redis_cpu:.0%}",
        f"{one.page_bytes / 1000:.1f}",
    )

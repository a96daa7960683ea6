"""The figures as one table, and below it how they stand to what we aim at."""

from collections.abc import Sequence

from serving.bench.measuring import Figures

HEADINGS = (
    "", "at once", "turns", "p50", "p95", "first p50", "first p95", "added", "CPU", "Redis CPU", "model CPU",
    "turns/s", "Redis trips",
)  # fmt: skip
EXPLAINED = """\
p50, p95: a whole turn, ms. first: until the customer sees the first text, ms. added: first p50 beyond the raw calls'.
CPU: ms per turn of the measured process alone, its customers included; Redis and the model server run beside it.
Redis trips: commands sent to Redis for a turn of a single customer.
Each customer asks again as soon as they are answered: with 50 and 200 of them the times are mostly a row's own queue,
and what tells rows apart is CPU and turns/s. Whatever else runs on the machine makes all figures worse."""
RAW, EXTRACTIVE, AGENT, STOCK = "raw", "extractive", "agent", "stock"
EXTRACTIVE_P95, AGENT_ADDED, AGENT_CPU = 100.0, 25.0, 15.0  # ms
BUSY = 0.8  # of a core: from here on a row measures the model server rather than us


def table(rows: Sequence[Figures]) -> str:
    raw = {row.at_once: row.first_p50 for row in rows if row.row == RAW}
    lines = [HEADINGS, *(_cells(row, raw.get(row.at_once)) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    text = [
        "  ".join(cell.ljust(width) if place == 0 else cell.rjust(width) for place, (cell, width) in enumerate(pairs))
        for pairs in (list(zip(line, widths, strict=True)) for line in lines)
    ]
    return "\n".join([*text, "", EXPLAINED, "", *_aims(rows, raw), *_doubts(rows)])


def _cells(row: Figures, raw_first: float | None) -> tuple[str, ...]:
    compared = row.row in (AGENT, STOCK) or row.row.startswith("agent")
    added = f"{row.first_p50 - raw_first:.1f}" if compared and raw_first is not None else ""
    times = (row.p50, row.p95, row.first_p50, row.first_p95)
    return (
        row.row,
        str(row.at_once),
        str(row.turns),
        *(f"{time:.1f}" for time in times),
        added,
        *(f"{cpu:.1f}" for cpu in (row.cpu, row.redis_cpu, row.model_cpu)),
        f"{row.per_second:.0f}",
        f"{row.round_trips:.1f}",
    )


def _aims(rows: Sequence[Figures], raw: dict[int, float]) -> list[str]:
    found = {(row.row, row.at_once): row for row in rows}
    said = []
    if one := found.get((EXTRACTIVE, 1)):
        said.append(_aim("extractive p95, one at a time", one.p95, EXTRACTIVE_P95))
    if (one := found.get((AGENT, 1))) and 1 in raw:
        said.append(_aim("agent: added time to the first text, one at a time", one.first_p50 - raw[1], AGENT_ADDED))
    if ours := [row for row in rows if row.row == AGENT]:
        said.append(_aim("agent: CPU per turn, the dearest row", max(row.cpu for row in ours), AGENT_CPU))
        said += [
            f"stock LangChain spends {stock.cpu / row.cpu:.1f} times the CPU of our whole turn at {row.at_once} at once"
            for row in ours
            if (stock := found.get((STOCK, row.at_once)))
        ]
    return said


def _aim(what: str, got: float, aim: float) -> str:
    return f"{what}: {got:.1f} ms; the aim is at most {aim:.0f} ms: {'met' if got <= aim else 'MISSED'}"


def _doubts(rows: Sequence[Figures]) -> list[str]:
    said = [
        f"{row.row} at {row.at_once}: the scripted model used {row.model_busy:.0%} of a core and held the row back"
        for row in rows
        if row.model_busy >= BUSY
    ]
    return said + [
        f"{row.row} at {row.at_once}: {row.not_as_meant} of {row.turns} turns were not answered by whom they should be"
        for row in rows
        if row.not_as_meant
    ]

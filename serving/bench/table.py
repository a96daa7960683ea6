"""The figures as one table, and below it how they stand to what we aim at."""

from collections.abc import Iterator, Sequence

from serving.bench.figures import Figures, Found, IdleSockets, Queueing
from serving.bench.targets import RAW, verdicts

HEADINGS = (
    "", "at once", "turns", "p50", "p95", "first p50", "first p95", "added", "CPU", "per core", "Redis CPU",
    "model CPU", "turns/s", "Redis trips",
)  # fmt: skip
EXPLAINED = """\
p50, p95: a whole turn, ms. first: until the customer sees the first text, ms. added: first p50 beyond the raw calls'.
CPU: ms per turn. Of "whole path" and "web + ...": of the desk's own processes, with a new chat every fourth turn; the
customers are a process apart. Of the other rows: of the one process that has customers and answers in it. Redis and
the model server run beside it. per core: turns for which a second of CPU is enough.
Redis trips: commands sent to Redis for a turn of a single customer, less what is sent by the clock, or once for a chat.
Each customer asks again as soon as they are answered: with 50 and 200 of them the times are mostly a row's own queue,
and what tells rows apart is CPU and turns/s. Whatever else runs on the machine makes all figures worse."""
BUSY = 0.8  # of a core: from here on a row measures the model server rather than us
MACHINE_BUSY = 0.9


def table(found: Sequence[Found]) -> str:
    rows = [row for row in found if isinstance(row, Figures)]
    parts = [_turns(rows), EXPLAINED] if rows else []
    parts += [
        "\n".join(lines) for lines in (_trips(rows), list(_trials(found)), verdicts(found), _doubts(found)) if lines
    ]
    return "\n\n".join(parts)


def _turns(rows: Sequence[Figures]) -> str:
    raw = {row.at_once: row.first_p50 for row in rows if row.row == RAW}
    lines = [HEADINGS, *(_cells(row, raw.get(row.at_once)) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) if place == 0 else cell.rjust(width) for place, (cell, width) in enumerate(pairs))
        for pairs in (list(zip(line, widths, strict=True)) for line in lines)
    )


def _cells(row: Figures, raw_first: float | None) -> tuple[str, ...]:
    compared = row.row not in (RAW, "extractive") and raw_first is not None
    times = (row.p50, row.p95, row.first_p50, row.first_p95)
    return (
        row.row,
        str(row.at_once),
        str(row.turns),
        *(f"{time:.1f}" for time in times),
        f"{row.first_p50 - (raw_first or 0):.1f}" if compared else "",
        f"{row.cpu:.1f}",
        f"{row.per_core:.0f}",
        *(f"{cpu:.1f}" for cpu in (row.redis_cpu, row.model_cpu)),
        f"{row.per_second:.0f}",
        f"{row.round_trips:.1f}",
    )


def _trips(rows: Sequence[Figures]) -> list[str]:
    """By command, of a turn of one customer at the WebSocket."""
    return [
        f"Redis, {row.row}: " + ", ".join(f"{count:.2f} {name}" for name, count in sorted(row.commands.items()))
        for row in rows
        if row.row.startswith(("whole", "web"))
    ]


def _trials(found: Sequence[Found]) -> Iterator[str]:
    for each in found:
        if isinstance(each, IdleSockets):
            yield (
                f"idle sockets: {each.sockets:,} open, {each.kib_each:.1f} KiB each: {each.per_gib:,.0f} per GiB; "
                f"together they use {each.cpu_share:.1%} of a core"
            )
        elif isinstance(each, Queueing):
            yield (
                f"queueing, from accepted to taken by a worker, with turns of a second: p50 {each.p50:.0f} ms, "
                f"p95 {each.p95:.0f} ms, most {each.most:.0f} ms; {each.open:,} chats open, {each.active} active, "
                f"{each.workers} workers, {each.turns} turns, {each.per_second:.0f} a second"
            )


def _doubts(found: Sequence[Found]) -> list[str]:
    said = []
    for row in found:
        if isinstance(row, Figures):
            if row.model_busy >= BUSY:
                used = f"the scripted model used {row.model_busy:.0%} of a core and held the row back"
                said.append(f"{row.row} at {row.at_once}: {used}")
            if row.not_as_meant:
                said.append(
                    f"{row.row} at {row.at_once}: {row.not_as_meant} of {row.turns} turns were not answered by whom "
                    "they should be"
                )
        elif isinstance(row, Queueing):
            if row.busy >= MACHINE_BUSY:
                said.append(
                    f"queueing: {row.busy:.0%} of the machine was busy, so it is the machine's queue that is seen"
                )
            if row.not_answered:
                said.append(f"queueing: {row.not_answered} of {row.turns} turns were not answered by the model")
    return said

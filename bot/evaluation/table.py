"""Figures for a person: one line each, with what they mean."""

from collections.abc import Sequence


def listed(figures: Sequence[tuple[str, float | int | str | None, str]]) -> str:
    """Name, figure and meaning in three columns."""
    shown = [(name, _shown(value), meaning) for name, value, meaning in figures]
    widths = [max(len(row[column]) for row in shown) for column in (0, 1)]
    return "\n".join(f"{name:<{widths[0]}}  {value:>{widths[1]}}  {meaning}".rstrip() for name, value, meaning in shown)


def _shown(value: float | int | str | None) -> str:
    if value is None:
        return "-"
    return f"{value:.3f}" if isinstance(value, float) else str(value)

"""The files that `shopdesk eval` reads, as they are written: one JSON object a line."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

Row = dict[str, object]


@dataclass(frozen=True, slots=True)
class SearchSet:
    """What to find passages in, what to ask, and phrasings that are known already, where there are any."""

    name: str
    knowledge: list[Row]
    questions: list[Row]
    train: list[Row]


@dataclass(frozen=True, slots=True)
class RankSet:
    name: str
    questions: list[Row]


def read_rows(path: Path) -> list[dict[str, str]]:
    """Raises FileNotFoundError where the set is absent."""
    return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line]


def write_rows(path: Path, rows: Iterable[Row]) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    return path


def written(folder: Path, found: SearchSet) -> Mapping[str, Path]:
    """The set as files: `knowledge`, `questions` and, where there are known phrasings, `train`."""
    kinds = {"knowledge": found.knowledge, "questions": found.questions, "train": found.train}
    return {kind: write_rows(folder / f"{found.name}_{kind}.jsonl", rows) for kind, rows in kinds.items() if rows}


def grouped(rows: Iterable[dict[str, str]], key: str) -> Iterator[tuple[str, list[dict[str, str]]]]:
    """By the value of one field, in the order in which the values first occur."""
    found: dict[str, list[dict[str, str]]] = {}
    for row in rows:
        found.setdefault(row[key], []).append(row)
    yield from found.items()

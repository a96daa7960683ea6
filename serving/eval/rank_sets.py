"""Public product questions with candidate answers, turned into what `shopdesk eval rank` reads."""

from collections.abc import Callable, Mapping
from pathlib import Path

from serving.eval.files import RankSet, Row, grouped, read_rows


def epqa(data: Path) -> RankSet:
    """Ten candidates each, of reviews, other customers' answers, descriptions and attributes; labels 0, 1, 2."""
    return _grouped("epqa", data / "dev" / "epqa.jsonl")


def hetpqa(data: Path) -> RankSet:
    return _grouped("hetpqa", data / "dev" / "hetpqa_dev.jsonl")


def semipqa(data: Path) -> RankSet:
    """Attributes only."""
    return _grouped("semipqa", data / "dev" / "semipqa_dev.jsonl")


RANK_SETS: Mapping[str, Callable[[Path], RankSet]] = {"epqa": epqa, "hetpqa": hetpqa, "semipqa": semipqa}


def _grouped(name: str, path: Path) -> RankSet:
    questions: list[Row] = [
        {
            "query": rows[0]["question"],
            "candidates": [{"text": row["candidate"], "label": int(row["label"])} for row in rows],
        }
        for _, rows in grouped(read_rows(path), "qid")
    ]
    return RankSet(name, questions)

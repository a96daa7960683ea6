"""The files of `shopdesk eval`: one JSON object a line, read strictly enough to say which line is wrong."""

from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

import msgspec

Label = str | int
Row = TypeVar("Row", bound=msgspec.Struct)


class EvaluationFileError(ValueError):
    """A file cannot be measured with; the text names file, line and what to mend."""


class KnowledgeRow(msgspec.Struct, frozen=True):
    """One passage; a hit on any passage of its group is a hit on the group."""

    id: Label
    text: str = ""
    group: Label | None = None
    title: str | None = None
    question: str | None = None


class QuestionRow(msgspec.Struct, frozen=True):
    query: str
    relevant: list[Label]  # ids or groups; none: the knowledge has no answer


class CandidateRow(msgspec.Struct, frozen=True):
    text: str
    label: float | str  # above 0: it answers


class RankRow(msgspec.Struct, frozen=True):
    query: str
    candidates: list[CandidateRow]


def read_knowledge_rows(path: Path) -> list[KnowledgeRow]:
    """Raises EvaluationFileError, OSError."""
    rows = _read(path, KnowledgeRow)
    seen: dict[str, int] = {}
    for line, row in rows:
        name = str(row.id)
        if name in seen:
            raise _wrong(path, line, f'the id "{name}" stands in line {seen[name]} already')
        seen[name] = line
        if not any(part and part.strip() for part in (row.title, row.question, row.text)):
            raise _wrong(path, line, "title, question and text are all empty: there is nothing to find")
    return [row for _, row in rows]


def read_question_rows(path: Path) -> list[QuestionRow]:
    """Raises EvaluationFileError, OSError."""
    rows = _read(path, QuestionRow)
    for line, row in rows:
        if not row.query.strip():
            raise _wrong(path, line, "the query is empty")
    return [row for _, row in rows]


def read_rank_rows(path: Path) -> list[RankRow]:
    """Raises EvaluationFileError, OSError."""
    rows = _read(path, RankRow)
    for line, row in rows:
        if not row.candidates:
            raise _wrong(path, line, "there are no candidates")
        for candidate in row.candidates:
            try:
                float(candidate.label)
            except ValueError:
                raise _wrong(path, line, f'the label "{candidate.label}" is no number') from None
    return [row for _, row in rows]


def _read(path: Path, kind: type[Row]) -> Sequence[tuple[int, Row]]:
    decoder = msgspec.json.Decoder(kind)
    found: list[tuple[int, Row]] = []
    for line, written in enumerate(path.read_bytes().removeprefix(b"\xef\xbb\xbf").split(b"\n"), start=1):
        if not written.strip():
            continue
        try:
            found.append((line, decoder.decode(written)))
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise _wrong(path, line, str(error)) from None
    if not found:
        raise EvaluationFileError(f"{path} has no rows")
    return found


def _wrong(path: Path, line: int, what: str) -> EvaluationFileError:
    return EvaluationFileError(f"{path}:{line}: {what}")

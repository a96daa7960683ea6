"""Knowledge kept as rows: CSV from a spreadsheet, JSONL from another program."""

import csv
import io
import re
from collections.abc import Iterator

import msgspec

from bot.knowledge.passages import Kind, Passage
from bot.knowledge.reading.drafts import Draft, Origin, page_url, passage_id
from bot.separators import separator_of

COLUMNS = ("id", "kind", "language", "topic", "question", "answer", "url", "phrasings")
NEEDED = ("id", "question", "answer")
KINDS: dict[str, Kind] = {"faq": "faq", "policy": "policy", "product": "product"}
NAME = re.compile(r"[\w.:-]+")


class Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line of a JSONL file, or one row of a CSV file."""

    id: str
    title: str
    text: str
    language: str = ""
    kind: Kind | None = None
    url: str = ""
    questions: tuple[str, ...] = ()
    topic: str = ""


def read_csv(text: str, origin: Origin) -> list[Draft]:
    """Raises KnowledgeFileError with the line of whatever is wrong."""
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=separator_of(text), strict=True)
    try:
        header = [name.strip().lower() for name in next(rows)]
        _check_header(header, origin)
        return [_draft(row, line, origin) for line, row in _csv_rows(rows, header, origin)]
    except csv.Error as broken:
        raise origin.refusal(rows.line_num, f"this is not CSV: {broken}") from None


def read_jsonl(text: str, origin: Origin) -> list[Draft]:
    """Raises KnowledgeFileError with the line of whatever is wrong."""
    drafts = []
    for line, source in enumerate(text.split("\n"), 1):
        if not source.strip():
            continue
        try:
            row = msgspec.json.decode(source, type=Row)
        except msgspec.ValidationError as wrong:
            raise origin.refusal(line, str(wrong)) from None
        except msgspec.DecodeError as broken:
            raise origin.refusal(line, f"this line is not JSON: {broken}") from None
        drafts.append(_draft(row, line, origin))
    return drafts


def _check_header(header: list[str], origin: Origin) -> None:
    unknown = [name for name in header if name not in COLUMNS]
    missing = [name for name in NEEDED if name not in header]
    doubled = [name for name in dict.fromkeys(header) if header.count(name) > 1]
    for reason, names in (("unknown", unknown), ("missing", missing), ("doubled", doubled)):
        if names:
            raise origin.refusal(1, f"{reason} column {', '.join(names)}; the columns are {', '.join(COLUMNS)}")


def _csv_rows(rows: Iterator[list[str]], header: list[str], origin: Origin) -> Iterator[tuple[int, Row]]:
    line = 2
    for cells in rows:
        if cells and any(cell.strip() for cell in cells):
            if len(cells) != len(header):
                raise origin.refusal(line, f"{len(cells)} cells where the header has {len(header)}")
            yield line, _csv_row(dict(zip(header, (cell.strip() for cell in cells), strict=True)), line, origin)
        line = rows.line_num + 1  # type: ignore[attr-defined]


def _csv_row(cells: dict[str, str], line: int, origin: Origin) -> Row:
    kind = cells.get("kind", "")
    if kind and kind not in KINDS:
        raise origin.refusal(line, f'the kind "{kind}" is none of {", ".join(KINDS)}')
    phrasings = tuple(part.strip() for part in cells.get("phrasings", "").split("|") if part.strip())
    return Row(
        id=cells["id"],
        title=cells["question"],
        text=cells["answer"],
        language=cells.get("language", ""),
        kind=KINDS[kind] if kind else None,
        url=cells.get("url", ""),
        questions=phrasings,
        topic=cells.get("topic", ""),
    )


def _draft(row: Row, line: int, origin: Origin) -> Draft:
    if not NAME.fullmatch(row.id):
        raise origin.refusal(line, f'the id "{row.id}" must be letters, digits and dashes')
    if not row.title.strip():
        raise origin.refusal(line, f"the entry {row.id} has no question")
    if not row.text.strip():
        raise origin.refusal(line, f'the entry "{row.title}" has no answer')
    kind, language = origin.kind_of("faq", row.kind), origin.language_of(line, row.language)
    name = row.id.removeprefix(f"{kind}:").removesuffix(f":{language}")
    passage = Passage(
        id=passage_id(kind, name, language),
        kind=kind,
        language=language,
        title=row.title,
        text=row.text,
        url=row.url or page_url(kind, name, language),
        questions=row.questions,
        topic=row.topic,
    )
    return Draft(origin.path, line, passage)

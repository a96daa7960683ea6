"""Rows of knowledge as passages of the desk, each with its language, its labels and its known phrasings."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from bot.evaluation.reading import KnowledgeRow, QuestionRow
from bot.knowledge.passages import Passage
from bot.knowledge.tokens import CHINESE, identifiers

CHINESE_SIGN = re.compile(f"[{CHINESE}]")
LATIN_WORD = re.compile(r"[^\W\d_]+")
LONGEST_TITLE = 200  # characters; where there is neither title nor question the first line stands for it
SENTENCE_END = re.compile(r"(?<=[.!?])\s|(?<=[。！？])")


@dataclass(frozen=True, slots=True)
class Entries:
    passages: list[Passage]
    labels: Mapping[str, frozenset[str]]  # of each passage: its id, and its group where it has one
    groups: frozenset[str]
    main_language: str
    unknown: int  # known phrasings of what no row has

    def language_of(self, query: str) -> str:
        """By script, as the shop's own languages allow: one without Chinese entries answers from what it has."""
        found = language_of(query)
        return found if any(passage.language == found for passage in self.passages) else self.main_language

    def unit(self, passage: str, relevant: frozenset[str]) -> str:
        """What counts as one in a ranking: the group where groups are asked for, else the passage."""
        if relevant & self.groups:
            return next(iter(self.labels[passage] & self.groups), passage)
        return passage


def language_of(text: str) -> str:
    """ "zh" for a text with as many Chinese signs as Latin words, or more; else "en"."""
    signs = len(CHINESE_SIGN.findall(text))
    words = len(LATIN_WORD.findall(CHINESE_SIGN.sub(" ", text)))
    return "zh" if signs and signs >= words else "en"


def entries_of(rows: Sequence[KnowledgeRow], known: Iterable[QuestionRow] = ()) -> Entries:
    """A phrasing that names a group becomes one of the group's first passage."""
    first: dict[str, str] = {}
    for row in rows:
        for label in _labels(row):
            first.setdefault(label, str(row.id))
    first.update({str(row.id): str(row.id) for row in rows})
    phrasings: dict[str, dict[str, None]] = {}
    unknown = 0
    for asked in known:
        places = dict.fromkeys(first[str(label)] for label in asked.relevant if str(label) in first)
        unknown += not places
        for place in places:
            phrasings.setdefault(place, {})[asked.query] = None
    passages = [_passage(row, tuple(phrasings.get(str(row.id), ()))) for row in rows]
    languages = Counter(passage.language for passage in passages)
    return Entries(
        passages,
        {str(row.id): _labels(row) for row in rows},
        frozenset(str(row.group) for row in rows if row.group is not None),
        languages.most_common(1)[0][0],
        unknown,
    )


def _labels(row: KnowledgeRow) -> frozenset[str]:
    return frozenset(str(label) for label in (row.id, row.group) if label is not None)


def _passage(row: KnowledgeRow, phrasings: tuple[str, ...]) -> Passage:
    named = [part for part in (row.title, row.question) if part and part.strip()]
    title = named[0] if named else _first_line(row.text)
    language = language_of("\n".join([*named, row.text]))
    asked = tuple(dict.fromkeys([*named[1:], *phrasings]))
    numbers = " ".join(identifiers(str(row.id)))  # what is called "SKU-4711" is asked for by that number
    return Passage(str(row.id), "faq", language, title, row.text, "", asked, topic=numbers)


def _first_line(text: str) -> str:
    line = next(line for line in text.splitlines() if line.strip()).strip()
    return line if len(line) <= LONGEST_TITLE else SENTENCE_END.split(line)[0][:LONGEST_TITLE]

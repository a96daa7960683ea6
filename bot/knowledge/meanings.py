"""Words that customers use for one another, such as parcel and package: kept as data, one file per language."""

import unicodedata
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from bot.knowledge.tokens import is_chinese, tokens

FOLDER = Path(__file__).parent / "words" / "meanings"


def meanings(text: str) -> list[str]:
    """A token for each meaning that the text names in any words: "=parcel", "=refund"."""
    spelt, written = _entries()
    words, plain = tokens(text), unicodedata.normalize("NFKC", text)
    found = [entry for at, word in enumerate(words) for entry in spelt.get(word, ()) if entry.begins(words, at)]
    found += [entry for at, sign in enumerate(plain) for entry in written.get(sign, ()) if entry.begins(plain, at)]
    return list(dict.fromkeys(entry.meaning for entry in sorted(found, key=lambda entry: entry.order)))


def all_meanings() -> frozenset[str]:
    """Every token that `meanings` may give."""
    return frozenset(entry.meaning for known in _entries() for some in known.values() for entry in some)


@dataclass(frozen=True, slots=True)
class _Entry:
    """Stems, or Chinese characters as they are written."""

    said: list[str] | str
    meaning: str
    order: tuple[bool, int]  # what is written in Chinese comes last

    def begins(self, where: list[str] | str, at: int) -> bool:
        return where[at : at + len(self.said)] == self.said


Entries = dict[str, list[_Entry]]  # by the first stem or character, so that a long text is gone through once


@cache
def _entries() -> tuple[Entries, Entries]:
    """The entries that are spelt with letters; and those in Chinese."""
    spelt: Entries = {}
    written: Entries = {}
    for file in sorted(FOLDER.glob("*.txt")):
        for number, line in enumerate(file.read_text("utf-8").splitlines()):
            for entry in [] if line.startswith("#") else line.split(","):
                chinese = is_chinese(entry.strip())
                said = entry.strip() if chinese else tokens(entry)
                known = written if chinese else spelt
                order = chinese, sum(map(len, known.values()))
                if said:
                    known.setdefault(said[0], []).append(_Entry(said, f"={file.stem}{number}", order))
    return spelt, written

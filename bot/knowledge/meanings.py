"""Words that customers use for one another, such as parcel and package: kept as data, one file per language."""

import unicodedata
from functools import cache
from pathlib import Path

from bot.knowledge.tokens import is_chinese, tokens

FOLDER = Path(__file__).parent / "words" / "meanings"


def meanings(text: str) -> list[str]:
    """A token for each meaning that the text names in any words: "=parcel", "=refund"."""
    words = f" {' '.join(tokens(text))} "
    plain = unicodedata.normalize("NFKC", text)
    spelt, written = _entries()
    found = [meaning for entry, meaning in spelt if entry in words]
    found += [meaning for entry, meaning in written if entry in plain]
    return list(dict.fromkeys(found))


@cache
def _entries() -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """The entries that are spelt with letters, as stems; and those in Chinese, as they are written."""
    spelt, written = [], []
    for file in sorted(FOLDER.glob("*.txt")):
        for number, line in enumerate(file.read_text("utf-8").splitlines()):
            for entry in [] if line.startswith("#") else line.split(","):
                meaning = f"={file.stem}{number}"
                if is_chinese(entry.strip()):
                    written.append((entry.strip(), meaning))
                else:
                    spelt.append((f" {' '.join(tokens(entry))} ", meaning))
    return spelt, written

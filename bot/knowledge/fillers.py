"""Words that say little in any question, kept as data: in the knowledge of a small shop some of them look rare."""

from functools import cache
from pathlib import Path

from bot.knowledge.tokens import tokens

FOLDER = Path(__file__).parent / "words" / "fillers"


@cache
def fillers() -> frozenset[str]:
    """As tokens."""
    return frozenset(token for file in FOLDER.glob("*.txt") for token in tokens(file.read_text("utf-8")))

"""Which language a page is in, and the fixed words of the storefront in it."""

import tomllib
from collections.abc import Sequence
from pathlib import Path


def best_language(wanted: str, offered: Sequence[str]) -> str:
    """The offered language that an Accept-Language header likes best; the first one where it likes none."""
    best, liking = offered[0], 0.0
    for choice in wanted[:1000].split(","):
        tag, _, quality = choice.strip().partition(";q=")
        language = tag.strip().lower().partition("-")[0]
        if language in offered and _number(quality) > liking:
            best, liking = language, _number(quality)
    return best


def _number(quality: str) -> float:
    try:
        return float(quality) if quality else 1.0
    except ValueError:
        return 0.0


def read_words(folder: Path, language: str) -> dict[str, str]:
    """The words of a language; English where it has no file or a word is missing."""
    words: dict[str, str] = tomllib.loads((folder / "en.toml").read_text("utf-8"))
    file = folder / f"{language}.toml"
    return words | tomllib.loads(file.read_text("utf-8")) if file.exists() else words

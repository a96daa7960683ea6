"""The words of the desk's pages in each language, and in which of them a page is shown."""

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from starlette.requests import Request

from adapters.web.languages import best_language
from bot.desks import Member

FOLDER = Path(__file__).parent.parent / "words" / "desk"
LANGUAGE_COOKIE = "shopdesk_desk_language"
Words = dict[str, Any]  # sentences by name, some in tables of their own


def read_desk_words(language: str, folder: Path = FOLDER) -> Words:
    """English fills what is missing, also inside a table."""
    english = _read(folder / "en.toml")
    return _filled(english, _read(folder / f"{language}.toml")) if language != "en" else english


def page_language(request: Request, member: Member | None, offered: Sequence[str]) -> str:
    """What was asked for just now, else what was chosen before, else the member's own, else the browser's."""
    chosen = request.query_params.get("language", ""), request.cookies.get(LANGUAGE_COOKIE, "")
    for language in (*chosen, member.language.partition("-")[0] if member else ""):
        if language in offered:
            return language
    return best_language(request.headers.get("accept-language", ""), offered)


def _read(file: Path) -> Words:
    return tomllib.loads(file.read_text("utf-8")) if file.exists() else {}


def _filled(words: Words, others: Words) -> Words:
    both = dict(words)
    for name, value in others.items():
        mine = both.get(name)
        both[name] = _filled(mine, value) if isinstance(mine, dict) and isinstance(value, dict) else value
    return both

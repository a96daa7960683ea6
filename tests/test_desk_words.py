"""The words of the web desk: each that a page or a script asks for is there, in every language, and none in vain."""

import re
import tomllib
from pathlib import Path
from typing import Any, get_args

import pytest

from bot.desks import Note, Reason, Role

WEB = Path(__file__).parent.parent / "adapters" / "web"
WORDS: dict[str, dict[str, Any]] = {
    path.stem: tomllib.loads(path.read_text("utf-8")) for path in sorted((WEB / "words" / "desk").glob("*.toml"))
}
SOURCES = "\n".join(
    path.read_text("utf-8")
    for path in [*(WEB / "static" / "desk").glob("*.js"), *(WEB / "desk" / "templates").glob("*.html")]
)
BY_NAME = {
    "mine",
    "waiting",
    "others",
    "new_one",
    "reminder",
    "wrote_you",
    "given",
    "before",
    "after",
    "close_resolved",
    "close_unresolved",
}
ELSEWHERE = {"language_name"}  # the server asks for it


def flat(words: dict[str, Any], before: str = "") -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in words.items():
        found |= flat(value, f"{before}{name}.") if isinstance(value, dict) else {before + name: value}
    return found


def test_every_language_has_the_same_words_and_fills_in_the_same() -> None:
    english = flat(WORDS["en"])
    for language, words in WORDS.items():
        translated = flat(words)
        assert translated.keys() == english.keys(), language
        for name, text in translated.items():
            assert text.strip(), (language, name)
            assert sorted(re.findall(r"\{+ ?\w+ ?\}+", text)) == sorted(re.findall(r"\{+ ?\w+ ?\}+", english[name])), (
                name
            )


def test_each_word_that_is_asked_for_is_there_and_no_other() -> None:
    asked = set(re.findall(r"\bwords\.([a-z_]+)", SOURCES)) | set(re.findall(r'words\["([a-z_]+)"\]', SOURCES))
    asked |= {name for line in re.findall(r"\{([^{}]*)\} = words;", SOURCES) for name in re.findall(r"[a-z_]+", line)}
    assert asked | BY_NAME | ELSEWHERE == WORDS["en"].keys()


@pytest.mark.parametrize(
    ("table", "names"),
    [
        ("reasons", get_args(Reason)),
        ("roles", get_args(Role)),
        ("note_kinds", set(get_args(Note.__annotations__["kind"])) - {"note", "original"}),
        ("attached", ("photo", "file", "voice", "video", "sticker", "place", "contact", "other")),
        ("found_by", ("customer", "desk", "staff")),
    ],
)
def test_whatever_the_desk_may_tell_has_a_word(table: str, names: set[str]) -> None:
    assert set(WORDS["en"][table]) == set(names)

"""What a knowledge file says before the shop's facts are filled in, and how a wrong file is refused."""

import re
from collections.abc import Sequence
from pathlib import PurePath

import msgspec

from bot.knowledge.passages import Kind, Passage

HELD_BY_PAGES: dict[Kind, str] = {"faq": "help", "policy": "policies", "product": "products"}
TAG = re.compile(
    r"<(script|style)\b.*?</\1\s*>|<!--.*?-->|</?[a-z][a-z0-9-]*(?:\s[^<>]*|/)?>", re.IGNORECASE | re.DOTALL
)
MOST_TOLD = 9  # files, after the first


class KnowledgeFileError(Exception):
    """A file that cannot be read as knowledge, and why, of several files a line each; nothing of their import may be
    published."""

    def __init__(self, path: str, line: int, reason: str, others: Sequence["KnowledgeFileError"] = ()) -> None:
        lines = [f"{path}:{line}: {reason}" if line else f"{path}: {reason}", *map(str, others[:MOST_TOLD])]
        more = [f"and {len(others) - MOST_TOLD} more files"] if len(others) > MOST_TOLD else []
        super().__init__("\n".join([*lines, *more]))
        self.path, self.line, self.reason = path, line, reason


class Origin(msgspec.Struct, frozen=True):
    """Where a draft comes from. What was asked for on import wins over the file, the file over its folder."""

    path: str  # as shown to the shop owner
    language: str = ""
    kind: Kind | None = None
    asked_language: str = ""
    asked_kind: Kind | None = None
    url: str = ""

    @property
    def stem(self) -> str:
        return PurePath(self.path).stem

    def refusal(self, line: int, reason: str) -> KnowledgeFileError:
        return KnowledgeFileError(self.path, line, reason)

    def language_of(self, line: int, said: str = "") -> str:
        """Raises KnowledgeFileError where nobody names one."""
        language = self.asked_language or said or self.language
        if not language:
            markdown = PurePath(self.path).suffix.lower() in (".md", ".markdown")
            otherwise = "write `language: en` at its top" if markdown else "import it with --language en"
            raise self.refusal(line, f"no language: put the file into a folder named en or zh, or {otherwise}")
        return language

    def kind_of(self, otherwise: Kind, said: Kind | None = None) -> Kind:
        return self.asked_kind or said or self.kind or otherwise


class Draft(msgspec.Struct, frozen=True):
    """One passage to be, and the line it starts at."""

    path: str  # of the file, or the address of a page on a site
    line: int
    passage: Passage
    source: str = ""  # the address of the site that it was read from; empty: the shop's own files

    @property
    def place(self) -> str:
        """Where a person finds it."""
        return f"{self.path}:{self.line}" if self.line else self.path


def passage_id(kind: Kind, name: str, language: str) -> str:
    return f"{kind}:{name}:{language}"


def page_url(kind: Kind, name: str, language: str) -> str:
    """The path of Shopdesk's own page for it."""
    return f"/{language}/{HELD_BY_PAGES[kind]}/{name}"


def without_html(text: str) -> str:
    """Free of tags, also of those that only appear once others are gone."""
    while (shorter := TAG.sub("", text)) != text:
        text = shorter
    return text.strip()

"""The words of the desk and of its prompts, read from files, rendered strictly: a misspelt name is an error at once."""

import logging
import tomllib
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined, Template, TemplateError

DEFAULT_LANGUAGE = "en"
FILLED = ("intents.toml", "tone.toml")  # the desk asks for each of their keys; the other files are taken as they are
JINJA = Environment(undefined=StrictUndefined, trim_blocks=True)

log = logging.getLogger(__name__)


class PromptError(ValueError):
    """A file under prompts/ is missing, broken or incomplete; the text names it."""


class Prompts:
    """All that the shop's manager can edit; every language has the same sentences."""

    def __init__(self, folder: Path, beneath: Path | None = None) -> None:
        """`beneath`: the folder that comes along; what a copy of it from an older release lacks is taken from there."""
        self._folder, self._beneath = folder, beneath
        found = sorted(path.parent.name for path in folder.glob("*/sentences.toml"))
        if DEFAULT_LANGUAGE not in found:
            raise PromptError(f"{folder / DEFAULT_LANGUAGE / 'sentences.toml'} is missing.")
        self.languages = (DEFAULT_LANGUAGE, *(name for name in found if name != DEFAULT_LANGUAGE))
        self._sentences = {language: self._read_sentences(language) for language in self.languages}
        self._require_the_same_names()

    @property
    def names(self) -> tuple[str, ...]:
        """Of all fixed sentences."""
        return tuple(self._sentences[DEFAULT_LANGUAGE])

    def say(self, language: str, name: str, /, **values: object) -> str:
        """A fixed sentence. Raises PromptError when a value it needs is not given."""
        try:
            sentence = self._sentences[language][name]
            return sentence if isinstance(sentence, str) else sentence.render(values)
        except TemplateError as error:
            raise PromptError(f"{self._folder / language}/sentences.toml: {name}: {error}") from error

    def text(self, language: str, file: str, **values: object) -> str:
        """A whole prompt file, such as agent.md."""
        path = self._path(language, file)
        try:
            return JINJA.from_string(path.read_text(encoding="utf-8")).render(values).strip()
        except (OSError, TemplateError) as error:
            raise PromptError(f"{path}: {error}") from error

    def table(self, language: str, file: str) -> dict[str, Any]:
        """A whole data file, such as intents.toml; to be read, never changed."""
        table, below = _read_toml(self._path(language, file)), self._below(language, file)
        return _filled(table, _read_toml(below)) if below and file in FILLED else table

    def _path(self, language: str, file: str) -> Path:
        path = self._folder / language / file
        below = self._below(language, file)
        return path if path.exists() or not below else below

    def _below(self, language: str, file: str) -> Path | None:
        """What comes along in its place; for a language that the shop has added only where English does no harm."""
        if not self._beneath:
            return None
        if (self._beneath / language).is_dir():
            return self._beneath / language / file
        return self._beneath / DEFAULT_LANGUAGE / file if file in FILLED else None

    def _read_sentences(self, language: str) -> dict[str, Template | str]:
        path = self._folder / language / "sentences.toml"
        found = _read_toml(path)
        if below := self._below(language, "sentences.toml"):
            whole = _read_toml(below)
            if missing := sorted(set(whole) - set(found)):
                log.warning("%s lacks %s: the sentences that come along are said", path, ", ".join(missing))
            found = whole | found
        try:
            return {name: _sentence(text) for name, text in found.items()}
        except TemplateError as error:
            raise PromptError(f"{path}: {error}") from error

    def _require_the_same_names(self) -> None:
        wanted = set(self._sentences[DEFAULT_LANGUAGE])
        for language, sentences in self._sentences.items():
            if missing := sorted(wanted - set(sentences)):
                path = self._folder / language / "sentences.toml"
                raise PromptError(f"{path} lacks {', '.join(missing)}.")


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return _parsed(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise PromptError(f"{path}: {error}") from error


def _filled(table: dict[str, Any], whole: dict[str, Any]) -> dict[str, Any]:
    """With every key that it lacks, in the tables inside it too; a list stays as it is."""
    inside = {key: _filled(table[key], value) for key, value in whole.items() if _both_tables(table.get(key), value)}
    return table | inside | {key: value for key, value in whole.items() if key not in table}


def _both_tables(one: object, other: object) -> bool:
    return isinstance(one, dict) and isinstance(other, dict)


@lru_cache(maxsize=16)
def _parsed(text: str) -> dict[str, Any]:
    """A desk asks for the same few files two dozen times while it opens."""
    return tomllib.loads(text)


@lru_cache(maxsize=2000)
def _sentence(text: str) -> Template | str:
    """Most have no hole to fill in: nothing is to be compiled."""
    return JINJA.from_string(text) if "{" in text else text.removesuffix("\n")

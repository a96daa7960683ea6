"""The words of the desk and of its prompts, read from files, rendered strictly: a misspelt name is an error at once."""

import tomllib
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined, Template, TemplateError

DEFAULT_LANGUAGE = "en"


class PromptError(ValueError):
    """A file under prompts/ is missing, broken or incomplete; the text names it."""


class Prompts:
    """All that the shop's manager can edit; every language has the same sentences."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._jinja = Environment(undefined=StrictUndefined, trim_blocks=True)
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
            return self._sentences[language][name].render(values)
        except TemplateError as error:
            raise PromptError(f"{self._folder / language}/sentences.toml: {name}: {error}") from error

    def text(self, language: str, file: str, **values: object) -> str:
        """A whole prompt file, such as agent.md."""
        path = self._folder / language / file
        try:
            return self._jinja.from_string(path.read_text(encoding="utf-8")).render(values).strip()
        except (OSError, TemplateError) as error:
            raise PromptError(f"{path}: {error}") from error

    def table(self, language: str, file: str) -> dict[str, Any]:
        """A whole data file, such as intents.toml."""
        return _read_toml(self._folder / language / file)

    def _read_sentences(self, language: str) -> dict[str, Template]:
        path = self._folder / language / "sentences.toml"
        try:
            return {name: self._jinja.from_string(text) for name, text in _read_toml(path).items()}
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
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise PromptError(f"{path}: {error}") from error

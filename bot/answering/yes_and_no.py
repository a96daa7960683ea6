"""Whether a message is an unmistakable yes or no, and nothing else."""

import re
import unicodedata
from collections.abc import Sequence

from bot.answering.prompting import Prompts

NOT_PLAIN = re.compile(r"[\"“”„«»‹›「」『』《》`?]|^['‘>]|~~")
PLAIN = re.compile(
    r"\w[\w\s.,!;'’。、~-]*[👍🙏👌😀😄😊🙂✅✔\U0001f3fb-\U0001f3ff\ufe0f\s]*"
)  # any other sign may take a yes back
DECORATION = re.compile(r"[^\w]+")
BETWEEN_HAN = re.compile(r"(?<=[\u3400-\u9fff]) (?=[\u3400-\u9fff])")


class YesAndNo:
    """The words are data: the table [confirming] of prompts/*/intents.toml. Every line of a message is one of them
    whole, or the message is neither; a no among them makes it a no."""

    def __init__(self, yes: Sequence[str], no: Sequence[str], unsure: Sequence[str]) -> None:
        self._yes, self._no, self._unsure = (frozenset(map(_bare, words)) for words in (yes, no, unsure))

    @classmethod
    def read(cls, prompts: Prompts) -> "YesAndNo":
        """A customer may confirm in any language that the desk speaks, whatever the language of the talk is."""
        tables = [prompts.table(language, "intents.toml")["confirming"] for language in prompts.languages]
        return cls(*([word for table in tables for word in table[answer]] for answer in ("yes", "no", "unsure")))

    def is_yes(self, text: str) -> bool:
        lines = _lines(text)
        return bool(lines) and all(map(self._line_is_yes, lines))

    def is_no(self, text: str) -> bool:
        lines = _lines(text)
        return any(map(self._line_is_no, lines)) and all(
            self._line_is_no(line) or self._line_is_yes(line) for line in lines
        )

    def is_unsure(self, text: str) -> bool:
        """Words that may be meant as a yes and are none: "ok", or a yes that is quoted or asked."""
        plain = [_bare(line) for line in _lines(text)]
        if not plain or self.is_yes(text) or self.is_no(text):
            return False
        return all(line in self._unsure or line in self._yes for line in plain)

    def _line_is_yes(self, line: str) -> bool:
        return not NOT_PLAIN.search(line) and bool(PLAIN.fullmatch(line)) and _bare(line) in self._yes

    def _line_is_no(self, line: str) -> bool:
        return not NOT_PLAIN.search(line) and _bare(line) in self._no


def _lines(text: str) -> list[str]:
    """In one width, so that a mark of quotation or a question is one in any."""
    lines = unicodedata.normalize("NFKC", text).splitlines()
    return [line.strip() for line in lines if line.strip()]


def _bare(text: str) -> str:
    words = DECORATION.sub(" ", unicodedata.normalize("NFKC", text).casefold()).strip()
    return BETWEEN_HAN.sub("", words)

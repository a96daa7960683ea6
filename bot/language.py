"""Which language the customer writes: told by a library for each message, kept where a message does not say."""

import re
from functools import cache

from py3langid.langid import MODEL_FILE, LanguageIdentifier  # type: ignore[import-untyped]

SURE = 0.8
SHORTEST = 4  # letters; "ok" is said in every language
SWITCHING = 3  # words; fewer may be a product's name or a "thanks" in an otherwise Chinese conversation
LATIN_WORD = re.compile(r"[^\W\d_]+")
HAN = re.compile(r"[\u3400-\u9fff]")
# e-mails, order numbers, links: the same in every language, and a Chinese word may stand right beside them
NAMES = re.compile(r"https?://[!-~]+|[\w.%+@/-]*[@\d][\w.%+@/-]*", re.ASCII)


class LanguageDetector:
    """Chooses among the languages that the shop speaks; the first of them is the last resort."""

    def __init__(self, languages: tuple[str, ...]) -> None:
        self._languages = languages
        self._identifier = _identifier(languages)

    def detect(self, text: str, before: str, locale: str = "") -> str:
        """The language of this text; `before`, else the platform's locale, where the text is too short to tell."""
        before = before if before in self._languages else ""
        fallback = before or self._of_locale(locale)
        words = NAMES.sub(" ", text)
        han, latin = len(HAN.findall(words)), len(LATIN_WORD.findall(HAN.sub(" ", words)))
        if han and han >= latin:  # "Moss Lantern 有货吗": a Chinese sentence keeps the Latin names of products
            return "zh" if "zh" in self._languages else fallback
        if sum(map(str.isalpha, words)) < SHORTEST or (before and latin < SWITCHING):
            return fallback
        language, probability = self._identifier.classify(words.strip())
        # only Chinese is written in Chinese characters; without any the library's guess of it says nothing
        return str(language) if probability >= SURE and (language != "zh" or han) else fallback

    def _of_locale(self, locale: str) -> str:
        primary = locale.lower().replace("_", "-").partition("-")[0]
        return primary if primary in self._languages else self._languages[0]


@cache
def _identifier(languages: tuple[str, ...]) -> LanguageIdentifier:
    """Unpacking the model takes most of a second: once in a process is enough, for nothing changes it."""
    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(list(languages))
    return identifier

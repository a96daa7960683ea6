"""A text in several languages."""

Words = dict[str, str]
"""By language code."""


def in_language(words: Words, language: str) -> str:
    """The text in this language, else in English, else in whichever there is."""
    return words.get(language) or words.get("en") or next(iter(words.values()), "")

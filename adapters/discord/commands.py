"""The slash commands, registered in every language of the shop."""

from collections.abc import Sequence
from typing import Any

from adapters.chat_apps import MENU
from bot.channels import Words

ORDER = "order"  # opens a form
PRESSES = {name: name for name in MENU} | {ORDER: ""}  # a command, and the press that it is
_LOCALES = {"zh": ("zh-CN", "zh-TW"), "en": ("en-US", "en-GB")}  # as Discord names a language of ours
_SLASH = 1
_IN_SERVERS, _IN_DIRECT_MESSAGES = 0, 1
_DESCRIPTION = 100  # characters


def registered(words: Words, languages: Sequence[str]) -> list[dict[str, Any]]:
    """What Discord is told of them."""
    return [_command(name, words, languages) for name in PRESSES]


def _command(name: str, words: Words, languages: Sequence[str]) -> dict[str, Any]:
    said = {language: words(language, f"command_{name}")[:_DESCRIPTION] for language in languages}
    localized = {locale: text for language, text in said.items() for locale in _LOCALES.get(language, (language,))}
    return {
        "type": _SLASH,
        "name": name,
        "description": said[languages[0]],
        "description_localizations": localized,
        "contexts": [_IN_SERVERS, _IN_DIRECT_MESSAGES],
        "integration_types": [0],
    }

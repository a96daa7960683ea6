"""The commands of the menu: what each means to the desk, and how the bot tells of itself in every language."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from telegram import Bot, BotCommand

from adapters.chat_apps import MENU
from bot.channels import Words

PRESSES = {name: name for name in ("start", *MENU)} | {"order": "orders"}  # what is pressed when a command is sent
_COMMAND = re.compile(r"/([A-Za-z0-9_]{1,32})(?:@([A-Za-z0-9_]+))?(?:\s+(.*))?", re.DOTALL)
_LANGUAGE = re.compile(r"[A-Za-z]{2}")


@dataclass(frozen=True)
class Command:
    name: str  # without its slash, in lower case
    to: str  # the username of the bot it is for; "" where it says none
    rest: str  # what stands after it


def read_command(text: str) -> Command | None:
    found = _COMMAND.fullmatch(text.strip())
    return Command(found[1].lower(), found[2] or "", (found[3] or "").strip()) if found else None


def meaning(command: Command) -> tuple[str, str]:
    """(text, press) of a command that we know; what stands after one is what the customer has to say."""
    press = PRESSES[command.name]
    if command.name == "language" and _LANGUAGE.fullmatch(command.rest):
        return "", f"{press}:{command.rest.lower()}"
    if command.name in ("order", "help") and command.rest:
        return command.rest, ""
    return command.rest, press


async def tell_of_ourselves(bot: Bot, languages: Sequence[str], words: Words) -> None:
    """Set the menu and the texts of the bot's profile where they differ from ours. Raises TelegramError.

    The first language is also what everybody sees whose own is none of ours.
    """
    for code, language in [("", languages[0]), *((one[:2], one) for one in languages)]:
        menu = tuple(BotCommand(name, words(language, f"command_{name}")) for name in MENU)
        if await bot.get_my_commands(language_code=code or None) != menu:
            await bot.set_my_commands(menu, language_code=code or None)
        about, description = words(language, "bot_about"), words(language, "bot_description")
        if (await bot.get_my_short_description(language_code=code or None)).short_description != about:
            await bot.set_my_short_description(about, language_code=code or None)
        if (await bot.get_my_description(language_code=code or None)).description != description:
            await bot.set_my_description(description, language_code=code or None)

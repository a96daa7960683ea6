"""Discord's own settings, read from the mapping it is given."""

from collections.abc import Mapping
from urllib.parse import urlsplit

import msgspec


class DiscordSettings(msgspec.Struct, frozen=True):
    token: str
    api: str  # without a slash at the end
    gateway: str  # "": where Discord says that it is
    channels: tuple[str, ...]  # ids of support channels, where everything that is written is for the desk
    home: str  # where the shop's pages are; "": not known
    desk: str = ""  # id of the channel in which staff have their desk; "": none
    desk_language: str = ""  # in which that channel is told; "": the shop's first


def read_settings(environ: Mapping[str, str]) -> DiscordSettings:
    """Raises ValueError naming the setting that is wrong."""
    channels = _channels(environ.get("SHOPDESK_DISCORD_CHANNELS", ""))
    return DiscordSettings(
        token=_token(environ.get("SHOPDESK_DISCORD_TOKEN", "").strip()),
        api=_address(environ, "SHOPDESK_DISCORD_API", "https://discord.com/api/v10", ("https", "http")).rstrip("/"),
        gateway=_address(environ, "SHOPDESK_DISCORD_GATEWAY", "", ("wss", "ws")),
        channels=channels,
        home=environ.get("SHOPDESK_PUBLIC_URL", "").strip().rstrip("/"),
        desk=_desk(environ.get("SHOPDESK_DISCORD_DESK", "").strip(), channels),
        desk_language=environ.get("SHOPDESK_DISCORD_DESK_LANGUAGE", "").strip(),
    )


def _token(text: str) -> str:
    """What it says is never repeated: it is a secret."""
    if text.startswith("Bot ") or len(text.split()) > 1:
        raise ValueError('SHOPDESK_DISCORD_TOKEN must be the token alone, without "Bot" or spaces.')
    if text and text.count(".") != 2:
        raise ValueError(
            "SHOPDESK_DISCORD_TOKEN must be the bot's token (three parts with dots): developer portal, page Bot."
        )
    return text


def _address(environ: Mapping[str, str], name: str, usual: str, schemes: tuple[str, ...]) -> str:
    text = environ.get(name, "").strip() or usual
    try:
        parts = urlsplit(text)
    except ValueError:
        raise ValueError(f"{name} has an address that cannot be read: {text!r}.") from None
    if text and (parts.scheme not in schemes or not parts.hostname):
        raise ValueError(f"{name} must be a whole address that begins with {schemes[0]}://, not {text!r}.")
    return text


def _channels(text: str) -> tuple[str, ...]:
    numbers = [part.strip() for part in text.split(",") if part.strip()]
    for number in numbers:
        if not (number.isascii() and number.isdigit()):
            raise ValueError(f"SHOPDESK_DISCORD_CHANNELS takes the ids of channels, with commas, not {number!r}.")
    return tuple(dict.fromkeys(numbers))


def _desk(number: str, support: tuple[str, ...]) -> str:
    if number and not (number.isascii() and number.isdigit()):
        raise ValueError(f"SHOPDESK_DISCORD_DESK takes the id of one channel, not {number!r} (docs/discord.md).")
    if number in support:
        raise ValueError(
            "SHOPDESK_DISCORD_DESK must be a channel for staff alone, and SHOPDESK_DISCORD_CHANNELS names it for "
            "customers."
        )
    return number

"""The Telegram channel's own settings, read from the mapping it is given. No message ever shows a token."""

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

import msgspec

OFFICIAL = "https://api.telegram.org"
_GROUP = re.compile(r"-\d{1,20}|0")
_TOKEN = re.compile(r"(\d{1,20}):[A-Za-z0-9_-]{20,}")


class TelegramSettings(msgspec.Struct, frozen=True):
    tokens: tuple[str, ...] = ()  # one for each bot; none: the channel is off
    api: str = OFFICIAL  # without a slash at the end
    webhook: str = ""  # the public https address in front of us, without a slash at the end; "": we ask for updates
    host: str = "127.0.0.1"
    port: int = 8443
    home: str = ""  # the public address of the shop's pages, without a slash at the end; "": not known
    desk: int = 0  # the group in which staff have their desk, served by the first bot; 0: none
    desk_language: str = ""  # in which that group is told; "": the shop's first


def read_settings(environ: Mapping[str, str]) -> TelegramSettings:
    """Raises ValueError naming the setting that is wrong."""
    api = (environ.get("SHOPDESK_TELEGRAM_API") or OFFICIAL).rstrip("/")
    if not _is_address(api, "https", "http"):
        raise ValueError(f"SHOPDESK_TELEGRAM_API must be an address such as {OFFICIAL}, not {api!r}.")
    webhook = (environ.get("SHOPDESK_TELEGRAM_WEBHOOK") or "").rstrip("/")
    if webhook and not _is_address(webhook, "https"):
        raise ValueError(
            "SHOPDESK_TELEGRAM_WEBHOOK must be a public address such as https://desk.example: Telegram calls https "
            f"alone, not {webhook!r}."
        )
    port = environ.get("SHOPDESK_TELEGRAM_PORT") or "8443"
    if not (port.isascii() and port.isdigit()) or not 1 <= int(port) <= 65535:
        raise ValueError(f"SHOPDESK_TELEGRAM_PORT must be a whole number from 1 to 65535, not {port!r}.")
    desk = environ.get("SHOPDESK_TELEGRAM_DESK") or "0"
    if not _GROUP.fullmatch(desk):
        raise ValueError(
            f"SHOPDESK_TELEGRAM_DESK must be the number of a group, such as -1001234567890, not {desk!r} "
            "(docs/telegram.md says how to find it)."
        )
    return TelegramSettings(
        tokens=_tokens(environ.get("SHOPDESK_TELEGRAM_TOKEN") or ""),
        api=api,
        webhook=webhook,
        host=environ.get("SHOPDESK_TELEGRAM_HOST") or "127.0.0.1",
        port=int(port),
        home=(environ.get("SHOPDESK_PUBLIC_URL") or "").rstrip("/"),
        desk=int(desk),
        desk_language=environ.get("SHOPDESK_TELEGRAM_DESK_LANGUAGE") or "",
    )


def bot_id(token: str) -> int:
    """Telegram writes it into the token itself."""
    return int(token.partition(":")[0])


def _tokens(text: str) -> tuple[str, ...]:
    tokens = tuple(part.strip() for part in text.split(",") if part.strip())
    for number, token in enumerate(tokens, 1):
        if not _TOKEN.fullmatch(token):
            which = f"number {number} of SHOPDESK_TELEGRAM_TOKEN" if len(tokens) > 1 else "SHOPDESK_TELEGRAM_TOKEN"
            raise ValueError(f"{which} is not a token as @BotFather gives it, such as 123456789:AAH....")
    if len({bot_id(token) for token in tokens}) < len(tokens):
        raise ValueError("SHOPDESK_TELEGRAM_TOKEN names the same bot twice.")
    return tokens


def _is_address(text: str, *schemes: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in schemes and bool(parts.hostname) and not parts.query and not parts.fragment

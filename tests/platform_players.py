"""Customers on Telegram and Discord: the adapters with their own libraries, on servers that speak the protocols."""

import re
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count

from adapters.discord.channel import DiscordChannel
from adapters.telegram.channel import TelegramChannel
from bot.messages import Button
from tests.channel_players import SHOP, Player, Seen, Stage, serving, source_of, words_for
from tests.discord_server import DiscordServer, components, discord_server
from tests.discord_world import Payload
from tests.telegram_server import TelegramServer, open_telegram
from tests.telegram_world import Person, Posted
from tests.watched_desk import Watched

ESCAPED = re.compile(r"\\([^\w\s])")
DISCORD_LINK = re.compile(r"\[([^\]]*)\]\(<([^>]*)>\)")


def cited(desk: Watched, words: str, links: Iterable[tuple[int, str]]) -> tuple[str, ...]:
    """Ids of the sources in the list under the title of sources; links elsewhere in the words are none."""
    titles = {desk.handles.words(language, "sources_title") for language in desk.handles.languages}
    start = max(words.rfind(title) for title in titles)
    return tuple(source_of(url) for place, url in links if 0 <= start < place)


# --- Telegram


class TelegramStage:
    signs_in = False
    tells_locale = True

    def __init__(self, desk: Watched, telegram: TelegramServer) -> None:
        self.desk, self.telegram = desk, telegram

    async def player(self, customer: str, locale: str) -> Player:
        return TelegramPlayer(self.desk, self.telegram, self.telegram.person("Ann", locale or "en"), locale)


@asynccontextmanager
async def telegram_stage(desk: Watched) -> AsyncIterator[Stage]:
    async with open_telegram() as telegram:
        environ = {
            "SHOPDESK_TELEGRAM_TOKEN": telegram.bot.token,
            "SHOPDESK_TELEGRAM_API": telegram.url,
            "SHOPDESK_PUBLIC_URL": SHOP,
        }
        async with serving(TelegramChannel(environ), desk.handles):
            yield TelegramStage(desk, telegram)


@dataclass
class TelegramPlayer:
    desk: Watched
    telegram: TelegramServer
    person: Person
    locale: str
    shown: dict[str, tuple[Posted, str]] = field(default_factory=dict)  # what to press for a button, by its id

    @property
    def conversation(self) -> str:
        return f"telegram:{self.telegram.bot.id}:{self.person.id}"

    async def says(self, text: str = "", press: str = "") -> Seen:
        before, turns = len(self.person.private.said), self.desk.outbox.turns[self.conversation]
        if press in self.shown:
            self.person.presses_data(*self.shown[press])
        else:
            self.person.writes(text or words_for(press, self.locale))
        await self.desk.outbox.has_delivered(self.conversation, turns + 1)
        return await self.sees(self.person.private.said[before:])

    async def sees(self, posted: list[Posted]) -> Seen:
        buttons: list[Button] = []
        for one in posted:
            for key in (key for row in one.keyboard for key in row if "callback_data" in key):
                buttons.append(await self.desk.button(self.conversation, key["callback_data"], key["text"]))
                self.shown[buttons[-1].id] = one, key["callback_data"]
        words = "\n".join(one.text for one in posted)
        sources = [source for one in posted for source in cited(self.desk, one.text, _links(one))]
        return Seen(words, tuple(sources), tuple(buttons))


def _links(posted: Posted) -> list[tuple[int, str]]:
    """(where in the text, address) of each."""
    found = [one for one in posted.entities if one["type"] == "text_link"]
    units = posted.text.encode("utf-16-le")
    return [(len(units[: 2 * one["offset"]].decode("utf-16-le")), one["url"]) for one in found]


# --- Discord


class DiscordStage:
    signs_in = tells_locale = False  # only a press or a command comes with it

    def __init__(self, desk: Watched, discord: DiscordServer) -> None:
        self.desk, self.discord, self._numbers = desk, discord, count(1)

    async def player(self, customer: str, locale: str) -> Player:
        return DiscordPlayer(self.desk, self.discord, f"ann{next(self._numbers)}", locale)


@asynccontextmanager
async def discord_stage(desk: Watched) -> AsyncIterator[Stage]:
    async with discord_server() as discord:
        environ = {
            "SHOPDESK_DISCORD_TOKEN": discord.token,
            "SHOPDESK_DISCORD_API": discord.api,
            "SHOPDESK_DISCORD_GATEWAY": discord.gateway_url,
            "SHOPDESK_PUBLIC_URL": SHOP,
        }
        async with serving(DiscordChannel(environ), desk.handles):
            await discord.until(lambda: discord.gateway.is_online(), 30)
            yield DiscordStage(desk, discord)


@dataclass(frozen=True)
class Pressable:
    """A button that stands under a message, or one of a list there."""

    message: Payload
    data: str
    label: str
    listed: bool

    async def press(self, discord: DiscordServer, name: str) -> None:
        if self.listed:
            await discord.chooses(name, self.message, self.label)
        else:
            await discord.presses_id(name, self.message, self.data)


def pressables(message: Payload) -> list[Pressable]:
    """What can still be pressed there."""
    found = [one for one in components(message) if one.get("custom_id") and not one.get("disabled")]
    return [
        each
        for one in found
        for each in [Pressable(message, option["value"], option["label"], True) for option in one.get("options", ())]
        or [Pressable(message, one["custom_id"], one["label"], False)]
    ]


@dataclass
class DiscordPlayer:
    """Writes direct messages."""

    desk: Watched
    discord: DiscordServer
    name: str
    locale: str
    shown: dict[str, Pressable] = field(default_factory=dict)  # what to press for a button, by its id

    @property
    def conversation(self) -> str:
        return f"{self.discord.account}:{self.channel}"

    @property
    def channel(self) -> str:
        return self.discord.direct(self.name)

    async def says(self, text: str = "", press: str = "") -> Seen:
        before, turns = len(self.discord.answers(self.channel, self.name)), self.desk.outbox.turns[self.conversation]
        if press in self.shown:
            await self.shown[press].press(self.discord, self.name)
        else:
            await self.discord.writes_directly(self.name, text or words_for(press, self.locale))
        await self.desk.outbox.has_delivered(self.conversation, turns + 1)
        return await self.sees(self.discord.answers(self.channel, self.name)[before:])

    async def sees(self, messages: list[Payload]) -> Seen:
        buttons, sources, words = list[Button](), list[str](), list[str]()
        for message in messages:
            for one in pressables(message):
                buttons.append(await self.desk.button(self.conversation, one.data, one.label))
                self.shown[buttons[-1].id] = one
            content = str(message["content"])
            links = [(found.start(), found[2]) for found in DISCORD_LINK.finditer(content)]
            sources += cited(self.desk, content, links)
            words.append(as_read(content))
        return Seen("\n".join(words), tuple(sources), tuple(buttons))


def as_read(content: str) -> str:
    """Without the marks of its Markdown."""
    return ESCAPED.sub(r"\1", DISCORD_LINK.sub(r"\1", content).replace("**", ""))

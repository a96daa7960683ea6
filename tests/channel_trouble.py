"""What may befall a channel beyond polite talk: each of them can do it to a customer of its own kind.

An `Ordeal` is one customer with what is needed to be rude, to be cut off, and to see everything that was shown so far.
"""

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Protocol

from tests.channel_players import LinePlayer, Player, TerminalPlayer, WebPlayer
from tests.platform_players import DiscordPlayer, TelegramPlayer, as_read
from tests.watched_desk import Watched

SECONDS = 30.0


class Ordeal(Protocol):
    player: Player
    numbers_messages: bool  # the platform does, so that their order is known whatever comes first

    @property
    def conversation(self) -> str: ...
    async def shown(self) -> str:
        """All that the desk has said to this customer, as it stands there now."""

    async def says_nothing(self) -> None: ...
    async def says(self, text: str) -> None:
        """Does not wait for the answer; a refusal of the channel is borne."""

    async def says_twice(self, text: str) -> None:
        """One message that the channel is given two times."""

    async def says_backwards(self, older: str, newer: str) -> None: ...
    async def presses_old(self) -> str:
        """A button that never was one of ours; returns what the customer is told."""

    async def says_to_no_core(self, text: str, back: Callable[[], None]) -> None:
        """`back` ends the trouble, once the channel has met it; then whoever has to tries again."""

    async def says_and_is_cut_off(self, text: str) -> None: ...


class OnPlatform(Ordeal, Protocol):
    """Where a server of somebody else's stands between."""

    def refuses(self, status: int, retry_after: float = 0, afterwards: bool = False) -> Callable[[], bool]:
        """The next message of ours to this customer; 0 cuts the line. Returns whether that has happened."""


async def until(true: Callable[[], Awaitable[bool]], what: str) -> None:
    """AssertionError that says what did not come true."""
    deadline = time.monotonic() + SECONDS
    while not await true():
        assert time.monotonic() < deadline, f"not within {SECONDS:.0f} s: {what}"
        await asyncio.sleep(0.03)


async def met_by(desk: Watched) -> None:
    """Until the channel has tried to store something, in vain."""

    async def refused() -> bool:
        return desk.postbox.refused > 0

    await until(refused, "the core was asked")


@dataclass
class AtTerminal:
    desk: Watched
    player: TerminalPlayer
    screen: str = ""
    numbers_messages: bool = False

    @property
    def conversation(self) -> str:
        return self.desk.postbox.accepted[-1].conversation

    async def shown(self) -> str:
        return self.screen + self.player.screen

    async def says_nothing(self) -> None:
        await self.player.types("")
        await self.player.types("   ")

    async def says(self, text: str) -> None:
        await self.player.types(text)

    async def presses_old(self) -> str:
        """A number that stands before no button is a text like any other."""
        return await self.player.types("7")

    async def says_to_no_core(self, text: str, back: Callable[[], None]) -> None:
        await self.player.types(text)
        await met_by(self.desk)
        back()
        await self.player.types(text)


@dataclass
class OnWeb:
    desk: Watched
    player: WebPlayer
    numbers_messages: bool = False

    @property
    def conversation(self) -> str:
        return self.player.conversation

    async def shown(self) -> str:
        async with self.player.http.get(f"{self.player.path}/events", headers=self.player.proof) as answer:
            events = (await answer.json())["events"]
        return "\n".join(one["text"] for one in events if one["kind"] == "text" or one.get("by") == "staff")

    async def says_nothing(self) -> None:
        assert await self._post(secrets.token_hex(4), " ") == 422

    async def says(self, text: str) -> None:
        assert await self._post(secrets.token_hex(4), text) in (200, 413)

    async def says_twice(self, text: str) -> None:
        message = secrets.token_hex(4)
        assert [await self._post(message, text), await self._post(message, text)] == [200, 200]

    async def says_backwards(self, older: str, newer: str) -> None:
        assert [await self._post("m2", newer), await self._post("m1", older)] == [200, 200]

    async def presses_old(self) -> str:
        return (await self.player.says(press="confirm:1795374549258")).words

    async def says_to_no_core(self, text: str, back: Callable[[], None]) -> None:
        message = secrets.token_hex(4)
        assert await self._post(message, text) == 503
        back()
        assert await self._post(message, text) == 200

    async def says_and_is_cut_off(self, text: str) -> None:
        headers = {**self.player.proof, "Accept": "text/event-stream"}
        body = {"id": secrets.token_hex(4), "text": text}
        async with self.player.http.post(f"{self.player.path}/messages", json=body, headers=headers) as answer:
            await answer.content.readline()
            answer.close()

    async def _post(self, message: str, text: str) -> int:
        body = {"id": message, "text": text}
        url = f"{self.player.path}/messages"
        async with self.player.http.post(url, json=body, headers=self.player.proof) as answer:
            return answer.status


@dataclass
class OnLines:
    desk: Watched
    player: LinePlayer
    numbers_messages: bool = False

    @property
    def conversation(self) -> str:
        return self.player.conversation

    async def shown(self) -> str:
        await self.player.reads_what_is_there()
        return "\n".join(line.partition(" ")[2] for line in self.player.lines if line.startswith("TEXT "))

    async def says_nothing(self) -> None:
        for line in ("", "SAY", "SAY 90", "SAY 90  ", "PRESS 90", "SHOUT 90 hello"):
            self.player.writes(line)

    async def says(self, text: str) -> None:
        """A line without an end is cut off."""
        self.player.writes(f"SAY 91 {text}")
        if len(text) > 60_000:
            await self.player.is_cut_off()
            await self.player.connects()

    async def says_twice(self, text: str) -> None:
        for _ in range(2):
            self.player.writes(f"SAY 92 {text}")

    async def says_backwards(self, older: str, newer: str) -> None:
        self.player.writes(f"SAY 94 {newer}")
        self.player.writes(f"SAY 93 {older}")

    async def presses_old(self) -> str:
        for data in ("1795374549258-0:0", ":", "nothing", "1795374549258-0:-1"):
            self.player.writes(f"PRESS 95 {data}")
        return await self.player.reads("OLD 95")

    async def says_to_no_core(self, text: str, back: Callable[[], None]) -> None:
        self.player.writes(f"SAY 96 {text}")
        await self.player.reads("AGAIN 96 1")
        back()
        self.player.writes(f"SAY 96 {text}")

    async def says_and_is_cut_off(self, text: str) -> None:
        self.player.writes(f"SAY 97 {text}")
        await self.player.writer.drain()
        self.player.writer.close()

        async def stored() -> bool:
            return any((one.conversation, one.text) == (self.conversation, text) for one in self.desk.postbox.accepted)

        await until(stored, "it was stored")
        await self.player.connects()


@dataclass
class OnTelegram:
    desk: Watched
    player: TelegramPlayer
    numbers_messages: bool = True

    @property
    def conversation(self) -> str:
        return self.player.conversation

    async def shown(self) -> str:
        return "\n".join(one.text for one in self.player.person.private.said)

    async def says_nothing(self) -> None:
        self.player.person.sends({"pinned_message": {}})
        self.player.person.sends({"text": "  "})

    async def says(self, text: str) -> None:
        self.player.person.writes(text[:4096])  # Telegram itself takes no more

    async def says_twice(self, text: str) -> None:
        self.player.person.writes(text)
        waiting = self.player.telegram.bot.updates
        waiting.append(waiting[-1])

    async def says_backwards(self, older: str, newer: str) -> None:
        """Both wait before anybody has asked for them."""
        self.player.person.writes(older)
        self.player.person.writes(newer)
        self.player.telegram.bot.updates.reverse()

    async def presses_old(self) -> str:
        posted = self.player.person.private.post(self.player.telegram.bot.wire(), {"text": "Of a desk before this one"})
        query = self.player.person.presses_data(posted, "1795374549258-0:0")
        presses = self.player.telegram.bot.presses

        async def answered() -> bool:
            return presses[query] is not None

        await until(answered, "the press was answered")
        told: dict[str, Any] = presses[query] or {}
        return str(told["text"])

    async def says_to_no_core(self, text: str, back: Callable[[], None]) -> None:
        self.player.person.writes(text)
        await met_by(self.desk)
        back()

    async def says_and_is_cut_off(self, text: str) -> None:
        self.player.telegram.trouble("getUpdates", 0, times=2)
        self.player.telegram.bot.waken()
        self.player.person.writes(text)

    def refuses(self, status: int, retry_after: float = 0, afterwards: bool = False) -> Callable[[], bool]:
        words = {400: "Bad Request: ENTITY_BOUNDS_INVALID", 403: "Forbidden: bot was blocked by the user"}
        trouble = self.player.telegram.trouble(
            "sendMessage",
            status,
            description=words.get(status, ""),
            retry_after=int(retry_after),
            chat=self.player.person.id,
            afterwards=afterwards,
        )
        return lambda: trouble.met > 0


@dataclass
class OnDiscord:
    desk: Watched
    player: DiscordPlayer
    numbers_messages: bool = True

    @property
    def conversation(self) -> str:
        return self.player.conversation

    async def shown(self) -> str:
        answers = self.player.discord.answers(self.player.channel, self.player.name)
        return "\n".join(as_read(str(one["content"])) for one in answers)

    async def says_nothing(self) -> None:
        await self.player.discord.writes_directly(self.player.name, "", type=6)  # "pinned a message"
        await self.player.discord.writes_directly(self.player.name, "   ")

    async def says(self, text: str) -> None:
        await self.player.discord.writes_directly(self.player.name, text[:4000])  # Discord itself takes no more

    async def says_twice(self, text: str) -> None:
        message = await self.player.discord.writes_directly(self.player.name, text)
        await self.player.discord.rest.tell("MESSAGE_CREATE", message)

    async def says_backwards(self, older: str, newer: str) -> None:
        world, user = self.player.discord.world, self.player.discord.world.person(self.player.name)
        messages = [world.add_message(self.player.channel, user, text) for text in (older, newer)]
        for message in reversed(messages):
            await self.player.discord.rest.tell("MESSAGE_CREATE", message)

    async def presses_old(self) -> str:
        message = await self.player.discord.writes_directly("somebody", "Of a desk before this one")
        pressed = await self.player.discord.presses_id(self.player.name, message, "1795374549258-0:0")
        await self.player.discord.until(lambda: pressed.answers)
        return str(pressed.answers[0]["data"]["content"])

    async def says_to_no_core(self, text: str, back: Callable[[], None]) -> None:
        await self.player.discord.writes_directly(self.player.name, text)
        await met_by(self.desk)
        back()

    async def says_and_is_cut_off(self, text: str) -> None:
        """Written while the gateway is away, which then has forgotten the session."""
        await self.player.discord.gateway.cut(forget=True)
        await self.player.discord.writes_directly(self.player.name, text)

    def refuses(self, status: int, retry_after: float = 0, afterwards: bool = False) -> Callable[[], bool]:
        fault = self.player.discord.fails(
            "POST",
            f"{self.player.channel}/messages",
            status,
            retry_after=retry_after,
            code={403: 50007, 400: 50035}.get(status, 0),
            after=afterwards,
        )
        return lambda: fault.times < 1

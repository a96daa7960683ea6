"""The dialogues said where others read along: in a Telegram group and in a Discord support channel.

Nothing that is a customer's own may ever stand there; where a dialogue comes to it, the answer goes on in private.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import pytest

from adapters.discord.channel import DiscordChannel
from bot.assembly import open_desk_on
from bot.redis.connection import connect
from bot.settings import Settings
from tests.channel_players import SHOP, NotOffered, serving, words_for
from tests.dialogues import ADAS_TRACKING, DIALOGUES, Dialogue
from tests.discord_server import SUPPORT, DiscordServer, components, discord_server
from tests.discord_world import PRIVATE, Payload
from tests.platform_players import Pressable, TelegramStage, as_read, pressables, telegram_stage
from tests.telegram_server import TelegramServer
from tests.telegram_world import Person, Posted, Room
from tests.test_dialogues_everywhere import forget_tries, in_turn
from tests.watched_desk import Watched

LINES = 3  # of each dialogue: a group may be told twenty messages a minute, and a line may need two
AT_ONCE = 16  # conversations, each in a place of its own
DEMO = Path(__file__).parent.parent / "bot" / "demo" / "shop"


def personal() -> set[str]:
    """What is known of customers and their orders, and of nobody and nothing else."""
    customers: list[dict[str, Any]] = json.loads((DEMO / "customers.json").read_text(encoding="utf-8"))
    orders: list[dict[str, Any]] = json.loads((DEMO / "orders.json").read_text(encoding="utf-8"))
    addresses = [address for one in customers for address in one["addresses"]]
    ways_to_pay = [method["label"] for one in customers for method in one["payment_methods"]]
    return {
        *(one[name] for one in customers for name in ("name", "email", "phone") if one.get(name)),
        *(one[name] for one in addresses for name in ("line1", "line2") if one.get(name)),
        *(label for label in ways_to_pay if any(sign.isdigit() for sign in label)),
        *(one["number"] for one in orders),
        *(parcel["tracking"] for one in orders for parcel in one.get("fulfilments", []) if parcel.get("tracking")),
    }


class InPublic(Protocol):
    """One customer who writes where others read along."""

    async def says(self, text: str, press: str) -> None:
        """Until it is answered there. Raises NotOffered."""

    def stands_there(self) -> str:
        """All that the desk wrote in public, buttons too."""

    def stands_in_private(self) -> str: ...


# --- a group on Telegram


@dataclass
class InGroup:
    desk: Watched
    telegram: TelegramServer
    person: Person
    group: Room
    locale: str
    shown: dict[str, tuple[Posted, str]] = field(default_factory=dict)

    async def says(self, text: str, press: str) -> None:
        conversation = f"telegram:{self.telegram.bot.id}:{self.group.id}:{self.person.id}"
        turns = self.desk.outbox.turns[conversation]
        if press in self.shown:
            self.person.presses_data(*self.shown[press])
        else:
            said = text or words_for(press, self.locale)
            name = f"@{self.telegram.bot.username}"
            command = said.startswith("/")
            self.person.writes(f"{said}{name}" if command else f"{name} {said}", to=self.group)
        await self.desk.outbox.has_delivered(conversation, turns + 1)
        for posted in self.group.said:
            for key in (key for row in posted.keyboard for key in row if "callback_data" in key):
                with suppress(AssertionError):  # of what was pressed already
                    button = await self.desk.button(conversation, key["callback_data"], key["text"])
                    self.shown[button.id] = posted, key["callback_data"]

    def stands_there(self) -> str:
        return "\n".join("\n".join([one.text, *one.labels]) for one in self.group.said)

    def stands_in_private(self) -> str:
        return "\n".join(one.text for one in self.person.private.said)


@asynccontextmanager
async def in_groups(desk: Watched) -> AsyncIterator[Callable[[Dialogue], InPublic]]:
    async with telegram_stage(desk) as stage:
        assert isinstance(stage, TelegramStage)
        telegram = stage.telegram

        def joins(dialogue: Dialogue) -> InPublic:
            person = telegram.person("Ann", dialogue.locale or "en")
            person.private.open = True  # she has talked to the desk before
            return InGroup(desk, telegram, person, telegram.group(dialogue.name[:60]), dialogue.locale)

        yield joins


# --- a support channel on Discord


@dataclass
class InSupportChannel:
    desk: Watched
    discord: DiscordServer
    name: str
    locale: str
    thread: str = ""
    shown: dict[str, Pressable] = field(default_factory=dict)

    async def says(self, text: str, press: str) -> None:
        turns = self.desk.outbox.turns[self.conversation]
        if press in self.shown:
            await self.shown[press].press(self.discord, self.name)
        else:
            said = text or words_for(press, self.locale)
            message = await self.discord.writes(self.name, said, self.thread or SUPPORT)
            self.thread = self.thread or message["id"]  # a thread has the id of the message under which it stands
        await self.desk.outbox.has_delivered(self.conversation, turns + 1)
        for answer in self.discord.answers(self.thread):
            for one in pressables(answer):
                button = await self.desk.button(self.conversation, one.data, one.label)
                self.shown[button.id] = one

    @property
    def conversation(self) -> str:
        return f"{self.discord.account}:{self.thread}:{self.discord.world.person(self.name)['id']}"

    def stands_there(self) -> str:
        return self._words(SUPPORT) + "\n" + self._words(self.thread)

    def stands_in_private(self) -> str:
        private = [thread for thread in self.discord.private_threads(self.name) if thread["type"] == PRIVATE]
        return "\n".join(self._words(thread["id"]) for thread in private)

    def _words(self, channel: str) -> str:
        """As anybody else sees it."""
        seen = self.discord.answers(channel)
        return "\n".join(as_read("\n".join([one["content"], *_labels(one)])) for one in seen)


def _labels(message: Payload) -> list[str]:
    """Also what stands in lists."""
    return [each.get("label", "") for one in components(message) for each in (one, *one.get("options", ()))]


@asynccontextmanager
async def in_support_channel(desk: Watched) -> AsyncIterator[Callable[[Dialogue], InPublic]]:
    async with discord_server() as discord:
        discord.relax()  # or sixty threads in one channel take a minute
        environ = {
            "SHOPDESK_DISCORD_TOKEN": discord.token,
            "SHOPDESK_DISCORD_API": discord.api,
            "SHOPDESK_DISCORD_GATEWAY": discord.gateway_url,
            "SHOPDESK_DISCORD_CHANNELS": SUPPORT,
            "SHOPDESK_PUBLIC_URL": SHOP,
        }
        async with serving(DiscordChannel(environ), desk.handles):
            await discord.until(lambda: discord.gateway.is_online(), 30)
            yield lambda one: InSupportChannel(desk, discord, f"ann{DIALOGUES.index(one)}", one.locale)


Open = Callable[[Watched], AbstractAsyncContextManager[Callable[[Dialogue], InPublic]]]
PLACES: dict[str, Open] = {"telegram group": in_groups, "discord support channel": in_support_channel}


@dataclass(frozen=True)
class Talk:
    problem: Exception | None
    public: str
    private: str


@pytest.fixture(scope="module", params=PLACES)
def talks(
    request: pytest.FixtureRequest,
    demo_copied_to: Callable[[Path], Path],
    redis_url: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, Talk]:
    data = demo_copied_to(tmp_path_factory.mktemp("public") / "data")
    return asyncio.run(talk_all(PLACES[str(request.param)], Settings(data_dir=data, burst_seconds=0), redis_url))


async def talk_all(place: Open, settings: Settings, redis_url: str) -> dict[str, Talk]:
    async with AsyncExitStack() as opened:
        connection = await opened.enter_async_context(connect(redis_url))
        await connection.commands.flushall()
        desk = await opened.enter_async_context(open_desk_on(settings, redis_url, alone=True))
        work = asyncio.create_task(desk.work())
        opened.callback(work.cancel)
        joins = await opened.enter_async_context(place(Watched(desk.handles)))
        players = {dialogue.name: joins(dialogue) for dialogue in DIALOGUES}
        problems: dict[str, Exception | None] = {}
        for together in in_turn(DIALOGUES):
            free = asyncio.Semaphore(AT_ONCE)
            ends = await asyncio.gather(*(talk(players[one.name], one, free) for one in together))
            problems |= dict(zip([one.name for one in together], ends, strict=True))
            await forget_tries(connection)
        await until_moved(players["a guest who asks for an order proves it first, step by step"])
        return {
            name: Talk(problems[name], player.stands_there(), player.stands_in_private())
            for name, player in players.items()
        }


async def talk(player: InPublic, dialogue: Dialogue, free: asyncio.Semaphore) -> Exception | None:
    async with free:
        try:
            for line in dialogue.lines[:LINES]:
                with suppress(NotOffered):
                    await player.says(line.says, line.presses)
        except Exception as problem:
            return problem
    return None


async def until_moved(player: InPublic) -> None:
    """What was promised to go on in private may come a little later."""
    for _ in range(400):
        if ADAS_TRACKING in player.stands_in_private():
            return
        await asyncio.sleep(0.05)


@pytest.mark.parametrize("dialogue", DIALOGUES, ids=lambda dialogue: dialogue.name)
def test_nothing_of_a_customers_own_stands_in_public(talks: dict[str, Talk], dialogue: Dialogue) -> None:
    talk = talks[dialogue.name]
    if talk.problem:
        raise talk.problem
    assert talk.public.strip() or not any(line.says for line in dialogue.lines)
    assert not {words for words in personal() if words in talk.public}


def test_what_is_a_customers_own_is_answered_in_private(talks: dict[str, Talk]) -> None:
    assert ADAS_TRACKING in talks["a guest who asks for an order proves it first, step by step"].private


def test_a_question_of_anybody_is_answered_where_it_is_asked(talks: dict[str, Talk]) -> None:
    assert "3 to 5 working days" in talks["a question is answered from the FAQ, with its source"].public
    assert "3 至 5" in talks["常见问题用中文回答，并注明出处"].public

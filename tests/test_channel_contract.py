"""The contract of a channel: one table of what goes wrong, and every channel stands it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from bot.assembly import ShopDesk, open_desk_on
from bot.messages import Said
from bot.redis.connection import connect
from bot.settings import Settings
from tests.channel_players import OpenStage, Stage, line_stage, terminal_stage, web_stage
from tests.channel_trouble import AtTerminal, OnDiscord, OnLines, OnTelegram, OnWeb, until
from tests.members import member, staff_says
from tests.platform_players import discord_stage, telegram_stage
from tests.watched_desk import Watched

pytestmark = pytest.mark.asyncio(loop_scope="module")

CHANNELS: dict[str, tuple[OpenStage, Callable[[Watched, Any], Any]]] = {
    "terminal": (terminal_stage, AtTerminal),
    "web": (web_stage, OnWeb),
    "lines": (line_stage, OnLines),
    "telegram": (telegram_stage, OnTelegram),
    "discord": (discord_stage, OnDiscord),
}
DELIVERY, DELIVERED = "How long does delivery take?", "3 to 5 working days"
PAYMENT, PAID = "Which payment methods do you accept?", "PayPigeon"
FAR_TOO_MUCH = "and then? " * 7_000
LETTER = " ".join(f"This is sentence {number} of a long letter." for number in range(1, 251))


@dataclass
class Ground:
    """A desk that serves every channel at the same time."""

    desk: ShopDesk
    watched: Watched
    stages: dict[str, Stage]

    async def ordeal(self, channel: str) -> Any:
        return CHANNELS[channel][1](self.watched, await self.stages[channel].player("", "en"))

    async def said(self, ordeal: Any) -> list[str]:
        """What the desk has of the customer, in its order."""
        happened = await self.watched.postbox.transcript(ordeal.conversation)
        return [one.what.text for one in happened if isinstance(one.what, Said) and one.what.by == "customer"]

    async def is_shown(self, ordeal: Any, words: str) -> None:
        async def stands_there() -> bool:
            return words in await ordeal.shown()

        await until(stands_there, words)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def ground(
    demo_copied_to: Callable[[Path], Path], redis_url: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Ground]:
    data = tmp_path_factory.mktemp("contract") / "data"
    demo_copied_to(data)
    async with AsyncExitStack() as opened:
        connection = await opened.enter_async_context(connect(redis_url))
        await connection.commands.flushall()
        settings = Settings(data_dir=data, burst_seconds=0)
        desk = await opened.enter_async_context(open_desk_on(settings, redis_url, alone=True))
        work = asyncio.create_task(desk.work())
        opened.callback(work.cancel)
        watched = Watched(desk.handles)
        stages = {name: await opened.enter_async_context(stage(watched)) for name, (stage, _) in CHANNELS.items()}
        yield Ground(desk, watched, stages)


async def empty(ground: Ground, ordeal: Any) -> None:
    """Nothing written is no message, and what follows is answered."""
    await ordeal.says_nothing()
    assert DELIVERED in (await ordeal.player.says(DELIVERY)).words
    assert await ground.said(ordeal) == [DELIVERY]


async def very_long(ground: Ground, ordeal: Any) -> None:
    """It is answered or refused, and what follows is answered."""
    await ordeal.says(FAR_TOO_MUCH)
    assert DELIVERED in (await ordeal.player.says(DELIVERY)).words or DELIVERED in await ordeal.shown()
    assert (await ground.said(ordeal))[-1] == DELIVERY


async def long_answer(ground: Ground, ordeal: Any) -> None:
    """All of it is shown, in its order."""
    await ordeal.player.says(DELIVERY)
    await ground.desk.staff.take(member("eva"), ordeal.conversation)
    await staff_says(ground.desk.staff, "eva", ordeal.conversation, LETTER)
    await ground.is_shown(ordeal, "sentence 250 of")
    shown = await ordeal.shown()
    places = [shown.index(f"sentence {number} of") for number in range(1, 251)]
    assert places == sorted(places)


async def duplicate(ground: Ground, ordeal: Any) -> None:
    """The same message twice is answered once."""
    await ordeal.says_twice(DELIVERY)
    await ground.is_shown(ordeal, DELIVERED)
    await ordeal.player.says(PAYMENT)

    async def both() -> bool:
        return len(await ground.said(ordeal)) > 1

    await until(both, "the message after it")
    assert await ground.said(ordeal) == [DELIVERY, PAYMENT]
    assert (await ordeal.shown()).count(DELIVERED) == 1


async def out_of_order(ground: Ground, ordeal: Any) -> None:
    """The newer before the older: both are answered, once, and in their order where it is known."""
    await ordeal.says_backwards(DELIVERY, PAYMENT)
    await ground.is_shown(ordeal, DELIVERED)
    await ground.is_shown(ordeal, PAID)
    said = await ground.said(ordeal)
    assert (said if ordeal.numbers_messages else sorted(said)) == [DELIVERY, PAYMENT]
    assert (await ordeal.shown()).count(DELIVERED) == 1


async def old_button(ground: Ground, ordeal: Any) -> None:
    """The customer is told, in words, and nothing else comes of it."""
    told = await ordeal.presses_old()
    assert told.strip()
    assert DELIVERED in (await ordeal.player.says(DELIVERY)).words


async def core_failing(ground: Ground, ordeal: Any) -> None:
    """What could not be stored is not lost, and answered once."""
    postbox = ground.watched.postbox
    postbox.stores, postbox.refused = False, 0
    await ordeal.says_to_no_core(DELIVERY, lambda: setattr(postbox, "stores", True))
    await ground.is_shown(ordeal, DELIVERED)
    assert await ground.said(ordeal) == [DELIVERY]
    assert (await ordeal.shown()).count(DELIVERED) == 1


async def network_cut(ground: Ground, ordeal: Any) -> None:
    """What the customer wrote meanwhile is answered once."""
    await ordeal.player.says(PAYMENT)
    await ordeal.says_and_is_cut_off(DELIVERY)
    await ground.is_shown(ordeal, DELIVERED)
    assert await ground.said(ordeal) == [PAYMENT, DELIVERY]
    assert (await ordeal.shown()).count(DELIVERED) == 1


async def platform_429(ground: Ground, ordeal: Any) -> None:
    """It waits as long as it is told to, and comes once."""
    waited = ordeal.refuses(429, retry_after=1)
    assert DELIVERED in (await ordeal.player.says(DELIVERY)).words
    assert waited()
    assert (await ordeal.shown()).count(DELIVERED) == 1


async def platform_400(ground: Ground, ordeal: Any) -> None:
    """What is wrong with its looks is left out, the words are not."""
    refused = ordeal.refuses(400)
    assert "service desk of Owl" in (await ordeal.player.says("Hello!")).words
    assert refused()


async def platform_403(ground: Ground, ordeal: Any) -> None:
    """Who cannot be reached holds nobody up, and is served again when they are back."""
    refused = ordeal.refuses(403)
    await ordeal.says(DELIVERY)

    async def met() -> bool:
        return bool(refused())

    await until(met, "it was refused")
    assert PAID in (await ordeal.player.says(PAYMENT)).words
    assert DELIVERED not in await ordeal.shown()


async def platform_500(ground: Ground, ordeal: Any) -> None:
    failed = ordeal.refuses(500)
    assert DELIVERED in (await ordeal.player.says(DELIVERY)).words
    assert failed()
    assert (await ordeal.shown()).count(DELIVERED) == 1


async def line_to_platform_cut(ground: Ground, ordeal: Any) -> None:
    cut = ordeal.refuses(0)
    assert DELIVERED in (await ordeal.player.says(DELIVERY)).words
    assert cut()
    assert (await ordeal.shown()).count(DELIVERED) == 1


async def answer_of_platform_lost(ground: Ground, ordeal: Any) -> None:
    """It was done and we do not know: better twice than never."""
    cut = ordeal.refuses(0, afterwards=True)
    assert DELIVERED in (await ordeal.player.says(DELIVERY)).words
    assert cut()
    assert 1 <= (await ordeal.shown()).count(DELIVERED) <= 2


ANYWHERE = (empty, very_long, old_button, core_failing)
WITH_IDS = (long_answer, duplicate, out_of_order, network_cut)  # a terminal has neither ids of messages nor a line
ON_PLATFORMS = (
    platform_429,
    platform_400,
    platform_403,
    platform_500,
    line_to_platform_cut,
    answer_of_platform_lost,
)
TABLE = [
    *((channel, case) for case in ANYWHERE for channel in CHANNELS),
    *((channel, case) for case in WITH_IDS for channel in CHANNELS if channel != "terminal"),
    *((channel, case) for case in ON_PLATFORMS for channel in ("telegram", "discord")),
]


@pytest.mark.parametrize("channel, case", TABLE, ids=lambda one: one if isinstance(one, str) else one.__name__)
async def test_a_channel_stands(ground: Ground, channel: str, case: Callable[[Ground, Any], Awaitable[None]]) -> None:
    await case(ground, await ground.ordeal(channel))


@pytest.mark.parametrize("channel", ["telegram", "discord"])
async def test_while_one_customer_is_held_up_by_the_platform_another_is_served(ground: Ground, channel: str) -> None:
    slow, quick = await ground.ordeal(channel), await ground.ordeal(channel)
    slow.refuses(429, retry_after=6)
    held_up = asyncio.create_task(slow.player.says(DELIVERY))
    assert PAID in (await quick.player.says(PAYMENT)).words
    assert not held_up.done()
    assert DELIVERED in (await held_up).words

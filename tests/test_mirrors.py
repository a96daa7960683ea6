"""A desk elsewhere that cannot be told: what is over is not tried for ever, a closed place is asked by one for all."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bot.channels import NotNow, Unreachable
from bot.desk.desk_settings import DeskSettings
from bot.desk.mirrors import Mirrors
from bot.desk.news import DeskNews
from bot.desks import Mirror
from bot.listening import Listener
from bot.observing.metrics import REGISTRY
from bot.redis.connection import Connection
from tests.clock_ground import ClockGround, clock_ground
from tests.members import member

READER = "irc:room"
MIA = member()


@dataclass
class Place:
    """A desk elsewhere: who was shown, with what state, and what it raises then."""

    raises: Callable[[Mirror], Exception | None] = lambda _: None
    seen: list[tuple[str, str]] = field(default_factory=list)
    tried: list[tuple[str, str]] = field(default_factory=list)

    async def each(self, mirror: Mirror) -> None:
        one = mirror.conversation, mirror.handoff.state if mirror.handoff else "over"
        self.tried.append(one)
        await mirror.keep("thread", "1")
        if trouble := self.raises(mirror):
            raise trouble
        for news in mirror.news():
            await mirror.shown(news)
        self.seen.append(one)


@dataclass
class Shown:
    ground: ClockGround
    place: Place

    async def until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(30):
            while not holds():  # noqa: ASYNC110
                await asyncio.sleep(0.02)

    async def is_shown_as_open(self, conversation: str) -> bool:
        keys = self.ground.keys
        mirroring = keys.mirroring(keys.tag(conversation), READER)
        return bool(await self.ground.connection.commands.sismember(mirroring, conversation))

    async def until_dropped(self, conversation: str) -> None:
        async with asyncio.timeout(30):
            while await self.is_shown_as_open(conversation):  # noqa: ASYNC110
                await asyncio.sleep(0.02)

    async def ended(self) -> str:
        """A handoff that was shown there, and is over."""
        conversation = await self.ground.asks()
        await self.until(lambda: (conversation, "waiting") in self.place.tried)
        await self.ground.staff.close(MIA, conversation)
        return conversation


@asynccontextmanager
async def shown(
    connection: Connection, folder: Path, place: Place, end_pauses: Sequence[float] = (0.0, 0.0), shut: float = 600.0
) -> AsyncIterator[Shown]:
    async with (
        clock_ground(connection, folder, DeskSettings()) as ground,
        Listener(connection).running() as listener,
        DeskNews(connection, ground.keys, listener).running() as news,
    ):
        mirrors = Mirrors(connection, ground.keys, news, ground.mailbox, end_pauses, shut)
        mirroring = asyncio.create_task(mirrors.run(READER, place.each))
        try:
            yield Shown(ground, place)
        finally:
            mirroring.cancel()
            with suppress(asyncio.CancelledError):
                await mirroring


def given_up() -> float:
    return REGISTRY.get_sample_value("shopdesk_ends_not_shown_total") or 0.0


@pytest.mark.parametrize("trouble", [ConnectionError("the thread is locked"), KeyError("ours")], ids=["theirs", "ours"])
async def test_an_end_that_cannot_be_shown_is_tried_a_few_times_then_given_up_with_one_line_and_counted(
    connection: Connection, tmp_path: Path, caplog: pytest.LogCaptureFixture, trouble: Exception
) -> None:
    before, place = given_up(), Place(lambda mirror: trouble if mirror.handoff is None else None)
    async with shown(connection, tmp_path, place) as room:
        conversation = await room.ended()
        with caplog.at_level(logging.WARNING, "bot.desk"):
            await room.until_dropped(conversation)
        assert place.tried.count((conversation, "over")) == 3, "the first, and one after each pause"
        assert given_up() == before + 1
        (line,) = [one.getMessage() for one in caplog.records if one.name.startswith("bot.desk")]
        assert READER in line and "given up" in line
        await room.ground.says(conversation, "a person again please", wants_staff=True)
        await room.until(lambda: place.seen.count((conversation, "waiting")) == 2)


async def test_a_platform_that_asks_for_time_is_given_it_however_often(connection: Connection, tmp_path: Path) -> None:
    place, later = Place(), [NotNow(0.0)] * 2
    place.raises = lambda mirror: later.pop() if mirror.handoff is None and later else None
    async with shown(connection, tmp_path, place, end_pauses=()) as room:
        conversation = await room.ended()
        await room.until(lambda: (conversation, "over") in place.seen)


async def test_a_new_handoff_and_its_end_do_not_wait_for_an_end_that_was_put_off(
    connection: Connection, tmp_path: Path
) -> None:
    place = Place(lambda mirror: ConnectionError("later") if mirror.handoff is None else None)
    async with shown(connection, tmp_path, place, end_pauses=(600.0,)) as room:
        conversation = await room.ended()
        await room.until(lambda: (conversation, "over") in place.tried)
        await room.ground.says(conversation, "a person again please", wants_staff=True)
        await room.until(lambda: place.seen.count((conversation, "waiting")) == 2)
        place.raises = lambda _: None
        await room.ground.staff.close(MIA, conversation)
        await room.until(lambda: (conversation, "over") in place.seen)


async def test_in_a_closed_place_what_is_over_is_dropped_and_what_is_open_asked_by_one_for_all(
    connection: Connection, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    place, closed = Place(), asyncio.Event()
    place.raises = lambda _: Unreachable("the bot was put out") if closed.is_set() else None
    async with shown(connection, tmp_path, place, shut=0.5) as room:
        conversation = await room.ground.asks()
        await room.until(lambda: (conversation, "waiting") in place.seen)
        closed.set()
        with caplog.at_level(logging.WARNING, "bot.desk"):
            await room.ground.staff.close(MIA, conversation)
            await room.until_dropped(conversation)
            others = [await room.ground.asks() for _ in range(4)]
            start = len(place.tried)
            await room.until(lambda: len(place.tried) > start)
            assert len(place.tried) == start + 1, "one asks for all"
        assert len([one for one in caplog.records if READER in one.getMessage()]) == 1
        closed.clear()
        await room.until(lambda: {(one, "waiting") for one in others} <= set(place.seen))

"""Telegram where the process is killed, updates come three times in any order, and too much is said at once."""

import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
import pytest_asyncio

from serving.ports import free_port
from serving.soak.processes import Process
from tests.storm_ground import LONG, TRIALS, Ground, long_version, storm_ground, tell, until
from tests.storms import (
    busiest_second,
    greeted,
    killed_again_and_again,
    killed_on_the_way_in,
    shown,
    stored_once_in_order,
    watching_ourselves,
)
from tests.telegram_server import COUNTED, NO_LIMITS, Limits, TelegramServer, open_telegram
from tests.telegram_world import Person

pytestmark = pytest.mark.asyncio(loop_scope="module")

SERVED_SECONDS = 20.0  # others, while one chat floods


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def ground(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Ground]:
    async with storm_ground(tmp_path_factory.mktemp("telegram")) as opened:
        yield opened


@dataclass
class Chatter:
    person: Person

    def conversation(self) -> str:
        return f"telegram:{self.person.bot.id}:{self.person.id}"

    async def writes(self, text: str) -> object:
        return self.person.writes(text)

    def times_shown(self, word: str) -> int:
        return sum(posted.text.count(word) for posted in self.person.private.said)


@dataclass
class Stage:
    """A bot, and the process that serves it."""

    telegram: TelegramServer
    process: Process

    @property
    def account(self) -> str:
        return f"telegram:{self.telegram.bot.id}"

    def people(self, count: int) -> list[Chatter]:
        return [Chatter(self.telegram.person(f"Person {number}")) for number in range(count)]

    def begin(self) -> None:
        """What begins with a kill has not been started yet; every other test goes on with the process of the last."""
        if not self.process.runs():
            self.process.start()


@asynccontextmanager
async def staged(ground: Ground, bot: int, **settings: str) -> AsyncIterator[Stage]:
    async with open_telegram() as telegram:
        telegram.bots.clear()
        telegram.bot = telegram.add_bot("storm_bot", bot)
        token_and_api = {"telegram_token": telegram.bot.token, "telegram_api": telegram.url}
        process = ground.channel("telegram", **token_and_api, **settings)
        yield Stage(telegram, process)
        await ground.end(process, account=f"telegram:{bot}")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def asking(ground: Ground) -> AsyncIterator[Stage]:
    async with staged(ground, 500_001) as stage:
        yield stage


@pytest_asyncio.fixture(loop_scope="module")
async def stage(asking: Stage) -> Stage:
    """With people of its own in each test."""
    asking.telegram.limits = Limits()
    asking.telegram.bot.repeats, asking.telegram.bot.shuffled = 1, False
    return asking


async def test_killed_between_fetch_and_acknowledgement_nothing_is_lost_or_answered_twice(
    ground: Ground, stage: Stage
) -> None:
    await killed_on_the_way_in(ground, stage.process, stage.account, stage.people(12), TRIALS or 3)


@long_version
async def test_killed_again_and_again_nothing_is_lost_or_out_of_order(ground: Ground, stage: Stage) -> None:
    kills = TRIALS // 10
    await killed_again_and_again(ground, stage.process, stage.account, stage.people(10), 8, kills, 6 * kills)


async def three_times_in_any_order(ground: Ground, stage: Stage) -> None:
    stage.telegram.limits = NO_LIMITS
    stage.telegram.bot.repeats, stage.telegram.bot.shuffled = 3, True
    people, written = stage.people(10), list[tuple[Chatter, str]]()
    for _ in range(10):
        for one in people:
            written.append((one, ground.new_word()))
            await one.writes(f"Hello {written[-1][1]}")
    stage.begin()
    await shown(written, "all of them")
    await stored_once_in_order(ground, written)
    assert [one.times_shown(said) for one, said in written] == [1] * len(written)
    tell(f"{stage.account}: {len(written)} updates three times each in any order: doubled 0, disorder 0")


async def test_every_update_three_times_in_any_order_is_one_message_in_the_order_of_writing(
    ground: Ground, stage: Stage
) -> None:
    await three_times_in_any_order(ground, stage)


async def test_every_call_of_the_webhook_three_times_in_any_order_is_one_message_in_the_order_of_writing(
    ground: Ground,
) -> None:
    port, public = free_port(), "https://desk.example"
    async with staged(ground, 500_002, telegram_webhook=public, telegram_port=str(port)) as stage:
        stage.telegram.reach[public] = f"http://127.0.0.1:{port}"
        await three_times_in_any_order(ground, stage)


async def test_a_chat_that_floods_and_is_held_up_keeps_nobody_else_waiting(ground: Ground, stage: Stage) -> None:
    (flooder, *others) = stage.people(21)
    stage.telegram.trouble("sendMessage", 429, retry_after=3, times=2, chat=flooder.person.id)
    stage.begin()
    await greeted(ground, others[:1])
    for _ in range(200):
        await flooder.writes(f"again {ground.new_word()}")
    written = [(one, ground.new_word()) for one in others]
    for one, said in written:
        await one.writes(f"Hello {said}")
    took = await shown(written, "while another floods", SERVED_SECONDS)
    await until(lambda: len(flooder.person.private.said) > 1, 40, "the flooder is served too")
    words = Counter(posted.text for posted in flooder.person.private.said)
    assert max(words.values()) == 1, f"the same was said to the flooder twice: {words}"
    await until(lambda: not stage.telegram.bot.updates, 40, "what was too much is acknowledged")
    tell(f"{stage.account}: one chat wrote 200 messages; the {len(others)} others had their answers after {took:.1f} s")


async def test_thirty_streamed_replies_at_once_stay_inside_the_bots_limit_and_every_final_message_arrives(
    ground: Ground, stage: Stage
) -> None:
    people = stage.people(30)
    stage.begin()
    await greeted(ground, people[:1])
    began = time.monotonic()
    written = [(one, ground.new_word()) for one in people]
    async with watching_ourselves() as held_up:
        for one, said in written:
            await one.writes(f"Tell me at length: {said}")
        await shown(written, "long ones")
    took = time.monotonic() - began
    calls = [call for call in stage.telegram.calls if call.method in COUNTED and call.at >= began]
    methods = Counter(call.method for call in calls)
    for one, said in written:
        (final,) = [posted.text for posted in one.person.private.said if said in posted.text]
        assert final.endswith(LONG[-40:])
    most = busiest_second([call.at for call in calls])
    assert most <= 30 * (1 + held_up.seconds), f"{methods}, while we were held up for {held_up.seconds:.2f} s"
    assert all(call.status == 200 for call in calls), Counter(call.status for call in calls)
    assert methods["sendMessageDraft"] > 0, "nothing was streamed"
    drafts = [[c.at for c in calls if c.method == "sendMessageDraft" and c.chat == one.person.id] for one in people]
    assert max(map(busiest_second, drafts)) <= 2 + held_up.seconds, "more than a frame a second"
    tell(f"{stage.account}: 30 streamed replies in {took:.1f} s, at most {most} calls in a second: {dict(methods)}")

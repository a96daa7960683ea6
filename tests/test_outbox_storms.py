"""The outbox where processes are killed and platforms refuse: nothing is lost, and nobody waits for somebody else."""

import asyncio
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import pytest_asyncio

from serving.soak.processes import Process
from tests.plain_channel import ACCOUNT, READY
from tests.plain_platform import PlainPlatform, plain_platform
from tests.storm_ground import START_SECONDS, TRIALS, Ground, long_version, ready, storm_ground, tell, until
from tests.storms import killed_again_and_again, killed_on_the_way_in, shown

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def ground(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Ground]:
    async with storm_ground(tmp_path_factory.mktemp("outbox")) as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="module")
async def platform() -> AsyncIterator[PlainPlatform]:
    async with plain_platform() as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="module")
async def channels(ground: Ground, platform: PlainPlatform) -> AsyncIterator[list[Process]]:
    """Two for one account, not started yet."""
    command = [sys.executable, "-m", "tests.plain_channel", str(platform.port)]
    made = [ground.process(f"plain {len(ground.processes)}", command, READY) for _ in range(2)]
    yield made
    await ground.end(*made, account=ACCOUNT)


@pytest.fixture
def channel(channels: list[Process]) -> Process:
    return channels[0]


@dataclass
class Writer:
    platform: PlainPlatform
    chat: str

    def conversation(self) -> str:
        return f"{ACCOUNT}:{self.chat}"

    async def writes(self, text: str) -> None:
        self.platform.write(self.chat, text)

    def times_shown(self, word: str) -> int:
        return self.platform.times_shown(word)


async def test_a_channel_killed_between_fetch_and_acknowledgement_loses_and_doubles_nothing(
    ground: Ground, platform: PlainPlatform, channel: Process
) -> None:
    await killed_on_the_way_in(ground, channel, ACCOUNT, [Writer(platform, "ada")], TRIALS or 2)


@long_version
async def test_a_channel_that_acknowledges_first_loses_what_it_fetched_so_the_trials_would_show_it(
    ground: Ground, platform: PlainPlatform, channel: Process
) -> None:
    ada, lost, later = Writer(platform, "ada"), ground.new_word(), ground.new_word()
    channel.command = [*channel.command, "hasty"]
    channel.start()
    held = ground.gate.hold(lost, "there")
    await ada.writes(f"Hello {lost}")
    await asyncio.wait_for(held.reached.wait(), START_SECONDS)
    await until(lambda: not platform.waiting, 10, "the acknowledgement")
    channel.kill()
    ground.gate.let_through()
    await ground.take_from_the_dead(ACCOUNT)
    channel.start()
    await ada.writes(f"Hello {later}")
    await shown([(ada, later)], "after the kill")
    assert not ada.times_shown(lost)


@long_version
async def test_a_channel_killed_again_and_again_loses_nothing_and_keeps_the_order(
    ground: Ground, platform: PlainPlatform, channel: Process
) -> None:
    customers = [Writer(platform, f"customer {number}") for number in range(8)]
    kills = TRIALS // 10 or 2
    await killed_again_and_again(ground, channel, ACCOUNT, customers, 4, kills, 5 * kills)


async def test_a_channel_killed_while_it_sends_sends_again_and_the_turn_was_one(
    ground: Ground, platform: PlainPlatform, channel: Process
) -> None:
    said = ground.new_word()
    platform.stalled = said
    channel.start()
    platform.write("ben", f"Hello {said}")
    await asyncio.wait_for(platform.stalling.wait(), 60)
    channel.kill()
    await ground.take_from_the_dead(ACCOUNT)
    channel.start()
    await until(lambda: platform.times_shown(said) == 2, 40, "the reply that may not have come")


@long_version
async def test_who_stands_by_takes_over_and_brings_what_was_left(
    ground: Ground, platform: PlainPlatform, channels: list[Process]
) -> None:
    first, second = channels
    first.start()
    await ready(first)
    said = ground.new_word()
    platform.write("cleo", f"Hello {said}")
    await until(lambda: platform.times_shown(said) == 1, 40, "an answer")
    second.start()
    await ready(second)
    first.kill()
    said = ground.new_word()
    platform.write("cleo", f"Hello {said}")
    took = await until(lambda: platform.times_shown(said) == 1, 20, "an answer by the other")
    tell(f"the channel that stood by answered {took:.1f} s after the other was killed")


async def test_a_chat_that_is_refused_keeps_nobody_else_waiting(
    ground: Ground, platform: PlainPlatform, channel: Process
) -> None:
    platform.refuses["dora"] = 1.5
    channel.start()
    await ready(channel)
    refused, others = ground.new_word(), {f"chat {number}": ground.new_word() for number in range(20)}
    platform.write("dora", f"Hello {refused}")
    await until(lambda: platform.refused["dora"] > 0, 30, "the refusal")
    for chat, said in others.items():
        platform.write(chat, f"Hello {said}")
    took = await until(lambda: all(map(platform.times_shown, others.values())), 20, "the others' answers")
    assert not platform.times_shown(refused)
    assert platform.refused["dora"] <= 2 + took, "a chat that said when to come again was asked in between"
    del platform.refuses["dora"]
    await until(lambda: platform.times_shown(refused) == 1, 40, "the answer to who was refused")
    assert [platform.times_shown(said) for said in others.values()] == [1] * len(others)

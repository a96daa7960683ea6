"""Discord where the process is killed or away, events come three times in any order, and too much is said at once."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import pytest_asyncio

from bot.desk.passwords import Passwords
from bot.desk.people import Staff
from bot.desk.tables import desk_tables
from bot.desks import Member
from bot.shop.database import open_database
from serving.soak.processes import Process
from tests.discord_server import DESK, SUPPORT, DiscordServer, discord_server
from tests.storm_ground import LONG, START_SECONDS, TRIALS, Ground, long_version, storm_ground, tell, until
from tests.storms import (
    WAYS,
    greeted,
    killed_again_and_again,
    killed_on_the_way_in,
    shown,
    stored_once_in_order,
    watching_ourselves,
)

HELD_UP = 0.15  # seconds in which Discord itself did nothing: what was well apart came to it at once
pytestmark = pytest.mark.asyncio(loop_scope="module")

SERVED_SECONDS = 25.0  # others, while one floods: half a second on a machine that has nothing else to do


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def ground(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Ground]:
    async with storm_ground(tmp_path_factory.mktemp("discord")) as opened:
        yield opened


@dataclass
class Direct:
    """Somebody who writes to the desk alone."""

    server: DiscordServer
    name: str

    @property
    def channel(self) -> str:
        return self.server.direct(self.name)

    def conversation(self) -> str:
        return f"{self.server.account}:{self.channel}"

    async def writes(self, text: str) -> object:
        return await self.server.writes_directly(self.name, text)

    def times_shown(self, word: str) -> int:
        return sum(message["content"].count(word) for message in self.server.answers(self.channel, self.name))


@dataclass
class Asker(Direct):
    """Somebody who writes in the support channel, and has a thread there since the first message."""

    goes_on_in_thread: bool = False
    thread: str = ""

    @property
    def channel(self) -> str:
        return self.thread or SUPPORT

    def conversation(self) -> str:
        return f"{self.server.account}:{self.thread}:{self.server.world.person(self.name)['id']}"

    async def writes(self, text: str) -> object:
        where = self.thread if self.thread and self.goes_on_in_thread else SUPPORT
        message = await self.server.writes(self.name, text, where)
        self.thread = self.thread or message["id"]  # Discord gives a thread the id of the message that it begins with
        return message

    def times_shown(self, word: str) -> int:
        return super().times_shown(word) if self.thread in self.server.world.channels else 0


@dataclass
class Stage:
    """The application, and the process that serves it."""

    server: DiscordServer
    process: Process
    round: int = 0

    def people(self, count: int) -> list[Direct]:
        """Some of each kind."""
        kinds = (
            lambda name: Direct(self.server, name),
            lambda name: Asker(self.server, name),
            lambda name: Asker(self.server, name, goes_on_in_thread=True),
        )
        return [kinds[number % 3](f"person{self.round}x{number}") for number in range(count)]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def opened(ground: Ground) -> AsyncIterator[Stage]:
    async with discord_server() as server:
        addresses = {"discord_api": server.api, "discord_gateway": server.gateway_url}
        settings = {"discord_token": server.token, "discord_channels": SUPPORT, "discord_desk": DESK, **addresses}
        process = ground.channel("discord", **settings)
        process.start()
        await server.until(server.gateway.is_online, START_SECONDS)
        yield Stage(server, process)
        await ground.end(process, account=server.account)


@pytest_asyncio.fixture(loop_scope="module")
async def stage(opened: Stage, ground: Ground) -> AsyncIterator[Stage]:
    """With people of its own in each test, and whole again whatever the one before left of it."""
    opened.round += 1
    ground.gate.let_through()
    if not opened.process.runs():
        await ground.take_from_the_dead(opened.server.account)
        opened.process.start()
    await opened.server.until(opened.server.gateway.is_online, START_SECONDS)
    limits = opened.server.rest.limits
    yield opened
    opened.server.rest.limits = limits
    opened.server.rest.faults.clear()


async def test_killed_between_the_event_and_the_store_nothing_is_lost_or_answered_twice(
    ground: Ground, stage: Stage
) -> None:
    people = stage.people(12 if TRIALS else 3)
    await greeted(ground, people)  # Discord tells nobody of a first direct message that nobody was there for
    await killed_on_the_way_in(ground, stage.process, stage.server.account, people, TRIALS or 3)


@long_version
async def test_killed_again_and_again_nothing_is_lost_or_out_of_order(ground: Ground, stage: Stage) -> None:
    kills, people = TRIALS // 10, stage.people(9)
    await greeted(ground, people)
    await killed_again_and_again(ground, stage.process, stage.server.account, people, 8, kills, 8 * kills)


async def test_fifty_messages_written_while_the_desk_is_away_are_answered_once_each_in_order(
    ground: Ground, stage: Stage
) -> None:
    """A minute in the long version; here the same fifty within three seconds."""
    away = 60.0 if TRIALS else 3.0
    people = stage.people(20)
    await greeted(ground, people)
    stage.process.kill()
    await ground.take_from_the_dead(stage.server.account)
    new = [Asker(stage.server, f"new{stage.round}x{number}") for number in range(10)]
    written: list[tuple[Direct, str]] = []
    for one in (*people, *new, *people):
        written.append((one, ground.new_word()))
        await one.writes(f"Hello {written[-1][1]}")
        await asyncio.sleep(away / 50)
    stage.process.start()
    took = await shown(written, "written while the desk was away", 60)
    await stored_once_in_order(ground, written)
    assert [one.times_shown(said) for one, said in written] == [1] * 50
    tell(f"{stage.server.account}: {away:g} s away, {len(written)} messages, each answered once, after {took:.1f} s")


async def test_every_event_three_times_and_in_any_order_is_one_message_each_in_the_order_of_writing(
    ground: Ground, stage: Stage
) -> None:
    server, people, written = stage.server, stage.people(6), list[tuple[Direct, str]]()
    await greeted(ground, people)
    events = []
    server.relax()
    for one in [one for one in people for _ in range(8)]:
        written.append((one, ground.new_word()))
        where = one.thread if isinstance(one, Asker) else one.channel
        events.append(server.world.add_message(where, server.world.person(one.name), f"Hello {written[-1][1]}"))
    repeated = events * 3
    random.Random(3).shuffle(repeated)
    for event in repeated:
        await server.rest.tell("MESSAGE_CREATE", event)
    await shown(written, "all of them")
    await stored_once_in_order(ground, written)
    assert [one.times_shown(said) for one, said in written] == [1] * len(written)
    tell(f"{server.account}: {len(written)} messages three times each in any order: doubled 0, disorder 0")


async def test_one_who_floods_and_is_held_up_keeps_nobody_else_waiting(ground: Ground, stage: Stage) -> None:
    flooder, others = Direct(stage.server, "flooder"), stage.people(12)
    await greeted(ground, [flooder, *others])
    stage.server.fails("POST", f"{flooder.channel}/messages", 429, retry_after=3, times=2)
    for _ in range(150):
        await flooder.writes(f"again {ground.new_word()}")
    written = [(one, ground.new_word()) for one in others]
    for one, said in written:
        await one.writes(f"Hello {said}")
    took = await shown(written, "while another floods", SERVED_SECONDS)
    await until(lambda: len(stage.server.answers(flooder.channel)) > 2, 40, "the flooder is served too")
    words = Counter(message["content"] for message in stage.server.answers(flooder.channel))
    assert max(words.values()) == 1, f"the same was said to the flooder twice: {words}"
    tell(
        f"{stage.server.account}: one wrote 150 messages; the {len(others)} others had their answers after {took:.1f} s"
    )


async def test_streamed_replies_stay_inside_the_limits_of_their_channels_and_every_final_one_stands(
    ground: Ground, stage: Stage
) -> None:
    people = stage.people(15)
    await greeted(ground, people)
    calls_before, began = len(stage.server.rest.calls), time.monotonic()
    written = [(one, ground.new_word()) for one in people]

    def all_final() -> bool:
        return all(any(LONG[-40:] in m["content"] for m in stage.server.answers(one.channel)) for one in people)

    async with watching_ourselves() as held_up:
        for one, said in written:
            await one.writes(f"Tell me at length: {said}")
        await until(all_final, 60, "the final messages")
    took = time.monotonic() - began
    calls = stage.server.rest.calls[calls_before:]
    refused = [call for call in calls if call.status == 429]
    assert not refused or held_up.seconds > HELD_UP, "a limit was run into"
    methods = Counter(call.method for call in calls)
    directs = [one for one in people if not isinstance(one, Asker)]
    assert methods["PATCH"] > len(directs), "nothing was streamed"  # in public, a reply comes when it is whole
    assert [one.times_shown(said) for one, said in written] == [1] * len(written)
    tell(f"{stage.server.account}: {len(people)} streamed replies in {took:.1f} s, no limit run into: {dict(methods)}")


@dataclass
class StaffThread:
    """Olivia at her desk, and Ann who needs a person: each in their place."""

    server: DiscordServer
    thread: str
    customer: str

    def times_heard(self, word: str) -> int:
        """By the customer."""
        return sum(message["content"].count(word) for message in self.server.answers(self.customer))

    def times_read(self, word: str) -> int:
        """By staff."""
        return sum(message["content"].count(word) for message in self.server.answers(self.thread))


async def in_need(ground: Ground, stage: Stage) -> StaffThread:
    server, ann = stage.server, stage.server.direct("ann in need")
    async with open_database(f"sqlite+aiosqlite:///{ground.folder / 'data' / 'shop.sqlite'}") as database:
        await database.add(desk_tables)
        staff = Staff(database, Passwords())
        await staff.add(Member("olivia", "Olivia", "lead"), "a long pass phrase for storms")
        await staff.link("olivia", "discord", server.world.person("olivia")["id"])
    await server.writes_directly("ann in need", "Hello")
    await server.until(lambda: server.answers(ann), START_SECONDS)
    await server.commands("ann in need", "human", ann)
    [thread] = await server.until(lambda: server.threads(DESK), START_SECONDS)
    await server.until(lambda: any(message["components"] for message in server.answers(thread["id"])), START_SECONDS)
    return StaffThread(server, thread["id"], ann)


async def test_killed_while_staff_and_customer_write_to_each_other_nothing_is_lost_or_told_to_the_customer_twice(
    ground: Ground, stage: Stage
) -> None:
    talk, heard, read = await in_need(ground, stage), list[str](), list[str]()
    await stage.server.writes("olivia", "Hello Ann", talk.thread)
    await stage.server.until(lambda: talk.times_heard("Hello Ann"), START_SECONDS)
    for trial in range(TRIALS or 3):
        said, way = ground.new_word(), WAYS[trial % len(WAYS)]
        held = ground.gate.hold(said, way)
        await stage.server.writes("olivia", f"I say {said}", talk.thread)
        await asyncio.wait_for(held.reached.wait(), START_SECONDS)
        stage.process.kill()
        ground.gate.let_through()
        await ground.take_from_the_dead(stage.server.account)
        heard.append(said)
        read.append(ground.new_word())
        await stage.server.writes_directly("ann in need", f"I say {read[-1]}")
        stage.process.start()
        await stage.server.until(lambda: talk.times_heard(heard[-1]) and talk.times_read(read[-1]), START_SECONDS)
    assert [talk.times_heard(word) for word in heard] == [1] * len(heard)
    assert len(stage.server.threads(DESK)) == 1
    tell(f"{stage.server.account}: {len(heard)} kills while staff wrote: lost 0, told twice 0")

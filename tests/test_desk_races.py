"""Staff and the bot at the same moment: nobody talks over a person, nothing begins twice or is lost by a restart."""

import asyncio
import os
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from bot.assembly import ShopDesk, open_desk_on
from bot.desks import Handoff, NotYours
from bot.messages import FinalText, Said
from bot.settings import Settings
from serving.script import Reply, Rule, Script, When
from serving.scripted_model import scripted_model
from tests.members import is_waiting, member, staff_says
from tests.storm_ground import tell
from tests.talking import SECONDS, Customer

TRIALS = int(os.environ.get("TRIALS", "0")) or 12
AT_ONCE = 6
MODEL = "These words were written by the model and by nobody else in the whole shop, so they are easily found again."
SCRIPT = Script((Rule(Reply(MODEL, first_token=0.05, tokens_per_second=60), When(".*")),))
MIA, BEN = member(), member("ben")


@asynccontextmanager
async def modelled(data: Path, redis_url: str, alone: bool = True) -> AsyncIterator[ShopDesk]:
    """A desk with a model that takes its time, at work."""
    async with scripted_model(SCRIPT) as url:
        settings = Settings(
            data_dir=data,
            burst_seconds=0,
            model_url=url,
            model_name="scripted",
            model_turns_per_hour=0,
            grace_seconds=1,
        )
        async with open_desk_on(settings, redis_url, alone=alone) as desk:
            work = asyncio.create_task(desk.work())
            yield desk
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)


async def in_trials(one: Callable[[random.Random], Awaitable[None]]) -> None:
    places = asyncio.Semaphore(AT_ONCE)

    async def placed(number: int) -> None:
        async with places:
            await one(random.Random(number))

    async with asyncio.timeout(SECONDS + 4 * TRIALS):
        await asyncio.gather(*map(placed, range(TRIALS)))


async def test_whatever_the_moment_staff_come_nothing_of_the_bot_is_shown_after_it(
    demo_data: Path, redis_url: str, connection: object
) -> None:
    async with modelled(demo_data, redis_url) as desk:
        spoken = 0

        async def trial(chance: random.Random) -> None:
            nonlocal spoken
            customer = Customer(desk.handles.postbox)
            asked = await customer.posts("Do you sell kettles?")
            await asyncio.sleep(chance.uniform(0, 0.9))
            await desk.staff.take(MIA, customer.conversation)
            before = await desk.handles.postbox.transcript(customer.conversation)
            await staff_says(desk.staff, "mia", customer.conversation, "Mia here")
            await customer.hears(asked)
            await customer.says("are you there?")
            after = (await desk.handles.postbox.transcript(customer.conversation))[len(before) :]
            shown = [one.what.text for one in after if isinstance(one.what, FinalText)]
            assert not [text for text in shown if "written by the model" in text], (before, after)
            spoken += any(isinstance(one.what, FinalText) and MODEL in one.what.text for one in before)

        await in_trials(trial)
        tell(f"{TRIALS} take-overs, {spoken} of them after the whole reply: 0 words of the bot after a person had come")


async def test_a_return_and_a_new_wish_for_a_person_are_no_loop(
    demo_data: Path, redis_url: str, connection: object
) -> None:
    """Taken and given back while a reply is in the making, again and again: it opens nothing by itself."""
    async with modelled(demo_data, redis_url) as desk:

        async def trial(chance: random.Random) -> None:
            customer = Customer(desk.handles.postbox)
            await customer.says("I want to talk to a person")
            for number in (1, 2):
                handoff = await desk.staff.handoff(customer.conversation)
                assert handoff and handoff.number == number
                asked = await customer.posts("and another thing")
                await asyncio.sleep(chance.uniform(0, 0.3))
                await desk.staff.take(MIA, customer.conversation)
                await asyncio.sleep(chance.uniform(0, 0.3))
                await desk.staff.give_back(MIA, customer.conversation)
                await customer.hears(asked)
                await customer.says("thanks")
                assert await desk.staff.handoff(customer.conversation) is None
                if number == 1:
                    await customer.says("I want to talk to a person")

        await in_trials(trial)


async def test_of_many_who_take_one_conversation_at_once_one_has_it(desk: ShopDesk) -> None:
    for _ in range(TRIALS):
        customer = Customer(desk.handles.postbox)
        await customer.posts("I want to talk to a person")
        tried = await asyncio.gather(
            *(desk.staff.take(one, customer.conversation) for one in (MIA, BEN)), return_exceptions=True
        )
        got = [one for one in tried if isinstance(one, Handoff)]
        refused = [one for one in tried if isinstance(one, NotYours)]
        assert len(got) == len(refused) == 1 and refused[0].owner == got[0].owner, tried


async def test_a_new_start_of_everything_in_the_middle_loses_nothing(
    demo_data: Path, redis_url: str, connection: object
) -> None:
    async with modelled(demo_data, redis_url) as desk:
        waits, taken = Customer(desk.handles.postbox), Customer(desk.handles.postbox)
        for one in (waits, taken):
            await one.says("I want to talk to a person")
        await desk.staff.take(BEN, taken.conversation)
        await desk.staff.note(BEN, taken.conversation, "a note")
        before = await desk.staff.handoffs()
        unanswered = await taken.posts("written in the moment of the restart")
    async with modelled(demo_data, redis_url) as desk:
        again = {one.conversation: one for one in await desk.staff.handoffs()}
        for one in before:
            now = again[one.conversation]
            assert (now.number, now.state, now.owner, now.since) == (one.number, one.state, one.owner, one.since)
        assert await is_waiting(desk.staff, waits.conversation)
        waits.postbox = taken.postbox = desk.handles.postbox
        assert not (await taken.hears(unanswered)).text
        await staff_says(desk.staff, "ben", taken.conversation, "I am still here")
        notes = [one.text for one in await desk.staff.notes(taken.conversation)]
        assert "a note" in notes
        said = [
            one.what.text
            for one in await desk.handles.postbox.transcript(taken.conversation)
            if isinstance(one.what, Said)
        ]
        assert said.count("written in the moment of the restart") == said.count("I am still here") == 1

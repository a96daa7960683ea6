"""The storms that every platform has to weather: killed on the way in, killed again and again."""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import cycle

from bot.messages import Said
from serving.soak.processes import Process
from serving.soak.words import words_in
from tests.redis_gate import Way
from tests.storm_ground import ANSWER_SECONDS, START_SECONDS, Customer, Ground, tell, until

WAYS: tuple[Way, ...] = ("there", "back", "through")


async def killed_on_the_way_in(
    ground: Ground, channel: Process, account: str, customers: Sequence[Customer], trials: int
) -> None:
    """A message is written, and the channel killed when it has fetched it: before Redis hears of it, when Redis has it
    and the channel does not know, or a moment later. Started again, the message is answered; at the end, each once."""
    seeds, written = random.Random(trials), list[tuple[Customer, str]]()
    if not channel.runs():
        channel.start()
    for trial, customer in zip(range(trials), cycle(customers), strict=False):
        said, way = ground.new_word(), WAYS[trial % len(WAYS)]
        held = ground.gate.hold(said, way)
        await customer.writes(f"Hello {said}")
        await asyncio.wait_for(held.reached.wait(), START_SECONDS)
        if way == "through":
            await asyncio.sleep(seeds.random() * 0.05)
        channel.kill()
        ground.gate.let_through()
        await ground.take_from_the_dead(account)
        channel.start()
        written.append((customer, said))
        await shown([written[-1]], f"trial {trial}, {way}")
    await stored_once_in_order(ground, written)
    doubled = sum(customer.times_shown(said) > 1 for customer, said in written)
    assert not doubled, f"{doubled} of {trials} messages were answered more than once"
    tell(f"{account}: {trials} times killed between fetch and acknowledgement: lost 0, answered twice {doubled}")


async def killed_again_and_again(
    ground: Ground, channel: Process, account: str, customers: Sequence[Customer], each: int, kills: int, seconds: float
) -> None:
    """All write at random moments while the channel is killed at random moments. A reply whose sending was broken off
    may come again, as its platform has no way to ask; nothing is stored twice, lost or out of order."""
    seeds, written = random.Random(kills), list[tuple[Customer, str]]()

    async def write(customer: Customer) -> None:
        for _ in range(each):
            await asyncio.sleep(seeds.random() * 2 * seconds / each)
            said = ground.new_word()
            await customer.writes(f"Hello {said}")
            written.append((customer, said))

    async def kill() -> None:
        for _ in range(kills):
            await asyncio.sleep(seeds.random() * 2 * seconds / kills)
            channel.kill()
            await ground.take_from_the_dead(account)
            channel.start()

    if not channel.runs():
        channel.start()
    await asyncio.gather(kill(), *map(write, customers))
    await shown(written, "after all kills", 3 * ANSWER_SECONDS)
    await stored_once_in_order(ground, written)
    doubled = sum(customer.times_shown(said) > 1 for customer, said in written)
    assert doubled <= kills * len(customers)
    tell(
        f"{account}: {len(written)} messages, {kills} kills: lost 0, stored twice 0, disorder 0, shown again {doubled}"
    )


async def greeted(ground: Ground, customers: Sequence[Customer]) -> None:
    """Each has written once, and has an answer."""
    written = [(customer, ground.new_word()) for customer in customers]
    for customer, said in written:
        await customer.writes(f"Hello {said}")
    await shown(written, "the first of each", START_SECONDS)


async def shown(written: Sequence[tuple[Customer, str]], when: str, seconds: float = ANSWER_SECONDS) -> float:
    """Wait until each has its answer; returns how long it took."""
    missing = list(written)

    def none_missing() -> bool:
        missing[:] = [(customer, said) for customer, said in missing if not customer.times_shown(said)]
        return not missing

    return await until(
        none_missing, seconds, lambda: f"{len(missing)} of {len(written)} answers ({when}): {missing[:5]}"
    )


async def stored_once_in_order(ground: Ground, written: Sequence[tuple[Customer, str]]) -> None:
    of_each: dict[str, list[str]] = {}
    for customer, said in written:
        of_each.setdefault(customer.conversation(), []).append(said)
    for conversation, words in of_each.items():
        told = [event.what for event in await ground.postbox.transcript(conversation)]
        stored = [
            one for what in told if isinstance(what, Said) and what.by == "customer" for one in words_in(what.text)
        ]
        assert [one for one in stored if one in words] == words, conversation


def busiest_second(moments: Sequence[float]) -> int:
    """The most that fall within one second, wherever it begins."""
    most, first, ordered = 0, 0, sorted(moments)
    for last, moment in enumerate(ordered):
        while ordered[first] <= moment - 1:
            first += 1
        most = max(most, last - first + 1)
    return most


@dataclass
class HeldUp:
    """How long this process did nothing at a stretch: what came meanwhile seems to have come all at once."""

    seconds: float = 0.0


@asynccontextmanager
async def watching_ourselves() -> AsyncIterator[HeldUp]:
    held, loop = HeldUp(), asyncio.get_running_loop()

    async def watch() -> None:
        while True:
            before = loop.time()
            await asyncio.sleep(0.01)
            held.seconds = max(held.seconds, loop.time() - before - 0.01)

    watching = asyncio.create_task(watch())
    try:
        yield held
    finally:
        watching.cancel()

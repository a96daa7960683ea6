"""What a customer sees of a reply while it is made: in order, in few pieces, nothing twice, nothing after the end."""

import asyncio
from dataclasses import dataclass, field

from redis.exceptions import ConnectionError as RedisGone

from bot.messages import RESTARTED, Part, TextDelta
from bot.telling import APART_SECONDS, Telling


@dataclass
class Stream:
    """The conversation's events, as far as they got through."""

    told: list[Part] = field(default_factory=list)
    away: bool = False
    seconds: float = 0.0  # that telling takes

    async def tell(self, part: Part) -> None:
        await asyncio.sleep(self.seconds)
        if self.away:
            raise RedisGone("gone")
        self.told.append(part)

    @property
    def text(self) -> str:
        return "".join(part.text for part in self.told if isinstance(part, TextDelta))

    async def has(self, text: str) -> None:
        async with asyncio.timeout(20):
            while self.text != text:  # noqa: ASYNC110  # the test is what tells it
                await asyncio.sleep(0.01)


async def test_the_first_piece_leaves_at_once_and_what_comes_quickly_leaves_together() -> None:
    stream = Stream()
    telling = Telling(stream.tell)
    for letter in "abcdefghij":
        telling.add(letter)
        await asyncio.sleep(0)
    await stream.has("abcdefghij")
    assert len(stream.told) == 2
    assert await telling.close() == ""


async def test_a_reply_that_is_there_all_at_once_goes_with_its_end() -> None:
    stream = Stream()
    telling = Telling(stream.tell)
    telling.add("all ")
    telling.add("of it")
    assert await telling.close() == "all of it" and stream.told == []


async def test_what_is_on_its_way_arrives_before_the_end_and_the_rest_is_handed_back() -> None:
    stream = Stream(seconds=0.02)
    telling = Telling(stream.tell)
    telling.add("first ")
    await asyncio.sleep(0.01)
    telling.add("second")
    assert await telling.close() == "second" and stream.text == "first "
    await asyncio.sleep(2 * APART_SECONDS)
    assert stream.text == "first "


async def test_nothing_is_told_before_its_time() -> None:
    stream = Stream()
    telling = Telling(stream.tell, silent_seconds=0.15)
    telling.add("early")
    await asyncio.sleep(0.05)
    assert stream.told == []
    await stream.has("early")
    await telling.close()


async def test_a_restart_takes_back_what_was_not_told_yet() -> None:
    stream = Stream()
    telling = Telling(stream.tell)
    telling.add("shown")
    await asyncio.sleep(0.01)
    telling.add("never shown")
    await telling.restart()
    telling.add("again")
    rest = await telling.close()
    assert stream.told[:2] == [TextDelta("shown"), RESTARTED]
    assert "".join(part.text for part in stream.told[2:] if isinstance(part, TextDelta)) + rest == "again"


async def test_after_a_lost_piece_no_other_follows() -> None:
    stream = Stream(away=True)
    telling = Telling(stream.tell)
    telling.add("lost ")
    await asyncio.sleep(0.01)
    stream.away = False
    telling.add("meaningless without it")
    await asyncio.sleep(2 * APART_SECONDS)
    assert await telling.close() == "" and stream.told == []

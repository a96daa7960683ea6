"""That somebody types is shown now or not at all: whatever goes wrong with it stands in nobody's way."""

import asyncio
from collections.abc import AsyncIterator

from adapters.typing_shown import AT_ONCE, show_typing
from bot.channels import NotNow, Unreachable

TROUBLES = {"away": ConnectionError("away"), "busy": NotNow(3), "gone": Unreachable("gone"), "odd": KeyError("odd")}


async def shown(*conversations: str) -> list[str]:
    """Those that were shown; "slow" is never done."""
    seen = list[str]()
    quiet = asyncio.Event()

    async def typing() -> AsyncIterator[str]:
        for one in conversations:
            yield one
            await asyncio.sleep(0)
        quiet.set()
        await asyncio.Event().wait()

    async def show(conversation: str) -> None:
        if conversation.startswith("slow"):
            seen.append(conversation)
            await asyncio.Event().wait()
        if conversation in TROUBLES:
            raise TROUBLES[conversation]
        seen.append(conversation)

    showing = asyncio.create_task(show_typing(typing(), show))
    await asyncio.wait({showing, asyncio.create_task(quiet.wait())}, timeout=20, return_when="FIRST_COMPLETED")
    for _ in range(5):
        await asyncio.sleep(0)
    assert not showing.done(), showing
    showing.cancel()
    await asyncio.gather(showing, return_exceptions=True)
    return seen


async def test_one_that_takes_long_or_fails_keeps_no_other_waiting() -> None:
    assert await shown("slow", *TROUBLES, "quick", "slow") == ["slow", "quick"]


async def test_no_more_are_shown_at_once_than_there_is_room_for() -> None:
    many = [f"slow {number}" for number in range(AT_ONCE + 3)]
    assert await shown(*many) == many[:AT_ONCE]

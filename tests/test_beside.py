"""What goes on beside the desk does not end in silence."""

import asyncio
import contextlib
from functools import partial

import pytest

from bot.beside import beside, unceasing


async def test_what_fails_for_a_reason_nobody_foresaw_is_told_and_begun_anew(caplog: pytest.LogCaptureFixture) -> None:
    begun: list[str] = []
    again = asyncio.Event()

    async def keep_clocks(name: str) -> None:
        begun.append(name)
        if len(begun) > 1:
            again.set()
            await asyncio.Event().wait()
        raise RuntimeError("read() called while another coroutine is waiting")

    async with beside(partial(keep_clocks, "a")), asyncio.timeout(20):
        await again.wait()
    assert begun == ["a", "a"]
    [told] = [one for one in caplog.records if one.name == "bot.beside"]
    assert "keep_clocks has failed, and is begun anew in 1 s" in told.getMessage() and told.exc_info


async def test_what_has_come_to_its_end_is_not_begun_anew_and_what_goes_on_ends_with_the_desk() -> None:
    done: list[str] = []

    async def learn() -> None:
        done.append("learned")

    async def follow() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            done.append("left")

    await asyncio.wait_for(unceasing(learn), 20)
    async with beside(follow):
        await asyncio.sleep(0)
    assert done == ["learned", "left"]


async def test_work_that_cannot_clean_up_after_itself_ends_with_the_desk_all_the_same() -> None:
    begun: list[str] = []

    async def swallow() -> None:
        begun.append("swallow")
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        await asyncio.Event().wait()

    async def fail() -> None:
        begun.append("fail")
        try:
            await asyncio.Event().wait()
        finally:
            raise ConnectionError("the store is away")

    async with asyncio.timeout(30), beside(swallow, fail):
        await asyncio.sleep(0)
    assert sorted(begun) == ["fail", "swallow"]

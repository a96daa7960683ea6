"""Plays the dialogues of dialogues.py with each answerer; the core is the same, built by the same function."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from bot.assembly import ShopDesk, open_desk_on
from bot.redis.connection import Connection
from bot.settings import Settings
from serving.script import read_script
from serving.scripted_model import scripted_model
from tests.dialogues import DIALOGUES, Dialogue, Line
from tests.talking import Customer, Heard

SCRIPT = Path(__file__).parent.parent / "serving" / "scripts" / "desk.json"


@pytest_asyncio.fixture
async def desk_with_model(demo_data: Path, redis_url: str, connection: Connection) -> AsyncIterator[ShopDesk]:
    async with scripted_model(read_script(SCRIPT)) as url:
        settings = Settings(data_dir=demo_data, burst_seconds=0, model_url=url, model_name="scripted")
        async with open_desk_on(settings, redis_url, alone=True) as opened:
            work = asyncio.create_task(opened.work())
            yield opened
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)


@pytest.mark.parametrize("dialogue", DIALOGUES, ids=lambda dialogue: dialogue.name)
async def test_without_a_model(desk: ShopDesk, dialogue: Dialogue) -> None:
    await play(desk, dialogue, with_model=False)


@pytest.mark.parametrize("dialogue", DIALOGUES, ids=lambda dialogue: dialogue.name)
async def test_with_the_scripted_model(desk_with_model: ShopDesk, dialogue: Dialogue) -> None:
    await play(desk_with_model, dialogue, with_model=True)


async def play(desk: ShopDesk, dialogue: Dialogue, with_model: bool) -> None:
    customer = Customer(desk.handles.postbox, dialogue.customer, dialogue.locale)
    for line in dialogue.lines:
        heard = await customer.says(line.says, line.presses)
        assert heard.text and heard.statuses[-1] == "done", line
        # a reply that was quicker than the customer's telephone is there as a whole
        assert heard.streamed in ("", heard.text), "what is shown piece by piece is not what stands there in the end"
        if not (with_model and line.simple_only):
            check(line, heard)
        check_nothing_forbidden(line, heard)


def check(line: Line, heard: Heard) -> None:
    everything = visible(heard)
    for wanted in line.hears:
        assert wanted in everything, f"{line.says or line.presses!r}: {wanted!r} is not in {everything!r}"
    if line.cites is not None:
        assert heard.sources == list(line.cites), f"{line.says!r}: {everything!r}"
    for button in line.offers:
        assert button in [one.id for one in heard.buttons], f"{line.says!r}: {heard.buttons}"
    if line.status:
        assert line.status in heard.statuses


def check_nothing_forbidden(line: Line, heard: Heard) -> None:
    everything = visible(heard)
    for forbidden in line.never:
        assert forbidden not in everything, f"{line.says or line.presses!r}: {forbidden!r} is in {everything!r}"


def visible(heard: Heard) -> str:
    rows = [f"{label}: {value}" for card in heard.cards for label, value in card.rows]
    return "\n".join([heard.text, heard.streamed, *(card.title for card in heard.cards), *rows])

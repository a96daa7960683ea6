"""The dialogues of dialogues.py over every channel: what customers say is said there, what they hear is seen there.

Where a channel cannot vouch for its customers, they say a link code first; where it does not tell their language, they
greet in it. Where nobody can press what is not on the screen, they write what they want instead: the number of the
order, or /human.
"""

import asyncio
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from bot.assembly import open_desk_on
from bot.keys import Keys
from bot.limits import Limits, digest
from bot.link_codes import LinkCodes
from bot.redis.connection import Connection, connect
from bot.settings import Settings
from serving.script import read_script
from serving.scripted_model import scripted_model
from tests.channel_players import NotOffered, OpenStage, Player, Seen, Stage, line_stage, terminal_stage, web_stage
from tests.dialogues import DIALOGUES, Dialogue, Line
from tests.platform_players import discord_stage, telegram_stage
from tests.watched_desk import Watched

STAGES: dict[str, OpenStage] = {
    "terminal": terminal_stage,
    "web": web_stage,
    "lines": line_stage,
    "telegram": telegram_stage,
    "discord": discord_stage,
}
WITH_MODEL = ("telegram", "discord")  # where what a model writes is streamed by drafts and edits
SCRIPT = Path(__file__).parent.parent / "serving" / "scripts" / "desk.json"
AT_ONCE = {"terminal": 1}  # conversations; a process has one terminal
USUALLY_AT_ONCE = 6
FOR_A_MODEL = [dialogue for dialogue in DIALOGUES if not any(line.simple_only for line in dialogue.lines)]
MADE_UP = {"ask:faq:nonsense:en", "refund:everything", "order:' OR 1=1 --"}  # a program may send these, a person cannot
GONE = {"terminal": {"language:auto"}}  # a number stands for a button of the last reply only


@dataclass(frozen=True)
class End:
    """How a dialogue ended on a channel."""

    problem: Exception | None
    not_offered: tuple[str, ...]  # presses that nobody could do there


def prepared(demo_copied_to: Callable[[Path], Path], folders: pytest.TempPathFactory) -> Path:
    return demo_copied_to(folders.mktemp("everywhere") / "data")


@pytest.fixture(scope="module", params=STAGES)
def played(
    request: pytest.FixtureRequest,
    demo_copied_to: Callable[[Path], Path],
    redis_url: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, End]:
    """How each dialogue ended on one channel: all of them on one desk, several at a time."""
    settings = Settings(data_dir=prepared(demo_copied_to, tmp_path_factory), burst_seconds=0)
    return asyncio.run(play_all(str(request.param), settings, redis_url, DIALOGUES))


@pytest.fixture(scope="module", params=WITH_MODEL)
def streamed(
    request: pytest.FixtureRequest,
    demo_copied_to: Callable[[Path], Path],
    redis_url: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, End]:
    """The same with a model, as far as the dialogues promise the same of it."""
    folder = prepared(demo_copied_to, tmp_path_factory)

    async def play_with_model() -> dict[str, End]:
        async with scripted_model(read_script(SCRIPT)) as url:
            settings = Settings(data_dir=folder, burst_seconds=0, model_url=url, model_name="scripted")
            return await play_all(str(request.param), settings, redis_url, FOR_A_MODEL)

    return asyncio.run(play_with_model())


@pytest.mark.parametrize("dialogue", DIALOGUES, ids=lambda dialogue: dialogue.name)
def test_a_dialogue(played: dict[str, End], dialogue: Dialogue) -> None:
    if problem := played[dialogue.name].problem:
        raise problem


@pytest.mark.parametrize("dialogue", FOR_A_MODEL, ids=lambda dialogue: dialogue.name)
def test_a_dialogue_with_a_model(streamed: dict[str, End], dialogue: Dialogue) -> None:
    if problem := streamed[dialogue.name].problem:
        raise problem


def test_whatever_a_dialogue_presses_can_be_pressed_or_said_on_every_channel(
    played: dict[str, End], request: pytest.FixtureRequest
) -> None:
    """But for what is made up: see test_channel_contract.py for what becomes of that."""
    gone = GONE.get(request.node.callspec.params["played"], set())
    assert {press for end in played.values() for press in end.not_offered} <= MADE_UP | gone


async def play_all(channel: str, settings: Settings, redis_url: str, dialogues: Sequence[Dialogue]) -> dict[str, End]:
    async with AsyncExitStack() as opened:
        connection = await opened.enter_async_context(connect(redis_url))
        await connection.commands.flushall()
        # standard output is the terminal's screen here, and a letter is told of whenever it goes out
        aside = partial(print, file=sys.stderr)
        desk = await opened.enter_async_context(open_desk_on(settings, redis_url, alone=True, announce=aside))
        work = asyncio.create_task(desk.work())
        opened.callback(work.cancel)
        watched = Watched(desk.handles)
        stage = await opened.enter_async_context(STAGES[channel](watched))
        ends: dict[str, End] = {}
        for together in in_turn(dialogues):
            free = asyncio.Semaphore(AT_ONCE.get(channel, USUALLY_AT_ONCE))
            plays = [play(stage, dialogue, connection, free) for dialogue in together]
            ends |= dict(zip([dialogue.name for dialogue in together], await asyncio.gather(*plays), strict=True))
            await forget_tries(connection)
        return ends


def in_turn(dialogues: Sequence[Dialogue]) -> Iterator[Sequence[Dialogue]]:
    """Who guesses until an order is closed does so alone: the others ask for it too."""
    closing = [dialogue for dialogue in dialogues if sum("match" in line.hears for line in dialogue.lines) >= 3]
    yield [dialogue for dialogue in dialogues if dialogue not in closing]
    for dialogue in closing:
        yield [dialogue]


async def play(stage: Stage, dialogue: Dialogue, connection: Connection, free: asyncio.Semaphore) -> End:
    not_offered: list[str] = []
    async with free:
        try:
            player = await stage.player(dialogue.customer, dialogue.locale)
            if dialogue.locale.startswith("zh") and not stage.tells_locale:
                await player.says("你好")
            if dialogue.customer and not stage.signs_in:
                await link(player, dialogue, connection)
            for line in dialogue.lines:
                try:
                    check(line, await player.says(line.says, line.presses))
                except NotOffered:
                    not_offered.append(line.presses)
        except Exception as problem:
            return End(problem, tuple(not_offered))
    return End(None, tuple(not_offered))


def check(line: Line, seen: Seen) -> None:
    assert seen.words, line
    for wanted in line.hears:
        assert wanted in seen.words, f"{line.says or line.presses!r}: {wanted!r} is not in {seen.words!r}"
    for forbidden in line.never:
        assert forbidden not in seen.words, f"{line.says or line.presses!r}: {forbidden!r} is in {seen.words!r}"
    if line.cites is not None:
        assert seen.sources == line.cites, f"{line.says!r}: {seen.words!r}"
    for button in line.offers:
        assert button in [one.id for one in seen.buttons], f"{line.says!r}: {seen.buttons}"
    if line.status and seen.statuses:
        assert line.status in seen.statuses


async def link(player: Player, dialogue: Dialogue, connection: Connection) -> None:
    """By a code that the customer got where they are signed in."""
    await connection.commands.delete(Keys.guesses("links:made", digest(dialogue.customer)))
    code = await LinkCodes(connection, Limits(connection.commands)).new(dialogue.customer)
    assert isinstance(code, str)
    seen = await player.says(f"绑定 {code}" if dialogue.locale.startswith("zh") else f"link {code}")
    assert "link" in seen.words or "绑定" in seen.words, seen


async def forget_tries(connection: Connection) -> None:
    async for key in connection.commands.scan_iter("guesses:*"):
        await connection.commands.delete(key)

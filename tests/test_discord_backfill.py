"""Nothing that was written on Discord while nobody listened is lost, and nothing of it is answered twice."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Iterable

import msgspec
import pytest

from bot.assembly import ShopDesk
from bot.channels import Handles, Postbox
from bot.messages import Incoming, Said
from tests.discord_fixtures import served
from tests.discord_server import FORUM, SUPPORT, DiscordServer
from tests.discord_world import EPOCH, PUBLIC, Payload

QUESTION, ANSWER = "How long does delivery take?", "3 to 5 working days"


async def customers_words(desk: ShopDesk, conversation: str) -> list[str]:
    """What the desk has of a customer, in its order."""
    events = await desk.handles.postbox.transcript(conversation)
    return [one.what.text for one in events if isinstance(one.what, Said) and one.what.by == "customer"]


async def have(desk: ShopDesk, server: DiscordServer, conversation: str, words: Iterable[str]) -> None:
    """Wait until the desk has these, and then see that it has no others."""
    wanted, deadline = list(words), time.monotonic() + 20
    while (found := await customers_words(desk, conversation)) != wanted:
        assert time.monotonic() < deadline, f"{found} instead of {wanted}; {server.rest.calls[-5:]}"
        await asyncio.sleep(0.02)


async def remembered(desk: ShopDesk, server: DiscordServer, name: str) -> None:
    """Wait until the desk has this bookmark."""
    deadline = time.monotonic() + 20
    while name not in await desk.handles.bookmarks.read(server.account):
        assert time.monotonic() < deadline, f"no {name}"
        await asyncio.sleep(0.02)


def direct(server: DiscordServer, name: str) -> str:
    return f"{server.account}:{server.direct(name)}"


def public(server: DiscordServer, name: str, thread: str) -> str:
    return f"{server.account}:{thread}:{server.world.person(name)['id']}"


async def answered(server: DiscordServer, channel: str, count: int = 1) -> list[Payload]:
    return await server.until(lambda: found if len(found := server.answers(channel)) >= count else [], 20)


async def test_fifty_messages_of_a_time_when_the_desk_was_down_are_each_taken_once(
    discord: DiscordServer, desk: ShopDesk
) -> None:
    names = [f"customer{number}" for number in range(9)]
    async with served(discord, desk.handles):
        await discord.writes("ann", QUESTION)
        thread = str((await discord.until(lambda: discord.threads(SUPPORT, PUBLIC)))[0]["id"])
        await discord.writes_directly("bob", QUESTION)
        await answered(discord, thread)
        await answered(discord, discord.direct("bob"))
    await discord.gateway.cut(forget=True)
    for number in range(20):
        await discord.writes("ann", f"thread {number}", thread)
    for number in range(21):
        await discord.writes_directly("bob", f"direct {number}")
    for name in names:
        await discord.writes(name, QUESTION)
    async with served(discord, desk.handles):
        await have(desk, discord, public(discord, "ann", thread), [QUESTION, *(f"thread {n}" for n in range(20))])
        await have(desk, discord, direct(discord, "bob"), [QUESTION, *(f"direct {n}" for n in range(21))])
        threads = await discord.until(lambda: found if len(found := discord.threads(SUPPORT, PUBLIC)) >= 10 else [], 20)
        for one in threads:
            await answered(discord, one["id"])
    asked = [one["author"]["username"] for one in discord.visible(SUPPORT)]
    assert Counter(one["name"] for one in threads) == Counter(f"Help for {name.title()}" for name in asked)
    quick = [one for one in threads if one["id"] != thread]
    assert [len(discord.answers(one["id"])) for one in quick] == [1] * 9
    assert all(ANSWER in discord.answers(one["id"])[0]["content"] for one in quick)


async def test_what_stood_in_a_channel_before_the_desk_came_is_not_answered(
    discord: DiscordServer, desk: ShopDesk
) -> None:
    await discord.writes("old", QUESTION)
    await discord.posts("old", "An old post", QUESTION)
    async with served(discord, desk.handles, f"{SUPPORT},{FORUM}"):
        await discord.writes("new", QUESTION)
        await discord.until(lambda: discord.threads(SUPPORT))
    assert [one["name"] for one in discord.threads(SUPPORT)] == ["Help for New"]
    assert not discord.answers(discord.threads(FORUM)[0]["id"])


async def test_a_forum_post_of_a_time_when_the_desk_was_down_is_answered(
    discord: DiscordServer, desk: ShopDesk
) -> None:
    discord.world.channels[FORUM]["last_message_id"] = discord.world.snowflake()
    async with served(discord, desk.handles, FORUM):
        await remembered(desk, discord, f"seen:{FORUM}")
    await discord.gateway.cut(forget=True)
    post = await discord.posts("ann", "Delivery", QUESTION)
    async with served(discord, desk.handles, FORUM):
        assert ANSWER in (await answered(discord, post["channel_id"]))[0]["content"]


async def test_what_is_older_than_a_day_is_not_answered_any_more(discord: DiscordServer, desk: ShopDesk) -> None:
    async with served(discord, desk.handles):
        await discord.writes_directly("ann", QUESTION)
        await answered(discord, discord.direct("ann"))
    await desk.handles.bookmarks.write(discord.account, f"direct:{discord.direct('ann')}", "1")
    await discord.gateway.cut(forget=True)
    long_ago = str(int((time.time() - 100_000) * 1000 - EPOCH) << 22)
    message = await discord.writes_directly("ann", "an old question")
    del discord.world.messages[message["id"]]
    discord.world.messages = {long_ago: message | {"id": long_ago}} | discord.world.messages
    async with served(discord, desk.handles):
        await discord.writes_directly("ann", "a new one")
        await have(desk, discord, direct(discord, "ann"), [QUESTION, "a new one"])


async def test_more_than_one_page_of_history_is_read_to_its_end(discord: DiscordServer, desk: ShopDesk) -> None:
    async with served(discord, desk.handles):
        await discord.writes("ann", QUESTION)
        thread = str((await discord.until(lambda: discord.threads(SUPPORT, PUBLIC)))[0]["id"])
        await answered(discord, thread)
    await discord.gateway.cut(forget=True)
    for number in range(230):
        await discord.writes("eve", f"not for the desk {number}", thread)
    await discord.writes("ann", "at the end", thread)
    async with served(discord, desk.handles):
        await have(desk, discord, public(discord, "ann", thread), [QUESTION, "at the end"])
    pages = [one for one in discord.asked("GET", f"/channels/{thread}/messages") if one.status == 200]
    assert len(pages) == 3


async def test_a_history_that_cannot_be_read_at_first_is_asked_for_again(
    discord: DiscordServer, desk: ShopDesk
) -> None:
    async with served(discord, desk.handles):
        await discord.writes_directly("ann", QUESTION)
        await answered(discord, discord.direct("ann"))
    await discord.gateway.cut(forget=True)
    await discord.writes_directly("ann", "while it was down")
    discord.fails("GET", f"{discord.direct('ann')}/messages", 503, times=2)
    discord.fails("GET", f"{discord.direct('ann')}/messages", 0, times=2)
    async with served(discord, desk.handles):
        await discord.writes_directly("ann", "when it is up")
        await have(desk, discord, direct(discord, "ann"), [QUESTION, "while it was down", "when it is up"])


async def test_a_session_that_is_resumed_tells_what_was_missed_and_nothing_twice(on_discord: DiscordServer) -> None:
    await on_discord.writes_directly("ann", QUESTION)
    await answered(on_discord, on_discord.direct("ann"))
    await on_discord.gateway.cut()
    await on_discord.writes_directly("ann", QUESTION)
    await answered(on_discord, on_discord.direct("ann"), 2)
    assert (on_discord.gateway.resumed, on_discord.gateway.identified) == (1, 1)
    await on_discord.gateway.ask_to_reconnect()
    await on_discord.until(lambda: on_discord.gateway.resumed == 2)
    await on_discord.writes_directly("ann", QUESTION)
    await answered(on_discord, on_discord.direct("ann"), 3)
    assert len(on_discord.answers(on_discord.direct("ann"))) == 3


async def test_a_session_that_is_lost_is_made_up_for_by_the_history(on_discord: DiscordServer, desk: ShopDesk) -> None:
    await on_discord.writes_directly("ann", QUESTION)
    await answered(on_discord, on_discord.direct("ann"))
    await on_discord.gateway.cut(forget=True)
    await on_discord.writes_directly("ann", "in between")
    await have(desk, on_discord, direct(on_discord, "ann"), [QUESTION, "in between"])
    assert on_discord.gateway.identified == 2


class Forgetful:
    """A postbox that stores nothing of what it is given."""

    def __init__(self, postbox: Postbox) -> None:
        self._postbox, self.refused = postbox, 0

    async def accept(self, incoming: Incoming, per_minute: int = 0, deliver: bool = False) -> str:
        self.refused += 1
        raise ConnectionError("not stored")

    def __getattr__(self, name: str) -> object:
        return getattr(self._postbox, name)


def forgetful(handles: Handles) -> tuple[Handles, Forgetful]:
    postbox = Forgetful(handles.postbox)
    return msgspec.structs.replace(handles, postbox=postbox), postbox


async def test_what_was_heard_but_not_stored_when_the_process_died_comes_again(
    discord: DiscordServer, desk: ShopDesk
) -> None:
    async with served(discord, desk.handles):
        await discord.writes("ann", QUESTION)
        thread = str((await discord.until(lambda: discord.threads(SUPPORT, PUBLIC)))[0]["id"])
        await answered(discord, thread)
    await discord.gateway.cut(forget=True)
    broken, postbox = forgetful(desk.handles)
    async with served(discord, broken):
        await discord.writes("ann", "heard, not stored", thread)
        await discord.writes("bob", QUESTION)
        await discord.until(lambda: postbox.refused >= 2)
    await discord.gateway.cut(forget=True)
    async with served(discord, desk.handles):
        await have(desk, discord, public(discord, "ann", thread), [QUESTION, "heard, not stored"])
        bobs = await discord.until(lambda: [one for one in discord.threads(SUPPORT) if one["name"].endswith("Bob")])
        assert ANSWER in (await answered(discord, bobs[0]["id"]))[0]["content"]
    assert len(discord.threads(SUPPORT)) == 2


async def test_every_frame_three_times_and_out_of_order_is_each_message_once(
    on_discord: DiscordServer, desk: ShopDesk
) -> None:
    await on_discord.writes_directly("ann", QUESTION)
    session = next(iter(on_discord.gateway.sessions.values()))
    first = next(what for _, name, what in session.told if name == "MESSAGE_CREATE")
    later = await on_discord.writes_directly("ann", "and then this")
    for frame in (later, first, first, later):
        await on_discord.rest.tell("MESSAGE_CREATE", frame)
    await on_discord.writes_directly("ann", "the end")
    await have(desk, on_discord, direct(on_discord, "ann"), [QUESTION, "and then this", "the end"])


async def test_messages_that_come_in_another_order_are_put_into_theirs(
    on_discord: DiscordServer, desk: ShopDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.discord.lines.GATHER_SECONDS", 0.6)
    channel, ann = on_discord.direct("ann"), on_discord.world.person("ann")
    written = [on_discord.world.add_message(channel, ann, f"word {number}") for number in range(15)]
    shuffled = random.Random(6)
    for start in range(0, 15, 5):
        frames = written[start : start + 5] * 3
        shuffled.shuffle(frames)
        for frame in frames:
            await on_discord.rest.tell("MESSAGE_CREATE", frame)
        await asyncio.sleep(0.8)  # the next ones come later
    await have(desk, on_discord, direct(on_discord, "ann"), [f"word {number}" for number in range(15)])

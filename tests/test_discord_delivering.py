"""What happens in a conversation stands in its Discord channel: whole, once, in time, and nothing that was not said."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from adapters.discord.delivering import PrivatePlace
from adapters.discord.outgoing import Message
from adapters.discord.posting import Posting
from bot.assembly import ShopDesk, open_desk_on
from bot.channels import Bucket, NotNow
from bot.keys import Keys
from bot.messages import (
    RESTARTED,
    SIMPLER,
    STAFF,
    THINKING,
    WAITING_FOR_STAFF,
    WITH_STAFF,
    Busy,
    Button,
    Buttons,
    FinalText,
    Incoming,
    InPrivate,
    Said,
    Source,
    Sources,
    TextDelta,
)
from bot.redis.connection import Connection
from bot.settings import Settings
from tests.discord_ground import Ground, Worker, ground_of
from tests.discord_server import SUPPORT, components, discord_server
from tests.discord_world import Payload

FIRST = "Delivery takes three to five working days within the country, and up to two weeks abroad."
WHOLE = FIRST + " With express shipping it is there on the next working day."
LONG = "\n\n".join(f"Paragraph {number}. " + "It goes on and on. " * 40 for number in range(6))


@pytest_asyncio.fixture
async def idle_desk(demo_data: Path, redis_url: str, connection: Connection) -> AsyncIterator[ShopDesk]:
    """A desk at which only the test works."""
    async with open_desk_on(Settings(data_dir=demo_data, burst_seconds=0), redis_url, alone=True) as opened:
        yield opened


@pytest_asyncio.fixture
async def quiet(idle_desk: ShopDesk, connection: Connection) -> AsyncIterator[Ground]:
    """Nothing is delivered yet."""
    async with discord_server() as server, ground_of(server, idle_desk, connection) as opened:
        yield opened


@pytest_asyncio.fixture
async def ground(quiet: Ground) -> AsyncIterator[Ground]:
    async with quiet.delivering():
        yield quiet


@pytest_asyncio.fixture
async def nothing_left(connection: Connection) -> "NothingLeft":
    return NothingLeft(connection)


class NothingLeft:
    """Whether the outbox is empty: everything is delivered, or dropped."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def to_deliver(self) -> None:
        async with asyncio.timeout(30):
            while await self._connection.commands.zcard(Keys().outbox(Keys().shard(0))):  # noqa: ASYNC110
                await asyncio.sleep(0.02)


def bare(text: str) -> str:
    """As it stands in Discord, without what is only there so that nothing is markup."""
    return text.replace("\\", "")


def posts(ground: Ground, channel: str) -> list[Payload]:
    return [call.body for call in ground.server.asked("POST", f"/channels/{channel}/messages")]


def minutes_pass(ground: Ground) -> None:
    """Discord no longer knows that it has had a message."""
    ground.server.rest.nonces.clear()


async def streams(ground: Ground, worker: Worker, channel: str) -> Payload:
    """A reply is being made, and the first of it is seen; returns that message."""
    await worker.hears("How long does delivery take?")
    await worker.tells(THINKING, TextDelta(FIRST))
    return (await ground.stands(channel, FIRST + " …"))[0]


# A reply


async def test_a_reply_stands_in_the_channel_with_sources_and_buttons(
    ground: Ground, nothing_left: NothingLeft
) -> None:
    channel = ground.server.direct("ada")
    worker = ground.worker(channel)
    await worker.hears("Hello")
    sources = Sources((Source("delivery", "Delivery", "/en/help/delivery"),))
    await worker.ends(FinalText("Hello **Ada**."), sources, Buttons((Button("orders", "My orders", lasting=True),)))
    text = "Hello **Ada**.\n\n**Sources**\n• [Delivery](<https://shop.example/en/help/delivery>)"
    (message,) = await ground.stands(channel, text)
    (button,) = components(message)
    assert button["label"] == "My orders"
    event = button["custom_id"].partition(":")[0]
    assert await ground.handles.postbox.happened(worker.conversation, event) == Buttons(
        (Button("orders", "My orders", lasting=True),)
    )
    await nothing_left.to_deliver()


async def test_fixed_words_are_in_the_language_of_the_conversation(ground: Ground) -> None:
    channel = ground.server.direct("ada")
    worker = ground.worker(channel)
    await worker.hears("配送要多久?")
    await worker.ends(FinalText("三天。"), Sources((Source("delivery", "配送", "/zh/help/delivery"),)))
    title = ground.handles.words("zh", "sources_title")
    await ground.stands(channel, f"三天。\n\n**{title}**\n• [配送](<https://shop.example/zh/help/delivery>)")


async def test_a_long_reply_comes_in_order_and_its_buttons_with_the_last_message(ground: Ground) -> None:
    channel = ground.server.direct("ada")
    worker = ground.worker(channel)
    await worker.hears("Tell me everything")
    await worker.ends(FinalText(LONG), Buttons((Button("orders", "My orders", lasting=True),)))
    await ground.server.until(lambda: len(ground.server.answers(channel)) == 3)
    first, second, third = ground.server.answers(channel)
    assert bare(" ".join(one["content"] for one in (first, second, third))).split() == LONG.split()
    assert not first["components"] and not second["components"] and third["components"]


async def test_two_turns_are_two_replies_in_their_order(ground: Ground) -> None:
    channel = ground.server.direct("ada")
    worker = ground.worker(channel)
    for number in range(3):
        await worker.hears(f"Question {number}")
        await worker.ends(FinalText(f"Answer {number}"))
    await ground.stands(channel, "Answer 0", "Answer 1", "Answer 2")


async def test_nobody_is_called_and_nothing_previewed_by_anything_that_is_sent(ground: Ground) -> None:
    channel = ground.server.direct("ada")
    worker = ground.worker(channel)
    await streams(ground, worker, channel)
    await worker.ends(FinalText("@everyone <@7> https://evil.example/x"))
    await ground.stands(channel, "@everyone \\<@7> `https://evil.example/x`")
    sent = [call.body for call in ground.server.rest.calls if "/messages" in call.path]
    assert len(sent) >= 2
    assert all(body["allowed_mentions"] == {"parse": []} and body["flags"] & 4 for body in sent)


# While it is made


async def test_a_reply_in_the_making_grows_in_one_message_and_ends_as_it_is(ground: Ground) -> None:
    channel = ground.server.direct("ada")
    worker = ground.worker(channel)
    message = await streams(ground, worker, channel)
    await worker.tells(TextDelta(" With express shipping"))
    await ground.stands(channel, FIRST + " With express shipping …")
    await worker.tells(TextDelta(" it is there on the next working day."))
    await worker.ends(FinalText(WHOLE), Buttons((Button("orders", "My orders", lasting=True),)))
    (last,) = await ground.stands(channel, WHOLE)
    assert last["id"] == message["id"] and components(last)
    assert ground.server.asked("POST", f"/channels/{channel}/typing")


async def test_edits_are_a_second_and_a_half_apart_at_least_however_fast_the_text_comes(ground: Ground) -> None:
    channel = ground.server.direct("ada")
    worker = ground.worker(channel)
    await streams(ground, worker, channel)
    until = time.monotonic() + 6
    while time.monotonic() < until:
        await worker.tells(TextDelta(" and more"))
        await asyncio.sleep(0.02)
    shown = [call.at for call in ground.server.rest.calls if call.path.startswith(f"/channels/{channel}/messages")]
    assert 3 <= len(shown) <= 5
    assert all(later - earlier >= 1.5 for earlier, later in pairwise(shown))
    await worker.ends(FinalText("That is all."))
    await ground.stands(channel, "That is all.")
    assert not [call for call in ground.server.rest.calls if call.status == 429]


@pytest.mark.parametrize(("method", "path"), [("PATCH", "/messages/"), ("POST", "/typing")])
async def test_what_only_passes_and_is_held_up_does_not_hold_up_the_reply(
    ground: Ground, method: str, path: str
) -> None:
    channel = ground.server.direct("ada")
    worker = ground.worker(channel)
    ground.server.fails(method, path, 429, retry_after=25)
    await streams(ground, worker, channel)
    await worker.tells(TextDelta(" And more."))
    await ground.server.until(lambda: ground.server.asked(method, path))
    await worker.ends(FinalText(WHOLE))
    await ground.stands(channel, WHOLE)


async def test_a_refusal_of_everything_that_is_over_leaves_nothing_shut_when_what_it_met_was_given_up(
    ground: Ground,
) -> None:
    channel, other = ground.server.direct("ada"), ground.server.direct("bob")
    worker, another = ground.worker(channel), ground.worker(other)
    ground.server.fails("POST", f"{channel}/typing", 429, retry_after=1, is_global=True)
    await worker.hears("Hello")
    await worker.tells(THINKING)
    await ground.server.until(lambda: ground.server.asked("POST", f"{channel}/typing"))
    await worker.ends(FinalText("Hello Ada."))  # nobody needs to see the typing any more
    await another.hears("Hello")
    await another.ends(FinalText("Hello Bob."))
    await ground.stands(channel, "Hello Ada.")
    await ground.stands(other, "Hello Bob.")


async def test_a_short_beginning_is_shown_after_a_second_and_a_half(ground: Ground) -> None:
    channel = ground.server.direct("ada")
    worker = ground.worker(channel)
    await worker.hears("Hello?")
    await worker.tells(THINKING, TextDelta("Yes, "))
    begun = time.monotonic()
    await ground.stands(channel, "Yes, …")
    assert time.monotonic() - begun >= 1.3


async def test_a_reply_that_is_made_at_once_is_one_message_and_no_edit(ground: Ground) -> None:
    channel = ground.server.direct("ada")
    worker = ground.worker(channel)
    await worker.hears("Hello")
    await worker.tells(THINKING, TextDelta("Hel"), TextDelta("lo."))
    await worker.ends(FinalText("Hello."))
    await ground.stands(channel, "Hello.")
    assert len(posts(ground, channel)) == 1 and not ground.server.asked("PATCH", "/messages/")


async def test_a_draft_that_turns_out_wrong_is_taken_back_at_once(ground: Ground) -> None:
    channel = ground.server.direct("ada")
    worker = ground.worker(channel)
    await streams(ground, worker, channel)
    await worker.tells(RESTARTED)
    await ground.stands(channel, "…")
    await worker.ends(FinalText("In short: three days."), SIMPLER)
    await ground.stands(channel, "In short: three days.")


async def test_a_draft_is_taken_away_where_the_turn_says_nothing(ground: Ground, nothing_left: NothingLeft) -> None:
    channel = ground.server.direct("ada")
    worker = ground.worker(channel)
    await streams(ground, worker, channel)
    await worker.ends(WAITING_FOR_STAFF)
    await ground.stands(channel)
    await nothing_left.to_deliver()


async def test_that_a_person_reads_along_is_said_once_and_the_draft_makes_room_for_it(
    ground: Ground, nothing_left: NothingLeft
) -> None:
    channel = ground.server.direct("ada")
    worker = ground.worker(channel)
    await streams(ground, worker, channel)
    ground.server.fails("PATCH", f"/channels/{channel}/messages", 503)  # what was not said is still to be said
    await worker.ends(WITH_STAFF)
    reads_along = ground.handles.words("en", "with_staff")
    await ground.stands(channel, reads_along)
    await worker.hears("Hello?")
    await worker.ends(WITH_STAFF)
    await nothing_left.to_deliver()
    await ground.stands(channel, reads_along)


async def test_what_staff_write_meanwhile_is_theirs_and_the_draft_goes_on(ground: Ground) -> None:
    channel = ground.server.direct("ada")
    worker = ground.worker(channel)
    await streams(ground, worker, channel)
    said = Incoming(STAFF, worker.conversation, "mia:1", "Hello, *Mia* here.")
    await ground.handles.postbox.accept(said)
    staff = "**Our staff:**\nHello, \\*Mia\\* here."
    await ground.stands(channel, FIRST + " …", staff)
    await worker.ends(FinalText(WHOLE))
    await ground.stands(channel, WHOLE, staff)


async def test_a_draft_is_still_the_one_of_the_reply_when_staff_wrote_and_the_process_died(
    quiet: Ground, connection: Connection
) -> None:
    channel = quiet.server.direct("ada")
    worker = quiet.worker(channel)
    staff = "**Our staff:**\nHello."
    async with quiet.delivering():
        draft = await streams(quiet, worker, channel)
        await quiet.handles.postbox.accept(Incoming(STAFF, worker.conversation, "mia:1", "Hello."))
        await quiet.stands(channel, FIRST + " …", staff)
        delivery = Keys().delivery(worker.conversation)
        async with asyncio.timeout(30):
            while await connection.commands.hget(delivery, "noted") != f" {draft['id']}":  # noqa: ASYNC110
                await asyncio.sleep(0.02)
    minutes_pass(quiet)
    await worker.ends(FinalText(WHOLE))
    async with quiet.delivering():
        await quiet.stands(channel, WHOLE, staff)


async def test_who_has_to_wait_is_told_so_once(quiet: Ground) -> None:
    channel = quiet.server.direct("ada")
    worker = quiet.worker(channel)
    await worker.hears("Hello")
    await worker.tells(Busy(7))
    busy = quiet.handles.words("en", "busy", place=7)
    for _ in range(2):  # a delivery that begins anew reads it anew
        async with quiet.delivering():
            await quiet.stands(channel, busy)
            count = len(posts(quiet, channel))
    assert count == 1 or posts(quiet, channel)[0]["nonce"] == posts(quiet, channel)[1]["nonce"]
    async with quiet.delivering():
        await worker.ends(FinalText("Hello."))
        await quiet.stands(channel, busy, "Hello.")


# Processes that die


async def is_noted(connection: Connection, worker: Worker, message: str) -> None:
    """Waits until who dies now leaves behind which message shows the reply in the making."""
    async with asyncio.timeout(30):
        while message not in str(await connection.commands.hget(Keys().delivery(worker.conversation), "noted")):  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def test_a_draft_of_a_process_that_died_becomes_the_reply(quiet: Ground, connection: Connection) -> None:
    channel = quiet.server.direct("ada")
    worker = quiet.worker(channel)
    async with quiet.delivering():
        draft = await streams(quiet, worker, channel)
        await is_noted(connection, worker, draft["id"])
    minutes_pass(quiet)
    await worker.ends(FinalText(WHOLE))
    async with quiet.delivering():
        (message,) = await quiet.stands(channel, WHOLE)
    assert message["id"] == draft["id"]


async def test_a_draft_that_nobody_noted_before_the_process_died_becomes_the_reply_too(quiet: Ground) -> None:
    channel = quiet.server.direct("ada")
    worker = quiet.worker(channel)
    quiet.server.fails("POST", f"/channels/{channel}/messages", after=True, wait=1.0)
    await worker.hears("How long does delivery take?")
    await worker.tells(THINKING, TextDelta(FIRST))
    async with quiet.delivering():
        await quiet.server.until(lambda: posts(quiet, channel))
    await quiet.stands(channel, FIRST + " …")  # it arrives when who sent it is dead
    await worker.ends(FinalText(WHOLE), Buttons((Button("orders", "My orders", lasting=True),)))
    async with quiet.delivering():
        (message,) = await quiet.stands(channel, WHOLE)
    assert components(message)


@pytest.mark.parametrize("arrived", [True, False])
async def test_a_long_reply_is_gone_on_with_where_a_process_died_and_no_message_stands_twice(
    quiet: Ground, arrived: bool
) -> None:
    channel = quiet.server.direct("ada")
    worker = quiet.worker(channel)
    await worker.hears("Tell me everything")
    await worker.ends(FinalText(LONG))
    quiet.server.fails("POST", f"/channels/{channel}/messages", wait=0.01)  # the first message arrives
    quiet.server.fails("POST", f"/channels/{channel}/messages", after=arrived, wait=0.0 if arrived else 30)
    async with quiet.delivering():
        await quiet.server.until(lambda: len(posts(quiet, channel)) == 2)
    if not arrived:
        minutes_pass(quiet)
    async with quiet.delivering():
        await quiet.server.until(lambda: len(quiet.server.answers(channel)) == 3)
    texts = [one["content"] for one in quiet.server.answers(channel)]
    assert bare(" ".join(texts)).split() == LONG.split()


# What Discord refuses


async def test_a_connection_that_is_cut_after_the_message_arrived_does_not_double_it(
    ground: Ground, nothing_left: NothingLeft
) -> None:
    channel = ground.server.direct("ada")
    worker = ground.worker(channel)
    ground.server.fails("POST", f"/channels/{channel}/messages", status=0, after=True)
    await worker.hears("Hello")
    await worker.ends(FinalText("Hello."))
    await nothing_left.to_deliver()
    assert len(posts(ground, channel)) == 2
    await ground.stands(channel, "Hello.")


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 0},
        {"status": 500},
        {"status": 503},
        {"status": 429, "retry_after": 0.5},
        {"status": 429, "retry_after": 0.01, "times": 7},  # oftener than discord.py tries, and "0" in the header
        {"status": 429, "retry_after": 0.01, "times": 7, "is_global": True},
    ],
)
async def test_trouble_that_passes_only_delays(
    ground: Ground, fault: dict[str, Any], nothing_left: NothingLeft
) -> None:
    channel = ground.server.direct("ada")
    worker = ground.worker(channel)
    ground.server.fails("POST", f"/channels/{channel}/messages", **fault)
    await worker.hears("Hello")
    await worker.ends(FinalText("Hello."))
    await ground.stands(channel, "Hello.")
    await nothing_left.to_deliver()


async def test_a_channel_that_must_wait_long_holds_up_no_other(ground: Ground, connection: Connection) -> None:
    slow, free = ground.server.direct("ada"), ground.server.direct("ben")
    ground.server.fails("POST", f"/channels/{slow}/messages", 429, retry_after=45)
    for channel in (slow, free):
        worker = ground.worker(channel)
        await worker.hears("Hello")
        await worker.ends(FinalText(f"Hello {channel}."))
    await ground.stands(free, f"Hello {free}.")
    held = Keys.bucket(ground.server.account, f"posts:{slow}") + ":held"
    await ground.server.until(lambda: posts(ground, slow))
    async with asyncio.timeout(30):
        while not await connection.commands.pttl(held) > 40_000:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    assert len(posts(ground, slow)) == 1 and not ground.server.answers(slow)


async def test_a_customer_who_takes_no_messages_any_more_is_not_tried_again_but_heard_when_they_are_back(
    ground: Ground, nothing_left: NothingLeft
) -> None:
    channel = ground.server.direct("ada")
    worker = ground.worker(channel)
    ground.server.world.closed.add(ground.server.world.person("ada")["id"])
    await worker.hears("Hello")
    await worker.ends(FinalText("Hello."))
    await nothing_left.to_deliver()
    assert len(posts(ground, channel)) == 1
    ground.server.world.closed.clear()
    await worker.hears("I am back")
    await worker.ends(FinalText("Welcome back."))
    await ground.stands(channel, "Welcome back.")


async def test_a_channel_that_is_gone_is_given_up(ground: Ground, nothing_left: NothingLeft) -> None:
    worker = ground.worker("123456")
    await worker.hears("Hello")
    await worker.ends(FinalText("Hello."))
    await nothing_left.to_deliver()
    assert len(posts(ground, "123456")) == 1


async def test_a_draft_that_somebody_has_deleted_is_sent_anew(ground: Ground) -> None:
    channel = ground.server.direct("ada")
    worker = ground.worker(channel)
    await ground.server.deletes(await streams(ground, worker, channel))
    await worker.ends(FinalText(WHOLE))
    await ground.stands(channel, WHOLE)


async def test_a_reply_into_a_thread_that_was_archived_meanwhile_opens_it_again(ground: Ground) -> None:
    thread = ground.server.world.add_thread("555", SUPPORT, "Help", "7000")
    worker = ground.worker("555", "7000")
    await streams(ground, worker, "555")
    thread["thread_metadata"]["archived"] = True
    await worker.ends(FinalText(WHOLE))
    await ground.server.until(lambda: ground.server.answers("555")[-1]["content"] == WHOLE)
    assert not thread["thread_metadata"]["archived"]


async def test_buttons_that_discord_refuses_do_not_cost_the_words(ground: Ground) -> None:
    channel = ground.server.direct("ada")
    worker = ground.worker(channel)
    ground.server.fails("POST", f"/channels/{channel}/messages", 400, code=50035)
    await worker.hears("Hello")
    await worker.ends(FinalText("Hello."), Buttons((Button("orders", "My orders", lasting=True),)))
    (message,) = await ground.stands(channel, "Hello.")
    assert not message["components"]


async def test_a_message_that_discord_never_takes_does_not_stop_the_next(
    ground: Ground, nothing_left: NothingLeft
) -> None:
    channel = ground.server.direct("ada")
    worker = ground.worker(channel)
    ground.server.fails("POST", f"/channels/{channel}/messages", 400, code=200000)
    await worker.hears("Hello")
    await worker.ends(FinalText("Something that a filter of the server blocks."))
    await nothing_left.to_deliver()
    await worker.hears("Hello?")
    await worker.ends(FinalText("Hello."))
    await ground.stands(channel, "Hello.")


# Where others read along


async def test_what_is_private_goes_on_in_a_private_place_and_a_button_leads_there(
    ground: Ground, nothing_left: NothingLeft
) -> None:
    account = ground.server.account
    ground.server.world.add_thread("555", SUPPORT, "Help", "7000")
    ground.server.world.add_thread("556", SUPPORT, "Private", "7000", kind=12)
    worker = ground.worker("555", "7000")
    place = PrivatePlace(f"{account}:556", "https://discord.com/channels/1000/556")
    ground.places.known[worker.conversation] = place
    ground.server.fails("POST", "/channels/555/messages", status=0)  # what was done before it is done again
    await worker.hears("Where is my order 1001?")
    await worker.ends(FinalText("That is between us."), InPrivate("Where is my order 1001?"))
    (message,) = await ground.stands("555", "That is between us.")
    assert [(one["label"], one["url"]) for one in components(message)] == [("Open the private chat", place.url)]
    told = [one.what for one in await ground.handles.postbox.transcript(place.conversation)]
    assert [(one.by, one.text) for one in told if isinstance(one, Said)] == [("customer", "Where is my order 1001?")]
    private = Worker(ground.work, ground.handles, place.conversation)
    assert [(one.author, one.public) for one in await private.asked()] == [("", False)]  # as whatever they write there
    await private.ends(FinalText("It is on its way."))
    await ground.stands("556", "It is on its way.")
    await nothing_left.to_deliver()


def more_than(ground: Ground, before: int) -> bool:
    return len(posts(ground, "555")) > before


async def test_where_several_people_write_it_is_seen_whose_message_is_answered(ground: Ground) -> None:
    ground.server.world.add_thread("555", SUPPORT, "Help", "7000")
    for user, name, answer in (("7000", "ada", "Three days."), ("7001", "ben", LONG)):
        written = ground.server.world.add_message("555", ground.server.world.person(name), "How long is delivery?")
        worker = ground.worker("555", user)
        said = Incoming("discord", worker.conversation, written["id"], written["content"], author=user, public=True)
        await ground.handles.postbox.accept(said, deliver=True)
        before = len(posts(ground, "555"))
        await worker.ends(FinalText(answer))
        await ground.server.until(partial(more_than, ground, before))
        first = posts(ground, "555")[before]
        assert first["message_reference"] == {"message_id": written["id"], "fail_if_not_exists": False}
    await ground.server.until(lambda: len(posts(ground, "555")) == 4)
    assert ["message_reference" in body for body in posts(ground, "555")] == [True, True, False, False]


async def test_a_message_that_cannot_be_answered_there_does_not_cost_the_words(ground: Ground) -> None:
    ground.server.world.add_thread("555", SUPPORT, "Help", "7000")
    worker = ground.worker("555", "7000")
    ground.server.fails("POST", "/channels/555/messages", 400, code=50035)
    await worker.hears("Hello")
    await worker.ends(FinalText("Hello."))
    await ground.stands("555", "Hello.")
    assert ["message_reference" in body for body in posts(ground, "555")] == [True, False]


async def test_where_no_private_place_can_be_opened_the_customer_is_asked_to_write_to_us(ground: Ground) -> None:
    worker = ground.worker(SUPPORT, "7000")
    await worker.hears("Where is my order 1001?")
    await worker.ends(FinalText("That is between us."), InPrivate("Where is my order 1001?"))
    come = ground.handles.words("en", "come_private")
    await ground.stands(SUPPORT, f"That is between us.\n\n{come}")


# Many at once


async def test_thirty_replies_at_once_all_arrive_and_discord_refuses_nothing(
    ground: Ground, nothing_left: NothingLeft
) -> None:
    channels = [ground.server.direct(f"person {number}") for number in range(30)]
    workers = [ground.worker(channel) for channel in channels]
    for worker in workers:
        await worker.hears("How long does delivery take?")
    for _ in range(40):
        for worker in workers:
            await worker.tells(TextDelta(" more and more"))
        await asyncio.sleep(0.05)
    for number, worker in enumerate(workers):
        await worker.ends(FinalText(f"{WHOLE} {number}"))
    for number, channel in enumerate(channels):
        await ground.stands(channel, f"{WHOLE} {number}")
    await nothing_left.to_deliver()
    assert not [call for call in ground.server.rest.calls if call.status == 429]


class Tight:
    """A pace at which nothing may go; it notes what share each would leave to others."""

    def __init__(self) -> None:
        self.shares: list[float] = []

    async def take(self, account: str, buckets: Sequence[Bucket], spare: float = 0.0) -> float:
        self.shares.append(spare)
        return 60.0

    async def hold(self, account: str, bucket: str, seconds: float) -> None: ...


async def test_when_there_is_much_to_send_what_grows_is_left_out_first_then_typing_and_never_a_reply(
    quiet: Ground,
) -> None:
    pace, channel, message = Tight(), quiet.server.direct("ada"), Message("Hello")
    posting = Posting(quiet.http, quiet.server.account, pace)
    assert not await posting.post_if_spare(channel, message)
    assert not await posting.edit_if_spare(channel, "1", message)
    assert not await posting.typing_if_spare(channel)
    with pytest.raises(NotNow):
        await posting.post(channel, message)
    first, edit, typing, reply = pace.shares
    assert first == edit > typing > reply == 0


async def test_a_flood_in_one_channel_is_paced_and_another_is_served_meanwhile(ground: Ground) -> None:
    flood, other = ground.server.direct("ada"), ground.server.direct("ben")
    worker, calm = ground.worker(flood), ground.worker(other)
    for number in range(8):
        await worker.hears(f"{number}")
        await worker.ends(FinalText(f"Answer {number}"))
    await calm.hears("Hello")
    await calm.ends(FinalText("Hello."))
    await ground.stands(other, "Hello.")
    assert len(ground.server.answers(flood)) < 8
    await ground.server.until(lambda: len(ground.server.answers(flood)) == 8, seconds=30)
    await ground.stands(flood, *(f"Answer {number}" for number in range(8)))
    assert not [call for call in ground.server.rest.calls if call.status == 429]

"""Staff at their desk in a channel of Discord: the real desk and discord.py, against the server in the tests."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from adapters.desk_rooms import Gone
from adapters.discord.desk_room import DiscordRoom
from adapters.discord.marks import read_marks
from adapters.discord.posting import Posting
from adapters.text import plain
from bot.assembly import ShopDesk
from bot.channels import Handles, Unreachable
from bot.desk.passwords import Passwords
from bot.desk.people import Staff
from bot.desk.records import kept_note
from bot.desks import Handoff, Member
from bot.keys import Keys
from bot.messages import STAFF_TYPING, Incoming
from bot.redis.connection import Connection
from bot.shop.database import open_database
from tests.discord_fixtures import served
from tests.discord_ground import ground_of
from tests.discord_server import DESK, DiscordServer, components
from tests.discord_world import FILES, IN_THREADS, MANAGE_THREADS, PUBLIC_THREADS, VIEW, Payload
from tests.tales import ENGLISH, TALES, Tale, a_lead_reads

OTTO, OLIVIA = Member("otto", "Otto", "lead"), Member("olivia", "Olivia", "agent")
ASKS, NOTE = ENGLISH.asks, "speaks softly"
PHOTO = b"\x89PNG\r\n\x1a\n" + b"a picture" * 20


@dataclass
class Channel:
    """The staff's channel; Ann is a customer who writes to the bot directly."""

    server: DiscordServer
    handles: Handles

    @property
    def conversation(self) -> str:
        return f"{self.server.account}:{self.server.direct('ann')}"

    async def handoff(self) -> Handoff | None:
        return await self.handles.staff.desk.handoff(self.conversation)

    async def asks(self, name: str = "ann", tale: Tale = ENGLISH) -> str:
        """A customer asks for a person; returns the thread in which that is shown."""
        before = {one["id"] for one in self.server.threads(DESK)}
        await self.server.writes_directly(name, tale.asks)
        [thread] = await self.server.until(lambda: {one["id"] for one in self.server.threads(DESK)} - before)
        await self.server.until(lambda: self.heads(thread, tale))
        return str(thread)

    def heads(self, thread: str, tale: Tale = ENGLISH) -> list[Payload]:
        return [one for one in self.server.answers(thread) if tale.reason in one["content"]]

    def labels(self, message: Payload) -> list[str]:
        return [one["label"] for one in components(message)]

    def said(self, thread: str, name: str = "") -> str:
        return "\n".join(bare(one) for one in self.server.answers(thread, name))

    async def hears(self, thread: str, words: str) -> None:
        try:
            await self.server.until(lambda: words in self.said(thread))
        except AssertionError:
            raise AssertionError(f"{words!r} is not in the thread: {self.said(thread)!r}") from None

    async def customer_hears(self, words: str, name: str = "ann") -> Payload:
        channel = self.server.direct(name)
        try:
            found = await self.server.until(lambda: [one for one in self.server.answers(channel) if words in bare(one)])
        except AssertionError:
            raise AssertionError(f"{words!r} is not with the customer: {self.said(channel)!r}") from None
        return found[0]

    async def pressed(self, name: str, message: Payload, label: str) -> str:
        """Returns what only that person sees of it."""
        asked = await self.server.presses(name, message, label)
        await self.server.until(lambda: asked.answers)
        return str(asked.answers[0].get("data", {}).get("content", ""))


def bare(message: Payload) -> str:
    return str(message["content"]).replace("\\", "").replace("**", "")


@pytest_asyncio.fixture
async def linked(desk: ShopDesk, demo_data: Path, discord: DiscordServer) -> Channel:
    """Otto and Olivia are known there; nobody serves it yet."""
    async with open_database(f"sqlite+aiosqlite:///{demo_data / 'shop.sqlite'}") as database:
        staff = Staff(database, Passwords())
        for login in ("otto", "olivia"):
            await staff.link(login, "discord", discord.world.person(login)["id"])
    return Channel(discord, desk.handles)


@pytest_asyncio.fixture
async def channel(linked: Channel) -> AsyncIterator[Channel]:
    async with served(linked.server, linked.handles, SHOPDESK_DISCORD_DESK=DESK):
        yield linked


async def test_the_whole_story_from_the_wish_for_a_person_to_the_stars_and_what_a_lead_reads(linked: Channel) -> None:
    for tale, name in zip(TALES, ("ann", "lin"), strict=True):
        settings = {"SHOPDESK_DISCORD_DESK": DESK, "SHOPDESK_DISCORD_DESK_LANGUAGE": tale.language}
        async with served(linked.server, linked.handles, **settings):
            await tell(linked, tale, name)


async def tell(channel: Channel, tale: Tale, name: str) -> None:
    server = channel.server
    thread = await channel.asks(name, tale)
    [head] = channel.heads(thread, tale)
    assert tale.asks in bare(head)
    assert f"discord · {tale.speaks}" in bare(head)
    assert channel.labels(head) == [tale.take]
    assert server.world.channels[thread]["name"].startswith(f"discord: {tale.asks[:10]}")
    assert server.answers(DESK)[-1]["id"] == thread, "the thread is opened at a message that names it"

    assert await channel.pressed("olivia", head, tale.take) == ""
    await channel.hears(thread, tale.taken)
    await server.until(lambda: len(channel.labels(head)) == 3 and tale.close in channel.labels(head))
    await channel.customer_hears(tale.here, name)
    await server.writes("olivia", f"!note {NOTE}", thread)
    await server.writes("olivia", tale.hello, thread)
    answer = await channel.customer_hears(tale.hello, name)
    assert bare(answer).startswith("Olivia:")
    await server.writes_directly(name, tale.more)
    await channel.hears(thread, f"{tale.customer} {tale.more}")
    assert tale.hello not in channel.said(thread), "what was written here is not repeated"
    await server.writes("olivia", tale.solved, thread)
    await channel.customer_hears(tale.solved, name)

    assert await channel.pressed("olivia", head, tale.close) == ""
    asked_how = await channel.customer_hears(tale.how_was_it, name)
    assert "One of our staff reads" not in channel.said(server.direct(name)), "that a person is here is said once"
    await server.until(lambda: server.world.channels[thread]["thread_metadata"]["archived"])
    assert tale.over in channel.said(thread)
    assert channel.labels(head) == []
    assert await channel.handles.staff.desk.handoffs() == []

    await channel.pressed(name, asked_how, str(tale.stars))
    thanks = await channel.customer_hears(tale.thanks, name)
    await channel.pressed(name, thanks, tale.why)
    await channel.customer_hears(tale.tell, name)
    await server.writes_directly(name, tale.word)
    await channel.customer_hears(tale.read, name)
    await a_lead_reads(channel.handles, tale)
    assert NOTE not in channel.said(server.direct(name))


async def test_who_writes_first_takes_it_and_only_what_staff_mean_for_the_customer_goes_out(channel: Channel) -> None:
    server = channel.server
    thread = await channel.asks()
    [head] = channel.heads(thread)
    before = len(server.answers(server.direct("ann")))

    await server.writes("bob", "I am nobody here.", thread)
    await channel.hears(thread, "shopdesk staff link NAME --on discord:")
    await server.writes("bob", "And I write again.", thread)
    assert "I do not know you" in await channel.pressed("bob", head, "Take")
    first = await server.writes("olivia", "Hello Ann.", thread)
    await channel.customer_hears("Hello Ann.")
    await channel.hears(thread, "Olivia has taken it.")

    await server.writes("olivia", "!note she is a regular", thread)
    await server.writes("olivia", "!frobnicate now", thread)
    await channel.hears(thread, "Not sent. What begins with ! or / stays here")
    await server.writes("otto", "Let me say something.", thread)
    await channel.hears(thread, "Not sent: Olivia has this conversation.")
    await server.writes("olivia", "", thread, sticker_items=[{"id": "1", "name": "wave", "format_type": 1}])
    await channel.hears(thread, "Not sent: I can pass on words, photos and files")
    await server.edits(first, "Hello Anna.")
    await channel.hears(thread, "A change reaches no customer")
    await server.writes("olivia", "We talk in the channel.", DESK)
    own = server.world.add_thread(server.world.snowflake(), DESK, "lunch", server.world.person("olivia")["id"])
    await server.writes("olivia", "We talk in a thread of ours.", own["id"])

    forged = await server.presses_id("olivia", server.answers(server.direct("ann"))[0], "desk:1:close")
    await server.until(lambda: forged.answers)
    assert await channel.handoff(), "what a customer can press is no button of staff"
    asked = await server.commands("olivia", "forget", thread)
    await server.until(lambda: asked.answers)
    assert "Not sent." in asked.answers[0]["data"]["content"]

    await server.writes("olivia", "That was all.", thread)
    await channel.customer_hears("That was all.")
    heard = "\n".join(bare(one) for one in server.answers(server.direct("ann"))[before:])
    for inside in ("nobody", "again", "regular", "frobnicate", "Let me say", "Anna", "channel", "thread of ours"):
        assert inside not in heard, heard
    assert [one.text for one in await channel.handles.staff.desk.notes(channel.conversation) if one.kind == "note"] == [
        "she is a regular"
    ]
    assert channel.said(thread).count("I do not know you") == 1, "who is no member is told once"
    await server.writes("otto", "!close unsolved", thread)
    await server.until(lambda: server.world.channels[thread]["thread_metadata"]["archived"])
    assert not server.answers(own["id"])


async def test_photos_and_files_go_both_ways_and_what_cannot_go_is_said(channel: Channel) -> None:
    server = channel.server
    thread = await channel.asks()
    await server.writes_directly("ann", "It looks like this", files={"broken mug.png": ("image/png", PHOTO)})
    await channel.hears(thread, "Customer: It looks like this [broken mug.png]")
    shown = await server.until(lambda: [one for message in server.answers(thread) for one in message["attachments"]])
    assert [(one["filename"], one["content_type"], server.sees(one)) for one in shown] == [
        ("broken mug.png", "image/png", PHOTO)
    ]
    label = {"label.pdf": ("application/pdf", b"%PDF-1.4 a label")}
    await server.writes("olivia", "Print this and stick it on", thread, files=label)
    await channel.customer_hears("Print this and stick it on")
    ann = server.direct("ann")
    sent = await server.until(lambda: [one for message in server.answers(ann) for one in message["attachments"]])
    assert [(one["filename"], server.sees(one)) for one in sent] == [("label.pdf", b"%PDF-1.4 a label")]

    server.rest.largest_file = 20
    await server.writes("olivia", "And this", thread, files={"manual.pdf": ("application/pdf", b"%PDF-1.4 " * 9)})
    await channel.customer_hears("could not bring you here: manual.pdf")
    server.rest.largest_file = 10 << 20
    server.world.forbidden[DESK] = FILES
    await server.writes_directly("ann", "", files={"second.png": ("image/png", PHOTO + b"2")})
    await channel.hears(thread, "second.png cannot be shown here")

    too_large = channel.handles.attachments.most_bytes + 1
    await server.writes("olivia", "This is huge", thread, files={"huge.bin": ("application/zip", bytes(too_large))})
    await channel.hears(thread, "Not sent: it is larger than")
    assert "huge" not in channel.said(ann)


async def test_what_the_bot_proposes_and_canned_answers_go_out_by_a_press_or_a_name(channel: Channel) -> None:
    server = channel.server
    thread = await channel.asks()
    await server.writes("olivia", "Hello, what is it about?", thread)
    await channel.customer_hears("what is it about?")
    await server.writes_directly("ann", "How long does delivery take?")
    await channel.hears(thread, "Customer: How long does delivery take?")
    await server.writes("olivia", "!draft", thread)
    await channel.hears(thread, "The bot would say")
    proposed = next(one for one in server.answers(thread) if "Send 1" in channel.labels(one))
    assert "3 to 5 working days" in bare(proposed)
    assert "3 to 5 working days" not in channel.said(server.direct("ann")), "staff decide"
    for _ in range(2):
        assert await channel.pressed("olivia", proposed, "Send 1") == ""
    await channel.customer_hears("3 to 5 working days")
    await server.until(lambda: channel.said(thread).count("3 to 5 working days") == 2)  # shown, and that it was said
    assert "proposed for something earlier" in await said_to(channel, "olivia", proposed, "desk:1:say_0123456789ab")

    await server.writes("olivia", "!canned", thread)
    await channel.hears(thread, "Goodbye · Thank you for writing to us")
    await server.writes("olivia", "!canned goodbye", thread)
    assert bare(await channel.customer_hears("Thank you for writing to us")).startswith("Olivia:")
    assert channel.said(server.direct("ann")).count("3 to 5 working days") == 1


async def test_the_next_time_it_goes_on_in_the_same_thread_and_old_buttons_do_nothing(channel: Channel) -> None:
    server = channel.server
    thread = await channel.asks()
    [head] = channel.heads(thread)
    old = components(head)[0]["custom_id"]
    await server.writes("olivia", "!close", thread)
    await server.until(lambda: server.world.channels[thread]["thread_metadata"]["archived"])
    await server.writes("olivia", "One more thing.", thread)
    await channel.hears(thread, "This is over, so nothing goes to the customer any more.")
    assert "is over" in await said_to(channel, "olivia", head, old)

    await server.writes_directly("ann", "I want to talk to a person again")
    await server.until(lambda: len(channel.heads(thread)) == 2)
    assert len(server.threads(DESK)) == 1
    assert not server.world.channels[thread]["thread_metadata"]["archived"]
    assert "request no. 2" in bare(channel.heads(thread)[1])
    assert "belongs to an earlier time" in await said_to(channel, "olivia", head, old)
    assert "One more thing" not in channel.said(server.direct("ann"))


async def said_to(channel: Channel, name: str, message: Payload, custom_id: str) -> str:
    asked = await channel.server.presses_id(name, message, custom_id)
    await channel.server.until(lambda: asked.answers)
    return str(asked.answers[0].get("data", {}).get("content", ""))


async def test_a_thread_that_is_deleted_or_locked_is_opened_anew(channel: Channel) -> None:
    server = channel.server
    server.world.granted.clear()
    first = await channel.asks()
    await server.removes(first)
    await server.writes_directly("ann", "Is anybody there?")
    [second] = await server.until(lambda: server.threads(DESK))
    await channel.hears(second["id"], "Is anybody there?")
    await server.writes("olivia", "I am.", second["id"])
    await channel.customer_hears("I am.")
    await server.locks(second["id"])
    await server.writes_directly("ann", "Where did you go?")
    await server.until(lambda: len(server.threads(DESK)) == 2)
    third = next(one["id"] for one in server.threads(DESK) if one["id"] != second["id"])
    await channel.hears(third, "Where did you go?")
    await server.writes("olivia", "I am back.", third)
    await channel.customer_hears("I am back.")


async def test_staff_are_told_in_the_language_that_is_set(linked: Channel) -> None:
    server, words = linked.server, linked.handles.words
    settings = {"SHOPDESK_DISCORD_DESK": DESK, "SHOPDESK_DISCORD_DESK_LANGUAGE": "zh"}
    async with served(server, linked.handles, **settings):
        await server.writes_directly("ann", ASKS)
        [thread] = [one["id"] for one in await server.until(lambda: server.threads(DESK))]
        await linked.hears(thread, words("zh", "desk_reason_asked"))
        await server.writes("bob", "你好", thread)
        await linked.hears(thread, words("zh", "desk_stranger", id=f"discord:{server.world.person('bob')['id']}"))


async def test_a_thread_is_opened_once_and_goes_with_all_that_stands_in_it(
    discord: DiscordServer, desk: ShopDesk, connection: Connection
) -> None:
    async with ground_of(discord, desk, connection) as ground:
        handles = desk.handles
        marks = await read_marks(handles.bookmarks, discord.account)
        posting = Posting(ground.http, discord.account, handles.pace)
        room = DiscordRoom(posting, DESK, marks, handles, "en")
        thread = await room.open("web: where is it", "web:1:1")
        assert await room.open("web: where is it", "web:1:1") == thread
        assert await room.post(thread, plain("Hello"), "one") == await room.post(thread, plain("Hello"), "one")
        await room.redraw(thread, "4711", ())  # there is no such message
        await room.shut(thread)
        await room.reopen(thread)
        assert not discord.world.channels[thread]["thread_metadata"]["archived"]
        discord.world.granted.clear()
        with pytest.raises(Unreachable):
            await room.remove(thread)
        discord.world.granted[DESK] = MANAGE_THREADS
        for _ in range(2):
            await room.remove(thread)
        assert not discord.threads(DESK)
        assert not discord.answers(DESK)
        with pytest.raises(Gone):
            await room.reopen(thread)


async def test_a_permission_that_is_missing_for_a_while_costs_nothing(channel: Channel) -> None:
    server = channel.server
    server.world.forbidden[DESK] = PUBLIC_THREADS
    await server.writes_directly("ann", ASKS)
    await server.until(lambda: [one for one in server.asked("POST", "/threads") if one.status == 403])
    server.rest.nonces.clear()  # as after some minutes
    await server.until(lambda: len(server.asked("POST", "/threads")) > 1)
    assert len(server.answers(DESK)) == 1, "nobody is told again and again of a thread that is not there"
    server.world.forbidden[DESK] = IN_THREADS
    [thread] = [one["id"] for one in await server.until(lambda: server.threads(DESK))]
    await server.until(lambda: server.asked("POST", f"/channels/{thread}/messages"))
    server.world.forbidden.clear()
    await server.until(lambda: channel.heads(thread), 20)
    assert len(server.threads(DESK)) == 1, "one that cannot be written in is not replaced by another"


async def test_what_a_crash_or_a_cut_connection_interrupts_stands_there_once(channel: Channel) -> None:
    server = channel.server
    server.fails("POST", f"/channels/{DESK}/messages", after=True)
    server.fails("POST", "/threads", after=True)
    thread = await channel.asks()
    server.fails("POST", f"/channels/{thread}/messages", after=True)
    await server.writes_directly("ann", "My parcel is late")
    await channel.hears(thread, "Customer: My parcel is late")
    await server.writes_directly("ann", "Very late")
    await channel.hears(thread, "Customer: Very late")
    assert channel.said(thread).count("My parcel is late") == 1
    assert len(channel.heads(thread)) == len(server.threads(DESK)) == len(server.answers(DESK)) == 1


async def test_what_was_written_while_the_desk_was_down_goes_on_both_ways(linked: Channel) -> None:
    server = linked.server
    async with served(server, linked.handles, SHOPDESK_DISCORD_DESK=DESK):
        thread = await linked.asks()
        await server.writes("olivia", "Hello Ann.", thread)
        await linked.customer_hears("Hello Ann.")
    await server.gateway.cut(forget=True)
    await server.writes("olivia", "Still there?", thread)
    await server.writes_directly("ann", "Yes I am")
    async with served(server, linked.handles, SHOPDESK_DISCORD_DESK=DESK):
        await linked.customer_hears("Still there?")
        await linked.hears(thread, "Customer: Yes I am")
        assert linked.said(server.direct("ann")).count("Hello Ann.") == 1
        assert len(linked.heads(thread)) == 1


async def test_a_deed_at_another_desk_is_seen_here_and_a_customer_of_another_channel_is_served(
    channel: Channel, connection: Connection
) -> None:
    server, desk, postbox = channel.server, channel.handles.staff.desk, channel.handles.postbox
    elsewhere = "web:somebody"
    asks = Incoming("web", elsewhere, "1", ASKS)
    await postbox.accept(asks)
    [thread] = [one["id"] for one in await server.until(lambda: server.threads(DESK))]
    await server.until(lambda: channel.heads(thread))
    [head] = channel.heads(thread)

    async def called(times: int) -> set[str]:
        """Who is called by name when the desk says that the customer still waits."""
        await connection.commands.xadd(Keys().notes(elsewhere), {"note": kept_note("", str(times), "reminded")})
        reminders = await server.until(lambda: [one for one in server.answers(thread) if one["mentions"]][times - 1 :])
        assert "This customer still waits." in bare(reminders[0])
        return {one["username"] for one in reminders[0]["mentions"]}

    assert await called(1) == {"otto", "olivia"}
    await desk.take(OTTO, elsewhere)
    await channel.hears(thread, "Otto has taken it.")
    await server.until(lambda: "Return to the bot" in channel.labels(head))
    await desk.say(OTTO, elsewhere, "Hello from the web desk.", "m1")
    await channel.hears(thread, "Otto: Hello from the web desk.")
    assert await called(2) == {"otto"}
    await connection.commands.client_pause(2600)  # the deed takes longer than Discord waits for an answer
    slow = await server.presses("olivia", head, "Close")
    await server.until(lambda: "Otto has this conversation" in channel.said(thread, "olivia"))
    assert slow.answers[0]["type"] == 6, "that it was seen is said in time"
    assert "Otto has this conversation" not in channel.said(thread, "otto")
    assert await channel.pressed("otto", head, "Return to the bot") == ""
    await server.until(lambda: server.world.channels[thread]["thread_metadata"]["archived"])
    assert channel.labels(head) == []


async def test_staff_and_customers_see_each_other_typing(channel: Channel) -> None:
    server = channel.server
    thread = await channel.asks()
    await server.writes("olivia", "Hello Ann.", thread)
    await channel.customer_hears("Hello Ann.")

    async def customer_types() -> str:
        return await anext(aiter(channel.handles.staff.desk.typing()))

    async def staff_type() -> None:
        async for event in channel.handles.postbox.events(channel.conversation):
            if event.what == STAFF_TYPING:
                return

    typing = f"/channels/{server.direct('ann')}/typing"
    before, deadline = len(server.asked("POST", typing)), time.monotonic() + 30
    while len(server.asked("POST", typing)) == before:  # one of them may find no room
        await channel.handles.staff.desk.types(OLIVIA, channel.conversation)  # in a page of the desk
        await asyncio.sleep(0.2)
        assert time.monotonic() < deadline, "the customer does not see that staff write"
    deadline = time.monotonic() + 20
    seen = [asyncio.ensure_future(one) for one in (customer_types(), staff_type())]
    try:
        while not all(one.done() for one in seen):
            await server.types("bob", thread)
            await server.types("olivia", thread)
            await server.types("ann", server.direct("ann"))
            await asyncio.wait(seen, timeout=0.2)
            assert time.monotonic() < deadline
        assert seen[0].result() == channel.conversation
        await server.until(lambda: server.asked("POST", f"/channels/{thread}/typing"))
    finally:
        for one in seen:
            one.cancel()
        await asyncio.gather(*seen, return_exceptions=True)


async def test_a_channel_that_is_closed_to_the_bot_is_complained_of_once_and_holds_up_no_other_desk(
    linked: Channel,
) -> None:
    server, desk, conversation = linked.server, linked.handles.staff.desk, linked.conversation
    server.world.forbidden[DESK] = VIEW
    async with served(server, linked.handles, SHOPDESK_DISCORD_DESK=DESK) as announced:
        await server.writes_directly("ann", ASKS)
        await server.until(lambda: [one for one in announced if "the bot cannot see it" in one], 20)
        await desk.take(OTTO, conversation)
        await desk.say(OTTO, conversation, "Hello from the page.", "page:1")
        await linked.customer_hears("Hello from the page.")
        await desk.close(OTTO, conversation)
        await linked.customer_hears("How was it?")
        assert len(server.asked("POST", f"/channels/{DESK}/messages")) == 1, "it is not tried with all that happens"
        assert len([one for one in announced if "the bot cannot see it" in one]) == 1

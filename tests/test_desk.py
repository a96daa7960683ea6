"""What staff do at the desk: take, write, note, give away, give back, close; and that the bot is silent meanwhile."""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest

from bot.assembly import ShopDesk
from bot.desks import Desk, Handoff, Mirror, NoSuchConversation, NotAllowed, Note, NotFilledIn, NotYours
from bot.messages import STAFF_TYPING, Event, FinalText, Said
from tests.members import member, staff_says
from tests.talking import SECONDS, Customer

MIA, BEN, LEAD = member(), member("ben"), member("lea", lead=True)


async def asked_for(customer: Customer, desk: Desk) -> Handoff:
    await customer.says("I want to talk to a person")
    handoff = await desk.handoff(customer.conversation)
    assert handoff
    return handoff


async def told(desk: ShopDesk, conversation: str, words: str) -> None:
    """Until the customer has been told so."""
    async with asyncio.timeout(SECONDS):
        async for event in desk.handles.postbox.events(conversation):
            if isinstance(event.what, FinalText) and words in event.what.text:
                return


async def test_who_asks_for_a_person_stands_in_the_line_with_why_since_when_and_their_words(
    desk: ShopDesk, customer: Customer
) -> None:
    handoff = await asked_for(customer, desk.staff)
    assert (handoff.state, handoff.reason, handoff.channel, handoff.language) == ("waiting", "asked", "test", "en")
    assert (handoff.number, handoff.words) == (1, "I want to talk to a person")
    assert await desk.staff.handoffs() == [handoff]
    await customer.says("It is about my kettle")
    again = await desk.staff.handoff(customer.conversation)
    assert (
        again
        and again.words == "It is about my kettle"
        and again.since == handoff.since
        and again.wrote > handoff.wrote
    )


async def test_one_who_takes_has_it_and_the_bot_is_silent_until_they_give_it_back(
    desk: ShopDesk, customer: Customer
) -> None:
    await asked_for(customer, desk.staff)
    taken = await desk.staff.take(MIA, customer.conversation)
    assert (taken.state, taken.owner) == ("taken", "mia")
    await told(desk, customer.conversation, "Mia")
    assert not (await customer.says("How long does delivery take?")).text
    await staff_says(desk.staff, "mia", customer.conversation, "Three to five days.")
    await desk.staff.give_back(MIA, customer.conversation)
    await told(desk, customer.conversation, "Mia has left")
    assert await desk.staff.handoffs() == []
    assert (await customer.says("How long does delivery take?")).text
    assert await desk.staff.handoff(customer.conversation) is None


async def test_after_the_return_nothing_of_before_brings_staff_in_again(desk: ShopDesk, customer: Customer) -> None:
    for words in ("xyzzy plugh frobnicate", "quux blorb garply"):
        await customer.says(words)
    handoff = await asked_for(customer, desk.staff)
    await desk.staff.take(MIA, customer.conversation)
    await desk.staff.give_back(MIA, customer.conversation)
    await told(desk, customer.conversation, "Mia has left")
    await customer.says("waldo thud corge")
    assert await desk.staff.handoff(customer.conversation) is None
    again = await asked_for(customer, desk.staff)
    assert again.number > handoff.number and again.since > handoff.since


async def test_of_two_who_take_at_once_one_gets_it(desk: ShopDesk) -> None:
    for _ in range(20):
        customer = Customer(desk.handles.postbox)
        await customer.says("hello")
        tried = await asyncio.gather(
            *(desk.staff.take(one, customer.conversation) for one in (MIA, BEN)), return_exceptions=True
        )
        got = [one for one in tried if isinstance(one, Handoff)]
        refused = [one for one in tried if isinstance(one, NotYours)]
        assert len(got) == len(refused) == 1 and refused[0].owner == got[0].owner


async def test_agents_give_away_what_is_theirs_and_leads_anything(desk: ShopDesk, customer: Customer) -> None:
    await asked_for(customer, desk.staff)
    with pytest.raises(NotAllowed):
        await desk.staff.assign(BEN, customer.conversation, BEN)
    await desk.staff.take(MIA, customer.conversation)
    with pytest.raises(NotAllowed):
        await desk.staff.assign(BEN, customer.conversation, BEN)
    assert (await desk.staff.assign(MIA, customer.conversation, BEN)).owner == "ben"
    with pytest.raises(NotYours):
        await staff_says(desk.staff, "mia", customer.conversation, "still me")
    with pytest.raises(NotYours):
        await desk.staff.close(MIA, customer.conversation)
    assert (await desk.staff.assign(LEAD, customer.conversation, MIA)).owner == "mia"
    await desk.staff.close(LEAD, customer.conversation, "unresolved")
    kinds = [one.kind for one in await desk.staff.notes(customer.conversation)]
    assert kinds == ["took", "assigned", "assigned", "closed"]


async def test_a_customer_is_asked_once_how_it_was_however_often_it_is_closed(
    desk: ShopDesk, customer: Customer
) -> None:
    async def closings() -> int:
        events = await desk.handles.postbox.transcript(customer.conversation)
        return sum(isinstance(one.what, FinalText) and "How was it?" in one.what.text for one in events)

    await asked_for(customer, desk.staff)
    for expected in (1, 2):
        await desk.staff.take(MIA, customer.conversation)
        await desk.staff.close(MIA, customer.conversation)
        await desk.staff.close(LEAD, customer.conversation)
        await customer.says("How long does delivery take?")
        assert await closings() == expected


async def test_there_is_nothing_to_do_in_a_conversation_that_never_was(desk: ShopDesk) -> None:
    for deed in (
        desk.staff.take(MIA, "test:nobody"),
        desk.staff.close(MIA, "test:nobody"),
        desk.staff.give_back(MIA, "test:nobody"),
        desk.staff.note(MIA, "test:nobody", "note"),
    ):
        with pytest.raises(NoSuchConversation):
            await deed
    assert await desk.staff.handoffs() == []


async def test_notes_and_originals_are_for_staff_alone(desk: ShopDesk, customer: Customer) -> None:
    await asked_for(customer, desk.staff)
    await desk.staff.take(MIA, customer.conversation)
    await desk.staff.note(BEN, customer.conversation, "she called yesterday SECRET")
    await desk.staff.say(MIA, customer.conversation, "Hello", "m1", original="你好 SECRET")
    await desk.staff.say(MIA, customer.conversation, "Hello", "m1", original="")
    events = await desk.handles.postbox.transcript(customer.conversation)
    assert "SECRET" not in str(events)
    said = [one.what for one in events if isinstance(one.what, Said) and one.what.by == "staff" and one.what.text]
    assert [(one.text, one.name) for one in said] == [("Hello", "Mia")]
    notes = [(one.by, one.kind, one.text) for one in await desk.staff.notes(customer.conversation)]
    assert notes == [
        ("mia", "took", ""),
        ("ben", "note", "she called yesterday SECRET"),
        ("mia", "original", "你好 SECRET"),
    ]


async def test_a_place_that_nobody_has_filled_in_reaches_no_customer(desk: ShopDesk, customer: Customer) -> None:
    await asked_for(customer, desk.staff)
    await desk.staff.take(MIA, customer.conversation)
    with pytest.raises(NotFilledIn, match="order"):
        await staff_says(desk.staff, "mia", customer.conversation, "About {{ order }}:")
    await staff_says(desk.staff, "mia", customer.conversation, "{{ this }} is how a template looks")


async def test_what_is_forgotten_leaves_the_line_and_the_notes_go_with_it(desk: ShopDesk, customer: Customer) -> None:
    await asked_for(customer, desk.staff)
    await desk.staff.note(MIA, customer.conversation, "a note")
    await customer.says(press="forget:yes")
    assert await desk.staff.handoffs() == [] and await desk.staff.notes(customer.conversation) == []


async def test_who_has_everything_deleted_while_staff_have_them_still_stands_at_the_desk_without_a_word(
    desk: ShopDesk, customer: Customer
) -> None:
    await asked_for(customer, desk.staff)
    await desk.staff.take(MIA, customer.conversation)
    await customer.says("about my gwzbtl")
    await customer.says(press="forget:yes")
    (handoff,) = await desk.staff.handoffs()
    assert (handoff.owner, handoff.words, handoff.wanted, handoff.contact) == ("mia", "", "", "")
    await staff_says(desk.staff, "mia", customer.conversation, "Are you there?")
    await desk.staff.close(MIA, customer.conversation)
    assert (await customer.says("How long does delivery take?")).text


async def test_the_desk_hears_of_every_change_and_of_typing_on_both_sides(desk: ShopDesk, customer: Customer) -> None:
    async with aclosing(desk.staff.changes()) as changes, aclosing(desk.staff.typing()) as typing:
        async with asyncio.timeout(SECONDS):
            assert await anext(changes) == frozenset()
            await asked_for(customer, desk.staff)
            assert customer.conversation in await until_named(changes)
            await desk.staff.take(MIA, customer.conversation)
            assert customer.conversation in await until_named(changes)
            told_of = asyncio.ensure_future(anext(typing))
            await asyncio.sleep(0)
            await desk.staff.customer_types(customer.conversation)
            assert await told_of == customer.conversation
            seen = asyncio.create_task(first_typing(desk, customer.conversation))
            while not seen.done():
                await desk.staff.types(MIA, customer.conversation)
                await asyncio.sleep(0.05)
            await seen


async def until_named(changes: AsyncIterator[frozenset[str]]) -> frozenset[str]:
    async for changed in changes:
        if changed:
            return changed
    raise AssertionError("the changes ended")


async def first_typing(desk: ShopDesk, conversation: str) -> Event:
    async for event in desk.handles.postbox.events(conversation):
        if event.what == STAFF_TYPING:
            return event
    raise AssertionError("the events ended")


class Room:
    """A desk elsewhere: what was shown there."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.ids: list[str] = []
        self.states: list[str] = []
        self.fails = 0

    async def each(self, mirror: Mirror) -> None:
        self.states.append(mirror.handoff.state if mirror.handoff else "over")
        if "room" not in mirror.kept:
            await mirror.keep("room", secrets.token_hex(2))
        for one in mirror.news():
            if self.fails:
                self.fails -= 1
                raise ConnectionError("the other place is away")
            text = one.text if isinstance(one, Note) else getattr(one.what, "text", "")
            self.seen.append(f"{one.kind}: {text}" if isinstance(one, Note) else f"{type(one.what).__name__}: {text}")
            self.ids.append(one.id)
            await mirror.shown(one)

    async def until(self, line: str) -> None:
        deadline = time.monotonic() + SECONDS
        while line not in (*self.seen, *self.states):
            assert time.monotonic() < deadline, (line, self.seen, self.states)
            await asyncio.sleep(0.05)


async def test_a_desk_elsewhere_is_shown_all_of_it_once_in_order_over_trouble_and_a_new_start(
    desk: ShopDesk, customer: Customer
) -> None:
    room = Room()
    mirroring = asyncio.create_task(desk.staff.mirror("test:room", room.each))
    await asked_for(customer, desk.staff)
    await room.until("Said: I want to talk to a person")
    room.fails = 2
    await desk.staff.take(BEN, customer.conversation)
    await staff_says(desk.staff, "ben", customer.conversation, "Hello, Ben here")
    await room.until("Said: Hello, Ben here")
    mirroring.cancel()
    await desk.staff.note(BEN, customer.conversation, "written while the room was away")
    await desk.staff.close(BEN, customer.conversation)
    mirroring = asyncio.create_task(desk.staff.mirror("test:room", room.each))
    await room.until("over")
    mirroring.cancel()
    assert len(room.ids) == len(set(room.ids)), room.seen
    expected = [
        "Said: I want to talk to a person",
        "took: ",
        "Said: Hello, Ben here",
        "note: written while the room was away",
    ]
    assert [one for one in room.seen if one in expected] == expected
    assert room.states[-1] == "over" and room.states.count("over") == 1

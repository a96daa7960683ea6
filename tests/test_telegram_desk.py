"""Staff at their desk in a group on Telegram: the real desk and the real library, against the server in the tests."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import pytest
import pytest_asyncio

from adapters.telegram.channel import TelegramChannel
from bot.assembly import open_desk_on
from bot.channels import Handles
from bot.desk.passwords import Passwords
from bot.desk.people import Staff
from bot.desks import Handoff, Member
from bot.messages import Attachment, Incoming, Said
from bot.redis.connection import connect
from bot.settings import Settings
from bot.shop.database import open_database
from serving.ports import free_port
from tests.photos import photo
from tests.tales import ENGLISH, TALES, Tale, a_lead_reads
from tests.telegram_desk import Unhurried, on_telegram
from tests.telegram_server import NO_LIMITS, TelegramServer, open_telegram
from tests.telegram_world import DESK_RIGHTS, Person, Posted, Room, until

pytestmark = pytest.mark.asyncio(loop_scope="module")

OTTO, OLIVIA = Member("otto", "Otto", "lead"), Member("olivia", "Olivia", "agent")
PUBLIC = "https://desk.example"
NOTE = "speaks softly"


@dataclass
class Office:
    """A desk at work, and the staff's group on Telegram."""

    telegram: TelegramServer
    handles: Handles
    room: Room
    otto: Person
    olivia: Person
    serving: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def opens(self, **environ: str) -> None:
        """In another process, as it were: nothing is handed over but what Redis has."""
        await self.serving.aclose()
        self.serving = AsyncExitStack()
        served = on_telegram(self.telegram, self.handles, SHOPDESK_TELEGRAM_DESK=str(self.room.id), **environ)
        await self.serving.enter_async_context(served)


@dataclass
class Case:
    """One customer who has asked for a person, and their topic."""

    office: Office
    conversation: str
    thread: int
    ann: Person
    reason: str = ENGLISH.reason

    @property
    def head(self) -> Posted:
        return [one for one in self.office.room.in_topic(self.thread) if one.text.startswith(self.reason)][-1]

    @property
    def said(self) -> str:
        """All that the bot has written in the topic."""
        return "\n".join(one.text for one in self.office.room.in_topic(self.thread))

    async def hears(self, words: str) -> None:
        await until(lambda: words in self.said, f"{words!r} in the topic", 30)

    async def customer_hears(self, words: str, after: Posted | None = None) -> Posted:
        def found() -> list[Posted]:
            return [one for one in self.ann.private.said if words in one.text and (not after or one.id > after.id)]

        await until(found, f"{words!r} with the customer", 30)
        return found()[0]

    def customer_heard(self, words: str) -> bool:
        return any(words in one.text for one in self.ann.private.said)

    async def presses(self, who: Person, label: str, on: Posted | None = None) -> str:
        """Returns what the press is answered with."""
        await until(lambda: any(label in one for one in (on or self.head).labels), f"a button {label!r}", 30)
        return await self.answered(who.presses(on or self.head, label))

    async def answered(self, query: str) -> str:
        presses = self.office.telegram.bot.presses
        await until(lambda: presses[query] is not None, "the press is answered", 30)
        return str((presses[query] or {}).get("text", ""))

    def writes(self, who: Person, text: str) -> Posted:
        return who.writes(text, to=self.office.room, thread=self.thread)

    async def handoff(self) -> Handoff | None:
        return await self.office.handles.staff.desk.handoff(self.conversation)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def office(
    demo_copied_to: Callable[[Path], Path], redis_url: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Office]:
    data = tmp_path_factory.mktemp("group") / "data"
    demo_copied_to(data)
    async with AsyncExitStack() as opened:
        connection = await opened.enter_async_context(connect(redis_url))
        await connection.commands.flushall()
        telegram = await opened.enter_async_context(open_telegram(NO_LIMITS))
        otto, olivia = telegram.person("Otto"), telegram.person("Olivia")
        async with open_database(f"sqlite+aiosqlite:///{data / 'shop.sqlite'}") as database:
            staff = Staff(database, Passwords())
            await staff.link("otto", "telegram", str(otto.id))
            await staff.link("olivia", "telegram", str(olivia.id))
        desk = await opened.enter_async_context(
            open_desk_on(Settings(data_dir=data, burst_seconds=0), redis_url, alone=True)
        )
        work = asyncio.create_task(desk.work())
        opened.callback(work.cancel)
        room = telegram.group("Our desk", forum=True, rights=DESK_RIGHTS)
        office = Office(telegram, msgspec.structs.replace(desk.handles, pace=Unhurried()), room, otto, olivia)
        await office.opens()
        opened.push_async_callback(lambda: office.serving.aclose())
        yield office


async def shown(office: Office, conversation: str, ann: Person, before: set[int], tale: Tale = ENGLISH) -> Case:
    await until(lambda: set(office.room.topics) - before, "a topic is opened", 30)
    [thread] = set(office.room.topics) - before
    await until(lambda: office.room.in_topic(thread), "the topic has its head", 30)
    return Case(office, conversation, thread, ann, tale.reason)


async def asked(office: Office, tale: Tale = ENGLISH) -> Case:
    """A customer on Telegram asks for a person."""
    ann, before = office.telegram.person("Ann", tale.locale), set(office.room.topics)
    ann.writes(tale.asks)
    return await shown(office, f"telegram:{office.telegram.bot.id}:{ann.id}", ann, before, tale)


@pytest.mark.parametrize("tale", TALES, ids=["english", "chinese"])
async def test_the_whole_story_from_the_wish_for_a_person_to_the_stars_and_what_a_lead_reads(
    office: Office, tale: Tale
) -> None:
    if tale.language != "en":
        await office.opens(SHOPDESK_TELEGRAM_DESK_LANGUAGE=tale.language)
    case = await asked(office, tale)
    head, ann = case.head, case.ann
    assert tale.asks in head.text and f"telegram · {tale.speaks}" in head.text and head.labels == [tale.take]
    assert office.room.topics[case.thread].startswith(f"telegram: {tale.asks[:10]}")
    assert await case.presses(office.olivia, tale.take) == ""
    await case.hears(tale.taken)
    await until(lambda: len(head.labels) == 3 and tale.close in head.labels, "other buttons")

    case.writes(office.olivia, f"!note {NOTE}")
    case.writes(office.olivia, tale.hello)
    answer = await case.customer_hears(tale.hello)
    assert answer.text.startswith("Olivia\n")
    assert case.customer_heard(tale.here) and not case.customer_heard("One of our staff reads")
    ann.writes(tale.more)
    await case.hears(f"{tale.customer} {tale.more}")
    assert tale.hello not in case.said, "what was written here is not repeated"
    case.writes(office.olivia, tale.solved)
    await case.customer_hears(tale.solved)

    assert await case.presses(office.olivia, tale.close) == ""
    asked_how = await case.customer_hears(tale.how_was_it)
    await until(lambda: case.thread in office.room.closed_threads, "the topic is closed")
    assert tale.over in case.said and await case.handoff() is None and head.labels == []
    ann.presses(asked_how, str(tale.stars))
    thanks = await case.customer_hears(tale.thanks)
    ann.presses(thanks, tale.why)
    await case.customer_hears(tale.tell)
    ann.writes(tale.word)
    await case.customer_hears(tale.read)
    await a_lead_reads(office.handles, tale)
    assert not case.customer_heard(NOTE)
    if tale.language != "en":
        await office.opens()


async def test_a_customer_whose_topic_is_closed_comes_again(office: Office) -> None:
    case = await asked(office)
    head = case.head
    case.writes(office.olivia, "Good morning Ann, I look into it.")
    await case.customer_hears("I look into it.")
    case.writes(office.olivia, "!close")
    await until(lambda: case.thread in office.room.closed_threads, "the topic is closed")
    said = case.writes(office.otto, "One more thing")
    await case.hears("This is over, so nothing goes to the customer any more.")
    assert office.room.in_topic(case.thread)[-1].reply_to is said

    case.ann.writes("A person again, please")
    await until(lambda: case.head is not head, "the topic has a new head", 30)
    assert "request no. 2" in case.head.text and case.thread not in office.room.closed_threads
    answer_to_old = await case.answered(office.otto.presses_data(head, "desk:1:take"))
    assert answer_to_old.startswith("This button belongs to an earlier time")
    assert not case.customer_heard("One more thing")


async def test_what_goes_to_the_customer_and_what_never_does(office: Office) -> None:
    case = await asked(office)
    eve = office.telegram.person("Eve")
    case.writes(eve, "I help out today")
    await case.hears(f"shopdesk staff link NAME --on telegram:{eve.id}")
    case.writes(eve, "really, I do")
    assert "I do not know you" in await case.presses(eve, "Take")
    group = {"id": office.room.id, "type": "supergroup", "title": "Our desk"}
    eve.sends({"text": "I am the group", "sender_chat": group}, to=office.room, thread=case.thread)
    await case.hears("You write as the group")

    office.olivia.writes("lunch?", to=office.room)
    case.writes(office.olivia, "!note she was angry last week")
    await case.hears("Note by Olivia: she was angry last week")
    case.writes(office.olivia, "!noet and before")
    await case.hears("Not sent. What begins with ! or / stays here")
    assert (await case.handoff()).state == "waiting", "a note takes nothing"  # type: ignore[union-attr]

    first = case.writes(office.olivia, "Hello, who writes first takes it")
    await case.customer_hears("who writes first takes it")
    await case.hears("Olivia has taken it.")
    late = case.writes(office.otto, "I am faster")
    await case.hears("Not sent: Olivia has this conversation.")
    assert office.room.in_topic(case.thread)[-1].reply_to is late
    office.olivia.edits(first, "Hello, I mean it")
    office.olivia.sends_voice(to=office.room, thread=case.thread)
    await case.hears("A change reaches no customer")
    await case.hears("I can pass on words, photos and files, nothing else.")
    heard = "\n".join(one.text for one in case.ann.private.said)
    for inside in ("help out", "really", "the group", "lunch", "angry", "noet", "faster", "I mean it"):
        assert inside not in heard, inside
    told = [one for one in office.room.in_topic(case.thread) if "I do not know you" in one.text]
    assert len(told) == 1, "a stranger is told once"


async def test_of_two_who_take_at_once_one_gets_it_and_the_other_is_told_who(office: Office) -> None:
    case = await asked(office)
    queries = [who.presses(case.head, "Take") for who in (office.otto, office.olivia)]
    answers = [await case.answered(query) for query in queries]
    handoff = await case.handoff()
    assert handoff and sorted(answers, key=len)[0] == ""
    assert f"{handoff.owner.capitalize()} has this conversation" in max(answers, key=len)
    await case.hears(f"{handoff.owner.capitalize()} has taken it.")
    assert case.said.count("has taken it.") == 1


async def test_a_group_says_its_number_and_no_other_talk_of_it_is_answered(office: Office) -> None:
    telegram, eve = office.telegram, office.telegram.person("Eve")
    for kind, words in (("supergroup", "SHOPDESK_TELEGRAM_DESK={}. I must be"), ("group", "Turn topics on first")):
        group = telegram.group("To be our desk", kind=kind)
        eve.writes("/desk", to=group)
        eve.writes(f"/desk@{telegram.bot.username}", to=group)
        await until(lambda group=group: group.said, "the number is told")  # type: ignore[misc]
        eve.writes(f"/desk@{telegram.bot.username}", to=group)
        assert words.format(group.id) in group.said[0].text
        assert len(group.said) == 1


async def test_photos_and_files_go_both_ways(office: Office) -> None:
    case = await asked(office)
    case.ann.sends_photo(photo(colour="red"), "it came like this")
    await case.hears("it came like this [the photo]")

    def photos() -> list[dict[str, Any]]:
        return [one.content for one in office.room.in_topic(case.thread) if "photo" in one.content]

    await until(lambda: bool(photos()), "the photo is shown")
    shown_photo = photos()[-1]["photo"][0]["file_id"]
    assert office.telegram.files[shown_photo][1].startswith(b"\xff\xd8")

    office.olivia.sends_photo(photo(colour="blue"), "yours is this one", to=office.room, thread=case.thread)
    words = await case.customer_hears("yours is this one")
    await until(lambda: any("photo" in one.content for one in case.ann.private.said), "the photo arrives")
    office.olivia.sends_file("label.pdf", b"%PDF-1.7", "application/pdf", to=office.room, thread=case.thread)
    await until(lambda: "document" in case.ann.private.said[-1].content, "the file arrives")
    assert case.ann.private.said[-1].content["document"]["file_name"] == "label.pdf"
    assert words.text == "Olivia\nyours is this one"

    large = office.handles.attachments.most_bytes + 1
    office.olivia.sends_file("film.zip", b"PK", size=large, to=office.room, thread=case.thread)
    await case.hears("Not sent: it is larger than 10 MB")
    assert "film.zip" not in case.said


async def test_the_same_desk_is_shown_to_who_works_elsewhere_and_the_other_way_round(office: Office) -> None:
    """A customer in a channel that fetches what happens, and staff on a page of the desk."""
    staff, postbox = office.handles.staff, office.handles.postbox
    before, conversation = set(office.room.topics), f"web:{secrets.token_hex(8)}"
    await postbox.accept(Incoming("web", conversation, "1", "请转人工客服", locale="zh"))
    case = await shown(office, conversation, office.telegram.person(), before)
    assert "web · 中文" in case.head.text

    await staff.desk.take(OTTO, conversation)
    await case.hears("Otto has taken it.")
    assert "Otto has this conversation" in await case.presses(office.olivia, "Close")
    await staff.desk.say(OTTO, conversation, "您好，我是 Otto。", "page:1")
    await case.hears("Otto: 您好，我是 Otto。")
    await staff.desk.note(OTTO, conversation, "speaks Chinese only")
    await case.hears("Note by Otto: speaks Chinese only")
    await staff.desk.assign(OTTO, conversation, OLIVIA)
    await case.hears("Otto has given it to Olivia.")

    case.writes(office.olivia, "马上处理。")
    await until_said(office, conversation, "马上处理。")
    await staff.desk.customer_types(conversation)
    await until(lambda: office.room.typing_in == case.thread, "staff see that the customer writes")
    case.writes(office.olivia, "!return")
    await case.hears("Olivia has given it back to the bot.")
    await until(lambda: case.thread in office.room.closed_threads, "the topic is closed")


async def until_said(office: Office, conversation: str, words: str) -> Said:
    end = asyncio.get_running_loop().time() + 30
    while asyncio.get_running_loop().time() < end:
        for event in await office.handles.postbox.transcript(conversation):
            if isinstance(event.what, Said) and event.what.by == "staff" and event.what.text == words:
                return event.what
        await asyncio.sleep(0.05)
    raise AssertionError(f"{words!r} is not in the conversation")


async def test_a_customer_on_telegram_sees_that_staff_write_and_gets_what_staff_attach_elsewhere(
    office: Office,
) -> None:
    case = await asked(office)
    desk = office.handles.staff.desk
    await desk.take(OTTO, case.conversation)
    await case.hears("Otto has taken it.")
    kept = await office.handles.attachments.keep(case.conversation, "", "image/png", photo(kind="PNG"))
    await desk.say(OTTO, case.conversation, "", "page:2", (Attachment("photo", media_type="image/png", kept=kept),))
    await until(lambda: any("photo" in one.content for one in case.ann.private.said), "the photo arrives", 30)
    await case.hears("Otto: [the photo]")
    case.ann.private.typing_until = 0
    end = asyncio.get_running_loop().time() + 30
    while not case.ann.private.typing_until:  # what comes too late is left out
        await desk.types(OTTO, case.conversation)
        await asyncio.sleep(0.2)
        assert asyncio.get_running_loop().time() < end, "the customer does not see that staff write"
    await desk.say(OTTO, case.conversation, "a moment", "page:3")
    await case.customer_hears("a moment")


async def test_what_the_bot_proposes_and_canned_answers_are_seen_first_and_go_out_by_a_press_or_a_name(
    office: Office,
) -> None:
    case = await asked(office)
    case.writes(office.olivia, "Hello, what is it about?")
    await case.customer_hears("what is it about?")
    case.writes(office.olivia, "!draft")
    await case.hears("The knowledge has nothing on what the customer asked last.")
    case.ann.writes("How long does delivery take?")
    await case.hears("Customer: How long does delivery take?")
    case.writes(office.olivia, "!draft")
    await case.hears("The bot would say")
    proposed = [one for one in office.room.in_topic(case.thread) if "Send 1" in one.labels][-1]
    assert "3 to 5 working days" in proposed.text and "• " in proposed.text, "with its sources"
    assert not case.customer_heard("3 to 5 working days"), "staff decide"
    assert "Olivia has this conversation" in await case.presses(office.otto, "Send 1", proposed)
    for _ in range(2):
        assert await case.presses(office.olivia, "Send 1", proposed) == ""
    sent = await case.customer_hears("3 to 5 working days")
    assert sent.text.startswith("Olivia\n")
    await until(
        lambda: sent.text.removeprefix("Olivia\n")[:40] in case.said.partition("Olivia: ")[2], "it is shown", 30
    )
    forged = await case.answered(office.olivia.presses_data(proposed, "desk:1:say_0123456789ab"))
    assert "proposed for something earlier" in forged

    case.writes(office.olivia, "!canned")
    await case.hears("Goodbye · Thank you for writing to us")
    for title, told in (("I am asking", "fill in {{ order }} first"), ("Nonsense", "no canned answer is called")):
        case.writes(office.olivia, f"!canned {title}")
        await case.hears(told)
    case.writes(office.olivia, "!canned good")
    goodbye = await case.customer_hears("Thank you for writing to us")
    assert "Olivia, " in goodbye.text and "{{" not in goodbye.text
    await case.hears("Olivia: Thank you for writing to us")
    assert len([one for one in case.ann.private.said if "3 to 5 working days" in one.text]) == 1


async def test_another_process_goes_on_where_the_first_one_ended(office: Office) -> None:
    case = await asked(office)
    case.writes(office.olivia, "I am here")
    await case.customer_hears("I am here")
    await case.hears("Olivia has taken it.")
    before = case.said
    await office.serving.aclose()
    case.writes(office.olivia, "while nobody served")
    await office.handles.staff.desk.note(OTTO, case.conversation, "from elsewhere, meanwhile")
    await office.opens()
    await case.customer_hears("while nobody served")
    await case.hears("Note by Otto: from elsewhere, meanwhile")
    assert case.said.startswith(before) and case.said.count("Olivia has taken it.") == 1
    assert len([one for one in case.ann.private.said if "while nobody served" in one.text]) == 1

    port = free_port()
    office.telegram.reach[PUBLIC] = f"http://127.0.0.1:{port}"
    await office.opens(SHOPDESK_TELEGRAM_WEBHOOK=PUBLIC, SHOPDESK_TELEGRAM_PORT=str(port))
    await until(lambda: office.telegram.bot.hook, "the webhook is set", 30)
    case.writes(office.olivia, "and by webhook")
    await case.customer_hears("and by webhook")
    assert await case.presses(office.olivia, "Return to the bot") == ""
    await case.hears("Olivia has given it back to the bot.")
    await office.opens()


async def test_a_language_that_the_shop_does_not_speak_is_named_at_the_start(office: Office) -> None:
    environ = {
        "SHOPDESK_TELEGRAM_TOKEN": office.telegram.bot.token,
        "SHOPDESK_TELEGRAM_API": office.telegram.url,
        "SHOPDESK_TELEGRAM_DESK": str(office.room.id),
        "SHOPDESK_TELEGRAM_DESK_LANGUAGE": "fr",
    }
    with pytest.raises(OSError, match="SHOPDESK_TELEGRAM_DESK_LANGUAGE must be one of en, zh, not 'fr'"):
        await TelegramChannel(environ).serve(office.handles)

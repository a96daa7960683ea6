"""A handoff shown in a group of staff: the real mirror and the real room over the real library, against the server in
the tests; what there is to show, and how far it was shown, is told by each test."""

import asyncio
import itertools
import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import pytest
import pytest_asyncio

from adapters.desk_mirror import DeskMirror
from adapters.desk_threads import Threads
from adapters.telegram.bots import open_bot
from adapters.telegram.desk_room import TelegramRoom
from adapters.telegram.posting import Posting
from bot.channels import Handles, Unreachable
from bot.desk.passwords import Passwords
from bot.desk.people import Staff
from bot.desks import Handoff, Note
from bot.keys import Keys
from bot.messages import Attachment, Event, FinalText, Incoming, Said
from bot.opening.front import open_front
from bot.redis.connection import connect
from bot.settings import Settings
from bot.shop.database import open_database
from tests.photos import photo
from tests.telegram_desk import Unhurried
from tests.telegram_server import NO_LIMITS, TelegramServer, open_telegram
from tests.telegram_world import DESK_RIGHTS, Posted, Room, until

pytestmark = pytest.mark.asyncio(loop_scope="module")

_grounds = itertools.count(1000, 1000)
CONVERSATION = "web:one"
WAITING = Handoff(CONVERSATION, 1, "asked", "waiting", 1_800_000_000.0, "web", "en", "Where is it?")
TAKEN = msgspec.structs.replace(WAITING, state="taken", owner="olivia")
AGAIN = msgspec.structs.replace(WAITING, number=2)


@dataclass
class Shown:
    """A Mirror of what a test tells; it remembers as the real one does, over showings that are broken off."""

    handoff: Handoff | None
    untold: list[Event | Note] = field(default_factory=list)
    kept: dict[str, str] = field(default_factory=dict)
    conversation: str = CONVERSATION

    async def keep(self, name: str, value: str) -> None:
        self.kept[name] = value

    def news(self) -> Sequence[Event | Note]:
        return list(self.untold)

    async def shown(self, one: Event | Note) -> None:
        self.untold.remove(one)


@dataclass
class Ground:
    telegram: TelegramServer
    handles: Handles
    group: Room
    mirror: DeskMirror
    threads: Threads
    room: TelegramRoom
    reader: str
    announced: list[str]

    async def bring(self, shown: Shown) -> None:
        """As the desk does it, but for the pauses."""
        for _ in range(20):
            with suppress(ConnectionError):
                await self.mirror.each(shown)
                return
        raise AssertionError("it is never through")

    async def wrote(self, text: str, conversation: str = CONVERSATION) -> Event:
        """What a customer really wrote: it is known until it is deleted."""
        wrote = Incoming("web", conversation, secrets.token_hex(4), text)
        event = await self.handles.postbox.accept(wrote)
        return Event(event, Said("customer", wrote.message, text))

    def texts(self, thread: int = 0) -> list[str]:
        return [one.text for one in self.posted(thread)]

    def posted(self, thread: int = 0) -> list[Posted]:
        return self.group.in_topic(thread or max(self.group.topics))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def announced() -> list[str]:
    return []


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def handles(
    demo_copied_to: Callable[[Path], Path],
    redis_url: str,
    announced: list[str],
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Handles]:
    """The front of a desk at which nobody works; Otto and Olivia have an id on the platform."""
    data = tmp_path_factory.mktemp("mirror") / "data"
    demo_copied_to(data)
    async with open_database(f"sqlite+aiosqlite:///{data / 'shop.sqlite'}") as database:
        staff = Staff(database, Passwords())
        await staff.link("otto", "telegram", "7001")
        await staff.link("olivia", "telegram", "7002")
    async with open_front(Settings(data_dir=data, redis_url=redis_url), announced.append) as opened:
        yield msgspec.structs.replace(opened, pace=Unhurried())


@pytest_asyncio.fixture(loop_scope="module")
async def ground(handles: Handles, announced: list[str]) -> AsyncIterator[Ground]:
    """A group of staff whose topics the bot may manage."""
    announced.clear()
    async with open_telegram(NO_LIMITS) as telegram, open_bot(telegram.bot.token, telegram.url, print) as opened:
        telegram.numbers = itertools.count(next(_grounds))  # each has a group of its own number
        group = telegram.group("Our desk", forum=True, rights=DESK_RIGHTS)
        reader = f"{opened.account}:{group.id}"
        room = TelegramRoom(opened.bot, Posting(opened.bot, opened.account, handles.pace), handles, group.id)
        threads = Threads(handles.bookmarks, handles.postbox, reader)
        mirror = DeskMirror(handles.staff, room, threads, reader, handles.words, "en")
        yield Ground(telegram, handles, group, mirror, threads, room, reader, announced)


def said(number: int, text: str, *attachments: Attachment) -> Event:
    return Event(f"{number}-0", Said("customer", f"m{number}", text, attachments))


def note(number: int, kind: str, by: str = "olivia", text: str = "") -> Note:
    return Note(f"{number}-0", 1_800_000_000.0, by, text, kind)  # type: ignore[arg-type]


async def test_a_handoff_from_its_opening_to_its_end_and_again_in_the_same_topic(ground: Ground) -> None:
    wrote = await ground.wrote("Where is it?")
    shown = Shown(WAITING, [Event("2-0", FinalText("On its way.")), wrote])
    await ground.bring(shown)
    [thread] = ground.group.topics
    [head] = ground.posted()
    assert "So far\nBot: On its way.\nCustomer: Where is it?" in head.text
    assert head.labels == ["Take"] and not head.preview and not shown.untold
    assert await ground.threads.conversation(str(thread)) == CONVERSATION

    shown.handoff, shown.untold = TAKEN, [note(3, "took"), said(4, "hello?"), said(5, "anybody?")]
    await ground.bring(shown)
    assert ground.texts()[1:] == ["Olivia has taken it.\nCustomer: hello?\nCustomer: anybody?"]
    assert head.labels == ["Return to the bot", "Close", "Close, not solved"]

    left = msgspec.structs.replace(TAKEN, contact="ada@example.org")
    for shown.handoff in (left, left):
        await ground.bring(shown)
    assert ground.texts()[2:] == ["Left to be reached at: ada@example.org"]

    shown.handoff, shown.untold = None, [note(6, "closed", text="resolved")]
    await ground.bring(shown)
    assert ground.texts()[3].startswith("Olivia has closed it.\nThis is over.")
    assert head.labels == [] and thread in ground.group.closed_threads
    assert len(ground.telegram.made("sendMessage")) == 4

    shown.handoff, shown.untold = AGAIN, [said(7, "still broken")]
    await ground.bring(shown)
    assert list(ground.group.topics) == [thread] and thread not in ground.group.closed_threads
    again = ground.posted()[4]
    assert "request no. 2" in again.text and "Customer: still broken" in again.text
    assert again.button("Take")["callback_data"] == "desk:2:take"


async def test_what_staff_wrote_in_the_group_is_not_repeated_and_what_they_wrote_elsewhere_is(ground: Ground) -> None:
    shown = Shown(TAKEN)
    await ground.bring(shown)
    here = Event("1-0", Said("staff", f"telegram:{ground.telegram.bot.id}:{ground.group.id}:77", "here", name="Olivia"))
    shown.untold = [here, Event("2-0", Said("staff", "desk:1", "elsewhere", name="Otto"))]
    await ground.bring(shown)
    assert ground.texts()[1:] == ["Otto: elsewhere"] and not shown.untold


async def test_a_photo_or_file_stands_with_its_words_where_they_fit_under_it(ground: Ground) -> None:
    keep = ground.handles.attachments.keep
    kept = await keep(CONVERSATION, "", "image/jpeg", photo())
    bill = await keep(CONVERSATION, "bill.pdf", "application/pdf", b"%PDF")
    not_a_photo = await keep(CONVERSATION, "", "image/jpeg", b"not an image")
    shown = Shown(TAKEN)
    await ground.bring(shown)
    shown.untold = [
        said(1, "look", Attachment("photo", kept=kept)),
        said(2, "", Attachment("file", "bill.pdf", kept=bill)),
        said(3, "", Attachment("photo", kept=not_a_photo), Attachment("photo", kept="erased/1")),
    ]
    await ground.bring(shown)
    _, look, file, odd = ground.posted()
    assert look.text == "Customer: look [the photo]" and look.entities[0]["type"] == "bold"
    assert ground.telegram.files[look.content["photo"][0]["file_id"]][1] == photo()
    assert file.text == "Customer: [bill.pdf]" and file.content["document"]["file_name"] == "bill.pdf"
    assert odd.text == "Customer: [the photo, the photo]" and "document" in odd.content

    long = " ".join(["look at this"] * 100)
    shown.untold = [
        said(4, long, Attachment("photo", kept=kept)),
        said(5, "gone", Attachment("photo", kept="erased/2")),
    ]
    await ground.bring(shown)
    words, picture, gone = ground.posted()[4:]
    assert words.text == f"Customer: {long} [the photo]" and "photo" in picture.content and not picture.text
    assert gone.text == "Customer: gone [the photo]" and "photo" not in gone.content
    ground.telegram.trouble("sendDocument", 413, description="Request Entity Too Large")
    shown.untold = [said(6, "and this", Attachment("file", "huge.zip", kept=bill))]
    await ground.bring(shown)
    assert ground.texts()[-1] == "Customer: and this [huge.zip]", "what cannot be shown takes no words along"


async def test_nobody_is_called_by_what_a_customer_wrote_and_an_address_stays_one(ground: Ground) -> None:
    await ground.bring(Shown(WAITING, [said(1, "ask @olivia_work, or me: ada@example.org")]))
    [head] = ground.posted()
    assert "ask \uff20olivia_work, or me: ada@example.org" in head.text
    assert {one["type"] for one in head.entities} == {"bold"}


async def test_a_reminder_calls_who_has_it_or_everybody(ground: Ground) -> None:
    shown = Shown(WAITING)
    await ground.bring(shown)
    shown.untold = [note(1, "reminded", by="")]
    await ground.bring(shown)
    shown.handoff, shown.untold = TAKEN, [note(2, "reminded", by="")]
    await ground.bring(shown)
    _, everybody, owner = ground.posted()
    assert everybody.text.splitlines()[0] == owner.text.splitlines()[0] == "This customer still waits."
    assert sorted(one["user"]["id"] for one in everybody.entities) == [7001, 7002]
    assert owner.text.splitlines()[1] == "Olivia" and [one["user"]["id"] for one in owner.entities] == [7002]


async def test_a_topic_that_was_deleted_is_opened_anew_and_one_that_was_closed_again(ground: Ground) -> None:
    shown, otto = Shown(TAKEN), ground.telegram.person("Otto")
    await ground.bring(shown)
    [thread] = ground.group.topics
    otto.closes(ground.group, thread)
    shown.untold = [said(1, "hello?")]
    await ground.bring(shown)
    assert ground.texts()[-1] == "Customer: hello?" and thread not in ground.group.closed_threads

    otto.deletes(ground.group, thread)
    shown.untold = [said(2, "are you there?")]
    await ground.bring(shown)
    [new] = ground.group.topics
    assert new != thread and "Customer: are you there?" in ground.texts()[0]
    assert await ground.threads.conversation(str(new)) == CONVERSATION
    assert await ground.threads.conversation(str(thread)) == ""

    otto.deletes(ground.group, new)
    shown.handoff, shown.untold = None, [note(3, "closed")]
    await ground.bring(shown)
    assert not shown.untold and not ground.group.topics


@pytest.mark.parametrize(
    ("rights", "forum", "advice"),
    [
        ((), True, "make it an administrator that may manage topics and delete messages"),
        (DESK_RIGHTS, False, "has no topics: turn them on"),
    ],
)
async def test_what_the_group_lacks_is_said_once_to_who_can_change_it_and_nothing_is_lost(
    ground: Ground, rights: Sequence[str], forum: bool, advice: str
) -> None:
    ground.group.rights, ground.group.forum = frozenset(rights), forum
    shown = Shown(WAITING, [said(1, "Where is it?")])
    for _ in range(3):
        with pytest.raises(Unreachable):
            await ground.mirror.each(shown)
    assert len([one for one in ground.announced if advice in one]) == 1
    ground.group.rights, ground.group.forum = frozenset(DESK_RIGHTS), True
    await ground.bring(shown)
    assert "Customer: Where is it?" in ground.texts()[0]


async def test_one_thing_that_telegram_does_not_take_closes_the_group_to_nothing_else(ground: Ground) -> None:
    ground.telegram.trouble("createForumTopic", 400, description="Bad Request: something new")
    shown = Shown(WAITING, [said(1, "Where is it?")])
    with pytest.raises(ConnectionError):
        await ground.mirror.each(shown)
    await ground.bring(shown)
    assert "Customer: Where is it?" in ground.texts()[0] and not ground.announced


async def test_a_bot_that_was_put_out_of_the_group_says_so(ground: Ground) -> None:
    ground.telegram.person("Otto").removes_bot(ground.group)
    with pytest.raises(Unreachable):
        await ground.mirror.each(Shown(WAITING))
    assert any("is the bot a member of it" in one for one in ground.announced)


async def test_a_group_that_has_another_number_is_served_and_its_number_is_told(ground: Ground) -> None:
    new = ground.telegram.group("Our desk", forum=True, rights=DESK_RIGHTS)
    ground.telegram.moved[ground.group.id] = new.id
    await ground.bring(Shown(WAITING))
    assert new.topics
    assert any(f"SHOPDESK_TELEGRAM_DESK={new.id}" in one for one in ground.announced)


@pytest.mark.parametrize(
    "trouble",
    [{"status": 429, "retry_after": 1}, {"status": 502}, {"status": 0}],
    ids=["too many messages", "a bad gateway", "a cut line"],
)
async def test_whatever_fails_is_done_again_and_nothing_is_said_twice(ground: Ground, trouble: dict[str, int]) -> None:
    for method in ("createForumTopic", "sendMessage", "editMessageReplyMarkup", "closeForumTopic", "reopenForumTopic"):
        met = ground.telegram.trouble(method, **trouble)
        wrote = await ground.wrote("Where is it?", f"web:{method}:{trouble}")
        shown = Shown(WAITING, [wrote], conversation=f"web:{method}:{trouble}")
        await ground.bring(shown)
        shown.handoff, shown.untold = TAKEN, [note(2, "took"), said(3, "hello?")]
        await ground.bring(shown)
        shown.handoff, shown.untold = None, [note(4, "closed")]
        await ground.bring(shown)
        thread = max(ground.group.topics)
        assert thread in ground.group.closed_threads
        shown.handoff = AGAIN
        await ground.bring(shown)
        head, news, over, again = ground.texts()
        assert "Where is it?" in head and "hello?" in news and "This is over" in over and "request no. 2" in again
        assert met.met == 1


async def test_a_long_text_goes_on_where_it_was_broken_off(ground: Ground) -> None:
    shown = Shown(TAKEN)
    await ground.bring(shown)
    long = " ".join(f"word{number}" for number in range(1400))
    shown.untold = [said(1, long), said(2, "and that is all")]
    hanging = asyncio.Event()
    ground.telegram.trouble("sendMessage", 200, wait=hanging, times=1)
    showing = asyncio.create_task(ground.mirror.each(shown))
    await until(lambda: ground.telegram.troubles[-1].met, "the first piece is on its way")
    hanging.set()
    await until(lambda: len(ground.posted()) > 1, "the first piece is there")
    showing.cancel()  # the process ends here
    await asyncio.gather(showing, return_exceptions=True)
    await ground.bring(shown)
    words = " ".join(ground.texts()[1:]).split()
    told = [word for word in words if word.startswith("word")]
    assert set(told) == {f"word{number}" for number in range(1400)}
    assert len(told) < 1.7 * 1400, "at most the piece that was on its way is there twice"
    assert ground.texts()[-1] == "Customer: and that is all"


async def test_what_a_customer_had_deleted_goes_from_the_group_too(ground: Ground, redis_url: str) -> None:
    kept, deleted = await ground.wrote("keep this", "web:kept"), await ground.wrote("delete this", "web:deleted")
    one, other = Shown(WAITING, [kept], conversation="web:kept"), Shown(WAITING, [deleted], conversation="web:deleted")
    for shown in (one, other):
        await ground.bring(shown)
        shown.handoff = None
        await ground.bring(shown)
    first, second = ground.group.topics
    async with connect(redis_url) as connection:
        await connection.commands.delete(Keys().events("web:deleted"))
    later = Threads(ground.handles.bookmarks, ground.handles.postbox, ground.reader)
    assert await later.is_forgotten(str(second)) and not await later.is_forgotten(str(first))

    other.handoff, other.untold = AGAIN, [await ground.wrote("something new", "web:deleted")]
    await ground.bring(other)
    assert second not in ground.group.topics and "delete this" not in "".join(ground.texts())
    assert "something new" in ground.texts()[0]

    async with connect(redis_url) as connection:
        await connection.commands.delete(Keys().events("web:kept"))
    sweeping = asyncio.create_task(ground.threads.sweep(ground.room.remove))
    await until(lambda: first not in ground.group.topics, "the topic is deleted")
    sweeping.cancel()
    assert len(ground.group.topics) == 1

"""What a customer hears and leaves while they wait for staff: nothing that is not true, nothing that is not kept."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import msgspec
import pytest
import pytest_asyncio

from bot.answering.ground import Ground
from bot.answering.presenting import Presenting
from bot.answering.prompting import Prompts
from bot.answering.turn import Turn
from bot.assembly import ShopDesk, open_desk_on
from bot.desk.clock_keeper import ClockKeeper
from bot.desk.clocks import due
from bot.desk.desk_settings import DeskSettings
from bot.desk.expected_wait import ExpectedWait, rounded_up
from bot.desk.hours import OpeningHours
from bot.desk.left_for_staff import LeftForStaff
from bot.desk.saying_when import said_wait, said_when
from bot.desk.waiting_room import WaitingRoom
from bot.desks import REASONS, Handoff
from bot.keys import Keys
from bot.knowledge.index import KnowledgeIndex
from bot.limits import Limits
from bot.listening import Listener
from bot.mailbox import Mailbox
from bot.messages import LEFT_THE_LINE, Attachment, FinalText, Incoming, Part
from bot.observing.turn_record import recorded_turn
from bot.redis.connection import Connection
from bot.sessions import Line, Pending, Session, Waits
from bot.settings import Settings
from bot.shop.files import read_shop
from bot.shop.identity import Identity, Level
from bot.shop.profile_file import read_profile
from bot.shop.store import open_store
from tests.code_fixtures import PROMPTS, presses_of, text_of, turn_of
from tests.members import member
from tests.talking import SECONDS, Customer

MONDAY = datetime(2026, 11, 30, 15, 0, tzinfo=UTC)  # ten o'clock in the shop
NIGHT = datetime(2026, 12, 1, 3, 0, tzinfo=UTC)
ORDER = "OT-12345678"
MIA = member()
SHOP = Path(__file__).parent.parent / "bot" / "demo" / "shop" / "shop.toml"


@dataclass
class Room:
    ground: Ground
    expected: ExpectedWait
    now: datetime = MONDAY
    session: Session = field(default_factory=lambda: Session("web:1", language="en"))
    handoff: Handoff | None = None

    @property
    def room(self) -> WaitingRoom:
        return WaitingRoom(self.ground, self.expected, lambda: self.now)

    async def joins(self, language: str = "en", public: bool = False) -> list[Part]:
        self.session.language = language
        parts = await self.room.brought_in(self.session, "asked", None, public)
        wait = float(await self.expected.seconds())
        since = self.now.timestamp()
        self.handoff = Handoff("web:1", 1, "asked", "waiting", since, "web", language, public=public, expected=wait)
        return parts

    async def says(self, text: str = "", press: str = "", photos: int = 0) -> list[Part]:
        """To the waiting room, if it is meant; what it only overhears, else."""
        turn = self.turn(text, press, photos)
        if self.room.hears(turn, self.handoff):
            return [part async for part in self.room.hear(turn, self.handoff)]
        return await self.room.overhear(turn, self.handoff)

    def turn(self, text: str = "", press: str = "", photos: int = 0) -> Turn:
        turn = turn_of(self.session, text, press)
        turn.photos = tuple(f"web/1/{number}.jpg" for number in range(photos))
        turn.attached = tuple(Attachment("photo", kept=one) for one in turn.photos)
        return turn

    async def waited(self, *minutes: float) -> None:
        """So long customers have waited lately."""
        for number, one in enumerate(minutes):
            since = self.now.timestamp() - 60 * one
            await self.expected.note(since - number / 1000, self.now.timestamp() - number / 1000)

    def knows(self) -> tuple[str, str]:
        known = self.room.for_staff(self.session)
        return known.contact, known.wanted


RoomFor = Callable[[DeskSettings], Room]


@cache
def prompts() -> Prompts:
    return Prompts(PROMPTS)


@pytest.fixture(scope="module")
def shop_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with the demo shop in it, and no knowledge: nobody answers questions here."""
    path = tmp_path_factory.mktemp("waiting-room") / "shop.sqlite"

    async def fill() -> None:
        async with open_store(f"sqlite+aiosqlite:///{path}") as store:
            await store.replace(read_shop(SHOP.parent, MONDAY.date()))

    asyncio.run(fill())
    return path


@pytest_asyncio.fixture
async def room_for(shop_file: Path, tmp_path: Path, connection: Connection) -> AsyncIterator[RoomFor]:
    said, limits = prompts(), Limits(connection.commands)
    async with open_store(f"sqlite+aiosqlite:///{shop_file}") as store:
        demo, index = read_profile(SHOP), KnowledgeIndex(tmp_path, None)

        def opened(settings: DeskSettings) -> Room:
            profile = msgspec.structs.replace(demo, desk=settings)
            presenting = Presenting(store, said, profile.currency)
            found = Room(
                Ground(profile, store, Identity(store, limits), index, presenting, said, {}),
                ExpectedWait(connection, Keys(), OpeningHours(settings), lambda: found.now),
            )
            return found

        yield opened


@pytest.fixture
def room(room_for: RoomFor) -> Room:
    """At the demo shop: nine to six in New York."""
    return room_for(read_profile(SHOP).desk)


async def test_who_joins_an_open_desk_hears_the_real_wait_of_lately_and_when_the_desk_comes_back(room: Room) -> None:
    await room.waited(3, 4, 30)
    parts = await room.joins()
    said = text_of(parts)
    assert "in the line for our staff" in said and "until 18:00 (UTC-5)" in said
    assert "Lately the wait was about 5 minutes" in said
    assert "come back to you today at 10:15" in said
    assert presses_of(parts) == ["leave_email", "call_back", "leave_line"]


async def test_without_figures_no_wait_is_named(room: Room) -> None:
    said = text_of(await room.joins())
    assert "Lately" not in said and "minutes" not in said and "today at 10:15" in said


async def test_who_comes_at_night_hears_when_somebody_is_there_again(room: Room) -> None:
    room.now = NIGHT
    said = text_of(await room.joins())
    assert "Nobody is at the desk right now" in said and "back tomorrow at 9:00 (UTC-5)" in said
    assert "come back to you tomorrow at 9:15" in said


async def test_who_comes_late_hears_that_it_may_be_tomorrow(room: Room) -> None:
    await room.waited(30, 30, 30)
    room.now = datetime(2026, 11, 30, 22, 50, tzinfo=UTC)
    said = text_of(await room.joins())
    assert "at the desk until 18:00 (UTC-5)" in said and "it may be tomorrow at 9:00 before" in said
    assert "come back to you tomorrow at 9:20" in said, "ten minutes of today, twenty of tomorrow"


async def test_a_shop_without_hours_says_those_of_its_profile(room_for: RoomFor) -> None:
    room = room_for(DeskSettings())
    said = text_of(await room.joins())
    assert "our hours are Monday to Friday, 9:00 to 18:00" in said and "today at 15:15 (UTC)" in said
    assert presses_of(await room.joins()) == ["leave_email", "leave_line"], "no call is offered that nobody makes"
    assert not room.room.hears(room.turn(press="call_back"), room.handoff), "nor taken"


async def test_the_same_in_chinese(room: Room) -> None:
    await room.waited(3, 4, 30)
    said = text_of(await room.joins("zh"))
    assert "已为您转人工排队" in said and "5 分钟" in said and "今天 10:15" in said and "18:00 (UTC-5)" in said
    room.now = NIGHT
    assert "明天 9:00" in text_of(await room.room.brought_in(Session("web:2", language="zh"), "asked", None))


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_every_reason_is_said_in_its_own_words_or_not_at_all(room: Room, language: str) -> None:
    said = {
        text_of(await room.room.brought_in(Session("web:2", language=language), reason, None)) for reason in REASONS
    }
    assert len(said) == len(REASONS) - 2, "asked, parked and staff need no words"


async def test_who_asks_again_hears_since_when_they_are_in_the_line(room: Room) -> None:
    await room.joins()
    room.now += timedelta(minutes=7)
    assert room.handoff
    said = text_of(await room.room.brought_in(room.session, "asked", room.handoff))
    assert "already in the line for our staff, since today at 10:00" in said
    assert "come back to you today at 10:15" in said, "the time that was named before"


async def test_the_time_that_is_named_is_the_one_that_the_clock_keeps(room: Room) -> None:
    await room.waited(22, 22, 22)
    record = Incoming("web", "web:1", "1", accepted="1-0")
    with recorded_turn((record,), "1-0", 1) as kept:
        said = text_of(await room.joins())
    assert kept.noted.adds == {"expected": "1800"} and "30 minutes" in said
    settings, handoff = room.ground.profile.desk, room.handoff
    assert handoff and "today at 10:30" in said
    hours = OpeningHours(settings)
    assert due(handoff, settings, hours, MONDAY + timedelta(minutes=29)).step == ""
    assert due(handoff, settings, hours, MONDAY + timedelta(minutes=30)).step == "offer"


async def test_an_address_is_asked_for_and_kept_for_staff(room: Room) -> None:
    await room.joins()
    assert "Which" not in text_of(await room.says(press="leave_email"))
    said = text_of(await room.says("ada.holm@example.com please"))
    assert "ada.holm@example.com" in said and room.knows() == ("ada.holm@example.com", "")
    assert "leave_email" not in presses_of(await room.room.brought_in(room.session, "asked", room.handoff))


async def test_a_number_to_call_is_asked_for_and_kept(room: Room) -> None:
    await room.joins()
    said = text_of(await room.says(press="call_back"))
    assert "9:00 to 18:00" in said, "when they call is said, and nothing of when exactly"
    await room.says("it's +1 (555) 014-2233, after noon")
    assert room.knows()[0] == "+1 (555) 014-2233"


async def test_what_the_account_has_needs_not_be_typed(room: Room) -> None:
    customers = await room.ground.store.customers()
    known = next(one for one in customers if one.phone)
    room.session.identify(known.id, Level.SIGNED_IN)
    await room.joins()
    said = text_of(await room.says(press="leave_email"))
    assert "of your account" in said and known.email not in said
    assert room.knows()[0] == known.email
    await room.says(press="call_back")
    assert room.knows()[0] == known.phone


async def test_what_staff_write_to_one_customer_never_goes_to_the_address_of_the_one_before(room: Room) -> None:
    ada, other = (await room.ground.store.customers())[:2]
    room.session.identify(ada.id, Level.VERIFIED)
    room.session.by_email = True
    await room.joins()
    await room.says(press="leave_email")
    room.session.reach = ada.email
    assert room.knows()[0] == ada.email
    room.session.identify("", Level.GUEST)
    assert room.session.reach == ada.email, "a proof that has grown old takes nothing away"
    room.session.identify(ada.id, Level.VERIFIED)
    room.session.identify(other.id, Level.VERIFIED)
    assert (room.knows()[0], room.session.reach) == ("", "")


async def test_who_proved_one_order_alone_is_asked_and_learns_nothing_of_the_account(room: Room) -> None:
    known = (await room.ground.store.customers())[0]
    room.session.identify(known.id, Level.VERIFIED)
    room.session.proven_orders = (ORDER,)
    await room.joins()
    assert "To which e-mail address" in text_of(await room.says(press="leave_email"))
    assert room.knows()[0] == ""


async def test_who_thinks_better_of_leaving_an_address_stays_in_the_line(room: Room) -> None:
    await room.joins()
    await room.says(press="leave_email")
    parts = await room.says("never mind")
    assert LEFT_THE_LINE not in parts and "stay in the line" in text_of(parts)
    assert LEFT_THE_LINE in await room.says("never mind"), "now it is the line that they mean"


async def test_what_is_no_address_and_no_number_is_said_to_be_none(room: Room) -> None:
    await room.joins()
    await room.says(press="leave_email")
    assert "like name@example.com" in text_of(await room.says("me@example"))
    await room.says(press="call_back")
    assert "area code" in text_of(await room.says("22 33"))
    assert room.knows() == ("", "")
    await room.says("+86 138 0013 8000")
    assert room.knows()[0] == "+86 138 0013 8000"


async def test_the_newest_question_of_the_desk_is_the_one_that_is_answered(room: Room) -> None:
    await room.joins()
    room.session.pending = Pending("verification")
    await room.says(press="leave_email")
    assert room.session.pending is None
    room.session.pending = Pending("verification")
    assert not room.room.hears(room.turn("ada.holm@example.com"), room.handoff), "asked for later, it is a proof"
    room.session.pending = None
    await room.says("ada.holm@example.com")
    assert room.knows()[0] == "ada.holm@example.com"


async def test_other_questions_meanwhile_are_for_who_answers_them(room: Room) -> None:
    await room.joins()
    for text in ("How long does delivery take?", "thanks", "hello?", "never mind the boots, where is my lamp?", "ok"):
        assert not room.room.hears(room.turn(text), room.handoff), text
    await room.says(press="leave_email")
    assert not room.room.hears(room.turn("do you ship to Norway?"), room.handoff)
    await room.says("me@example.com")
    assert room.knows()[0] == "me@example.com", "and the question stays open for it"


# what they say -> what staff find
LEFT = {
    "a number alone": (["OT-12345678"], ORDER),
    "as people type it": (["it's ot 12345678"], ORDER),
    "in Chinese": (["订单号是 OT-12345678"], ORDER),
    "in a question": (["Where is order OT-12345678 now?"], ORDER),
    "the newest": (["OT-12345678", "sorry, OT-87654321"], "OT-87654321"),
    "an item": (["the Moss Lantern is broken"], "Moss Lantern"),
    "both": (["my moss lantern of OT-12345678 leaks"], f"{ORDER}; Moss Lantern"),
    "nothing": (["it is broken"], ""),
}


async def test_what_staff_need_is_collected(room: Room) -> None:
    for why, (said, wanted) in LEFT.items():
        room.session = Session("web:1", language="en")
        await room.joins()
        for text in said:
            before, heard = room.knows(), text_of(await room.says(text))
            new_order = "OT-" in wanted and room.knows() != before
            assert ("Noted" in heard) is new_order, (why, heard)
        assert room.knows() == ("", wanted), why


async def test_photos_are_collected_with_the_request(room: Room) -> None:
    await room.joins()
    assert "with your request" in text_of(await room.says(photos=2))
    await room.says("this is how it arrived", photos=1)
    assert room.knows() == ("", "📷 3")


async def test_what_was_said_before_needs_not_be_said_again(room: Room) -> None:
    room.session.remember(Line("customer", f"where is {ORDER}?"))
    said = text_of(await room.joins())
    assert ORDER in said and room.knows() == ("", ORDER)


async def test_an_answer_to_what_the_desk_has_asked_is_not_taken_away_from_it(room: Room) -> None:

    await room.joins()
    room.session.pending = Pending("verification")
    turn = room.turn(ORDER)
    assert not room.room.hears(turn, room.handoff)
    assert "Noted" in text_of(await room.room.overhear(turn, room.handoff)), "staff find it all the same"


LEAVES = {
    "en": ["never mind", "Never mind, thanks", "it's solved", "I don't need a person any more, thank you", "forget it"],
    "zh": ["算了", "不用了，谢谢", "已经解决了", "不需要人工了", "我不等了"],
}
STAYS = {
    "en": ["never mind the colour, is it broken?", "don't forget it", "how is this solved?", "still waiting", "no"],
    "zh": ["不用了多久了？", "解决了吗", "怎么才算解决了退款问题", "还在吗"],
}


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_who_needs_nobody_any_more_leaves_the_line_in_their_own_words(room: Room, language: str) -> None:
    for text in LEAVES[language]:
        await room.joins(language)
        parts = await room.says(text)
        assert LEFT_THE_LINE in parts and presses_of(parts) == ["human"], text
        assert room.session.waits is None
    for text in STAYS[language]:
        await room.joins(language)
        assert LEFT_THE_LINE not in await room.says(text), text


async def test_a_button_of_a_wait_that_is_over_says_so(room: Room) -> None:
    await room.joins()
    taken = room.handoff and msgspec.structs.replace(room.handoff, state="taken")
    for handoff in (None, taken):
        room.handoff = handoff
        for press in ("leave_email", "call_back", "leave_line"):
            parts = await room.says(press=press)
            assert "not in the line" in text_of(parts) and presses_of(parts) == ["human"]
            assert LEFT_THE_LINE not in parts


async def test_each_clock_says_how_it_stands_and_when_it_comes_back(room: Room) -> None:
    await room.joins()
    assert room.handoff
    later = {  # minutes, what the handoff has by then, words
        "offer": (15, {"stage": "offer", "alerts": 2}, ["nobody has come yet", "reminded", "today at 10:45", "e-mail"]),
        "come_back:1": (45, {"stage": "come_back:1", "alerts": 4}, ["As I said", "4 times", "today at 11:00"]),
        "overdue": (
            60,
            {"stage": "overdue", "alerts": 4, "overdue": True},
            ["sorry", "11:45", "help@", "555"],
        ),
        "come_back:5": (945, {"stage": "come_back:5", "alerts": 8, "overdue": True}, ["the last time", "stays yours"]),
        "quiet:5": (20, {"stage": "offer", "alerts": 2}, ["back in the line", "today at 10:45"]),
    }
    for step, (minutes, fields, words) in later.items():
        handoff = msgspec.structs.replace(room.handoff, **fields)
        room.now = OpeningHours(room.ground.profile.desk).after_open_seconds(MONDAY, minutes * 60) or MONDAY
        said = text_of(await room.room.rings(room.session, handoff, f"clock:1:{step}"))
        assert all(word in said for word in words), (step, said)
        assert room.session.history[-1] == Line("desk", said), "who answers next knows what was said"


async def test_a_clock_that_is_void_says_nothing(room: Room) -> None:
    await room.joins()
    assert room.handoff
    void = {
        "taken meanwhile": (msgspec.structs.replace(room.handoff, state="taken"), "clock:1:offer"),
        "over": (None, "clock:1:offer"),
        "of the time before": (msgspec.structs.replace(room.handoff, number=2), "clock:1:offer"),
        "of another release": (room.handoff, "clock:1:sings"),
        "no ring": (room.handoff, "leave_email"),
    }
    for why, (handoff, press) in void.items():
        assert await room.room.rings(room.session, handoff, press) == [], why
    assert room.session.history == []


async def test_a_contact_that_was_left_is_named_and_not_asked_for_again(room: Room) -> None:
    await room.joins()
    room.session.waits = Waits(contact="me@example.com")
    handoff = room.handoff and msgspec.structs.replace(room.handoff, stage="offer")
    parts = await room.room.rings(room.session, handoff, "clock:1:offer")
    assert "reach you at me@example.com" in text_of(parts) and presses_of(parts) == ["leave_line"]


async def test_where_others_read_along_nobody_is_asked_for_anything_of_their_own(room: Room) -> None:
    parts = await room.joins(public=True)
    said = text_of(parts)
    assert presses_of(parts) == [] and "order number" not in said and "e-mail address" not in said
    handoff = room.handoff and msgspec.structs.replace(room.handoff, stage="offer")
    parts = await room.room.rings(room.session, handoff, "clock:1:offer")
    assert presses_of(parts) == [] and "e-mail" not in text_of(parts)
    turn = room.turn(f"it is {ORDER}")
    turn.public = True
    assert not room.room.hears(turn, room.handoff) and await room.room.overhear(turn, room.handoff) == []
    assert room.knows() == ("", "")


async def test_when_it_is_over_nothing_of_it_is_kept(room: Room) -> None:
    await room.joins()
    await room.says(ORDER)
    room.room.over(room.session)
    assert room.session.waits is None and room.knows() == ("", "")


WHEN = {  # from ten on a Monday in the shop
    "today": (0.5, "today at 10:30 (UTC-5)", "今天 10:30 (UTC-5)"),
    "tomorrow": (23, "tomorrow at 9:00 (UTC-5)", "明天 9:00 (UTC-5)"),
    "this week": (4 * 24, "on Friday at 10:00 (UTC-5)", "星期五 10:00 (UTC-5)"),
    "later": (30 * 24, "on December 30 at 10:00 (UTC-5)", "12月30日 10:00 (UTC-5)"),
}


@pytest.mark.parametrize("hours,english,chinese", WHEN.values(), ids=WHEN)
def test_a_moment_is_said_as_the_shops_clock_shows_it(hours: float, english: str, chinese: str) -> None:
    said_by, zone = prompts(), OpeningHours(DeskSettings(time_zone="America/New_York")).zone
    for language, said in (("en", english), ("zh", chinese)):
        assert said_when(said_by, language, MONDAY + timedelta(hours=hours), MONDAY, zone, True) == said


def test_zones_are_named_by_their_hours_and_those_of_summer_by_theirs() -> None:
    named = {"Asia/Kolkata": "UTC+5:30", "America/St_Johns": "UTC-3:30", "UTC": "UTC", "Asia/Shanghai": "UTC+8"}
    for name, offset in named.items():
        zone = OpeningHours(DeskSettings(time_zone=name)).zone
        assert said_when(prompts(), "en", MONDAY, MONDAY, zone, True).endswith(f"({offset})")
    berlin = OpeningHours(DeskSettings(time_zone="Europe/Berlin")).zone
    summer = datetime(2026, 7, 1, 8, 0, tzinfo=UTC)
    assert said_when(prompts(), "en", summer, summer, berlin, True) == "today at 10:00 (UTC+2)"


# seconds -> what is said of it
WAITS = {1: "1 minute", 61: "2 minutes", 240: "5 minutes", 700: "15 minutes", 2000: "45 minutes", 3600: "1 hour"}
WAITS |= {4000: "75 minutes", 7000: "2 hours", 9000: "3 hours"}


def test_a_wait_is_rounded_up_to_what_people_say() -> None:
    for seconds, said in WAITS.items():
        assert said_wait(prompts(), "en", rounded_up(seconds)) == said
        assert said_wait(prompts(), "zh", rounded_up(seconds)).strip().startswith(said.split()[0])


async def hears_by_itself(desk: ShopDesk, conversation: str, words: str) -> None:
    """Something that nobody has asked for."""
    async with asyncio.timeout(SECONDS):
        async for event in desk.handles.postbox.events(conversation):
            if isinstance(event.what, FinalText) and words in event.what.text:
                return


async def test_at_a_whole_desk_nothing_ends_in_silence(
    desk: ShopDesk, customer: Customer, connection: Connection
) -> None:
    """The wait of two weeks, at any hour at which this runs: nobody comes, somebody comes and goes quiet."""
    keys, hours = Keys(), OpeningHours(profile := read_profile(SHOP).desk)
    ahead = [timedelta()]

    def now() -> datetime:
        return datetime.now(UTC) + ahead[0]

    expected = ExpectedWait(connection, keys, hours, now)
    keeper = ClockKeeper(connection, keys, Mailbox(connection, keys, Listener(connection)), profile, expected, now)
    heard = await customer.says(f"I want to talk to a person about {ORDER}")
    assert "in the line for our staff" in heard.text and "come back to you" in heard.text
    assert [one.id for one in heard.buttons] == ["leave_email", "call_back", "leave_line"]
    await customer.says(press="leave_email")
    assert "there, too" in (await customer.says("me@example.com")).text
    handoff = await desk.staff.handoff(customer.conversation)
    assert handoff and (handoff.contact, handoff.wanted) == ("me@example.com", ORDER)
    assert (await customer.says("How long does delivery take?")).text, "who waits may go on asking"

    pressed = await customer.says(press="clock:1:overdue")
    assert "in time" not in pressed.text, "the clock is not the customer's to ring"
    ahead[0] = timedelta(days=14)
    await keeper.look()
    await hears_by_itself(desk, customer.conversation, "nobody has come in time")
    handoff = await desk.staff.handoff(customer.conversation)
    assert handoff and handoff.overdue and handoff.alerts == 8 and handoff.state == "waiting"

    await desk.staff.take(MIA, customer.conversation)
    ahead[0] += timedelta(days=14)
    await keeper.look()
    await hears_by_itself(desk, customer.conversation, "back in the line")
    assert (await customer.says("How long does delivery take?")).text, "and is not left with nobody"
    heard = await customer.says("never mind")
    assert "no longer in the line" in heard.text and "left_the_line" in heard.statuses
    assert await desk.staff.handoffs() == []
    assert "not in the line" in (await customer.says(press="leave_line")).text


CONTACTS = (
    ("You can reach me at me@else.example please", "me@else.example"),
    ("我的邮箱是 wo@else.example", "wo@else.example"),
    ("+47 555 12 345", "+47 555 12 345"),
    ("call me on +47 555 12 345", "+47 555 12 345"),
    ("parcel 757057600 is lost", ""),
    ("it cost 1299.00 kr", ""),
    ("I ordered it on 2026-11-23", ""),
    ("订单 123456789 没到", ""),
    ("Does help@owlandotter.example answer on Sundays?", ""),
    ("me@else.example is the address with which I have placed the order that has never come", ""),
    (f"{ORDER} me@else.example", ""),
)


@pytest.mark.parametrize(("text", "contact"), CONTACTS)
def test_who_waits_and_writes_an_address_that_nobody_asked_for_has_left_it(text: str, contact: str) -> None:
    assert LeftForStaff(r"OT-\d{8}", {}).only_contact(text) == contact


@dataclass(frozen=True)
class Batch:
    """Messages that are answered together; a press begins with /. `wanted`: what staff read of it in the line."""

    said: tuple[str, ...]
    in_line: bool
    wanted: str = ""


BATCHES = (
    Batch(("/human", "/leave_line"), in_line=False),
    Batch(("I want to talk to a person", "never mind"), in_line=False),
    Batch(("I want to talk to a person", "I don't need a person any more"), in_line=False),
    Batch(("转人工", "算了"), in_line=False),
    Batch(("never mind", "I want to talk to a person"), in_line=True),
    Batch(("/human", "/leave_line", "/human"), in_line=True),
    Batch(("/human", "OT-12345678"), in_line=True, wanted="OT-12345678"),
    Batch(("/human", "/human"), in_line=True),
    Batch(("How long does delivery take?", "never mind"), in_line=False),
)


async def test_of_what_is_written_at_once_the_last_word_counts_and_what_is_said_is_so(
    demo_data: Path, redis_url: str, connection: Connection
) -> None:
    async with open_desk_on(Settings(data_dir=demo_data, burst_seconds=0), redis_url, alone=True) as desk:
        customers = [Customer(desk.handles.postbox) for _ in BATCHES]
        events = [
            [await customer.posts(*(("", one[1:]) if one[0] == "/" else (one,))) for one in batch.said][-1]
            for customer, batch in zip(customers, BATCHES, strict=True)
        ]
        work = asyncio.create_task(desk.work())
        for batch, customer, event in zip(BATCHES, customers, events, strict=True):
            heard = await customer.hears(event)
            handoff = await desk.staff.handoff(customer.conversation)
            assert (handoff is not None) == batch.in_line, (batch.said, heard.text)
            assert not handoff or (handoff.reason, handoff.wanted) == ("asked", batch.wanted), batch.said
            statuses = [one for one in heard.statuses if one in ("waiting_for_staff", "left_the_line")]
            assert (statuses[-1:] == ["waiting_for_staff"]) == batch.in_line, (batch.said, statuses)
            assert "You are not in the line" not in heard.text, batch.said
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)


async def test_who_waits_is_shown_so_with_every_reply_and_no_procedure_begins_before_they_press_for_it(
    desk: ShopDesk,
) -> None:
    ada = Customer(desk.handles.postbox, "c-ada-holm")
    await ada.says(press="human")
    heard = await ada.says("you useless piece of crap, this is outrageous!!")
    assert "waiting_for_staff" in heard.statuses and heard.text
    heard = await ada.says("cancel OT-21153083, ordered by mistake")
    presses = [one.id for one in heard.buttons]
    assert "waiting_for_staff" in heard.statuses and not any(one.startswith("confirm:") for one in presses), heard.text
    (does,) = [one for one in presses if one.startswith("do:cancel")]
    heard = await ada.says(press=does)
    assert "OT-21153083" in heard.text
    handoff = await desk.staff.handoff(ada.conversation)
    assert handoff and handoff.state == "waiting" and handoff.wanted == "OT-21153083"
    ben = Customer(desk.handles.postbox)
    await ben.says(press="human")
    heard = await ben.says("I don't need a person any more")
    assert "left_the_line" in heard.statuses and await desk.staff.handoff(ben.conversation) is None

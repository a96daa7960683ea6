"""Who may help customers: the list of staff, the book of what they did, the demo's, canned answers, and the command."""

import asyncio
import stat
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner, Result

from bot.assembly import ShopDesk
from bot.channels import Finding
from bot.cli import main
from bot.desk.book import Book, Reading
from bot.desk.canned import MOST_TEXT, CannedStore, Filling, fill
from bot.desk.demo_staff import settle_demo_staff
from bot.desk.findings import staff_finding
from bot.desk.open_book import OpenBook
from bot.desk.passwords import Passwords
from bot.desk.people import Staff
from bot.desk.tables import desk_tables
from bot.desks import Canned, Member, NoSuchConversation, NotAllowed, NotYours
from bot.redis.connection import Connection
from bot.settings import Settings
from bot.shop.database import StoreUnavailable, open_database
from bot.shop.store import open_store
from tests.action_shop import action_shop
from tests.staff_office import GOOD, HOME, OLIVIA, OTHER, OTTO, Office, open_office
from tests.talking import Customer


@pytest.fixture
async def office(store_url: str, connection: Connection) -> AsyncIterator[Office]:
    async with open_office(store_url, connection) as opened:
        yield opened


@pytest.fixture
async def one_office(tmp_path: Path, connection: Connection) -> AsyncIterator[Office]:
    """On SQLite alone: for what the database has no part in."""
    async with open_office(f"sqlite+aiosqlite:///{tmp_path / 'shop.db'}", connection) as opened:
        yield opened


# The list


async def test_there_is_always_a_lead(office: Office) -> None:
    for deed in (office.staff.remove("otto"), office.staff.set_role("otto", "agent")):
        with pytest.raises(ValueError, match="otto is the only lead"):
            await deed
    await office.staff.set_role("olivia", "lead")
    await office.staff.set_role("otto", "agent")
    with pytest.raises(ValueError, match="olivia is the only lead"):
        await office.staff.remove("olivia")


async def test_of_two_leads_who_remove_each_other_at_once_one_remains(office: Office) -> None:
    await office.staff.set_role("olivia", "lead")
    ends = await asyncio.gather(office.staff.remove("otto"), office.staff.remove("olivia"), return_exceptions=True)
    assert len([end for end in ends if isinstance(end, ValueError)]) == 1
    assert len(await office.staff.all()) == 1


WRONG_MEMBERS = (
    (Member("otto", "Another Otto", "agent"), "There is a member otto already."),
    (Member("Anna Meyer", "Anna", "agent"), "A login is"),
    (Member("", "Anna", "agent"), "A login is"),
    (Member("анна", "Anna", "agent"), "A login is"),
    (Member("-anna", "Anna", "agent"), "A login is"),
    (Member("a" * 33, "Anna", "agent"), "A login is"),
    (Member("anna", "A" * 61, "agent"), "The name is what customers read"),
    (Member("anna", "Anna\x1b[2J", "agent"), "The name is what customers read"),
    (Member("anna", "Anna \u202egnikoob", "agent"), "The name is what customers read"),
    (Member("anna", "Anna", "owner"), 'There is no role "owner"'),  # type: ignore[arg-type]
    (Member("anna", "Anna", "agent", "../en"), "is no language"),
)


async def test_a_wrong_entry_is_refused_in_a_sentence_that_says_what_is_wrong(one_office: Office) -> None:
    for member, sentence in WRONG_MEMBERS:
        with pytest.raises(ValueError, match=sentence):
            await one_office.staff.add(member, "nine yellow kettles")
    assert await one_office.people.all() == [OLIVIA, OTTO]
    assert (await one_office.staff.add(Member(" Anna ", "", "agent"), "nine yellow kettles")).name == "Anna"
    assert (
        await one_office.staff.add(Member("li", " 李 小曼 ", "agent", "zh"), "nine yellow kettles")
    ).name == "李 小曼"


async def test_an_import_of_the_shop_leaves_its_staff(store_url: str, connection: Connection) -> None:
    async with open_store(store_url) as store:
        await store.database.add(desk_tables)
        office = Office(store.database, connection)
        await office.staff.add(OTTO, GOOD)
        token = await office.people.sign_in("otto", GOOD, HOME)
        await store.replace(action_shop())
        assert await office.people.who(token) == OTTO and len(await office.deeds()) == 2


async def test_a_platforms_user_is_the_member_who_was_linked_and_nobody_else(office: Office) -> None:
    await office.staff.link("otto", "IRC", "4711")
    await office.staff.link("otto", "irc", "4711")
    await office.staff.link("otto", "irc", "4712")
    with pytest.raises(ValueError, match="irc:4711 is otto already"):
        await office.staff.link("olivia", "irc", "4711")
    for user in ("@otto", "otto meyer", "", "4" * 65, "47\0"):
        with pytest.raises(ValueError, match="is no id"):
            await office.staff.link("olivia", "irc", user)
    with pytest.raises(ValueError, match="There is no member anna"):
        await office.staff.link("anna", "irc", "1")
    assert await office.people.on_platform("irc", "4711") == OTTO
    assert await office.people.linked("irc") == {"4711": OTTO, "4712": OTTO}
    assert not await office.people.linked("other")
    for platform, user in (("irc", "471"), ("irc", "4711 "), ("other", "4711"), ("irc", ""), ("irc", "4711\0")):
        assert await office.people.on_platform(platform, user) is None
    with pytest.raises(ValueError, match="olivia is not linked"):
        await office.staff.unlink("olivia", "irc", "4711")
    await office.staff.unlink("otto", "irc", "4711")
    assert await office.people.on_platform("irc", "4711") is None
    await office.staff.set_role("olivia", "lead")
    await office.staff.remove("otto")
    await office.staff.add(OTTO, GOOD)
    assert await office.people.on_platform("irc", "4712") is None


async def test_the_book_says_who_did_what_and_when_the_newest_first(office: Office) -> None:
    moment = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
    book = Book(office.database, lambda: moment)
    await book.write("otto", "took", "web:1")
    await book.write("olivia", "took", "web:2")
    await book.write("otto", "assigned", "web:1", "olivia")
    entries = await book.entries(at_most=2)
    assert [(one.by, one.deed, one.conversation, one.detail) for one in entries] == [
        ("otto", "assigned", "web:1", "olivia"),
        ("olivia", "took", "web:2", ""),
    ]
    assert entries[0].at == moment
    older = await book.entries(before=entries[-1].id)
    assert [one.deed for one in older] == ["took", "added", "added"]
    assert [one.by for one in await book.entries(conversation="web:1")] == ["otto", "otto"]


async def test_a_change_and_its_entry_are_in_the_book_together_or_not_at_all(office: Office) -> None:
    before = await office.deeds()
    with pytest.raises(ValueError, match="only lead"):
        await office.staff.remove("otto")
    with pytest.raises(ValueError, match="already"):
        await office.staff.add(OLIVIA, GOOD)
    assert await office.deeds() == before == [("", "added", "otto: lead"), ("", "added", "olivia: agent")]
    await office.staff.set_role("olivia", "lead", by="otto")
    await office.staff.remove("otto", by="olivia")
    assert (await office.deeds())[2:] == [("otto", "role", "olivia: lead"), ("olivia", "removed", "otto")]


async def test_where_a_customer_is_forgotten_the_book_does_not_name_the_conversation_any_more(office: Office) -> None:
    moments = iter(datetime(2026, 11, 22, hour, tzinfo=UTC) for hour in (9, 10, 11))
    book = Book(office.database, lambda: next(moments))
    for conversation in ("irc:ada", "irc:ben", "irc:ada"):
        await book.write("otto", "took", conversation)
    await book.forget({})
    await book.forget({"irc:ada": datetime(2026, 11, 22, 10, 30, tzinfo=UTC).timestamp()})
    found = [one.conversation for one in reversed(await book.entries(by="otto"))]
    assert found == ["", "irc:ben", "irc:ada"]


async def test_the_book_names_a_conversation_no_longer_than_conversations_are_kept(office: Office) -> None:
    moments = iter(datetime(2026, 11, day, tzinfo=UTC) for day in (20, 22))
    book = Book(office.database, lambda: next(moments))
    for conversation in ("irc:ada", "irc:ben"):
        await book.write("otto", "took", conversation)
    await book.expire(datetime(2026, 11, 21, tzinfo=UTC).timestamp())
    assert [(one.deed, one.conversation) for one in await book.entries(by="otto")] == [
        ("took", "irc:ben"),
        ("took", ""),
    ]


@dataclass
class Turning:
    """A clock that a test turns."""

    at: datetime = datetime(2026, 11, 22, 22, 30, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at


async def test_who_opens_a_conversation_stands_in_the_book_once_a_day_of_the_shop_and_nobody_waits_for_it(
    office: Office,
) -> None:
    clock, book = Turning(), Book(office.database)
    berlin = ZoneInfo("Europe/Berlin")
    async with (
        OpenBook(book, berlin, clock.now).writing() as first,
        OpenBook(book, berlin, clock.now).writing() as second,
    ):
        for opened in (first, second, first):
            opened.read(OTTO, "web:1")
        first.read(OLIVIA, "web:1")
        second.read(OTTO, "web:2")
        clock.at += timedelta(hours=1)  # midnight in Berlin, and not yet in Greenwich
        first.read(OTTO, "web:1")
    found = [(one.by, one.conversation, one.at.hour) for one in await book.entries(deed="read")]
    assert sorted(found) == [
        ("olivia", "web:1", 22),
        ("otto", "web:1", 22),
        ("otto", "web:1", 23),
        ("otto", "web:2", 22),
    ]
    assert [one.deed for one in await second.entries(by="otto", deed="read", at_most=1)] == ["read"]


async def test_what_was_read_is_entered_when_the_database_is_back(office: Office) -> None:
    class Away(Book):
        is_away = True

        async def write_readings(self, some: Sequence[Reading]) -> None:
            if self.is_away:
                raise StoreUnavailable("away")
            await super().write_readings(some)

    away = Away(office.database)
    async with OpenBook(away, ZoneInfo("UTC"), gather_seconds=0, again_seconds=0).writing() as opened:
        opened.read(OTTO, "web:1")
        await asyncio.sleep(0.05)
        assert await away.entries(deed="read") == []
        away.is_away = False
        async with asyncio.timeout(20):
            while not await away.entries(deed="read"):  # noqa: ASYNC110
                await asyncio.sleep(0.02)


async def test_who_has_read_what_goes_with_the_name_of_the_conversation(office: Office) -> None:
    book, at = Book(office.database), datetime(2026, 11, 20, tzinfo=UTC)
    await book.write_readings([Reading(at, "otto", name, at) for name in ("irc:ada", "irc:ben", "irc:cai")])
    await book.forget({"irc:ada": at.timestamp()})
    assert [one.conversation for one in await book.entries(deed="read")] == ["irc:cai", "irc:ben"]
    await book.expire(at.timestamp() + 1)
    assert await book.entries(deed="read") == []


# The staff of the demo


async def test_the_demo_has_staff_to_try_with_a_password_that_only_its_owner_can_read(
    store_url: str, connection: Connection, tmp_path: Path
) -> None:
    async with open_database(store_url) as database:
        await database.add(desk_tables)
        office, canned, path = Office(database, connection), CannedStore(database), tmp_path / "desk-password.txt"
        settled = (settle_demo_staff(office.staff, canned, True, tmp_path) for _ in range(4))
        await asyncio.gather(*settled)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        password = path.read_text().strip()
        token = await office.people.sign_in("otto", password, HOME)
        assert await office.people.who(token) == Member("otto", "Otto", "lead")
        assert await office.people.sign_in("olivia", password, HOME)
        assert {one.language for one in await canned.all()} == {"en", "zh"}
        await settle_demo_staff(office.staff, canned, True, tmp_path)
        assert path.read_text().strip() == password and await office.people.who(token)
        await settle_demo_staff(office.staff, canned, False, tmp_path)
        assert not path.exists() and not await office.people.all() and await office.people.who(token) is None


async def test_nobody_of_the_demo_comes_where_the_shop_has_staff_or_is_a_real_one(
    one_office: Office, tmp_path: Path
) -> None:
    canned = CannedStore(one_office.database)
    for demo in (True, False):
        await settle_demo_staff(one_office.staff, canned, demo, tmp_path)
    assert await one_office.people.all() == [OLIVIA, OTTO]
    assert not (tmp_path / "desk-password.txt").exists() and not await canned.all()


async def test_who_was_of_the_demo_and_has_a_password_of_their_own_stays(
    store_url: str, connection: Connection, tmp_path: Path
) -> None:
    async with open_database(store_url) as database:
        await database.add(desk_tables)
        office, canned = Office(database, connection), CannedStore(database)
        await settle_demo_staff(office.staff, canned, True, tmp_path)
        await office.staff.set_password("otto", GOOD)
        await settle_demo_staff(office.staff, canned, False, tmp_path)
        assert await office.people.all() == [OTTO]
        assert ("", "removed", "olivia: of the demo") in await office.deeds()


# Canned answers


async def test_leads_keep_canned_answers_and_all_read_them(office: Office) -> None:
    canned = CannedStore(office.database)
    kept = await canned.keep(OTTO, Canned("", "en", "  Hello ", " Hello {{ customer }}, {{shop}} here. "))
    again = await canned.keep(OTTO, Canned(kept.id, "en", "Hello", "Hello {{ customer }}!"))
    await canned.keep(OTTO, Canned("", "zh", "问候", "{{ customer }}您好。"))
    assert await canned.all("en") == [again] == [Canned(kept.id, "en", "Hello", "Hello {{ customer }}!")]
    assert len(await canned.all()) == 2
    for deed in (canned.keep(OLIVIA, again), canned.drop(OLIVIA, again.id)):
        with pytest.raises(NotAllowed):
            await deed
    await canned.drop(OTTO, again.id)
    await canned.drop(OTTO, again.id)
    assert not await canned.all("en")
    with pytest.raises(ValueError, match="deleted meanwhile"):
        await canned.keep(OTTO, again)
    assert [deed for _, deed, _ in await office.deeds(by="otto")] == ["canned_kept"] * 3 + ["canned_dropped"]


WRONG_ANSWERS = (
    (Canned("", "en", "", "text"), "title"),
    (Canned("", "en", "a" * 81, "text"), "title"),
    (Canned("", "en", "a\0b", "text"), "title"),
    (Canned("", "en", "title", "  "), "between 1 and"),
    (Canned("", "en", "title", "a" * (MOST_TEXT + 1)), "between 1 and"),
    (Canned("", "en", "title", "Dear {{ custmer }}"), "{{ custmer }} means nothing here"),
    (Canned("", "en", "title", "Dear {{ __class__ }}"), "means nothing here"),
    (Canned("", "en", "title", "Dear {{}}"), "means nothing here"),
    (Canned("", "", "title", "text"), "has a language"),
    (Canned("", "../en", "title", "text"), "has a language"),
)


async def test_a_wrong_answer_is_refused_in_a_sentence(one_office: Office) -> None:
    canned = CannedStore(one_office.database)
    for one, sentence in WRONG_ANSWERS:
        with pytest.raises(ValueError, match=sentence):
            await canned.keep(OTTO, one)
    assert not await canned.all()


FILLED = (
    ("Dear {{ customer }},", Filling(customer="Ada"), "Dear Ada,"),
    ("{{customer}}{{  order }}", Filling(customer="Ada", order="OT-1"), "AdaOT-1"),
    ("About {{ order }}", Filling(customer="Ada"), "About {{ order }}"),
    ("{{ customer }} of {{ shop }}", Filling(customer="{{ shop }}", shop="Otter"), "{{ shop }} of Otter"),
    ("{{ staff }}\n{{ nothing }}", Filling(staff="Otto"), "Otto\n{{ nothing }}"),
    ("{{ customer }}", Filling(customer=r"\1 \g<0>"), r"\1 \g<0>"),
    ("Hello {{ customer }}, this is {{ staff }}.", Filling(staff="Mia"), "Hello, this is Mia."),
    ("{{ customer }}您好", Filling(), "您好"),
    ("Thank you for writing to us, {{ customer }}. If", Filling(), "Thank you for writing to us. If"),
    ("I am sorry, {{ customer }}: this", Filling(customer="Ada"), "I am sorry, Ada: this"),
    ("I am sorry, {{ customer }}: this", Filling(), "I am sorry: this"),
    ("您好，{{ customer }}：", Filling(), "您好："),
)


def test_what_is_filled_in_is_taken_as_it_is_and_what_is_not_known_stays_to_be_seen() -> None:
    for text, filling, expected in FILLED:
        assert fill(Canned("1", "en", "title", text), filling).text == expected


# The command


def by_command(data: Path, *arguments: str, said: str = "") -> Result:
    environment = {"SHOPDESK_DATA_DIR": str(data)}
    return CliRunner().invoke(main, ["staff", *arguments], input=said, env=environment, catch_exceptions=False)


def test_the_first_lead_is_made_by_a_command_before_the_desk_ever_ran_and_everything_is_in_the_book(
    tmp_path: Path,
) -> None:
    data = tmp_path / "data"
    assert "There is no staff yet" in by_command(data, "list").output
    added = by_command(data, "add", "anna", "--role", "lead", "--name", "Anna Meyer", "--language", "zh", said=GOOD)
    assert added.output == "anna is a lead; customers read the name Anna Meyer.\n"
    made = by_command(data, "add", "ben", "--generate").output
    assert made.startswith("ben is an agent; customers read the name Ben.\nPassword: ")
    assert by_command(data, "link", "ben", "--on", "terminal:4711").output == "ben is terminal:4711.\n"
    assert by_command(data, "list").output == "anna  Anna Meyer  lead  zh\nben  Ben  agent  terminal:4711\n"
    assert by_command(data, "role", "ben", "lead").exit_code == 0
    assert by_command(data, "password", "anna", said=OTHER).exit_code == 0
    assert by_command(data, "unlink", "ben", "--on", "terminal:4711").exit_code == 0
    assert by_command(data, "remove", "ben").exit_code == 0
    book = [line.split("  ")[1:] for line in by_command(data, "book").output.splitlines()]
    assert book == [
        ["-", "added", "anna: lead"],
        ["-", "added", "ben: agent"],
        ["-", "linked", "ben: terminal:4711"],
        ["-", "role", "ben: lead"],
        ["-", "password", "anna"],
        ["-", "unlinked", "ben: terminal:4711"],
        ["-", "removed", "ben"],
    ]
    assert asyncio.run(opens(data, "anna", OTHER)) and not asyncio.run(opens(data, "anna", GOOD))


async def opens(data: Path, login: str, password: str) -> bool:
    async with open_database(f"sqlite+aiosqlite:///{data / 'shop.sqlite'}") as database:
        kept = await Staff(database, Passwords()).kept(login)
    return kept is not None and await Passwords().fits(kept.password, password)


def test_a_command_that_cannot_be_done_says_why_in_one_sentence(tmp_path: Path) -> None:
    wrong = (
        (("add", "anna"), "No password came on standard input"),
        (("password", "anna", "--generate"), "There is no member anna"),
        (("remove", "anna"), "There is no member anna"),
        (("link", "anna", "--on", "nowhere:1"), "--on is a channel and an id"),
        (("link", "anna", "--on", "terminal"), "--on is a channel and an id"),
        (("link", "anna", "--on", "terminal:@anna"), "is no id"),
    )
    for arguments, sentence in wrong:
        result = by_command(tmp_path, *arguments)
        assert result.exit_code == 1 and sentence in result.output and result.output.count("\n") == 1, arguments


# The whole desk


async def test_the_desk_of_the_demo_lets_its_staff_in_and_out_again_when_a_command_says_so(
    desk: ShopDesk, demo_data: Path
) -> None:
    seen = desk.handles.staff.people
    password = (demo_data / "desk-password.txt").read_text().strip()
    otto, olivia = [await seen.sign_in(login, password, HOME) for login in ("otto", "olivia")]
    assert await seen.who(olivia) == OLIVIA
    removed = await asyncio.to_thread(by_command, demo_data, "remove", "olivia")
    assert removed.exit_code == 0
    assert await seen.who(olivia) is None and await seen.who(otto) == OTTO
    (found,) = [await staff_finding(Settings(data_dir=demo_data))]
    assert found == Finding("staff", True, "1, of whom 1 may do what a lead may")


async def test_the_doctor_says_how_the_first_lead_is_made(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    bare = await staff_finding(settings)
    async with open_database(f"sqlite+aiosqlite:///{tmp_path / 'shop.sqlite'}"):
        pass
    empty = await staff_finding(settings)
    assert all("shopdesk staff add LOGIN --role lead" in one.advice for one in (bare, empty))
    assert "customers who ask for a person" in empty.found


async def test_every_deed_of_staff_is_in_the_book_without_a_word_of_what_was_said_and_none_that_was_refused(
    desk: ShopDesk, demo_data: Path
) -> None:
    deeds, customer = desk.handles.staff.desk, Customer(desk.handles.postbox)
    conversation = customer.conversation
    await customer.says("I want to talk to a person about a marigold")
    await deeds.take(OLIVIA, conversation)
    await deeds.say(OLIVIA, conversation, "A marigold, you say", "m1", original="marigold, in my words")
    await deeds.note(OLIVIA, conversation, "marigold again")
    await deeds.assign(OLIVIA, conversation, OTTO)
    refused = (
        deeds.take(OLIVIA, conversation),
        deeds.say(OLIVIA, conversation, "marigold", "m2"),
        deeds.assign(OLIVIA, conversation, OLIVIA),
        deeds.give_back(OLIVIA, conversation),
        deeds.close(OLIVIA, conversation),
        deeds.note(OLIVIA, "test:nowhere", "marigold"),
    )
    for deed in refused:
        with pytest.raises((NotYours, NotAllowed, NoSuchConversation)):
            await deed
    await deeds.give_back(OTTO, conversation)
    await deeds.take(OTTO, conversation)
    await deeds.close(OTTO, conversation, "unresolved")
    async with open_database(f"sqlite+aiosqlite:///{demo_data / 'shop.sqlite'}") as database:
        everything = await Book(database).entries()
    entries = [one for one in everything if one.conversation == conversation]
    assert [(one.by, one.deed, one.detail) for one in reversed(entries)] == [
        ("olivia", "took", ""),
        ("olivia", "said", ""),
        ("olivia", "noted", ""),
        ("olivia", "assigned", "otto"),
        ("otto", "returned", ""),
        ("otto", "took", ""),
        ("otto", "closed", "unresolved"),
    ]
    assert not [one for one in everything if "marigold" in str(one) or one.conversation not in ("", conversation)]

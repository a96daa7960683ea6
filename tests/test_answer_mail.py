"""What staff write reaches who left an address and is away: once, whole, and nobody who has read it already."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import pytest_asyncio

from bot.answering.ground import Ground
from bot.answering.presenting import Presenting
from bot.answering.prompting import Prompts
from bot.desk.answer_mail import AnswerMail
from bot.desk.desk_settings import DeskSettings
from bot.knowledge.index import KnowledgeIndex
from bot.letters.errands import Errand, ErrandBook
from bot.letters.kinds import LettersOfAllKinds
from bot.letters.mail import Letter
from bot.limits import Limits
from bot.messages import Attachment
from bot.redis.connection import Connection
from bot.sessions import Session, saved
from bot.shop.identity import Identity
from bot.shop.profile_file import read_profile
from bot.shop.store import open_store
from tests.clock_ground import ClockGround, clock_ground
from tests.code_fixtures import PROMPTS
from tests.members import member, staff_says

MIA = member()
SHOP = Path(__file__).parent.parent / "bot" / "demo" / "shop" / "shop.toml"
ADDRESS = "me@example.com"


@dataclass
class Away:
    ground: ClockGround
    book: ErrandBook
    answers: AnswerMail

    async def asks(self, reach: str = ADDRESS, language: str = "en") -> Session:
        """A customer in the line who has left an address; Mia has taken it."""
        where = await self.ground.asks()
        session = Session(where, language=language, reach=reach)
        await self.ground.connection.commands.set(self.ground.keys.session(where), saved(session))
        await self.ground.staff.take(MIA, where)
        return session

    async def writes(self, session: Session, text: str) -> str:
        """Staff do, and their turn is made."""
        await staff_says(self.ground.staff, "mia", session.conversation, text)
        event = (await self.ground.mailbox.transcript(session.conversation))[-1].id
        await self.answers.expect(session, event)
        return event

    async def letters(self) -> list[Letter]:
        """All that are due, as a courier makes them."""
        found: list[Letter] = []
        while isinstance(errand := await self.book.take(), Errand):
            letter = await self.answers.letter(errand.key, errand.language)
            found += [letter] if letter else []
            await (self.book.sent(errand) if letter else self.book.drop(errand.key))
        return found


@pytest_asyncio.fixture
async def away(connection: Connection, tmp_path: Path) -> AsyncIterator[Away]:
    prompts, profile, book = Prompts(PROMPTS), read_profile(SHOP), ErrandBook(connection)
    async with (
        clock_ground(connection, tmp_path, DeskSettings()) as desk,
        open_store(f"sqlite+aiosqlite:///{tmp_path / 'demo.sqlite'}") as store,
    ):
        identity, presenting = Identity(store, Limits(connection.commands)), Presenting(store, prompts, "USD")
        ground = Ground(profile, store, identity, KnowledgeIndex(tmp_path, None), presenting, prompts, {})
        ground = replace(ground, errands=book)
        yield Away(desk, book, AnswerMail(ground, connection, desk.keys, desk.mailbox, away_seconds=0))


async def test_what_staff_wrote_is_mailed_once_and_whole(away: Away) -> None:
    session = await away.asks()
    first = await away.writes(session, "Hello, I have found your parcel.")
    last = await away.writes(session, "It comes tomorrow.")
    (letter,) = await away.letters()
    assert letter.to == ADDRESS and "Owl & Otter" in letter.subject
    assert "I have found your parcel.\n\nIt comes tomorrow." in letter.text and "help@" in letter.text
    assert await away.letters() == []
    await away.answers.expect(session, last)
    assert await away.letters() == [], "the same turn anew is no second letter"
    assert first != last


async def test_who_has_written_since_has_read_it_in_the_chat(away: Away) -> None:
    session = await away.asks()
    await away.writes(session, "Which colour was it?")
    await away.ground.says(session.conversation, "green")
    assert await away.letters() == []
    await away.writes(session, "Thank you, a green one is on its way.")
    (letter,) = await away.letters()
    assert "green one" in letter.text and "Which colour" not in letter.text


async def test_also_when_staff_have_closed_it_right_after(away: Away) -> None:
    session = await away.asks()
    await away.writes(session, "Done: your refund is under way.")
    await away.ground.staff.close(MIA, session.conversation)
    (letter,) = await away.letters()
    assert "refund is under way" in letter.text


async def test_nothing_is_mailed_of_what_was_deleted_nor_without_an_address(away: Away) -> None:
    session = await away.asks()
    await away.writes(session, "Hello")
    await away.ground.mailbox.erase(session.conversation)
    assert await away.letters() == []
    await away.writes(await away.asks(reach=""), "Hello")
    assert await away.book.unsent() == []


async def test_it_is_in_the_customers_language_and_says_of_files_that_they_are_in_the_chat(away: Away) -> None:
    session = await away.asks(language="zh")
    photo = Attachment("photo", "label.png", "image/png", 100, "kept")
    await away.ground.staff.say(MIA, session.conversation, "请看图片", "mia:1", (photo,))
    event = (await away.ground.mailbox.transcript(session.conversation))[-1].id
    await away.answers.expect(session, event)
    (letter,) = await away.letters()
    assert "枭与獭" in letter.subject and "请看图片" in letter.text and "1 个文件" in letter.text


async def test_the_address_is_not_in_the_book(away: Away) -> None:
    session = await away.asks()
    await away.writes(session, "Hello")
    (unsent,) = await away.book.unsent()
    assert ADDRESS not in unsent.key and session.conversation in unsent.key


@pytest.mark.parametrize("key,sent", {"answer:1-0 web:1": "answer", "a-deed": "deed"}.items())
async def test_letters_of_several_kinds_are_told_apart(key: str, sent: str) -> None:
    class Kind:
        def __init__(self, name: str) -> None:
            self.name = name

        async def letter(self, key: str, language: str) -> Letter | None:
            return Letter("", self.name, "")

    letter = await LettersOfAllKinds(Kind("deed"), {"answer:": Kind("answer")}).letter(key, "en")
    assert letter and letter.subject == sent

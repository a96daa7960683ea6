"""After the stars a customer may say why, once; a lead reads the word beside the stars."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import select

from bot.assembly import ShopDesk
from bot.desks import Span, Table
from bot.insights.tables import handoffs
from bot.messages import FinalText
from bot.opening.places import database_url
from bot.redis.connection import Connection
from bot.settings import Settings
from bot.shop.database import Database, open_database
from tests.members import member, staff_says
from tests.talking import Heard
from tests.visitors import Visitor, pressed, session_of, visitor


async def is_asked(guest: Visitor) -> None:
    """How it was, after staff have closed it."""
    async with asyncio.timeout(20):
        while not any("1" in button.label for button in (await last(guest)).buttons):  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def last(guest: Visitor) -> Heard:
    return Heard((await guest.postbox.transcript(guest.conversation))[-4:])


async def closed(desk: ShopDesk, guest: Visitor) -> None:
    await desk.staff.take(member("eve"), guest.conversation)
    await staff_says(desk.staff, "eve", guest.conversation, "We send new boots.")
    await desk.staff.close(member("eve"), guest.conversation)
    await is_asked(guest)


def span() -> Span:
    """Whatever day it is in the shop."""
    today = datetime.now(UTC)
    return Span(f"{today - timedelta(days=1):%Y-%m-%d}", f"{today + timedelta(days=1):%Y-%m-%d}")


async def tables_with(desk: ShopDesk, name: str, rows: int) -> dict[str, Table]:
    """When what happened has been written down."""
    async with asyncio.timeout(20):
        while True:
            tables = {table.name: table for table in await desk.handles.staff.insight.tables(span())}
            if len(tables[name].rows) >= rows:
                return tables
            await asyncio.sleep(0.1)


async def test_a_customer_says_why_and_the_lead_reads_it(desk: ShopDesk, connection: Connection) -> None:
    guest = visitor(desk)
    await guest.tells("/human")
    await closed(desk, guest)
    thanks = await guest.tells(press="rate:2")
    assert pressed(thanks) == ["rate:why", "human"]
    assert "write it here" in (await guest.tells(press="rate:why")).text
    said = await guest.tells("Eve was slow, mail me at ann@example.com")
    assert "will read that" in said.text
    assert not (await session_of(connection, guest.conversation)).pending
    assert "something that is over" in (await guest.tells(press="rate:why")).text
    tables = await tables_with(desk, "comments", 1)
    (word,) = tables["comments"].rows
    assert (word.label, word.value) == ("Eve was slow, mail me at [e-mail]", 2)
    (behind,) = await desk.handles.staff.insight.behind(span(), "comments", word.key)
    assert behind.conversation == guest.conversation
    by_key = {row.key: row.of for name in ("outcomes", "reasons", "members") for row in tables[name].rows}
    assert by_key["unresolved"] == by_key["asked"] == by_key["eve"] == 1
    (found,) = await desk.handles.staff.assistance.search("new boots")
    assert (found.conversation, found.by) == (guest.conversation, "staff")
    await guest.tells(press="forget:yes")
    async with asyncio.timeout(20):
        while await desk.handles.staff.insight.behind(span(), "totals", "conversations"):  # noqa: ASYNC110
            await asyncio.sleep(0.1)
    assert await desk.handles.staff.assistance.search("new boots") == []


async def test_what_is_asked_instead_of_the_word_is_answered(desk: ShopDesk) -> None:
    guest, other = visitor(desk), visitor(desk, locale="zh")
    for one in (guest, other):
        await one.tells("/human")
        await closed(desk, one)
        await one.tells(press="rate:5")
    assert "working days" in (await guest.tells("How long does delivery take?")).text
    assert "团队" in (await other.tells(press="rate:why")).text
    await other.tells(press="help")
    texts = [e.what.text for e in (await other.tells("可以退货吗？")).events if isinstance(e.what, FinalText)]
    assert texts and not any("我们的团队会看到的" in text for text in texts)


async def test_nobody_says_why_who_gave_no_stars(desk: ShopDesk, connection: Connection) -> None:
    guest = visitor(desk)
    await guest.tells("hello")
    assert "something that is over" in (await guest.tells(press="rate:why")).text
    assert not (await session_of(connection, guest.conversation)).pending


async def test_every_deed_of_staff_is_written_down_as_it_was_done(desk: ShopDesk, demo_data: Path) -> None:
    left, returned, given = visitor(desk), visitor(desk), visitor(desk)
    for one in (left, returned, given):
        await one.tells("/human")
    await left.tells(press="leave_line")
    await desk.staff.take(member("eve"), returned.conversation)
    await desk.staff.give_back(member("eve"), returned.conversation)
    await desk.staff.take(member("eve"), given.conversation)
    await desk.staff.assign(member("eve"), given.conversation, member("bob"))
    await staff_says(desk.staff, "bob", given.conversation, "We send new boots.")
    await desk.staff.close(member("bob"), given.conversation, "unresolved")
    await is_asked(given)
    wanted = {
        left.conversation: [("opened", "", ""), ("withdrawn", "", "")],
        returned.conversation: [("opened", "", ""), ("took", "eve", ""), ("returned", "eve", "")],
        given.conversation: [
            ("opened", "", ""),
            ("took", "eve", ""),
            ("assigned", "bob", ""),
            ("answered", "bob", ""),
            ("closed", "bob", "unresolved"),
        ],
    }
    async with open_database(database_url(Settings(data_dir=demo_data))) as database:
        for conversation, deeds in wanted.items():
            assert await deeds_in(database, conversation, len(deeds)) == deeds
    outcomes = (await tables_with(desk, "outcomes", 1))["outcomes"].rows
    assert {row.key: row.of for row in outcomes if row.of} == {"unresolved": 1, "open": 2}


async def deeds_in(database: Database, conversation: str, count: int) -> list[tuple[str, str, str]]:
    """When so many have been written down."""
    query = select(handoffs.c.what, handoffs.c.by, handoffs.c.help).order_by(handoffs.c.at)
    async with asyncio.timeout(20):
        while True:
            async with database.reading() as connection:
                found = (await connection.execute(query.where(handoffs.c.conversation == conversation))).all()
            if len(found) >= count:
                return [(what, by, help) for what, by, help in found]
            await asyncio.sleep(0.1)

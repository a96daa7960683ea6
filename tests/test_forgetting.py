"""A customer has the conversation deleted: all of it goes, in the step that says so."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

from bot.assembly import ShopDesk, open_desk_on
from bot.keys import Keys
from bot.listening import Listener
from bot.mailbox import Mailbox
from bot.manners.forgetting import not_forgotten
from bot.messages import DONE, STAFF, FinalText, Incoming, Said, TextDelta
from bot.redis.connection import Connection, connect
from bot.redis.embedded import embedded_redis
from bot.settings import Settings
from tests.members import is_waiting, member, staff_says
from tests.visitors import ADA, ADAS_EMAIL, ADAS_ORDER, Visitor, is_streamed_right, pressed, session_of, visitor


@asynccontextmanager
async def at_work(demo_data: Path, redis_url: str, *visitors: Visitor) -> AsyncIterator[ShopDesk]:
    """A desk that answers these; what they wrote while there was none is one turn of it."""
    async with open_desk_on(Settings(data_dir=demo_data, burst_seconds=0), redis_url, alone=True) as desk:
        for one in visitors:
            one.postbox = desk.handles.postbox
        work = asyncio.create_task(desk.work())
        yield desk
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)


def two_of_them(connection: Connection, public: bool = False) -> tuple[Visitor, Visitor]:
    """They write in one conversation; nobody answers yet."""
    mailbox, where = Mailbox(connection, Keys(), Listener(connection)), "test:together"
    one, other = (Visitor(mailbox, "", "en", where, author=name, public=public) for name in ("ada", "other"))
    return one, other


async def everything_in(connection: Connection) -> str:
    """Every value of Redis, whatever its kind."""
    redis: Any = connection.commands
    found: list[Any] = []
    async for key in redis.scan_iter("*"):
        match await redis.type(key):
            case "string":
                found.append(await redis.get(key))
            case "hash":
                found.append(await redis.hgetall(key))
            case "list":
                found.append(await redis.lrange(key, 0, -1))
            case "set":
                found.append(await redis.smembers(key))
            case "zset":
                found.append(await redis.zrange(key, 0, -1))
            case "stream":
                found.append(await redis.xrange(key))
    return repr(found)


async def test_it_is_asked_first_and_a_no_keeps_everything(desk: ShopDesk) -> None:
    guest = visitor(desk)
    await guest.tells("How long does delivery take?")
    asked = await guest.tells("/forget")
    assert pressed(asked) == ["forget:yes", "forget:no"]
    assert "stays" in (await guest.tells(press="forget:no")).text
    assert "How long does delivery take?" in await guest.transcript()


async def test_nothing_of_it_is_left(desk: ShopDesk, connection: Connection) -> None:
    guest = visitor(desk)
    await guest.tells(f"{ADAS_ORDER} {ADAS_EMAIL}")
    await guest.tells("what is the meaning of gwzbtl?")
    await guest.tells("How long does delivery take?")
    before = await everything_in(connection)
    assert ADAS_ORDER in before and "gwzbtl" in before and "working days" in before
    await guest.tells("/forget")
    done = await guest.tells(press="forget:yes")
    assert "deleted" in done.text and done.statuses[-1] == "done" and is_streamed_right(done)
    assert await guest.transcript() == [done.text]
    left = await everything_in(connection)
    for word in (ADAS_ORDER, "20481931", ADAS_EMAIL, "gwzbtl", "faq:delivery-time:en@", "Ada"):
        assert word not in left, word
    session = await session_of(connection, guest.conversation)
    assert not session.customer and [line.text for line in session.history] == [done.text]
    assert "e-mail address" in (await guest.tells(ADAS_ORDER)).text, "nobody is known any more"


async def test_what_is_kept_elsewhere_is_told_to_go(desk: ShopDesk, connection: Connection) -> None:
    guest = visitor(desk)
    await guest.tells("hello")
    await guest.tells(press="forget:yes")
    keys = Keys()
    assert await connection.commands.zscore(keys.forgotten(keys.tag(guest.conversation)), guest.conversation)


async def test_the_link_to_the_account_goes_with_it(desk: ShopDesk) -> None:
    code = (await visitor(desk, ADA).tells(press="link")).text.partition("link code is ")[2][:9]
    chat = visitor(desk, author="user-7")
    await chat.tells(f"link {code}")
    assert "the link to your account" in (await chat.tells("/forget")).text
    assert "the link to your account" in (await chat.tells(press="forget:yes")).text
    elsewhere = visitor(desk, author="user-7")
    assert "do not know who you are" in (await elsewhere.tells("/account")).text


async def test_in_public_the_link_stays(desk: ShopDesk) -> None:
    code = (await visitor(desk, ADA).tells(press="link")).text.partition("link code is ")[2][:9]
    private = visitor(desk, author="user-7")
    await private.tells(f"link {code}")
    public = visitor(desk, author="user-7", public=True)
    await public.tells("hello")
    done = await public.tells(press="forget:yes")
    assert "link" not in done.text and await public.transcript() == [done.text]
    assert "linked" in (await private.tells("/account")).text


async def test_who_waits_for_staff_waits_no_more(desk: ShopDesk) -> None:
    guest = visitor(desk)
    await guest.tells("/human")
    assert await is_waiting(desk.staff, guest.conversation)
    await guest.tells(press="forget:yes")
    assert not await is_waiting(desk.staff, guest.conversation)


async def test_beside_staff_it_is_done_too(desk: ShopDesk) -> None:
    guest = visitor(desk)
    await guest.tells("my secret is gwzbtl")
    await desk.staff.take(member("eve"), guest.conversation)
    await guest.tells(press="forget:yes")
    assert "gwzbtl" not in " ".join(await guest.transcript())
    await staff_says(desk.staff, "eve", guest.conversation, "Hello, how can I help?")


async def test_only_the_customer_of_a_conversation_has_it_deleted(desk: ShopDesk) -> None:
    ada = visitor(desk, author="ada")
    await ada.tells(f"{ADAS_ORDER} {ADAS_EMAIL}")
    other = visitor(desk, author="other")
    other.conversation = ada.conversation
    for press in ("forget", "forget:yes"):
        assert "somebody else" in (await other.tells(press=press)).text
    assert "as Ada" in (await ada.tells("/account")).text


async def test_what_was_written_before_in_the_same_breath_is_not_answered_and_what_comes_after_is(
    desk: ShopDesk,
) -> None:
    guest = visitor(desk)
    first = await guest.writes("where is my gwzbtl")
    await guest.writes(press="forget:yes")
    last = await guest.writes("How long does delivery take?")
    heard = await guest.hears(last)
    transcript = await guest.transcript()
    assert first and "gwzbtl" not in " ".join(transcript)
    assert "working days" in heard.text
    events = await guest.postbox.transcript(guest.conversation)
    assert "How long does delivery take?" in [event.what.text for event in events if isinstance(event.what, Said)]


def test_words_of_staff_in_the_same_breath_keep_nothing_from_being_dropped() -> None:
    said = [
        Incoming("test", "test:a", "1", "my secret", author="user-7"),
        Incoming(STAFF, "test:a", "2", "Hello, this is Mia."),
        Incoming("test", "test:a", "3", press="forget:yes", author="user-7"),
    ]
    assert [one.message for one in not_forgotten(said, lambda _: True)] == ["3"]
    others = [*said, Incoming("test", "test:a", "4", "and I?", author="user-8")]
    assert [one.message for one in not_forgotten(others, lambda _: True)] == ["3", "4"]
    assert list(not_forgotten(others, lambda _: False)) == others


async def test_who_may_not_delete_a_conversation_is_answered_all_the_same(
    demo_data: Path, redis_url: str, connection: Connection
) -> None:
    ada, other = two_of_them(connection)
    mailbox = ada.postbox
    async with at_work(demo_data, redis_url, ada):
        await ada.tells(f"{ADAS_ORDER} {ADAS_EMAIL}")
    other.postbox = mailbox
    await other.writes("How long does delivery take?")
    last = await other.writes(press="forget:yes")
    async with at_work(demo_data, redis_url, ada, other):
        heard = await other.hears(last)
        assert "working days" in heard.text and "somebody else" in heard.text
        assert "as Ada" in (await ada.tells("/account")).text


async def test_what_others_wrote_in_the_same_breath_is_answered_and_nothing_is_left_of_who_had_it_deleted(
    demo_data: Path, redis_url: str, connection: Connection
) -> None:
    ada, other = two_of_them(connection, public=True)
    await ada.writes("Do you deliver to gwzbtl?")
    await other.writes("How long does delivery take?")
    last = await ada.writes(press="forget:yes")
    async with at_work(demo_data, redis_url, ada, other):
        heard = await ada.hears(last)
        texts = [event.what.text for event in heard.events if isinstance(event.what, FinalText)]
        assert len(texts) == 2 and "working days" in texts[0] and "deleted" in texts[1]
        assert "gwzbtl" not in repr(await ada.postbox.transcript(ada.conversation))
        session = await session_of(connection, ada.conversation)
        assert "gwzbtl" not in repr(session)


async def test_between_the_replies_of_one_turn_there_is_a_blank_line_while_they_come_too(
    demo_data: Path, redis_url: str, connection: Connection
) -> None:
    ada, other = two_of_them(connection)
    await ada.writes("How long does delivery take?")
    last = await other.writes("Which payment methods do you accept?")
    async with at_work(demo_data, redis_url, ada, other) as desk:
        pieces = list[str]()
        async with asyncio.timeout(20):
            async for event in desk.handles.postbox.events(ada.conversation, after=last):
                pieces += [event.what.text] if isinstance(event.what, TextDelta) else []
                if event.what == DONE:
                    break
        heard = await other.hears(last)
        assert "".join(pieces) == heard.text and "working days" in heard.text and "PayPigeon" in heard.text


async def test_a_turn_that_begins_anew_says_too_that_the_link_is_gone(
    desk: ShopDesk, demo_data: Path, connection: Connection
) -> None:
    code = (await visitor(desk, ADA).tells(press="link")).text.partition("link code is ")[2][:9]
    chat = visitor(desk, author="user-7")
    await chat.tells(f"link {code}")
    await chat.tells("/forget")

    def unlinked() -> int:
        with closing(sqlite3.connect(demo_data / "shop.sqlite", timeout=20, isolation_level=None)) as database:
            return database.execute("DELETE FROM links WHERE person = 'test author user-7'").rowcount

    # not in the desk's own loop, which may be in the middle of a write
    assert await asyncio.to_thread(unlinked) == 1, "as by the first try, whose worker died before it could say so"
    assert "the link to your account" in (await chat.tells(press="forget:yes")).text
    assert "the link" not in (await chat.tells(press="forget:yes")).text


async def test_the_file_of_the_embedded_redis_lets_go_of_what_was_deleted(tmp_path: Path) -> None:
    with embedded_redis(tmp_path) as server:
        async with connect(server.url) as connection:
            await connection.commands.set("said", "gwzbtl")
            await connection.commands.delete("said")
            for _ in range(30):
                await connection.commands.set("other", "x" * 100_000)
            async with asyncio.timeout(20):
                while b"gwzbtl" in (tmp_path / "appendonly.aof").read_bytes():  # noqa: ASYNC110
                    await asyncio.sleep(0.1)


async def test_who_watches_misses_nothing_of_what_comes_after(desk: ShopDesk) -> None:
    guest = visitor(desk)
    await guest.tells("hello")
    last = (await guest.postbox.transcript(guest.conversation))[-1].id
    done = await guest.tells(press="forget:yes")
    again = await guest.tells("hello")
    ids = [event.id for event in await guest.postbox.transcript(guest.conversation, after=last)]
    assert done.events[-1].id in ids and again.events[-1].id in ids and ids == sorted(set(ids), key=ids.index)


async def test_in_public_it_holds_whatever_is_written_right_after(desk: ShopDesk, connection: Connection) -> None:
    for _ in range(5):
        guest = visitor(desk, public=True)
        await guest.writes("my secret is gwzbtl")
        await guest.writes(press="forget:yes")
        heard = await guest.hears(await guest.writes(f"where is {ADAS_ORDER}"))
        assert "in private" in heard.text
        assert "gwzbtl" not in " ".join(await guest.transcript())
        session = await session_of(connection, guest.conversation)
        assert "gwzbtl" not in " ".join(line.text for line in session.history)

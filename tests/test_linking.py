"""One customer on several channels: a code that is given where they are known, and said where they are not."""

import re
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import pytest_asyncio

from bot.answering.ground import Ground
from bot.answering.link_desk import LINK_PRESS, LinkDesk, first_name
from bot.answering.order_desk import OrderDesk
from bot.assembly import ShopDesk
from bot.limits import Limits
from bot.link_codes import ALPHABET, CODES_OF_A_CUSTOMER, WRONG_OF_A_PERSON, LinkCodes
from bot.messages import Part
from bot.redis.connection import Connection
from bot.sessions import Pending, Session
from bot.shop.files import ShopFiles
from bot.shop.identity import Level, Proof, Verified
from bot.shop.linking import person_of
from bot.shop.store import ShopStore
from tests.code_fixtures import Mailbox, ground_over, open_mailbox, text_of, turn_of
from tests.talking import Customer

ADA, LIN = "c-ada-holm", "c-lin-xiaoman"
NOON = datetime(2026, 3, 31, 12, tzinfo=UTC)


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with open_mailbox() as opened:
        yield opened


@pytest_asyncio.fixture
async def ground(demo_data: Path, connection: Connection, mailbox: Mailbox) -> AsyncIterator[Ground]:
    async with ground_over(demo_data, connection, mailbox) as opened:
        yield opened


@pytest.fixture
def links(ground: Ground) -> LinkDesk:
    return LinkDesk(ground)


def signed_in(customer: str = ADA) -> Session:
    session = Session(f"web:{customer}", language="en")
    session.identify(customer, Level.SIGNED_IN)
    return session


async def says(desk: LinkDesk, session: Session, text: str = "", press: str = "") -> list[Part]:
    turn = turn_of(session, text, press)
    assert desk.hears(turn), text or press
    return [part async for part in desk.hear(turn)]


async def code_for(desk: LinkDesk, session: Session) -> str:
    said = text_of(await says(desk, session, press=LINK_PRESS))
    return said.partition("Your link code is ")[2][:9]


@pytest.mark.parametrize("spelling", ["link {}", "Link: {}", "LINK {}.", "绑定 {}", "绑定{}", "link　{}"])
async def test_a_code_of_a_signed_in_customer_links_another_channel_for_good(
    links: LinkDesk, ground: Ground, mailbox: Mailbox, spelling: str
) -> None:
    code = await code_for(links, signed_in())
    elsewhere = Session("chat:1", author="user-7", language="en")
    said = text_of(await says(links, elsewhere, spelling.format(code)))
    assert "account of Ada." in said and "Holm" not in said
    assert (elsewhere.customer, elsewhere.level) == (ADA, Level.LINKED)
    assert elsewhere.may_see() and elsewhere.proof("", datetime.now(UTC)) is Proof.ACCOUNT
    later = Session("chat:2", author="user-7", language="en")
    await links.recognise(later)
    assert (later.customer, later.level) == (ADA, Level.LINKED)
    await mailbox.has(1)
    assert mailbox.letters[0]["To"] == "ada.holm@example.com"
    assert "A chat was linked to your account" in mailbox.letters[0]["Subject"]


async def test_somebody_else_on_the_channel_is_not_linked(links: LinkDesk) -> None:
    code = await code_for(links, signed_in())
    await says(links, Session("chat:1", author="user-7", language="en"), f"link {code}")
    for stranger in (Session("chat:1", author="user-8"), Session("chat:1"), Session("other:1", author="user-7")):
        await links.recognise(stranger)
        assert stranger.level is Level.GUEST and not stranger.customer


async def test_where_one_person_writes_the_conversation_is_linked(links: LinkDesk) -> None:
    code = await code_for(links, signed_in())
    await says(links, Session("web:AAA", language="en"), f"link {code}")
    later, another = Session("web:AAA"), Session("web:BBB")
    await links.recognise(later)
    await links.recognise(another)
    assert (later.customer, another.customer) == (ADA, "")


async def test_a_code_links_once(links: LinkDesk) -> None:
    code = await code_for(links, signed_in())
    await says(links, Session("chat:1", author="user-7", language="en"), f"link {code}")
    thief = Session("chat:1", author="user-8", language="en")
    assert "not good" in text_of(await says(links, thief, f"link {code}"))
    assert thief.level is Level.GUEST


async def test_the_turn_that_is_interrupted_after_linking_runs_anew(links: LinkDesk) -> None:
    code = await code_for(links, signed_in())
    for _ in range(2):
        session = Session("chat:1", author="user-7", language="en")
        assert "Done" in text_of(await says(links, session, f"link {code}"))


async def test_unlinking_forgets_the_person_everywhere(links: LinkDesk) -> None:
    code = await code_for(links, signed_in())
    here = Session("chat:1", author="user-7", language="en")
    await says(links, here, f"link {code}")
    there = Session("chat:2", author="user-7", language="zh")
    await links.recognise(there)
    assert "不再绑定" in text_of(await says(links, there, "解除绑定"))
    assert (there.customer, there.level) == ("", Level.GUEST)
    await links.recognise(here)
    assert (here.customer, here.level) == ("", Level.GUEST)
    assert "not linked" in text_of(await says(links, here, "unlink"))


async def test_a_new_link_takes_the_place_of_the_old_one(links: LinkDesk) -> None:
    person = Session("chat:1", author="user-7", language="en")
    await says(links, person, f"link {await code_for(links, signed_in())}")
    await says(links, person, f"link {await code_for(links, signed_in(LIN))}")
    await links.recognise(person)
    assert person.customer == LIN


async def test_a_guest_proves_by_mail_before_a_link_code_is_given(
    links: LinkDesk, ground: Ground, mailbox: Mailbox
) -> None:
    session = Session("web:1", language="en")
    assert "Which e-mail address" in text_of(await says(links, session, "I want a link code"))
    turn, orders = turn_of(session, "ada.holm@example.com"), OrderDesk(ground)
    assert session.pending == Pending(wants="verification", then="link_account", passed_over=1)
    assert [part async for part in orders.answer(turn, session.pending.then, await orders.read(turn))]
    said = text_of(await says(links, session, await mailbox.code()))
    assert "that is the right code" in said and "Your link code is" in said


async def test_an_order_number_and_its_email_are_not_enough_for_a_link_code(links: LinkDesk, mailbox: Mailbox) -> None:
    session = Session("web:1", language="en")
    session.verified(Verified(ADA, by_email=True), "OT-1", datetime.now(UTC))
    assert "mailed a code to a•••@example.com" in text_of(await says(links, session, press=LINK_PRESS))
    assert "Your link code is" in text_of(await says(links, session, await mailbox.code()))


async def test_a_linked_channel_alone_gives_no_code_for_the_next(links: LinkDesk, mailbox: Mailbox) -> None:
    session = Session("chat:1", author="user-7", language="en")
    await says(links, session, f"link {await code_for(links, signed_in())}")
    assert "mailed a code" in text_of(await says(links, session, press=LINK_PRESS))


async def test_who_is_signed_in_links_nothing_to_himself(links: LinkDesk) -> None:
    lin = signed_in(LIN)
    code = await code_for(links, signed_in())
    assert "signed in here" in text_of(await says(links, lin, f"link {code}"))
    assert lin.customer == LIN
    await links.recognise(lin)
    assert (lin.customer, lin.level) == (LIN, Level.SIGNED_IN)
    assert "Done" in text_of(await says(links, Session("chat:1", author="a", language="en"), f"link {code}"))


async def test_a_postcode_takes_nothing_away_from_who_is_linked(links: LinkDesk) -> None:
    session = Session("chat:1", author="user-7", language="en")
    await says(links, session, f"link {await code_for(links, signed_in())}")
    session.verified(Verified(ADA), "OT-1", datetime.now(UTC))
    assert session.level is Level.LINKED and session.may_see()


async def test_tries_of_a_person_are_limited_right_ones_not_counted(links: LinkDesk) -> None:
    code = await code_for(links, signed_in())
    thief = Session("chat:1", author="user-8", language="en")
    said = [text_of(await says(links, thief, f"link AAAA-{guess:04}")) for guess in range(WRONG_OF_A_PERSON[0] + 1)]
    assert all("not good" in one for one in said[:-1])
    assert "Too many codes" in said[-1]
    assert "Too many codes" in text_of(await says(links, thief, f"link {code}"))
    assert thief.level is Level.GUEST


async def test_few_codes_are_made_for_a_customer(links: LinkDesk) -> None:
    session = signed_in()
    codes = {await code_for(links, session) for _ in range(CODES_OF_A_CUSTOMER[0])}
    assert len(codes) == CODES_OF_A_CUSTOMER[0]
    assert all(set(code.replace("-", "")) <= set(ALPHABET) and len(code) == 9 for code in codes)
    assert "Too many codes" in text_of(await says(links, session, press=LINK_PRESS))


async def test_a_link_code_lives_ten_minutes_and_redis_knows_only_its_hash(
    links: LinkDesk, connection: Connection
) -> None:
    code = await code_for(links, signed_in())
    keys = await connection.commands.keys("link:*")
    assert 590 <= await connection.commands.ttl(keys[0]) <= 600
    assert not [key for key in await connection.commands.keys("*") if code.replace("-", "") in key]
    await connection.commands.delete(keys[0])  # as its time does
    assert "not good" in text_of(await says(links, Session("chat:1", language="en"), f"link {code}"))


@pytest.mark.parametrize(
    "text",
    ["the link is broken", "link tracking", "link", "please send me the link to the size chart", "OT-20481931", "绑定"],
)
async def test_what_only_sounds_like_a_link_code_is_none(ground: Ground, text: str) -> None:
    desk, session = LinkDesk(ground), Session("chat:1", language="en")
    turn = turn_of(session, text)
    if desk.hears(turn):
        assert "not good" not in text_of([part async for part in desk.hear(turn)])


async def test_a_code_that_was_asked_for_something_else_is_not_for_the_link_desk(links: LinkDesk) -> None:
    session = signed_in()
    session.pending = Pending(wants="code")
    assert not links.hears(turn_of(session, "123456")) and not links.hears(turn_of(session, press="code:again"))


@pytest.mark.parametrize(
    "text",
    [
        "how do I change my address",
        "where is my order",
        "my code is 123456",
        "give me a discount code",
        "hello",
        "remove my account",
        "how do I delete my account",
        "is there a link to the size chart",
        "link to my order",
        "我要退货",
        "怎么修改地址",
        "取消订单",
        "取消",
        "怎么注销账户",
        "我的账户",
        "给我优惠码",
        "怎么绑定银行卡",
    ],
)
async def test_other_questions_are_not_for_the_link_desk(links: LinkDesk, text: str) -> None:
    session = Session("chat:1", language="zh" if ord(text[0]) > 255 else "en")
    assert not links.hears(turn_of(session, text))


@pytest.mark.parametrize(
    ("text", "language"),
    [("link my account", "en"), ("How do I link my account?", "en"), ("我要绑定账户", "zh"), ("给我绑定码", "zh")],
)
async def test_the_words_for_linking_are_understood(links: LinkDesk, text: str, language: str) -> None:
    session = signed_in()
    session.language = language
    assert ("Your link code" if language == "en" else "您的绑定码") in text_of(await says(links, session, text))


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("Ada Holm", "Ada"),
        ("林小满", "小满"),
        ("王雨", "雨"),
        ("欧阳娜娜", "娜娜"),
        ("Inés Okafor", "Inés"),
        ("Renée", "Renée"),
        ("", ""),
    ],
)
def test_the_first_name_is_told_alone(name: str, first: str) -> None:
    assert first_name(name) == first


def test_an_author_is_the_same_person_in_all_conversations_of_a_channel() -> None:
    assert person_of("chat:1", "a") == person_of("chat:2", "a") != person_of("other:1", "a")
    assert person_of("web:1", "") != person_of("web:2", "")
    assert person_of("chat author a", "") != person_of("chat:1", "a:") != person_of("chat:1", "a")


# in the store


async def test_a_link_outlives_an_import_and_not_its_customer(store: ShopStore, small_shop: ShopFiles) -> None:
    await store.links.link("chat author a", "c-ines", NOON)
    await store.replace(small_shop)
    assert await store.links.customer_of("chat author a") == "c-ines"
    await store.links.link("chat author a", "c-wang", NOON)
    assert await store.links.customer_of("chat author a") == "c-wang"
    await store.links.link("chat author b", "c-nobody", NOON)
    assert await store.links.customer_of("chat author b") == ""
    assert await store.links.unlink("chat author a")
    assert not await store.links.unlink("chat author a")
    assert await store.links.customer_of("chat author a") == ""


async def test_a_code_of_nobody_opens_nothing(connection: Connection) -> None:
    codes = LinkCodes(connection, Limits(connection.commands))
    assert await codes.redeem("chat author a", "AAAA-3467") == ""
    assert await codes.redeem("chat author a", "") == ""
    assert await codes.redeem("chat author a", "\ud83d") == ""


# through a whole desk


async def test_who_signed_in_on_the_page_is_known_in_another_chat(desk: ShopDesk) -> None:
    here = Customer(desk.handles.postbox, customer_id=ADA, locale="en")
    elsewhere = Customer(desk.handles.postbox, locale="en")
    code = re.search(r"[A-Z0-9]{4}-[A-Z0-9]{4}", (await here.says("link my account")).text)
    assert code
    assert "OT-" not in (await elsewhere.says("show my orders")).text.replace("OT-12345678", "")  # the example
    assert "account of Ada" in (await elsewhere.says(f"link {code.group()}")).text
    assert "OT-" in (await elsewhere.says("show my orders")).text
    assert "no longer linked" in (await elsewhere.says("unlink")).text
    assert "OT-" not in (await elsewhere.says("show my orders")).text.replace("OT-12345678", "")

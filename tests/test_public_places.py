"""Where others read along: a guest is answered there, and what is a customer's own goes on in private."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import pytest_asyncio

from bot.answering.ground import Ground
from bot.answering.link_desk import LinkDesk
from bot.answering.turn import Turn
from bot.assembly import ShopDesk, open_desk_on
from bot.keys import Keys
from bot.listening import Listener
from bot.mailbox import Mailbox as Postbox
from bot.manners.public_places import PublicPlaces
from bot.messages import WAITING_FOR_STAFF, Attachment, Incoming, InPrivate, TextDelta
from bot.redis.connection import Connection
from bot.sessions import Session, saved
from bot.settings import Settings
from bot.shop.identity import Level
from bot.turns import TurnQueue
from serving.script import Call, Reply, Rule, Script, When
from serving.scripted_model import scripted_model
from tests.code_fixtures import Mailbox, ground_over, open_mailbox
from tests.members import is_waiting
from tests.running import environment, run_once
from tests.talking import Heard
from tests.visitors import ADA, ADAS_EMAIL, ADAS_ORDER, Visitor, is_streamed_right, moved, pressed, session_of, visitor

PERSONAL = {
    "en": (
        f"where is {ADAS_ORDER}",
        f"my e-mail is {ADAS_EMAIL}",
        "OT 20481931 please",
        "ｏｔ-20481931",
        "link ACDE-3467",
        "the code is ACDE-3467, I think",
        "acde-3467",
        "ACDE3467",
        "123456",
        "my code is 123 456",
        "my postcode is 5003",
        "5003",
        "I live at 12 Harbour Street, Portland",
        "call me: +49 170 1234567",
        "I want a link code",
        "unlink",
    ),
    "zh": (
        f"我的订单 {ADAS_ORDER} 到哪了",
        "验证码是 123456",
        "我的邮箱是 lin.xiaoman@example.com",
        "我的手机号 13812345678",
        "我住在中山路 12 号",
        "绑定 ACDE-3467",
        "解除绑定",
    ),
}
FOR_ALL = {
    "en": (
        "How long does delivery take?",
        "do you sell tents",
        "hello",
        "Is the shipping free over $50?",
        "do you have the 2025 catalogue?",
        "can I return things within 30 days?",
        "I'm Bob, nice to meet you",
        "size 42 or 43?",
    ),
    "zh": ("多久能送到？", "你们卖帐篷吗", "你好", "满 50 美元免运费吗"),
}
ASKS_FOR_PROOF = {
    "en": ("Where is my order?", "show my orders", "I want to return something", "change my default address"),
    "zh": ("我的订单到哪了", "我要退货"),
}


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with open_mailbox() as opened:
        yield opened


@pytest_asyncio.fixture
async def ground(demo_data: Path, connection: Connection, mailbox: Mailbox) -> AsyncIterator[Ground]:
    async with ground_over(demo_data, connection, mailbox) as opened:
        yield opened


def turn_of(text: str = "", press: str = "", language: str = "en", kind: str = "") -> Turn:
    attached = (Attachment(kind),) if kind else ()  # type: ignore[arg-type]
    return Turn(Session("test:1", language=language), text, press, language, public=True, attached=attached)


async def test_what_tells_of_a_customer_is_known_before_it_is_answered(ground: Ground) -> None:
    places = PublicPlaces(ground, LinkDesk(ground))
    for language, texts in PERSONAL.items():
        for text in texts:
            assert places.before(turn_of(text, language=language), False), text
    for language, texts in FOR_ALL.items():
        for text in texts:
            assert not places.before(turn_of(text, language=language), False), text
            assert places.masked(text).replace("[name]", "Bob") == text


async def test_only_presses_that_are_on_the_list_are_answered(ground: Ground) -> None:
    places = PublicPlaces(ground, LinkDesk(ground))
    for press in (
        "start",
        "help",
        "language",
        "language:zh",
        "ask:faq:delivery-time:en",
        "forget",
        "forget:yes",
        "rate:4",
    ):
        assert not places.before(turn_of(press=press), False), press
    for press in (
        "orders", "verify", f"order:{ADAS_ORDER}", "account", "sign_out", "link", "unlink", "code:mail", "code:again",
        "confirm:abc", "withdraw:abc", "do:cancel_order", "slot:order:1", "", "something new", "asking:x", "helpful",
    ):  # fmt: skip
        assert bool(places.before(turn_of(press=press), False)) == bool(press), press


async def test_what_may_show_anything_is_not_taken_there(ground: Ground) -> None:
    places = PublicPlaces(ground, LinkDesk(ground))
    for kind in ("photo", "file", "place", "contact", "voice", "video", "other"):
        assert places.before(turn_of(kind=kind), False) == "private_attachment"
    assert not places.before(turn_of(kind="sticker"), False)


@asynccontextmanager
async def linked(desk: ShopDesk) -> AsyncIterator[Visitor]:
    """Somebody whom the desk knows as Ada in private, and who now writes in public."""
    code = (await visitor(desk, ADA).tells(press="link")).text.partition("link code is ")[2][:9]
    private = visitor(desk, author="user-7")
    await private.tells(f"link {code}")
    assert ADAS_ORDER in (await private.tells("/orders")).text
    yield visitor(desk, public=True, author="user-7")


def is_moved(heard: Heard, text: str = "", press: str = "") -> bool:
    """Nothing but a sentence is said, and the message is to be handed in anew."""
    assert moved(heard) == [InPrivate(text, press)], heard.text
    assert heard.text and not heard.buttons and not heard.cards and not heard.sources
    assert is_streamed_right(heard)
    assert "waiting_for_staff" not in heard.statuses
    return True


async def test_questions_of_anybody_are_answered_where_they_are_asked(desk: ShopDesk) -> None:
    async with linked(desk) as known:
        heard = await known.tells("How long does delivery take?")
        assert "working days" in heard.text and heard.sources and not moved(heard)
        assert is_streamed_right(heard)
        assert "greet" not in heard.text and "verify" in pressed(await known.tells("/start"))


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_who_is_known_in_private_is_nobody_in_public(
    desk: ShopDesk, connection: Connection, language: str
) -> None:
    async with linked(desk) as known:
        known.locale = language
        for text in (*ASKS_FOR_PROOF[language], *PERSONAL[language]):
            heard = await known.tells(text)
            assert is_moved(heard, text)
            assert ADAS_ORDER not in heard.text and "@" not in heard.text
        session = await session_of(connection, known.conversation)
        assert (session.customer, session.level, session.pending, session.walk) == ("", Level.GUEST, None, None)
        kept = " ".join(line.text for line in session.history)
        assert ADAS_ORDER not in kept and "@example" not in kept and "3467" not in kept and "123456" not in kept


async def test_presses_for_a_customer_alone_go_on_in_private(desk: ShopDesk) -> None:
    async with linked(desk) as known:
        for press in ("orders", "verify", "account", "link", "code:mail", "do:cancel_order", f"order:{ADAS_ORDER}"):
            assert is_moved(await known.tells(press=press), press=press)


async def test_staff_are_told_where_others_read_along(demo_data: Path, redis_url: str, connection: Connection) -> None:
    keys = Keys()
    queue, mailbox = TurnQueue(connection, keys, "w"), Postbox(connection, keys, Listener(connection))
    await queue.prepare()
    for where in ("test:public", "test:private"):
        await mailbox.accept(Incoming("test", where, where, text="hello", public=where == "test:public"))
    for token in await queue.wait(keys.shard(0), 2):
        batch = await queue.take(token)
        assert batch
        await queue.park(batch, saved(Session(token.conversation)), [WAITING_FOR_STAFF], "crashed")
    env = environment(demo_data, redis_url=redis_url)

    async def desk_says(*words: str) -> list[str]:
        return (await asyncio.to_thread(run_once, "desk", *words, env=env)).stdout.splitlines()

    waiting = {line.split()[0]: "(others read along)" in line for line in await desk_says("waiting")}
    assert waiting == {"test:public": True, "test:private": False}
    assert await desk_says("show", "test:public") == ["(others read along)", "customer: hello"]
    assert await desk_says("show", "test:private") == ["customer: hello"]


async def test_staff_are_asked_for_in_private(desk: ShopDesk) -> None:
    guest = visitor(desk, public=True)
    assert is_moved(await guest.tells("/human"), press="human")
    assert is_moved(await guest.tells("I want to talk to a person"), "I want to talk to a person")
    assert not await is_waiting(desk.staff, guest.conversation)


async def test_what_was_begun_in_private_goes_on_there(desk: ShopDesk) -> None:
    guest = visitor(desk, public=True)
    (handed,) = moved(await guest.tells("Where is my order?"))
    private = visitor(desk)
    assert "order number" in (await private.tells(handed.text, handed.press)).text
    assert ADAS_ORDER in (await private.tells(f"{ADAS_ORDER} {ADAS_EMAIL}")).text


async def test_an_attachment_opens_the_private_place(desk: ShopDesk) -> None:
    heard = await visitor(desk, public=True).tells(attachments=(Attachment("photo", kept="kept/1"),))
    assert is_moved(heard, press="start") and "private" in heard.text
    sticker = await visitor(desk, public=True).tells(attachments=(Attachment("sticker", "👍"),))
    assert "help you" in sticker.text and not moved(sticker)


async def test_nothing_is_streamed_before_the_whole_reply_was_looked_at(desk: ShopDesk) -> None:
    heard = await visitor(desk, public=True).tells("How long does delivery take?")
    assert len([event for event in heard.events if isinstance(event.what, TextDelta)]) <= 1


async def test_who_reads_what_the_shop_asks_for_is_told_not_to_write_it_there(desk: ShopDesk) -> None:
    for locale, question, hint in (("en", "what does the order status mean", "only"), ("zh", "查看我的订单", "私聊")):
        heard = await visitor(desk, public=True, locale=locale).tells(question)
        assert heard.sources and not moved(heard)
        assert hint in heard.text.rpartition("\n\n")[2] and is_streamed_right(heard)
        assert hint not in (await visitor(desk, locale=locale).tells(question)).text.rpartition("\n\n")[2]


async def test_what_others_said_there_before_is_no_proof(desk: ShopDesk, connection: Connection) -> None:
    """A conversation that was private and is public now has nothing left of its customer."""
    guest = visitor(desk)
    assert ADAS_ORDER in (await guest.tells(f"{ADAS_ORDER} {ADAS_EMAIL}")).text
    guest.public = True
    assert is_moved(await guest.tells("/orders"), press="orders")
    assert not (await session_of(connection, guest.conversation)).customer


def scripted(text: str, tool: str = "", **arguments: str) -> Script:
    """A model that says this, after it has called that."""
    if not tool:
        return Script((Rule(Reply(text=text)),))
    called = Rule(Reply(tool_calls=(Call(tool, arguments),)))
    return Script((Rule(Reply(text=text), When(after="tool")), called))


@asynccontextmanager
async def with_model(data: Path, redis_url: str, script: Script) -> AsyncIterator[ShopDesk]:
    async with scripted_model(script) as url:
        settings = Settings(data_dir=data, burst_seconds=0, model_url=url, model_name="scripted")
        async with open_desk_on(settings, redis_url, alone=True) as desk:
            work = asyncio.create_task(desk.work())
            yield desk
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)


@pytest.mark.parametrize(
    "script",
    [
        scripted("Please tell me your order number and the e-mail address."),
        scripted("Gladly. What is your shipping address?"),
        scripted("I will look into it.", "order_status", order_number=ADAS_ORDER),
        scripted("I will look into it.", "saved_details"),
        scripted("One moment.", "recent_orders"),
        scripted("One moment.", "verify_customer", order_number=ADAS_ORDER, proof=ADAS_EMAIL),
        scripted("I will bring somebody in.", "offer_human", reason="asked"),
        scripted("Here you are.", "propose_cancel_order", order_number=ADAS_ORDER, reason="other"),
    ],
)
async def test_a_model_neither_asks_nor_looks_for_what_is_a_customers_own(
    demo_data: Path, redis_url: str, connection: Connection, script: Script
) -> None:
    async with with_model(demo_data, redis_url, script) as desk:
        guest = visitor(desk, public=True)
        assert is_moved(await guest.tells("Can you help me with my parcel?"), "Can you help me with my parcel?")
        assert not await is_waiting(desk.staff, guest.conversation)
        everything = " ".join(await guest.transcript())
        assert "look into" not in everything and ADAS_ORDER not in everything


async def test_what_a_model_says_for_everybody_is_said(demo_data: Path, redis_url: str, connection: Connection) -> None:
    async with with_model(demo_data, redis_url, scripted("Tents keep you dry.")) as desk:
        heard = await visitor(desk, public=True).tells("Why would I want a tent?")
        assert heard.text == "Tents keep you dry." and is_streamed_right(heard) and not moved(heard)

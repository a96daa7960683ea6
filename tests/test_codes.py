"""The one-time code: mailed, asked for, used once; and nothing that tells whose address has an account."""

import asyncio
import logging
import re
import statistics
import time
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from bot.answering.code_desk import AGAIN_PRESS, BY_MAIL_PRESS, CodeDesk, masked
from bot.answering.entities import Entities, read_code, without_code
from bot.answering.ground import Ground
from bot.answering.order_desk import OrderDesk
from bot.assembly import ShopDesk, open_desk_on
from bot.keys import Keys
from bot.limits import Limits
from bot.messages import Part
from bot.one_time_codes import (
    CODE_SECONDS,
    CODES_FOR_A_TARGET,
    CODES_OF_A_CONVERSATION,
    TRIES_AT_A_CODE,
    WRONG_CODES_OF_A_TARGET,
    Gone,
    NewCode,
    OneTimeCodes,
    OnItsWay,
    Purpose,
    Right,
    Wait,
    Wrong,
)
from bot.redis.connection import Connection
from bot.sessions import Pending, Session, open_session, saved
from bot.settings import read_settings
from bot.shop.identity import Level, Proof
from tests.code_fixtures import Mailbox, ground_over, open_mailbox, presses_of, text_of, turn_of
from tests.talking import Customer

ADA, ADAS = "c-ada-holm", "ada.holm@example.com"
NOBODYS = "nobody@example.com"


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with open_mailbox() as opened:
        yield opened


@pytest_asyncio.fixture
async def ground(demo_data: Path, connection: Connection, mailbox: Mailbox) -> AsyncIterator[Ground]:
    async with ground_over(demo_data, connection, mailbox) as opened:
        yield opened


@pytest.fixture
def codes(connection: Connection) -> OneTimeCodes:
    return OneTimeCodes(connection, Limits(connection.commands))


async def made(codes: OneTimeCodes, conversation: str = "web:1", target: str = "c-1") -> str:
    new = await codes.new(conversation, Purpose.STEP_UP, target)
    assert isinstance(new, NewCode)
    return new.digits


def wrong(code: str, number: int = 1) -> str:
    return f"{(int(code) + number) % 1_000_000:06}"


async def forget_when_it_was_sent(connection: Connection, conversation: str = "web:1") -> None:
    """As if it had been made a minute ago: another may be sent."""
    await connection.commands.hincrby(Keys.code(Purpose.STEP_UP, conversation), "made", -60)


# the code itself


async def test_the_right_code_is_right_once_and_says_whom_it_was_for(
    codes: OneTimeCodes, connection: Connection
) -> None:
    code = await made(codes)
    assert await codes.check("web:1", Purpose.STEP_UP, code) == Right("c-1")
    await connection.commands.hincrby(Keys.code(Purpose.STEP_UP, "web:1"), "used", -120)
    assert await codes.check("web:1", Purpose.STEP_UP, code) == Gone()


async def test_the_turn_that_is_interrupted_after_the_right_code_runs_anew_with_it(codes: OneTimeCodes) -> None:
    code = await made(codes)
    assert await codes.check("web:1", Purpose.STEP_UP, code) == Right("c-1")
    assert await codes.check("web:1", Purpose.STEP_UP, code) == Right("c-1")
    assert await codes.check("web:1", Purpose.STEP_UP, wrong(code)) == Gone()


async def test_a_code_is_six_digits_and_any_of_them(codes: OneTimeCodes) -> None:
    found = {await made(codes, f"web:{number}", f"c-{number}") for number in range(200)}
    assert all(len(code) == 6 and code.isascii() and code.isdigit() for code in found)
    assert len(found) > 195
    assert {code[0] for code in found} == set("0123456789")


async def test_redis_knows_a_code_for_ten_minutes_and_only_by_its_hash(
    codes: OneTimeCodes, connection: Connection
) -> None:
    code, redis = await made(codes), connection.commands
    await codes.check("web:1", Purpose.STEP_UP, wrong(code))
    seen = []
    for key in await redis.keys("*"):
        assert await redis.ttl(key) > 0, key
        kind = await redis.type(key)
        held = await (redis.hgetall(key) if kind == "hash" else redis.zrange(key, 0, -1))
        seen.append(f"{key!r} {held!r}")
    assert len(seen) > 3
    assert code not in "".join(seen) and wrong(code) not in "".join(seen)
    assert CODE_SECONDS - 5 <= await redis.ttl(Keys.code(Purpose.STEP_UP, "web:1")) <= CODE_SECONDS == 600


async def test_after_ten_minutes_there_is_no_code(codes: OneTimeCodes, connection: Connection) -> None:
    code = await made(codes)
    await connection.commands.pexpire(Keys.code(Purpose.STEP_UP, "web:1"), 1)
    await asyncio.sleep(0.05)
    assert await codes.check("web:1", Purpose.STEP_UP, code) == Gone()


async def test_three_wrong_tries_use_a_code_up(codes: OneTimeCodes) -> None:
    code = await made(codes)
    answers = [await codes.check("web:1", Purpose.STEP_UP, wrong(code, number)) for number in (1, 2, 3)]
    assert answers == [Wrong(2), Wrong(1), Wrong(0)]
    assert await codes.check("web:1", Purpose.STEP_UP, code) == Gone()


async def test_the_same_wrong_code_again_is_no_new_try(codes: OneTimeCodes) -> None:
    code = await made(codes)
    for _ in range(5):
        assert await codes.check("web:1", Purpose.STEP_UP, wrong(code)) == Wrong(2)
    assert await codes.check("web:1", Purpose.STEP_UP, code) == Right("c-1")


async def test_of_many_guesses_at_once_three_are_compared(codes: OneTimeCodes) -> None:
    code = await made(codes)
    guesses = (codes.check("web:1", Purpose.STEP_UP, wrong(code, number)) for number in range(1, 61))
    answers = await asyncio.gather(*guesses)
    assert sum(isinstance(answer, Wrong) for answer in answers) == TRIES_AT_A_CODE == 3
    assert await codes.check("web:1", Purpose.STEP_UP, code) == Gone()


async def test_a_new_code_replaces_the_old_one_and_one_sent_just_now_is_not_sent_again(
    codes: OneTimeCodes, connection: Connection
) -> None:
    old = await made(codes)
    assert await codes.new("web:1", Purpose.STEP_UP, "c-1") == OnItsWay()
    await forget_when_it_was_sent(connection)
    new = await made(codes)
    assert new == old or await codes.check("web:1", Purpose.STEP_UP, old) == Wrong(2)
    assert await codes.check("web:1", Purpose.STEP_UP, new) == Right("c-1")


async def test_a_code_that_was_tried_is_replaced_at_once(codes: OneTimeCodes) -> None:
    code = await made(codes)
    await codes.check("web:1", Purpose.STEP_UP, wrong(code))
    assert isinstance(await codes.new("web:1", Purpose.STEP_UP, "c-1"), NewCode)


async def test_a_code_that_was_used_is_replaced_at_once(codes: OneTimeCodes) -> None:
    assert await codes.check("web:1", Purpose.STEP_UP, await made(codes)) == Right("c-1")
    assert await codes.check("web:1", Purpose.STEP_UP, await made(codes)) == Right("c-1")


async def test_a_code_opens_nothing_in_another_conversation_or_for_another_purpose(codes: OneTimeCodes) -> None:
    code = await made(codes)
    assert await codes.check("web:2", Purpose.STEP_UP, code) == Gone()
    assert await codes.check("web:1", Purpose.OPEN_ACCOUNT, code) == Gone()


async def test_a_conversation_gets_few_codes_whomever_they_are_for(codes: OneTimeCodes) -> None:
    most = CODES_OF_A_CONVERSATION[0][0]
    for number in range(most):
        await made(codes, "web:1", f"c-{number}")
    refused = await codes.new("web:1", Purpose.STEP_UP, "c-another")
    assert isinstance(refused, Wait) and 0 < refused.seconds <= CODES_OF_A_CONVERSATION[0][1]


async def test_a_customer_gets_few_codes_whoever_asks(codes: OneTimeCodes) -> None:
    most = CODES_FOR_A_TARGET[0][0]
    answers = await asyncio.gather(*(codes.new(f"web:{n}", Purpose.STEP_UP, "c-1") for n in range(40)))
    assert sum(isinstance(answer, NewCode) for answer in answers) == most
    assert isinstance(await codes.new("web:x", Purpose.STEP_UP, "c-1"), Wait)
    assert isinstance(await codes.new("web:x", Purpose.OPEN_ACCOUNT, "c-1"), NewCode)
    assert isinstance(await codes.new("web:y", Purpose.STEP_UP, "c-2"), NewCode)


async def test_tries_are_limited_for_a_customer_over_all_conversations(
    codes: OneTimeCodes, connection: Connection
) -> None:
    compared = 0
    for number in range(20):
        for key in await connection.commands.keys("guesses:codes:*"):
            await connection.commands.delete(key)  # as if nothing limited how many are sent
        code = await made(codes, f"web:{number}")
        for guess in range(1, 4):
            answer = await codes.check(f"web:{number}", Purpose.STEP_UP, wrong(code, guess))
            compared += isinstance(answer, Wrong)
    assert compared == WRONG_CODES_OF_A_TARGET[0]
    assert isinstance(await codes.check("web:19", Purpose.STEP_UP, code), Wait)


async def test_one_code_that_is_used_up_uses_up_no_more_tries(codes: OneTimeCodes) -> None:
    code = await made(codes)
    for number in range(1, 100):
        await codes.check("web:1", Purpose.STEP_UP, wrong(code, number))
    assert await codes.check("web:2", Purpose.STEP_UP, await made(codes, "web:2")) == Right("c-1")


@pytest.mark.parametrize("given", ["", "12345", "1234567", "abcdef", "\ud83d", "123456\n", "*" * 4000])
async def test_what_is_no_code_is_only_wrong(codes: OneTimeCodes, given: str) -> None:
    await made(codes)
    assert await codes.check("web:1", Purpose.STEP_UP, given) == Wrong(2)


# what is written


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("123456", "123456"),
        (" 123 456 ", "123456"),
        ("123-456", "123456"),
        ("1 2 3 4 5 6", "123456"),
        ("１２３４５６", "123456"),
        ("my code is 123456", "123456"),
        ("It's 123456.", "123456"),
        ("the code that you have sent me by mail to my address today is 012345", "012345"),
        ("验证码123456", "123456"),
        ("验证码是：１２３ ４５６，谢谢", "123456"),
        ("OT-20481931", ""),
        ("12345", ""),
        ("1234567", ""),
        ("123456 or 654321", ""),
        ("my new address is 12 Long Street, flat 3, near the old harbour, 361005 Xiamen", ""),
        ("where is my order?", ""),
        ("", ""),
    ],
)
def test_a_code_is_read_however_it_is_written(text: str, code: str) -> None:
    assert read_code(text) == code


def test_what_is_remembered_of_a_code_is_that_there_was_one() -> None:
    assert without_code("my code is 123 456, thanks") == "my code is [code], thanks"
    assert without_code("验证码１２３４５６") == "验证码[code]"
    assert without_code("ＯＫ then") == "ＯＫ then"


@pytest.mark.parametrize(
    ("address", "shown"), [("ada.holm@example.com", "a•••@example.com"), ("x@example.com", "x•••@example.com")]
)
def test_an_address_is_shown_masked(address: str, shown: str) -> None:
    assert masked(address) == shown


# in a conversation


async def asked(desk: CodeDesk, session: Session, then: str = "") -> list[Part]:
    return [part async for part in desk.ask(turn_of(session, "change my address"), then)]


async def asked_at(desk: CodeDesk, session: Session, address: str) -> list[Part]:
    return [part async for part in desk.ask_at(turn_of(session, address), address, "recent_orders")]


def signed_in() -> Session:
    session = Session("web:ada", language="en")
    session.identify(ADA, Level.SIGNED_IN)
    return session


async def test_a_signed_in_customer_proves_with_the_code_what_changes_money_or_goods(
    ground: Ground, mailbox: Mailbox
) -> None:
    desk, session = CodeDesk(ground), signed_in()
    parts = await asked(desk, session)
    assert "a•••@example.com" in text_of(parts) and "10 minutes" in text_of(parts)
    assert ADAS not in text_of(parts)
    assert AGAIN_PRESS in presses_of(parts)
    assert session.pending == Pending(wants="code")
    code = await mailbox.code()
    assert mailbox.letters[0]["To"] == ADAS
    assert mailbox.letters[0]["Subject"] == f"{code} is your code for Owl & Otter"
    turn = turn_of(session, f"my code is {code}")
    assert session.proof("", datetime.now(UTC)) is Proof.ACCOUNT
    assert desk.brings_code(turn)
    answered = await desk.answer(turn)
    assert answered.right
    assert session.pending is None
    assert (session.customer, session.level) == (ADA, Level.SIGNED_IN)
    assert session.proof("", datetime.now(UTC)) is Proof.CODE
    assert session.proof("", datetime.now(UTC) + timedelta(minutes=31)) is Proof.ACCOUNT
    assert not desk.brings_code(turn_of(session, code))
    assert code not in text_of(answered.parts)


async def test_a_wrong_code_says_how_many_tries_are_left_and_a_new_one_may_be_asked_for(
    ground: Ground, mailbox: Mailbox
) -> None:
    desk, session = CodeDesk(ground), signed_in()
    await asked(desk, session, "link_account")
    code = await mailbox.code()
    for number, said in ((1, "2 tries are left"), (2, "One try is left"), (3, "it was the last try")):
        answered = await desk.answer(turn_of(session, wrong(code, number)))
        assert said in text_of(answered.parts) and AGAIN_PRESS in presses_of(answered.parts)
        assert not answered.right and session.by_code is None
    assert "no code of mine that is still good" in text_of((await desk.answer(turn_of(session, code))).parts)
    again = turn_of(session, press=AGAIN_PRESS)
    assert desk.brings_code(again)
    assert "a•••@example.com" in text_of((await desk.answer(again)).parts)
    answered = await desk.answer(turn_of(session, await mailbox.code(2)))
    assert answered.right and answered.then == "link_account"


async def test_a_guest_opens_an_account_with_its_address_and_the_code_that_is_mailed_there(
    ground: Ground, mailbox: Mailbox
) -> None:
    desk, session = CodeDesk(ground), Session("web:guest", language="en")
    parts = await asked_at(desk, session, " Ada.Holm@EXAMPLE.com")
    assert "If an account belongs to this address" in text_of(parts)
    assert session.level is Level.GUEST
    answered = await desk.answer(turn_of(session, await mailbox.code()))
    assert answered.right and answered.then == "recent_orders"
    assert (session.customer, session.level) == (ADA, Level.VERIFIED)
    assert session.may_see() and session.proof("", datetime.now(UTC)) is Proof.CODE
    assert open_session("web:guest", saved(session)) == session
    session.forget_old_proof(datetime.now(UTC) + timedelta(hours=25))
    assert (session.customer, session.by_code) == ("", None)


async def test_an_address_without_an_account_gets_the_same_answer_and_no_mail(ground: Ground, mailbox: Mailbox) -> None:
    desk = CodeDesk(ground)
    ada, nobody = Session("web:1", language="en"), Session("web:2", language="en")
    of_nobody = await asked_at(desk, nobody, NOBODYS)
    of_ada = await asked_at(desk, ada, ADAS)
    assert of_nobody == of_ada
    code = await mailbox.code()
    assert len(mailbox.letters) == 1
    assert (await desk.answer(turn_of(nobody, wrong(code)))) == (await desk.answer(turn_of(ada, wrong(code))))
    assert nobody.level is Level.GUEST and nobody.pending and nobody.pending.wants == "code"


@pytest.mark.parametrize("address", [ADAS, NOBODYS])
async def test_nothing_is_looked_up_before_the_answer_is_there(
    ground: Ground, mailbox: Mailbox, queries: list[str], address: str
) -> None:
    assert await asked_at(CodeDesk(ground), Session("web:1", language="en"), address)
    assert queries == []
    assert ground.postroom
    await ground.postroom.finish()
    assert queries


async def test_an_address_without_an_account_runs_into_the_same_limits(ground: Ground, mailbox: Mailbox) -> None:
    desk, texts = CodeDesk(ground), dict[str, list[str]]()
    for address in (ADAS, NOBODYS):
        said = [
            text_of(await asked_at(desk, Session(f"web:{address}{visit}", language="en"), address))
            for visit in range(CODES_FOR_A_TARGET[0][0] + 1)
        ]
        texts[address] = said
    assert texts[ADAS] == texts[NOBODYS]
    assert "Too many codes" in texts[ADAS][-1]


async def test_an_answer_takes_the_same_time_whether_the_account_exists_or_not(
    ground: Ground, mailbox: Mailbox, connection: Connection
) -> None:
    """Medians of many, taken in turns; the mail itself goes out after the answer."""
    desk, took = CodeDesk(ground), dict[str, list[float]]({ADAS: [], NOBODYS: []})
    for visit in range(100):
        await connection.commands.flushall()
        await connection.commands.ping()
        for address in (ADAS, NOBODYS) if visit % 2 else (NOBODYS, ADAS):
            session = Session(f"web:{visit}{address}", language="en")
            begun = time.perf_counter()
            await asked_at(desk, session, address)
            took[address].append(time.perf_counter() - begun)
            assert ground.postroom
            await ground.postroom.finish()
    existing, missing = (statistics.median(times) for times in took.values())
    assert abs(existing - missing) < 0.25 * max(existing, missing), (existing, missing)


async def test_the_mail_is_in_the_customers_language(ground: Ground, mailbox: Mailbox) -> None:
    session = Session("web:lin", language="en")
    session.identify("c-lin-xiaoman", Level.SIGNED_IN)
    await asked(CodeDesk(ground), session)
    code = await mailbox.code()
    assert mailbox.letters[0]["Subject"] == f"{code} 是您在枭与獭的验证码"
    assert "十分钟" in str(mailbox.letters[0].get_content()) or "10 分钟" in str(mailbox.letters[0].get_content())


async def test_when_the_mail_cannot_be_sent_the_log_names_nobody_and_another_may_be_asked_for_at_once(
    ground: Ground, mailbox: Mailbox, caplog: pytest.LogCaptureFixture
) -> None:
    desk, session = CodeDesk(ground), signed_in()
    mailbox.broken = True
    with caplog.at_level(logging.DEBUG):
        await asked(desk, session)
        assert ground.postroom
        await ground.postroom.finish()
    assert "a mail could not be sent: the server answered 451" in caplog.text
    ours = " ".join(record.getMessage() for record in caplog.records if record.name.startswith("bot."))
    assert "ada.holm" not in ours and "code" not in ours
    mailbox.broken = False
    await desk.answer(turn_of(session, press=AGAIN_PRESS))
    assert (await desk.answer(turn_of(session, await mailbox.code()))).right


async def test_a_code_is_asked_of_the_customer_who_is_there_when_it_comes(ground: Ground, mailbox: Mailbox) -> None:
    """A session that became another customer's meanwhile gets nothing by the code of the one before."""
    desk, session = CodeDesk(ground), signed_in()
    await asked(desk, session)
    code = await mailbox.code()
    session.identify("c-lin-xiaoman", Level.SIGNED_IN)
    session.pending = Pending(wants="code")
    answered = await desk.answer(turn_of(session, code))
    assert not answered.right and session.by_code is None


async def test_who_is_signed_in_does_not_become_somebody_else_by_a_code(ground: Ground, mailbox: Mailbox) -> None:
    desk = CodeDesk(ground)
    session = Session("web:1", language="en")
    session.identify("c-lin-xiaoman", Level.SIGNED_IN)
    await asked_at(desk, session, ADAS)
    await desk.answer(turn_of(session, await mailbox.code()))
    assert (session.customer, session.by_code) == ("c-lin-xiaoman", None)


async def test_a_shop_without_mail_says_that_a_person_can_do_it(demo_data: Path, connection: Connection) -> None:
    async with ground_over(demo_data, connection, None) as ground:
        desk, session = CodeDesk(ground), signed_in()
        assert not desk.is_possible
        parts = await asked(desk, session)
        assert "One of our staff can do it" in text_of(parts)
        assert presses_of(parts) == ["human"]
        assert session.pending is None
        answered = await desk.answer(turn_of(session, press=AGAIN_PRESS))
        assert not answered.right and presses_of(answered.parts) == ["human"]


async def test_without_a_question_for_a_code_six_digits_are_none(ground: Ground, mailbox: Mailbox) -> None:
    desk = CodeDesk(ground)
    assert not desk.brings_code(turn_of(signed_in(), "123456"))
    waiting = signed_in()
    waiting.pending = Pending(wants="verification", then="order_status")
    assert not desk.brings_code(turn_of(waiting, "123456"))


async def test_an_answer_that_nobody_asked_for_opens_nothing(ground: Ground, mailbox: Mailbox) -> None:
    desk, session = CodeDesk(ground), Session("web:1", language="en")
    answered = await desk.answer(turn_of(session, "123456"))
    assert not answered.right and session.level is Level.GUEST


# through the order desk


async def orders_said(desk: OrderDesk, session: Session, given: Entities) -> list[Part]:
    return [part async for part in desk.answer(turn_of(session, "x"), "recent_orders", given)]


async def test_an_address_alone_gets_a_code_and_the_order_number_does_as_well(ground: Ground, mailbox: Mailbox) -> None:
    orders, session = OrderDesk(ground), Session("web:1", language="en")
    number = (await ground.store.of(ADA).orders(1))[0].number
    parts = await orders_said(orders, session, Entities(proof=ADAS))
    assert "If an account belongs" in text_of(parts)
    await mailbox.has(1)
    await orders_said(orders, session, Entities(order_number=number))
    assert (session.customer, session.by_email, session.by_code) == (ADA, True, None)


async def test_where_an_address_is_closed_for_the_day_the_code_is_offered(ground: Ground, mailbox: Mailbox) -> None:
    orders, codes = OrderDesk(ground), CodeDesk(ground)
    for guess in range(6):
        session = Session(f"web:{guess}", language="en")
        parts = await orders_said(orders, session, Entities(f"OT-000000{guess}", ADAS))
    assert "open nothing for now" in text_of(parts) and presses_of(parts) == [BY_MAIL_PRESS]
    answered = await codes.answer(turn_of(session, press=BY_MAIL_PRESS))
    assert "Which e-mail address" in text_of(answered.parts)
    await orders_said(orders, session, Entities(proof=ADAS))
    assert (await codes.answer(turn_of(session, await mailbox.code()))).right
    assert session.customer == ADA and session.may_see()


async def test_while_a_code_is_waited_for_six_digits_are_no_postcode(ground: Ground, mailbox: Mailbox) -> None:
    session = Session("web:1", language="en", pending=Pending(wants="code", proof=ADAS))
    assert await OrderDesk(ground).read(turn_of(session, "361005")) == Entities()


# through a whole desk


@pytest_asyncio.fixture
async def announced(
    demo_data: Path, redis_url: str, connection: Connection
) -> AsyncIterator[tuple[ShopDesk, list[str]]]:
    """A desk at work, and what it prints on the terminal."""
    lines: list[str] = []
    async with open_desk_on(
        read_settings({"SHOPDESK_DATA_DIR": str(demo_data)}), redis_url, alone=True, announce=lines.append
    ) as opened:
        work = asyncio.create_task(opened.work())
        yield opened, lines
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)


async def printed(lines: list[str], at_least: int = 1) -> str:
    deadline = time.monotonic() + 30
    while len(lines) < at_least:
        assert time.monotonic() < deadline, "no mail was announced"
        await asyncio.sleep(0.01)
    found = re.search(r"\b\d{6}\b", lines[-1])
    assert found
    return found.group()


@pytest.mark.parametrize(
    ("asks", "gives", "locale"),
    [("show my orders", "my code is {}", "en"), ("我的订单", "验证码{}", "zh"), ("my orders", "{}", "en")],
)
async def test_a_guest_sees_all_orders_by_an_address_and_a_code_and_the_code_is_not_remembered(
    announced: tuple[ShopDesk, list[str]], connection: Connection, asks: str, gives: str, locale: str
) -> None:
    desk, lines = announced
    customer = Customer(desk.handles.postbox, locale=locale)
    await customer.says(asks)
    sent = await customer.says(ADAS)
    assert AGAIN_PRESS in [button.id for button in sent.buttons]
    code = await printed(lines)
    heard = await customer.says(gives.format(code))
    assert [button.id for button in heard.buttons if button.id.startswith("order:")], heard.text
    session = await connection.commands.get(Keys().session(customer.conversation))
    assert session and "[code]" in session and code not in session
    assert code not in heard.text


async def test_a_wrong_code_in_a_whole_desk_shows_nothing(announced: tuple[ShopDesk, list[str]]) -> None:
    desk, lines = announced
    customer = Customer(desk.handles.postbox, locale="en")
    await customer.says("show my orders")
    await customer.says(ADAS)
    code = await printed(lines)
    for number in (1, 2, 3):
        heard = await customer.says(wrong(code, number))
        assert "OT-" not in heard.text and not heard.cards
    assert "OT-" not in (await customer.says(code)).text


async def test_a_code_that_was_mailed_for_one_conversation_opens_no_other(
    announced: tuple[ShopDesk, list[str]],
) -> None:
    """The thief asks for a code too, and hears the owner's: it is not his."""
    desk, lines = announced
    owner, thief = Customer(desk.handles.postbox, locale="en"), Customer(desk.handles.postbox, locale="en")
    for one in (thief, owner):
        await one.says("show my orders")
        await one.says(ADAS)
    code = await printed(lines, 2)
    assert "OT-" not in (await thief.says(code)).text
    assert "OT-" in (await owner.says(code)).text


async def test_a_desk_that_closes_sends_what_is_on_its_way(
    demo_data: Path, redis_url: str, connection: Connection
) -> None:
    lines: list[str] = []
    async with open_desk_on(
        read_settings({"SHOPDESK_DATA_DIR": str(demo_data)}), redis_url, alone=True, announce=lines.append
    ) as desk:
        work = asyncio.create_task(desk.work())
        customer = Customer(desk.handles.postbox, locale="en")
        await customer.says("show my orders")
        await customer.says(ADAS)
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
    assert len(lines) == 1
    assert len(list((demo_data / "mail").glob("*.eml"))) == 1

"""When a person of the staff comes, and why: one of a fixed list of reasons; nothing of before brings them again."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.answering import bringing_in
from bot.answering.prompting import Prompts
from bot.answering.turn import Turn
from bot.assembly import ShopDesk, open_desk_on
from bot.desk.tone import Tone
from bot.desk.when import When
from bot.desks import REASONS, Reason
from bot.redis.connection import Connection
from bot.sessions import Session, Waits
from bot.settings import Settings
from bot.shop.rules import RULES, Refusal
from serving.script import Call, Reply, Rule, Script
from serving.script import When as While
from serving.scripted_model import scripted_model
from tests.members import member
from tests.talking import Customer
from tests.test_tone import PROMPTS

ANGER, CALM = "this is outrageous, you incompetent idiots", "How long does delivery take?"


@pytest.fixture(scope="module")
def tone() -> Tone:
    return Tone.of(Prompts(PROMPTS))


def turn(text: str = "", press: str = "", session: Session | None = None, public: bool = False) -> Turn:
    return Turn(session or Session("test:1"), text, press, "en", public=public)


@dataclass(frozen=True)
class Case:
    name: str
    written: str = CALM
    press: str = ""
    asked: bool = False
    brought: Reason | None = None  # by an answerer
    refused: str = ""  # by the reply before
    public: bool = False
    threshold: float = 0.7
    reason: Reason | None = None


CASES = (
    Case("nothing is wrong"),
    Case("they ask", asked=True, reason="asked"),
    Case("they ask after a rule that a person can lift", asked=True, refused="once", reason="rule"),
    Case("they talk of something else after such a rule", refused="once"),
    Case("they are angry", ANGER, reason="tone"),
    Case("they are angry and ask", ANGER, asked=True, reason="asked"),
    Case("they are angry and the desk has no answer", ANGER, brought="unknown", reason="unknown"),
    Case("anger counts for nothing at threshold 0", ANGER, threshold=0),
    Case("nothing is ever as angry as 1", "hello", threshold=1),
    Case("a button has no tone", "", "human_is_not_pressed"),
    Case("an answerer knows why", brought="rule", reason="rule"),
    Case("a tool failed", brought="failed", reason="failed"),
    Case("others read along and they are angry", ANGER, public=True),
    Case("others read along and an answer is missing", brought="unknown", public=True),
    Case("others read along and they ask", asked=True, public=True, reason="asked"),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_reason(tone: Tone, case: Case) -> None:
    when, session = When(tone, case.threshold), Session("test:1", refused=case.refused)
    made = turn(case.written, case.press, session, case.public)
    when.listens(made, case.written)
    made.brings_in = case.brought
    assert when.reason(made, case.asked) == case.reason
    assert case.reason is None or case.reason in REASONS
    assert not session.refused, "it counts for the message right after it alone"


def test_the_tone_is_noted_whether_anybody_comes_for_it_or_not(tone: Tone) -> None:
    made = turn(ANGER)
    When(tone, 0).listens(made, ANGER)
    assert made.tone > 0.7 and not made.angry
    calm = turn(CALM)
    When(tone, 0.7).listens(calm, CALM)
    assert calm.tone < 0.3 and not calm.angry


@dataclass(frozen=True)
class InVain:
    """Messages in a row, a letter each. -: no answer; ?: not sure, and topics are offered; 2: two answers, and asked
    which; a: answered; p: a button of what is not there any more. `comes`: with which of them, from 1; 0: with none."""

    said: str
    comes: int


IN_VAIN = (
    InVain("-", 0), InVain("?", 0), InVain("2", 0),
    InVain("--", 2), InVain("??", 2), InVain("-?", 2), InVain("?-", 2), InVain("2-", 2), InVain("2?", 2),
    InVain("22", 0), InVain("-2", 0), InVain("222", 3), InVain("-22", 3), InVain("-2-", 3), InVain("22?", 3),
    InVain("-a-", 0), InVain("?a?a-", 0), InVain("?p", 0), InVain("-p-", 3), InVain("a--", 3),
)  # fmt: skip


@pytest.mark.parametrize("case", IN_VAIN, ids=lambda case: case.said)
def test_who_asked_twice_in_vain_gets_a_person_whatever_was_offered_in_between(case: InVain) -> None:
    session, came = Session("test:1"), list[int]()
    for number, one in enumerate(case.said, 1):
        made = turn(press="ask:nothing", session=session) if one == "p" else turn("what?", session=session)
        if one == "a":
            session.missed = 0  # as an answerer does
        elif bringing_in.not_known(made, is_either=one == "2"):
            came.append(number)
            assert made.brings_in == "unknown"
    assert came[:1] == ([case.comes] if case.comes else [])


@pytest.mark.parametrize("where", ["waits already", "others read along"])
def test_nobody_is_brought_in_twice_nor_where_others_read_along(where: str) -> None:
    session = Session("test:1", missed=5, waits=Waits() if where == "waits already" else None)
    made = turn("a", session=session, public=where == "others read along")
    assert not bringing_in.not_known(made)
    bringing_in.refused(made, Refusal("most_refund"))
    assert made.brings_in is None


def test_an_amount_above_the_cap_brings_a_person_where_it_is_wanted_and_offers_one_where_it_is_asked_about() -> None:
    wanted, asked_about, late, closed = turn(), turn(), turn(), turn()
    bringing_in.refused(wanted, Refusal("most_refund"))
    bringing_in.refused(asked_about, Refusal("most_refund"), is_wanted=False)
    bringing_in.refused(late, Refusal("return_window"))
    bringing_in.refused(closed, Refusal("own_order"))
    assert [one.brings_in for one in (wanted, asked_about, late, closed)] == ["rule", None, None, None]
    assert [one.session.refused for one in (wanted, asked_about, late, closed)] == [
        "most_refund", "most_refund", "return_window", "",
    ]  # fmt: skip


def test_every_rule_that_a_person_may_lift_is_one_of_the_shop() -> None:
    names = {rule.name for rule in RULES}
    assert {*bringing_in.OFFERED, *bringing_in.EXCEPTIONS} <= names
    assert {*bringing_in.AT_ONCE} <= {*bringing_in.OFFERED}


def test_after_staff_were_there_nothing_of_before_counts(tone: Tone) -> None:
    session = Session("test:1", missed=1, refused="once")
    When(tone, 0.7).anew(session)
    assert not bringing_in.not_known(turn("a", session=session))
    assert When(tone, 0.7).reason(turn("human", session=session), asked=True) == "asked"


def test_who_was_brought_a_person_for_what_is_not_known_is_not_brought_another_for_the_next_one(tone: Tone) -> None:
    session = Session("test:1", missed=1)
    second = turn("a", session=session)
    bringing_in.not_known(second)
    assert When(tone, 0.7).reason(second, asked=False) == "unknown"
    assert not bringing_in.not_known(turn("b", session=session)), "they have left the line, say"


def test_a_shop_that_did_not_answer_is_not_the_fault_of_the_message(tone: Tone) -> None:
    when = When(tone, 0.7)
    assert [when.gave_up(why) for why in ("StoreUnavailable", "crashed", "unreadable", "slow", "KeyError")] == [
        "failed", "parked", "parked", "parked", "parked",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("language", "first", "second", "sorry"),
    [
        ("en", "xyzzy plugh frobnicate", "quux blorb garply", "one either"),
        ("zh", "魑魅魍魉饕餮怎么卖法", "耄耋饕餮貔貅龘靐如何", "这个我也不知道"),
    ],
)
async def test_two_questions_in_vain_bring_a_person_in_with_that_reason(
    desk: ShopDesk, language: str, first: str, second: str, sorry: str
) -> None:
    customer = Customer(desk.handles.postbox, locale=language)
    heard = await customer.says(first)
    assert "human" in [button.id for button in heard.buttons]
    assert await desk.staff.handoff(customer.conversation) is None
    heard = await customer.says(second)
    handoff = await desk.staff.handoff(customer.conversation)
    assert handoff and (handoff.reason, handoff.language) == ("unknown", language)
    assert sorry in heard.text and "waiting_for_staff" in heard.statuses
    await customer.says(first)
    assert await desk.staff.handoff(customer.conversation) is not None


async def test_anger_brings_a_person_in_an_answer_is_given_all_the_same_and_it_happens_once(
    desk: ShopDesk, customer: Customer
) -> None:
    heard = await customer.says("Your return policy is a joke you idiots, how long can I return an item?")
    handoff = await desk.staff.handoff(customer.conversation)
    assert handoff and handoff.reason == "tone" and "30" in heard.text
    heard = await customer.says("you useless piece of crap")
    again = await desk.staff.handoff(customer.conversation)
    assert again and (again.number, again.since) == (handoff.number, handoff.since) and heard.text
    await desk.staff.take(member(), customer.conversation)
    await desk.staff.give_back(member(), customer.conversation)
    await customer.says("How long does delivery take?")
    assert await desk.staff.handoff(customer.conversation) is None, "what was said before is not held against them"


async def test_abuse_that_asks_nothing_is_answered_by_the_person_who_comes_alone(
    desk: ShopDesk, customer: Customer
) -> None:
    heard = await customer.says("fuck you, stupid bot!!!")
    handoff = await desk.staff.handoff(customer.conversation)
    assert handoff and handoff.reason == "tone"
    assert heard.text.startswith("I am sorry") and "know the answer" not in heard.text


@asynccontextmanager
async def with_model(script: Script, data: Path, redis_url: str) -> AsyncIterator[ShopDesk]:
    async with scripted_model(script) as url:
        settings = Settings(data_dir=data, burst_seconds=0, model_url=url, model_name="scripted")
        async with open_desk_on(settings, redis_url, alone=True) as desk:
            work = asyncio.create_task(desk.work())
            yield desk
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)


BY_MODEL = Script(
    (
        Rule(Reply(text="Sorry, I cannot look that up right now."), While(tool="order_status")),
        Rule(Reply(text="That I do not know."), While(tool="search_knowledge")),
        Rule(Reply(text="I bring somebody in."), While(tool="offer_human")),
        Rule(Reply(tool_calls=(Call("offer_human", {"reason": "they want it"}),)), While(user="wish")),
        Rule(Reply(tool_calls=(Call("order_status", {"order_number": "OT-20481931"}),)), While(user="OT-20481931")),
        Rule(Reply(tool_calls=(Call("search_knowledge", {"query": "xyzzy plugh frobnicate"}),)), While(user="xyzzy")),
        Rule(Reply(text="You are welcome."), While(user="thank")),
    )
)


async def test_with_a_model_the_reasons_are_the_same(demo_data: Path, redis_url: str, connection: Connection) -> None:
    async with with_model(BY_MODEL, demo_data, redis_url) as desk:

        async def reason(customer: Customer) -> Reason | None:
            handoff = await desk.staff.handoff(customer.conversation)
            return handoff.reason if handoff else None

        in_vain, wishing, angry = (Customer(desk.handles.postbox) for _ in range(3))
        await in_vain.says("xyzzy plugh frobnicate?")
        await in_vain.says("thank you for trying")
        await in_vain.says("xyzzy plugh frobnicate?")
        assert await reason(in_vain) is None, "not twice in a row"
        heard = await in_vain.says("and xyzzy plugh frobnicate for two?")
        assert await reason(in_vain) == "unknown" and "That I do not know." in heard.text
        await wishing.says("I wish that a colleague of yours would look at this")
        assert await reason(wishing) == "asked"
        await angry.says("thank you for nothing, you incompetent idiots!!!")
        assert await reason(angry) == "tone"

        ada = Customer(desk.handles.postbox, "c-ada-holm")
        await asyncio.to_thread(lose_fulfilments, demo_data)  # not in the loop of a desk that may be writing
        heard = await ada.says("Where is order OT-20481931?")
        assert await reason(ada) == "failed" and "cannot look that up" in heard.text


def lose_fulfilments(data: Path) -> None:
    with closing(sqlite3.connect(data / "shop.sqlite")) as shop, shop:
        shop.execute("ALTER TABLE fulfilments RENAME TO gone")


async def test_a_person_is_a_word_or_a_press_away_wherever_the_customer_is(desk: ShopDesk) -> None:
    order = "OT-21153083"
    before = (
        (),
        (f"cancel {order}",),
        (f"I want to return something from {order}",),
        ("/forget",),
        ("/language",),
        ("where is my order",),
        ("I want to change my default address",),
        ("xyzzy plugh frobnicate",),
    )
    for number, said in enumerate(before):
        customer = Customer(desk.handles.postbox, "c-ada-holm" if number else "")
        for text in said:
            await customer.says(text)
        words = ("/human", "I want to talk to a human", "转人工")[number % 3]
        heard = await customer.says(words) if number % 2 else await customer.says(press="human")
        handoff = await desk.staff.handoff(customer.conversation)
        assert handoff and handoff.reason == "asked" and "waiting_for_staff" in heard.statuses, (said, words)

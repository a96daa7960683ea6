"""What the desk had no answer to is kept without names, counted by meaning, and becomes an entry that staff approve."""

import time
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import numpy as np
import pytest
import pytest_asyncio

from bot.insights.drafting import Drafts, FaqDraft, as_entry, edited, suggested_name
from bot.insights.gaps import find_gaps
from bot.insights.grouping import grouped
from bot.insights.masking import marks_in, masked
from bot.insights.noted import CORRECTION, Chose, StaffSaid, Unanswered, WantedPerson
from bot.insights.unanswered import Asked, UnansweredQuestions, together
from bot.keys import Keys
from bot.messages import STAFF, Incoming
from bot.observing import metrics
from bot.redis.connection import Connection
from tests.care_ground import Ground, care_ground
from tests.members import member, staff_says

ALPACAS = "Do you breed alpacas in the mountains?"
YEAR = 365 * 24 * 3600.0


@pytest_asyncio.fixture
async def ground(demo_data: Path, redis_url: str, connection: Connection) -> AsyncIterator[Ground]:
    async with care_ground(demo_data, redis_url, connection, Keys()) as opened:
        yield opened


@pytest_asyncio.fixture
async def any_ground(
    demo_data: Path, any_url: str, any_connection: Connection, any_keys: Keys
) -> AsyncIterator[Ground]:
    """On each kind of Redis."""
    async with care_ground(demo_data, any_url, any_connection, any_keys) as opened:
        yield opened


def questions(ground: Ground) -> UnansweredQuestions:
    return UnansweredQuestions(ground.connection, ground.keys)


async def staff_say(ground: Ground, conversation: str, *texts: str) -> None:
    """And the worker has heard them."""
    await ground.desk.staff.take(member(), conversation)
    for text in texts:
        await staff_says(ground.desk.staff, "mia", conversation, text)
    await ground.desk.staff.give_back(member(), conversation)


async def drafts_when(ground: Ground, count: int) -> Drafts:
    found = Drafts(ground.connection, ground.keys)

    async def there() -> bool:
        return len(await found.waiting()) == count

    await ground.until(there)
    return found


async def test_a_question_without_an_answer_is_kept_and_what_came_of_it(any_ground: Ground) -> None:
    ground, ada, ben = any_ground, any_ground.customer(), any_ground.customer()
    before = metrics.unanswered_total.labels("declined")._value.get()
    await ada.says("My name is Ada Byron. Do you breed alpacas at 12 Baker Street?")
    await ada.says("I want to talk to a human")
    await ben.says("How long does delivery take?")
    (one,) = await questions(ground).since(YEAR)
    assert one.conversation == ada.conversation and one.question.language == "en" and one.wanted_person
    assert "alpacas" in one.question.text
    assert not any(told in one.question.text for told in ("Ada", "Byron", "Baker"))
    counted = metrics.unanswered_total.labels("declined")._value.get() - before
    assert counted == (one.question.how == "declined")


async def test_what_staff_answered_becomes_an_entry_when_it_is_approved(any_ground: Ground) -> None:
    ground, ada, ben = any_ground, any_ground.customer(), any_ground.customer()
    await ada.says(ALPACAS)
    await ben.says("How long does delivery take?")
    await staff_say(ground, ben.conversation, "This was answered already, so it is no draft.")
    await staff_say(ground, ada.conversation, "Hi Ada, alpacas are bred on Sundays.", "Mail me at mia@otter.example.")
    drafts = await drafts_when(ground, 1)
    await ground.until(lambda: has_both(drafts))
    (draft,) = await drafts.waiting()
    assert draft.questions == (ALPACAS,) and draft.conversation == ada.conversation
    assert "alpacas are bred" in draft.text and draft.marks == ["[e-mail]", "[name]"]
    with pytest.raises(ValueError, match=r"still has \[e-mail\], \[name\]"):
        as_entry(draft, "")
    better = edited(draft, "Alpacas are bred on Sundays.")
    entry = as_entry(better, "")
    assert entry.passage.id == "faq:breed-alpacas-mountains:en" and entry.passage.title == ALPACAS
    await ground.publishing.put([entry])
    await drafts.done(draft)
    assert await drafts.waiting() == []
    told = await ground.index.passage(entry.passage.id) or entry.passage
    assert "bred on Sundays" in (await ground.asks(ben, ALPACAS, told)).text


async def has_both(drafts: Drafts) -> bool:
    return all("Mail me" in one.text for one in await drafts.waiting())


async def test_what_is_erased_is_in_no_gap_and_no_draft(ground: Ground) -> None:
    ada, ben = ground.customer(), ground.customer()
    await ada.says(ALPACAS)
    await ben.says("Are alpacas bred here?")
    await staff_say(ground, ada.conversation, "Yes, on Sundays.")
    drafts = await drafts_when(ground, 1)
    begun = await drafts.begin(await questions(ground).since(YEAR), "Only on Sundays.")
    assert len(begun.questions) == 2
    await ground.desk.handles.postbox.erase(ada.conversation)  # type: ignore[attr-defined]
    (left,) = await drafts.waiting()
    assert left.id == begun.id and left.questions == ("Are alpacas bred here?",)
    assert [one.conversation for one in await questions(ground).since(YEAR)] == [ben.conversation]


async def test_a_correction_is_no_answer_of_staff(ground: Ground) -> None:
    ada = ground.customer()
    await ada.says(ALPACAS)
    await ada.postbox.accept(Incoming(STAFF, ada.conversation, f"{CORRECTION}1", "A correction from the shop"))
    await ada.says("Who painted the vaulted ceiling?")
    assert all(not one.staff for one in await questions(ground).since(YEAR))


async def test_the_same_question_in_other_words_is_one_gap_and_what_is_answered_by_now_is_none(ground: Ground) -> None:
    customers = [ground.customer() for _ in range(4)]
    asked = ("Do you rent out kayaks?", "Can one rent a kayak here?", "kayaks for rent on the lake?")
    for customer, question in zip(customers, asked, strict=False):
        await customer.says(question)
    await customers[3].says("Who painted the vaulted ceiling?")
    await customers[3].says("Wird auch Quxfrob repariert?")
    found = await find_gaps(await questions(ground).since(YEAR), ground.index)
    assert set(asked) == set(found[0].examples), [gap.examples for gap in found]
    assert found[0].conversations == 3
    assert [gap.conversations for gap in found[1:]] == [1] * (len(found) - 1)
    assert "answered" not in {gap.advice for gap in found}, [(gap.title, gap.nearest, gap.confidence) for gap in found]
    listed = await ground.command("gaps")
    assert listed.startswith(f"1. {found[0].title}") and "3 conversations" in listed
    as_json = msgspec.json.decode(await ground.command("gaps", "--language", "en", "--json"))
    assert as_json[0]["conversations"] == 3 and as_json[0]["number"] == 1
    assert (await ground.command("gaps", "--language", "zh")).strip() == "Every question was answered."

    name = (await ground.command("gaps", "answer", "1", "--text", "Kayaks are not rented out.")).split()[1]
    shown = await ground.command("drafts", "show", name)
    assert shown.startswith(f"# {found[0].title}\n\nKayaks are not rented out.")
    assert name in await ground.command("drafts")
    await ground.command("drafts", "approve", name, "--name", "kayaks")
    assert "No draft waits." in await ground.command("drafts")
    entry = await ground.published("faq:kayaks:en")
    assert entry.text == "Kayaks are not rented out." and len(entry.questions) == 2
    left = await ground.command("gaps")
    assert found[0].title not in left and "1 more is answered by now" in left


async def test_a_gap_is_closed_by_a_phrasing_of_an_entry_that_there_is(ground: Ground) -> None:
    ada = ground.customer()
    await ada.says("zigzagged wumpus arrival velocity")
    await ground.command("gaps", "add", "1", "--to", "faq:delivery-time:en")
    now = await ground.published("faq:delivery-time:en", "zigzagged wumpus arrival velocity")
    assert "working days" in (await ground.asks(ada, "zigzagged wumpus arrival velocity", now)).text


def asked(text: str, conversation: str = "test:a", **more: object) -> Asked:
    return Asked(conversation, Unanswered("1000-0", text, "en", "declined"), **more)  # type: ignore[arg-type]


def test_what_follows_a_question_belongs_to_it() -> None:
    lines = [
        StaffSaid("1-0", "before any question"),
        Unanswered("2-0", "first", "en", "offered"),
        Chose("3-0", "faq:x:en"),
        Unanswered("4-0", "second", "en", "declined"),
        WantedPerson("4-0"),
        StaffSaid("5-0", "an answer"),
        StaffSaid("6-0", "and more"),
    ]
    late = [Chose("700000-0", "faq:late:en"), WantedPerson("4000000-0"), StaffSaid("300000000-0", "days later")]
    first, second = together("test:a", [*lines, *late])
    assert (first.chose, first.wanted_person, first.staff) == ("faq:x:en", False, ())
    assert (second.chose, second.wanted_person) == ("", True)
    assert [one.text for one in second.staff] == ["an answer", "and more"]


def test_groups_are_of_one_meaning_the_heaviest_first_and_the_most_central_leads() -> None:
    texts = [
        "do you rent kayaks",
        "can I pay with seashells",
        "is it possible to pay with seashells",
        "may I pay with seashells please",
        "renting a kayak for a day",
        "who painted the ceiling",
    ]
    groups = grouped(texts, [1] * len(texts), np.zeros((len(texts), 0), np.float32))
    assert [sorted(group) for group in groups] == [[1, 2, 3], [0, 4], [5]]
    weighed = grouped(texts, [1, 1, 1, 1, 9, 1], np.zeros((len(texts), 0), np.float32))
    assert weighed[0][0] == 4
    assert grouped([], [], np.zeros((0, 0), np.float32)) == []


def test_chinese_questions_are_put_together_too() -> None:
    texts = ["可以用贝壳付款吗？", "能不能用贝壳付款", "有素食菜单吗"]
    groups = grouped(texts, [1, 1, 1], np.zeros((3, 0), np.float32))
    assert [sorted(group) for group in groups] == [[0, 1], [2]]


def test_vectors_bring_together_what_shares_no_word() -> None:
    texts = ["parcel never came", "my shipment is missing", "blue or green"]
    vectors = np.asarray([[1, 0], [1, 0], [0, 1]], np.float32)
    apart = grouped(texts, [1, 1, 1], np.zeros((3, 0), np.float32))
    together_now = grouped(texts, [1, 1, 1], vectors)
    assert (len(apart), [sorted(group) for group in together_now]) == (3, [[0, 1], [2]])


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Where is order OT-20481931?", "Where is order [number]?"),
        ("mail ann.b@x.example or +44 20 7946 0958", "mail [e-mail] or [phone]"),
        ("My name is Anna Smith, I live at 12 Baker Street", "My name is [name], I live at [address]"),
        ("my name's bob", "my name's [name]"),
        ("I'm Peter, can I pay by invoice?", "I'm [name], can I pay by invoice?"),
        ("I'm not sure if 30 days are enough", "I'm not sure if 30 days are enough"),
        ("Hi Anna,\nwe open on 2026-12-24 at 9:00", "Hi [name],\nwe open on 2026-12-24 at 9:00"),
        ("Dear customer, it costs $1,299.00", "Dear customer, it costs $1,299.00"),
        ("我叫王小明，手机13812345678", "我叫[name]，手机[phone]"),
        ("订单#W1234567什么时候到", "订单[number]什么时候到"),
        ("王女士您好，30天内可退", "[name]女士您好，30天内可退"),
        ("the password is hunter22", "the password is [secret]"),
        ("is the ML-40-BRS waterproof", "is the ML-40-BRS waterproof"),
        ("see https://x.example/a?token=abc", "see https://x.example/a"),
    ],
)
def test_what_names_a_person_is_not_kept(text: str, kept: str) -> None:
    assert masked(text) == kept


def test_what_a_terminal_would_obey_is_not_kept_and_a_long_text_takes_no_time() -> None:
    assert masked("a\x1b[2Jb\u202ec\nd") == "a[2Jbc\nd"
    started = time.perf_counter()
    for sign in ("a", "1", "a ", "1 ", "@", "a.", "A", "路", "1a"):
        assert len(masked(sign * 100_000)) <= 10_000
    assert time.perf_counter() - started < 60


def test_the_shops_own_order_numbers_are_not_kept_however_short() -> None:
    assert masked("where is AB-17?", r"AB-\d{2}") == "where is [number]?"
    assert marks_in("call [phone], [name]") == ["[phone]", "[name]"]


def test_a_name_of_an_entry_is_made_of_its_question() -> None:
    draft = FaqDraft("s12", "en", ("Can I pay with seashells from the beach, please?",), "No.", 0.0)
    assert suggested_name(draft) == "seashells-beach"
    chinese = msgspec.structs.replace(draft, questions=("可以用贝壳付款吗？",))
    assert suggested_name(chinese) == "answer-s12"


def test_staff_may_reword_the_question_too() -> None:
    draft = FaqDraft("s12", "en", ("pay with seashells [number]", "Seashells?"), "No.", 0.0)
    better = edited(draft, "# Do you take seashells?\n\nNever.\n")
    assert (better.questions[0], better.text) == ("Do you take seashells?", "Never.")
    with pytest.raises(ValueError, match="no question"):
        as_entry(msgspec.structs.replace(draft, questions=()), "")
    with pytest.raises(ValueError, match="letters, digits and dashes"):
        as_entry(better, "shells, and more")

"""How a talk ended: what the customer says counts before what staff say, and what is only assumed is counted apart."""

from pathlib import Path

import msgspec
import pytest

from bot.answering.prompting import Prompts
from bot.insights.facts import Fact, TurnFact
from bot.insights.folding import Happened, Heard, Talk, talks_of
from bot.insights.meanings import Meaning, Meanings, read_meanings
from bot.insights.outcomes import Outcome, outcome, resolution
from tests.insight_facts import at, deed, staff_wrote, turn

NEVER = 1000.0  # hours, when all talks have long ended
MEANINGS: Meanings = read_meanings(Prompts(Path(__file__).parent.parent / "prompts"))


def told(*facts: Fact) -> list[Talk]:
    happened: list[Happened] = [
        Heard(fact, MEANINGS.of(fact)) if isinstance(fact, TurnFact) else fact for fact in facts
    ]
    return talks_of(happened)


def only(*facts: Fact) -> Talk:
    (talk,) = told(*facts)
    return talk


WHERE = "Where is my order?"
TO_STAFF = turn(1, "I want to talk to a person", "I get somebody.", handoff="asked")
IN_LINE = (turn(0, WHERE), TO_STAFF, deed(1, "opened", 1))
SERVED = (*IN_LINE, deed(2, "took", 1), deed(2.1, "answered", 1, by="mia"), staff_wrote(2.1))

CLOSED = deed(3, "closed", 1, help="resolved")

ENDINGS: dict[str, tuple[Outcome, tuple[Fact, ...]]] = {
    "answered, then a day of silence": ("bot_assumed", (turn(0, WHERE),)),
    "answered, and thanked for: thanks are courtesy": ("bot_assumed", (turn(0, WHERE), turn(1, "thanks"))),
    "answered, and said to have helped": ("bot_said", (turn(0, WHERE), turn(1, "That helped, thank you"))),
    "the offered action was taken": (
        "bot_said", (turn(0, "cancel it", asks=True), turn(1, "yes", done="cancel_order")),
    ),
    "helped, and then another question answered": (
        "bot_assumed", (turn(0, WHERE), turn(1, "that helped"), turn(2, "How long do refunds take?")),
    ),
    "said not to have helped": ("unresolved", (turn(0, WHERE), turn(1, "That didn't help"))),
    "said not to have helped, then solved": (
        "bot_said", (turn(0, WHERE), turn(1, "that didn't help"), turn(2, "ok, solved now")),
    ),
    "what it is about still does not work, which no answer had been given to": (
        "bot_assumed", (turn(0, "My kettle is still not working"),),
    ),
    "said not to have helped, and nobody knew more": (
        "unresolved", (turn(0, WHERE), turn(1, "that didn't help", missed=True)),
    ),
    "no answer was known": ("unanswered", (turn(0, "Do you breed alpacas?", missed=True),)),
    "no answer was known, and they found it themselves": (
        "abandoned", (turn(0, "Do you breed alpacas?", missed=True), turn(1, "it's solved now")),
    ),
    "no answer was known, but another asked since had one": (
        "bot_assumed", (turn(0, "Do you breed alpacas?", missed=True), turn(1, WHERE)),
    ),
    "the reply never came": ("unanswered", (turn(0, WHERE, ""),)),
    "nothing was asked": ("abandoned", (turn(0, "hello"),)),
    "the desk waited for an order number": ("abandoned", (turn(0, WHERE, "Which order?", asks=True),)),
    "the order number came": (
        "bot_assumed", (turn(0, WHERE, "Which order?", asks=True), turn(0.1, "OT-10023121")),
    ),
    "left the line before somebody came": (
        "abandoned", (*IN_LINE, turn(2, "never mind", "You have left the line."), deed(2, "withdrawn", 1)),
    ),
    "still in line": ("open", IN_LINE),
    "staff have it": ("open", SERVED),
    "nobody came in time, and then nothing more": ("unanswered", (*IN_LINE, deed(2, "overdue", 1))),
    "what the bot says to who waits is no answer": (
        "unanswered", (*IN_LINE, turn(1.5, "my order is OT-1", "Noted."), deed(2, "overdue", 1)),
    ),
    "staff closed it as resolved": ("staff_assumed", (*SERVED, CLOSED)),
    "staff closed it as resolved, and the customer says so": (
        "staff_said", (*SERVED, CLOSED, turn(3.1, "Perfect, thank you!")),
    ),
    "staff closed it as unresolved": ("unresolved", (*SERVED, deed(3, "closed", 1, help="unresolved"))),
    "staff closed it as unresolved, and the customer says it is": (
        "staff_said", (*SERVED, deed(3, "closed", 1, help="unresolved"), turn(3.1, "it works now")),
    ),
    "staff closed it as resolved, and the customer says it is not": (
        "unresolved", (*SERVED, CLOSED, turn(3.1, "it is still not working")),
    ),
    "closed as resolved, and rated with one star": (
        "unresolved", (*SERVED, CLOSED, turn(3.1, "[rate]", "Sorry.", stars=1)),
    ),
    "closed as resolved, and rated with five": (
        "staff_assumed", (*SERVED, CLOSED, turn(3.1, "[rate]", "Nice!", stars=5)),
    ),
    "staff gave it back after an answer": ("staff_assumed", (*SERVED, deed(3, "returned", 1))),
    "staff gave it back without a word": ("unanswered", (*IN_LINE, deed(2, "took", 1), deed(3, "returned", 1))),
    "staff called back and closed it": ("staff_assumed", (*IN_LINE, deed(2, "took", 1), CLOSED)),
    "the bot answered after staff had left": (
        "bot_assumed", (*SERVED, deed(3, "returned", 1), turn(4, "How long do refunds take?")),
    ),
    "staff fell silent, and it waits again": ("open", (*SERVED, deed(4, "quiet", 1))),
    "nobody knew, and staff were brought in again": (
        "open", (*SERVED, CLOSED, turn(4, "a person", handoff="asked"), deed(4, "opened", 4, number=2)),
    ),
    "the Chinese word for it": ("bot_said", (turn(0, WHERE), turn(1, "解决了，谢谢", language="zh"))),
    "the Chinese thanks": ("bot_assumed", (turn(0, WHERE), turn(1, "谢谢", language="zh"))),
}  # fmt: skip


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_talk_ends_as_it_ended(ending: str) -> None:
    wanted, facts = ENDINGS[ending]
    assert outcome(only(*facts), at(NEVER)) == wanted


def test_until_a_day_of_silence_nothing_is_assumed() -> None:
    asked = only(turn(0, WHERE))
    assert outcome(asked, at(23.9)) == "open"
    assert outcome(asked, at(24.1)) == "bot_assumed"
    assert outcome(only(turn(0, WHERE), turn(1, "that helped")), at(1.1)) == "bot_said"


def test_who_writes_after_a_day_begins_another_talk_unless_staff_still_have_the_first() -> None:
    assert len(told(turn(0, WHERE), turn(23, WHERE), turn(46, WHERE))) == 1
    assert len(told(turn(0, WHERE), turn(25, WHERE))) == 2
    assert len(told(*IN_LINE, turn(40, WHERE))) == 1
    assert len(told(*SERVED, deed(40, "closed", 1), turn(70, WHERE))) == 2


def test_stars_and_the_word_with_them_belong_to_the_talk_before_however_late_they_come() -> None:
    facts = (*SERVED, CLOSED)
    rated = turn(60, "[rate]", "Thank you.", stars=4), turn(60.1, "Mia was kind", "Thank you.", comment="Mia was kind")
    talk = only(*facts, *rated)
    assert (talk.stars, talk.comment, talk.last) == (4, "Mia was kind", CLOSED.at)


def test_a_word_about_what_was_before_begins_nothing_however_late_it_comes() -> None:
    late = only(turn(0, WHERE), turn(50, "thanks"), turn(60, "it works now, thanks"))
    assert outcome(late, at(NEVER)) == "bot_said" and resolution(late, at(NEVER)) == 2
    assert told(turn(0, "thanks"), turn(1, "that helped")) == []
    assert len(told(turn(0, WHERE), turn(50, "that helped"), turn(51, WHERE))) == 2
    greeted = told(turn(0, WHERE), turn(50, "hello"), turn(50.1, WHERE))
    assert [talk.began for talk in greeted] == [at(0), at(50)]


def test_what_staff_write_before_the_customer_ever_did_is_no_talk() -> None:
    assert told(staff_wrote(0)) == []
    (talk,) = told(staff_wrote(0), turn(1, WHERE))
    assert talk.began == at(1) and talk.answered_by == "bot"


def test_a_first_message_that_asks_for_a_person_counts_as_handed_over_however_its_time_is_rounded() -> None:
    first = msgspec.structs.replace(turn(0, "I want to talk to a person", handoff="asked"), answered=at(0) + 2.000049)
    talk = only(deed(0, "opened"), first)
    assert (talk.reason, talk.state) == ("asked", "waiting")


def test_times_are_counted_from_the_first_message_and_from_joining_the_line() -> None:
    talk = only(*SERVED, CLOSED)
    assert talk.first_answer == 2 and talk.first_by == "bot"
    assert talk.waited == pytest.approx(1.1 * 3600, abs=5) and talk.member == "mia"
    assert resolution(talk, at(NEVER)) == pytest.approx(2.1 * 3600, abs=5)
    assert resolution(only(*IN_LINE), at(NEVER)) is None


def test_only_the_first_words_of_staff_end_the_wait() -> None:
    again = deed(9, "answered", 1, by="noa")
    talk = only(*SERVED, again)
    assert talk.waited == pytest.approx(1.1 * 3600, abs=5) and talk.member == "mia"


def test_the_angriest_message_is_the_tone_of_a_talk() -> None:
    assert only(turn(0, WHERE, tone=0.2), turn(1, WHERE, tone=0.9), turn(2, WHERE, tone=0.1)).tone == 0.9


SAID: dict[str, dict[Meaning, list[str]]] = {
    "en": {
        "settled": [
            "that helped, thanks", "Perfect, thank you", "Problem solved!", "I'm all set", "OK so it’s fixed",
            "it works now", "great, that answers my question", "no further questions", "that's all I needed",
        ],
        "unsettled": [
            "that didn't help", "not helpful at all", "you're not helping", "still not working", "it is not resolved",
            "that's not what I asked", "this doesn't answer my question", "hasn't been solved",
        ],
        "courtesy": ["hello", "[start]", "you are useless", "who are you", ""],
        "asks": [
            "is it solved?", "How do I get this solved", "When will it be fixed", "it's solved, but where is my refund",
            "thanks, but where is my order", "I want this sorted", "where is my order", "[ask]",
            "It should be resolved by Friday, please", "will this be sorted out", "what helped other customers",
        ],
        "aside": ["thanks", "ok", "bye", "[rate]", "[forget]", "[language]"],
    },
    "zh": {
        "settled": [
            "解决了，谢谢", "问题已经解决了", "没问题了", "没有其他问题了谢谢", "明白了，谢谢", "搞定", "很有用",
        ],
        "unsettled": ["没解决", "还是没用", "不是我要的", "答非所问", "说了等于没说", "还是不行"],
        "courtesy": ["你好", "在吗"],
        "asks": [
            "解决了吗", "这个有用吗", "什么时候能解决", "怎么退货", "问题解决了但是钱没到", "要是解决了就告诉我",
        ],
        "aside": ["谢谢", "好的", "再见", "[rate]"],
    },
}  # fmt: skip


@pytest.mark.parametrize("language", SAID)
def test_what_a_message_means_for_the_end_of_a_talk(language: str) -> None:
    for wanted, texts in SAID[language].items():
        for text in texts:
            assert MEANINGS.of(turn(0, text, language=language)) == wanted, text


def test_a_language_without_words_for_it_is_read_all_the_same() -> None:
    assert MEANINGS.of(turn(0, "Wo ist mein Paket?", language="de")) == "asks"

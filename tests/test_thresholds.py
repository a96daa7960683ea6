"""Questions with a known answer, held out or made up; and the borders of trust that are fitted to them."""

import random
from collections import Counter, defaultdict
from itertools import pairwise

import msgspec
import pytest

from bot.knowledge.learning.made_up import LEAST_TITLES, pseudo_questions
from bot.knowledge.learning.phrasings import ENOUGH_HELD_OUT, HELD_OUT, MOST_TRIALS, trials
from bot.knowledge.learning.thresholds import RIGHT, UNANSWERABLE, Observed, Thresholds, fit
from bot.knowledge.passages import Kind, Passage
from bot.knowledge.searching.confidence import ANSWER, OFFER
from bot.knowledge.tokens import tokens

THINGS = ("parcel", "refund", "lantern", "voucher", "password", "invoice", "warranty", "courier", "kettle", "engraving")
DEEDS = (
    "return",
    "cancel",
    "change",
    "find",
    "track",
    "repair",
    "order",
    "replace",
    "lose",
    "recycle",
    "print",
    "ship",
)
CHINESE_THINGS = ("包裹", "退款", "灯笼", "优惠券", "密码", "发票", "保修", "快递", "水壶", "刻字")


def entry(name: str, title: str, *asked: str, language: str = "en", kind: Kind = "faq") -> Passage:
    return Passage(f"{kind}:{name}:{language}", kind, language, title, f"About {title}.", f"/{name}", asked)


def titled(language: str = "en", kind: Kind = "faq") -> list[Passage]:
    """A hundred entries and more of which nobody knows how customers ask."""
    if language == "zh":
        return [entry(f"{a}{b}", f"{a}和{b}怎么办理", language="zh") for a in CHINESE_THINGS for b in CHINESE_THINGS]
    return [entry(f"{b}-{a}", f"How do I {b} a {a}?", kind=kind) for a in THINGS for b in DEEDS]


def asked_for(many: int, phrasings: int) -> list[Passage]:
    return [
        entry(str(number), f"Title {number}", *(f"way {way} to ask for {number}" for way in range(phrasings - 1)))
        for number in range(many)
    ]


# --- held out -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("phrasings", [2, 3, 4, 7, 20])
def test_at_most_thirty_percent_of_the_phrasings_are_held_out_and_never_a_title(phrasings: int) -> None:
    passages = asked_for(300, phrasings)
    held: defaultdict[str, set[str]] = defaultdict(set)
    for trial in trials(passages):
        held[trial.entry] |= trial.left_out
        assert trial.question in trial.left_out and trial.entry in trial.same and not trial.without
    by_id = {passage.id: passage for passage in passages}
    assert all(texts <= set(by_id[name].questions) for name, texts in held.items())
    assert max(map(len, held.values())) == max(1, int(HELD_OUT * phrasings))
    assert sum(map(len, held.values())) <= (HELD_OUT + 0.05) * phrasings * len(passages)


def test_the_same_passages_are_tried_with_the_same_questions_whatever_was_added() -> None:
    passages = asked_for(100, 7)
    assert trials(passages) == trials(passages)
    assert {one.question for one in trials(passages)} != {one.question for one in trials(passages, seed=1)}
    more = [*passages, entry("new", "New", *(f"new way {number}" for number in range(6)))]
    assert {one.question for one in trials(passages)} <= {one.question for one in trials(more)}


def test_no_language_is_tried_with_more_than_is_needed_and_each_is_tried() -> None:
    english = asked_for(900, 8)
    chinese = [msgspec.structs.replace(one, id=f"{one.id}:zh", language="zh") for one in english]
    languages = {passage.id: passage.language for passage in [*english, *chinese]}
    assert Counter(languages[one.entry] for one in trials([*english, *chinese])) == {
        "en": MOST_TRIALS,
        "zh": MOST_TRIALS,
    }


# --- made up --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_made_up_question_says_some_of_the_title_and_lends_the_rest_from_passages_that_are_away(
    language: str,
) -> None:
    passages = titled(language)
    made = pseudo_questions(passages, 300)
    by_id = {passage.id: passage for passage in passages}
    assert len(made.questions) == 300
    assert 0.1 <= len(made.lenders) / len(passages) <= 0.3
    assert made.lenders.isdisjoint(one.entry for one in made.questions)
    said = [(set(tokens(one.question)), set(tokens(by_id[one.entry].title))) for one in made.questions]
    assert all(question & title for question, title in said)
    assert sum(question != title and bool(question - title) for question, title in said) > 200
    assert len({one.question for one in made.questions}) > 200


def test_an_embedder_hears_more_of_the_title_than_is_said() -> None:
    passages = titled()
    titles = {passage.id: set(tokens(passage.title)) for passage in passages}
    made = pseudo_questions(passages, 300).questions
    said = [len(set(tokens(one.question)) & titles[one.entry]) for one in made]
    heard = [len(set(tokens(one.meaning)) & titles[one.entry]) for one in made]
    assert all(more >= less for more, less in zip(heard, said, strict=True))
    assert sum(heard) > 1.2 * sum(said)


def test_questions_are_made_up_only_where_too_few_are_known() -> None:
    few = [*titled(), *asked_for(20, 5)]
    found = trials(few)
    known = [one for one in found if one.left_out]
    assert len(found) == MOST_TRIALS and 0 < len(known) < ENOUGH_HELD_OUT
    lenders = frozenset.union(*(one.without for one in found))
    assert lenders and lenders.isdisjoint(one.entry for one in found)
    enough = [*titled(), *asked_for(100, 7)]
    assert all(one.left_out and not one.without for one in trials(enough))


def test_what_is_written_to_be_asked_for_is_tried_rather_than_products() -> None:
    products, entries = titled(kind="product"), titled()[:LEAST_TITLES]
    assert {one.entry.split(":")[0] for one in trials([*products, *entries])} == {"faq"}
    assert {one.entry.split(":")[0] for one in trials(products)} == {"product"}


def test_nothing_is_made_up_for_a_handful_of_passages_or_for_titles_without_words() -> None:
    assert trials(titled()[: LEAST_TITLES - 1]) == []
    assert trials([entry(str(number), "?" * number) for number in range(30)]) == []
    assert trials([]) == []


def test_passages_with_one_title_answer_each_others_questions() -> None:
    twice = [*titled(), *(msgspec.structs.replace(one, id=f"{one.id}:again") for one in titled())]
    assert all(len(one.same) == 2 for one in trials(twice))


# --- borders --------------------------------------------------------------------------------------------------------


def spread(count: int = 1000, right: float = 1.0, without: float = 0.0) -> list[Observed]:
    """Evidence in equal steps from 0 to 1, in a mixed order; the higher, the sooner it is right."""
    seen = [
        Observed((number + 0.5) / count, number >= (1 - right) * count, without * (number + 0.5) / count)
        for number in range(count)
    ]
    return random.Random(0).sample(seen, count)


def test_two_four_and_ten_percent_of_what_was_tried_lie_below_the_borders() -> None:
    found = fit(spread())
    assert (found.offer, found.accept, found.answer) == pytest.approx((0.02, 0.04, 0.10), abs=0.002)
    assert (found.expected.answered, found.expected.offered) == pytest.approx((0.90, 0.08), abs=0.002)
    assert (found.expected.questions, found.expected.right, found.expected.unanswerable_answered) == (1000, 1.0, 0.0)


def test_of_questions_that_were_made_up_as_many_are_accepted_as_are_to_be() -> None:
    made_up = [msgspec.structs.replace(one, made_up=True) for one in spread()]
    assert fit(made_up).accept == pytest.approx(0.05, abs=0.002)
    assert fit(spread()).accept < fit([*made_up, *spread()]).accept < fit(made_up).accept


def test_the_border_of_answering_rises_until_what_is_told_is_mostly_right_and_no_other_does() -> None:
    seen = spread(right=0.6, without=0.5)
    found, lenient = fit(seen), fit(spread())
    assert found.answer > lenient.answer + 0.1
    assert (found.offer, found.accept) == (lenient.offer, lenient.accept)
    told = (1 - UNANSWERABLE) * found.expected.answered + UNANSWERABLE * found.expected.unanswerable_answered
    assert (1 - UNANSWERABLE) * found.expected.answered * found.expected.right / told == pytest.approx(RIGHT, abs=0.005)


def test_where_nothing_is_right_often_enough_hardly_anything_is_answered() -> None:
    seen = [Observed(one.evidence, number % 2 == 0, one.evidence) for number, one in enumerate(spread())]
    hopeless = fit(seen)
    assert hopeless.expected.answered < 0.95 and hopeless.expected.right < RIGHT
    assert hopeless.offer <= hopeless.accept <= hopeless.answer


def test_the_expected_rates_add_up_for_what_has_an_answer_and_for_what_has_none() -> None:
    rates = fit(spread(right=0.7, without=0.8)).expected
    assert 0 < rates.answered + rates.offered <= 1
    assert 0 < rates.unanswerable_answered < rates.answered
    assert 0 < rates.unanswerable_answered + rates.unanswerable_offered <= 1


@pytest.mark.parametrize(
    "seen",
    [
        spread(),
        spread(right=0.5, without=0.9),
        spread(3),
        [Observed(0.4, True, 0.4)] * 20,
        [Observed(1.3, True, 0.2)] * 20,
        [Observed(0.0, False, 0.0)],
    ],
    ids=["plain", "hard", "few", "all the same", "above one", "nothing found"],
)
def test_confidence_rises_with_evidence_and_means_the_same_in_every_shop(seen: list[Observed]) -> None:
    found = fit(seen)
    steps = [number / 500 for number in range(1001)]
    confidences = [found.confidence(evidence) for evidence in steps]
    assert all(0 <= one <= 1 for one in confidences)
    assert all(lower <= higher for lower, higher in pairwise(confidences))
    assert found.confidence(found.answer) == pytest.approx(ANSWER)
    assert found.confidence(found.answer + 1e-9) >= ANSWER > found.confidence(found.answer - 1e-3)
    assert found.confidence(found.offer) >= OFFER > found.confidence(found.offer - 1e-3)
    assert found.confidence(-1.0) < OFFER / 2


def test_between_and_beyond_the_borders_no_two_questions_are_trusted_alike() -> None:
    found = fit(spread(right=0.7, without=0.5))
    confidences = [found.confidence(number / 100) for number in range(140)]
    assert len(set(confidences)) == len(confidences)


def test_thresholds_are_the_same_after_they_were_written_and_read() -> None:
    found = fit(spread(right=0.8, without=0.4))
    assert msgspec.json.decode(msgspec.json.encode(found), type=Thresholds) == found


def test_no_thresholds_are_fitted_to_nothing() -> None:
    with pytest.raises(ValueError, match="there is none"):
        fit([])

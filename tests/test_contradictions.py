"""What the texts say twice and not alike is found; what only looks like it is not told of."""

import re
from collections.abc import Mapping
from datetime import date
from itertools import product
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as some

from bot.knowledge.contradictions import Contradiction, Findings, findings
from bot.knowledge.figures import figures
from bot.knowledge.passages import Passage
from bot.knowledge.reading.documents import bind, read_drafts
from bot.knowledge.reading.drafts import Draft
from bot.publishing import DEMO
from bot.shop.files import read_shop
from bot.shop.rule_facts import facts_of
from tests.running import environment, run_here

FACTS = facts_of(read_shop(DEMO / "shop", date(2026, 11, 22)).profile)
NAMED = re.compile(r"\{\{\s*(\w+)\s*\}\}")


def entry(name: str, title: str, text: str, language: str = "en", kind: str = "faq") -> Draft:
    passage = Passage(f"{kind}:{name}:{language}", "faq" if kind == "faq" else "policy", language, title, text, "/x")
    return Draft(f"{language}/{kind}/{name}.md", 3, passage)


def told(found: Findings) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(one.kind, one.one.said, tuple(other.said for other in one.others)) for one in found.contradictions]


def only(found: Findings) -> Contradiction:
    assert len(found.contradictions) == 1, [str(one) for one in found.contradictions]
    return found.contradictions[0]


def demo() -> list[Draft]:
    return read_drafts(DEMO / "knowledge")


def written_out(drafts: list[Draft], facts: Mapping[str, str]) -> list[Draft]:
    """As an owner writes who does not know of facts."""
    return [
        msgspec.structs.replace(draft, passage=passage)
        for draft, passage in zip(drafts, bind(drafts, facts), strict=True)
    ]


# --- what is told ----------------------------------------------------------------------------------------------------


def test_an_faq_entry_and_a_policy_that_differ_are_told_with_both_places_and_sentences() -> None:
    found = only(
        findings(
            [
                entry("window", "How long can I return something?", "Of course. You can return items within 30 days."),
                entry("returns", "Returns policy: Deadline", "You may return items within 14 days.", kind="policy"),
            ],
            {},
        )
    )
    assert str(found) == (
        'en/faq/window.md:3 (faq:window:en) says "30 days": You can return items within 30 days.\n'
        '  but en/policy/returns.md:3 (policy:returns:en) says "14 days": You may return items within 14 days.'
    )


CONTRADICTING = {
    "money": ("Standard shipping costs $5.90 per order.", "Standard shipping costs $6.90."),
    "a range of days": ("Standard delivery takes 3 to 5 working days.", "Standard delivery takes 5-7 business days."),
    "a percentage": ("Newsletter readers get a discount of 10%.", "A discount of 15 % comes with the newsletter."),
    "years and months": ("Lamps have a warranty of 2 years.", "All lamps come with a warranty of 12 months."),
    "weeks and days": ("A refund takes two weeks.", "A refund takes 10 days."),
    "words and digits": ("You may exchange sizes within thirty days.", "You may exchange sizes within 20 days."),
    "a date": ("Gifts may be returned until 31 January.", "Gifts may be returned until January 15th."),
    "Chinese days": ("签收后三十天内可以退货。", "签收后 14 天内可以退货。"),
    "Chinese money": ("标准配送的运费是 12 元。", "标准配送的运费为 ¥15。"),
    "a Chinese discount": ("订阅邮件可享九折优惠。", "订阅邮件可享八五折优惠。"),
}  # fmt: skip


@pytest.mark.parametrize("name", CONTRADICTING)
def test_told_of(name: str) -> None:
    one, other = CONTRADICTING[name]
    language = "en" if one.isascii() else "zh"
    title = "Good to know" if language == "en" else "须知"
    found = findings([entry("a", title, one, language), entry("b", title, other, language)], {})
    assert only(found).kind == "texts"


NOT_CONTRADICTING = {
    "the same time in other words": ("You can return items within 14 days.", "Items can be returned within two weeks."),
    "returns and exchanges": ("You can return items within 30 days.", "You can exchange items within 14 days."),
    "standard and express": ("Standard delivery takes 3 to 5 days.", "Express delivery takes 1 to 2 days."),
    "days and working days": ("A refund takes 5 working days.", "A refund takes 7 days."),
    "more than and up to": ("More than $500 is refunded by our staff.", "Up to $300 is refunded by our staff at once."),
    "other currencies": ("Standard shipping costs $5.90.", "Standard shipping costs €5.50."),
    "退货和换货": ("签收后 30 天内可以退货。", "签收后 14 天内可以换货。"),
    "nothing that a shop speaks of": ("The lantern burns for 8 hours.", "The lantern burns for 12 hours."),
    "rows of a table": ("| Way | Returns |\n|---|---|\n| Card | 30 days |", "You can return items within 14 days."),
}  # fmt: skip


@pytest.mark.parametrize("name", NOT_CONTRADICTING)
def test_not_told_of(name: str) -> None:
    one, other = NOT_CONTRADICTING[name]
    language = "en" if re.search("[a-z]", one) else "zh"
    assert findings([entry("a", "", one, language), entry("b", "", other, language)], {}).contradictions == ()


def test_one_wrong_place_among_many_is_told_of_once_with_all_of_them() -> None:
    texts = [entry(f"e{number}", "Returns", "You can return items within 30 days.") for number in range(8)]
    found = only(findings([*texts, entry("odd", "Returns", "You can return items within 14 days.")], {}))
    assert found.one.id == "faq:odd:en" and len(found.others) == 8
    assert "and 2 more" in str(found)


def test_two_languages_of_one_entry_that_differ_are_told_of() -> None:
    english, chinese = "Free shipping starts at $60; write within 30 days.", "满 $60 包邮；请在 14 天内写信。"
    found = only(findings([entry("a", "", english), entry("a", "", chinese, "zh")], {}))
    assert (found.kind, found.one.said, found.others[0].said) == ("languages", "30 days", "14 天")
    alike = findings([entry("a", "", english), entry("a", "", "满 $60 包邮；请在三十天内写信。", "zh")], {})
    left_out = findings([entry("a", "", english), entry("a", "", "请写信。", "zh")], {})
    assert alike.contradictions == left_out.contradictions == ()


def test_a_text_that_differs_from_the_settings_is_told_of_and_one_that_repeats_them_should_name_them() -> None:
    facts = {"return_days": "30", "posting_days": "14", "warranty_years": "2", "spare_parts_years": "5"}
    wrong = only(findings([entry("a", "Returns", "You can return items within 20 days of delivery.")], facts))
    assert (wrong.kind, wrong.others[0].id, wrong.others[0].said) == ("settings", "return_days", "30 days")
    assert str(wrong).endswith('\n  but shop.toml (return_days) says "30 days"')
    repeated = findings([entry("a", "", "Spare parts are kept for five years.")], facts)
    assert [(one.fact, one.place.said) for one in repeated.bindable] == [("spare_parts_years", "5 years")]
    assert str(repeated.bindable[0]) == 'en/faq/a.md:3 (faq:a:en) says "5 years": write {{ spare_parts_years }} there'
    bound = findings([entry("a", "Returns", "You can return items within {{ return_days }} days.")], facts)
    assert bound == Findings()


def test_a_literal_figure_beside_a_bound_one_is_told_of_and_two_bound_ones_never() -> None:
    facts = {"return_window": "within 30 days of delivery", "sale_window": "within 14 days of delivery"}
    bound, literal = "You can return items {{ return_window }}.", "You can return items within 14 days of delivery."
    assert only(findings([entry("a", "", bound), entry("b", "", literal)], facts)).kind == "texts"
    other = "You can return items {{ sale_window }}."
    assert findings([entry("a", "", bound), entry("b", "", other)], facts).contradictions == ()


# --- the demo shop ---------------------------------------------------------------------------------------------------


def test_the_demo_shop_contradicts_itself_nowhere_and_has_no_figure_that_should_be_a_name() -> None:
    assert findings(demo(), FACTS) == Findings()


def test_nothing_is_told_of_the_demo_when_all_its_figures_are_written_out() -> None:
    plain = written_out(demo(), FACTS)
    assert findings(plain, {}).contradictions == findings(plain, FACTS).contradictions == ()


def test_a_figure_that_is_changed_in_the_policies_alone_is_told_of_and_nothing_else() -> None:
    """Of 39 facts that FAQ and policies both state, 29 are noticed when they part, and no other place is accused.
    Every third of them is tried here."""
    drafts = demo()
    states = {draft.passage.id: set(NAMED.findall(draft.passage.text)) for draft in drafts}
    kinds = {
        kind: set[str]().union(*(states[d.passage.id] for d in drafts if d.passage.kind == kind))
        for kind in ("faq", "policy")
    }
    noticed, tried = 0, 0
    for fact in sorted(kinds["faq"] & kinds["policy"])[::3]:
        if not figures(FACTS[fact]) and not re.fullmatch(r"[\d .to至]+", FACTS[fact]):
            continue
        wrong = FACTS | {fact: re.sub(r"\d+(?:\.\d+)?", lambda found: str(int(float(found[0])) * 2 + 1), FACTS[fact])}
        plain = [
            changed if draft.passage.kind == "policy" else same
            for draft, same, changed in zip(drafts, written_out(drafts, FACTS), written_out(drafts, wrong), strict=True)
        ]
        found = [one for one in findings(plain, {}).contradictions if one.kind == "texts"]
        for one, other in [pair for each in found for pair in product([each.one], each.others)]:
            assert fact in states[one.id] & states[other.id], (fact, one, other)
        noticed, tried = noticed + bool(found), tried + 1
    assert tried >= 10 and noticed / tried >= 0.6, (noticed, tried)


# --- the commands ----------------------------------------------------------------------------------------------------


def test_an_import_warns_and_publishes_and_check_tells_it_by_its_exit(tmp_path: Path) -> None:
    env, texts = environment(tmp_path / "data"), tmp_path / "texts" / "en"
    (texts / "faq").mkdir(parents=True)
    (texts / "policies").mkdir()
    (texts / "faq" / "returns.md").write_text("## How long? {#window}\n\nYou can return items within 30 days.\n")
    policy = texts / "policies" / "returns.md"
    policy.write_text("# Returns\n\n## Deadline {#deadline}\n\nYou may return items within 14 days.\n")
    sentence = (
        'en/faq/returns.md:1 (faq:window:en) says "30 days": You can return items within 30 days.\n'
        '  but en/policies/returns.md:3 (policy:returns:en:deadline) says "14 days": '
        "You may return items within 14 days."
    )
    before = run_here("knowledge", "check", str(tmp_path / "texts"), "--strict", env=env)
    assert before.returncode == 1 and sentence in before.stdout
    imported = run_here("knowledge", "import", str(tmp_path / "texts"), env=env)
    assert imported.returncode == 0 and sentence in imported.stdout
    told = run_here("knowledge", "check", env=env)
    assert told.returncode == 0 and sentence in told.stdout
    assert run_here("knowledge", "check", "--strict", env=env).returncode == 1
    policy.write_text("# Returns\n\n## Deadline {#deadline}\n\nYou may return items within 30 days.\n")
    mended = run_here("knowledge", "import", str(tmp_path / "texts"), env=env)
    assert "contradiction" not in mended.stdout
    clean = run_here("knowledge", "check", "--strict", env=env)
    assert (clean.returncode, clean.stdout) == (0, "No contradictions found.\n")


# --- figures ---------------------------------------------------------------------------------------------------------


def test_figures_are_read_with_their_units_in_either_language() -> None:
    def read(text: str) -> list[tuple[str, float, float]]:
        return [(one.unit, one.low, one.high) for one in figures(text)]

    assert read("within 30 days, a 14-day window or two weeks") == [("day", 30, 30), ("day", 14, 14), ("day", 14, 14)]
    assert read("$1,299.00 to $1,500, 20 euros, £5") == [("$", 1299, 1500), ("€", 20, 20), ("£", 5, 5)]
    assert read("3 至 5 个工作日，两年，满 99 元打八五折，¥12") == [
        ("¥", 99, 99),
        ("¥", 12, 12),
        ("working day", 3, 5),
        ("month", 24, 24),
        ("percent", 15, 15),
    ]
    assert read("31 January, January 31st, 2026-01-31, 1月31日") == [("date", 131, 131)] * 4
    assert read("OT-10023121, room 12, iPhone 15, 2026年") == []
    assert [one.least for one in figures("over $60, up to $60, $60 or more, 满 60 元")] == [True, False, True, True]


@given(some.text(max_size=200))
def test_whatever_a_text_says_it_is_read(text: str) -> None:
    figures(text)
    findings([entry("a", text, text), entry("b", text, f"{text} 3 days")], {})

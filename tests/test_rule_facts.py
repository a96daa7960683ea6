"""What the texts say of the rules: the very same that the rules do, in both languages, whatever the shop sets."""

import re
import shutil
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from bot.knowledge.building import SOURCE
from bot.knowledge.index import open_index
from bot.knowledge.passages import Passage
from bot.knowledge.reading.documents import bind, read_drafts
from bot.knowledge.reading.drafts import KnowledgeFileError
from bot.knowledge.versions import current
from bot.one_time_codes import CODE_SECONDS
from bot.publishing import DEMO, Publishing
from bot.shop.files import ShopFiles, read_shop
from bot.shop.order_status import ON_THE_WAY, OrderStatus
from bot.shop.own_actions import PROPOSAL_LASTS
from bot.shop.profile_file import read_profile
from bot.shop.records import ShopProfile
from bot.shop.rule_facts import CODE_MINUTES, PROPOSAL_MINUTES, facts, facts_of, names, rule_words
from bot.shop.rule_settings import ACTIONS, RuleSettings
from bot.shop.store import ShopStore, open_store

FIELDS = RuleSettings.__struct_fields__
DOCUMENTATION = Path(__file__).parent.parent / "docs"
TODAY = date(2026, 3, 31)
NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)
REASONS = {"a": {"en": "A", "zh": "甲"}, "b": {"en": "B"}, "c": {"en": "C", "zh": "丙"}}


@pytest.fixture(scope="module")
def demo() -> ShopFiles:
    return read_shop(DEMO / "shop", TODAY)


# --- the facts -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rules", "name", "text"),
    [
        (RuleSettings(), "return_days", "30"),
        (RuleSettings(), "return_window", "within 30 days of delivery"),
        (RuleSettings(return_days=1), "return_window", "within one day of delivery"),
        (RuleSettings(return_days=0), "return_window", "at any time after delivery"),
        (RuleSettings(exchange_days=0), "exchange_window_zh", "送达后任何时候"),
        (RuleSettings(exchange_days=14), "exchange_window_zh", "送达后 14 天内"),
        (RuleSettings(refund_days=1), "refund_time", "within one working day"),
        (RuleSettings(refund_days=0), "refund_time_zh", "当天"),
        (RuleSettings(posting_days=10), "posting_time", "within 10 days"),
        (RuleSettings(cancel_until=OrderStatus.PENDING), "cancel_until", "while it is pending"),
        (RuleSettings(change_address_until=OrderStatus.PROCESSED), "change_address_until", "until it has shipped"),
        (RuleSettings(change_items_until=OrderStatus.PENDING), "change_items_until_zh", "还是“待处理”时"),
        (RuleSettings(most_refund=Decimal("500.00")), "most_refund", "$500.00"),
        (RuleSettings(most_charge=Decimal("1300.00")), "most_charge_zh", "US$1,300.00"),
        (RuleSettings(), "refund_limit", ""),
        (RuleSettings(most_refund=Decimal(9)), "refund_limit_zh", "退款超过 US$9.00 的，由人工客服办理。"),
        (RuleSettings(), "cancel_reasons", "any"),
        (RuleSettings(cancel_reasons={"a": REASONS["a"]}), "cancel_reasons", '"A"'),
        (RuleSettings(cancel_reasons=REASONS), "cancel_reasons", '"A", "B" or "C"'),
        (RuleSettings(return_reasons=REASONS), "return_reasons_zh", "“甲”、“B”或“丙”"),
        (RuleSettings(actions=()), "how_return_items", "Ask for a person here in the chat: our staff do it for you."),
        (RuleSettings(once=(), items_change_is_last=False), "once_change_items", ""),
        (RuleSettings(), "once_change_items_zh", "每个订单只能办一次。之后订单不能再修改，也不能取消。"),
    ],
)
def test_a_rule_is_said_in_words(rules: RuleSettings, name: str, text: str) -> None:
    assert facts(rules, "USD")[name] == text


def test_a_limit_that_a_shop_does_not_have_cannot_be_named() -> None:
    named = facts(RuleSettings(return_days=0, exchange_days=0), "USD")
    assert not {"return_days", "exchange_days", "most_refund", "most_charge", "most_refund_zh"} & set(named)
    assert names() == set(named) | {
        "return_days", "exchange_days", "most_refund", "most_charge", "most_refund_zh", "most_charge_zh",
    }  # fmt: skip


def test_every_language_says_every_rule() -> None:
    said = rule_words()
    assert set(said) == {"en", "zh"}
    assert all(set(words.until) == set(ON_THE_WAY) for words in said.values())
    numbers = re.compile("(return|exchange|refund|posting)_days|(proposal|code)_minutes")
    worded = {name for name in names() if not numbers.fullmatch(name)}
    assert {name for name in worded if name.endswith("_zh")} == {
        f"{name}_zh" for name in worded if not name.endswith("_zh")
    }


def test_the_minutes_in_the_texts_are_those_of_the_code() -> None:
    assert PROPOSAL_LASTS.total_seconds() == PROPOSAL_MINUTES * 60
    assert CODE_SECONDS == CODE_MINUTES * 60


def test_the_documentation_lists_every_name_and_every_rule() -> None:
    names_page = (DOCUMENTATION / "knowledge-files.md").read_text("utf-8")
    of_actions = {f"{start}_{action}" for start in ("how", "once") for action in ACTIONS}
    english = {name for name in names() if not name.endswith("_zh")}
    assert [name for name in sorted(english - of_actions) if f"`{name}`" not in names_page] == []
    rules_page = (DOCUMENTATION / "shop-files.md").read_text("utf-8")
    written = [f"| `[rules.{name}]` |" if name.endswith("reasons") else f"| `{name}` |" for name in FIELDS]
    assert [row for row in written if row not in rules_page] == []
    assert [action for action in ACTIONS if f"`{action}`" not in rules_page] == []


def test_the_example_rules_of_the_documentation_are_read(tmp_path: Path) -> None:
    page = (DOCUMENTATION / "shop-files.md").read_text("utf-8")
    example = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)[0]
    small = (Path(__file__).parent / "data" / "small_shop" / "shop.toml").read_text("utf-8")
    (tmp_path / "shop.toml").write_text(f"{small}\n{example}", "utf-8")
    rules = read_profile(tmp_path / "shop.toml").rules
    assert (rules.return_days, rules.most_refund, len(rules.cancel_reasons)) == (14, Decimal("500.00"), 2)


# --- the demo's texts ----------------------------------------------------------------------------------------------

OTHERWISE: dict[str, Any] = {
    "actions": (),
    "cancel_until": OrderStatus.PROCESSED,
    "change_address_until": OrderStatus.SHIPPED,
    "change_payment_until": OrderStatus.PROCESSED,
    "change_items_until": OrderStatus.PROCESSED,
    "items_change_is_last": False,
    "once": (),
    "return_days": 1041,
    "exchange_days": 1042,
    "difference_to_any_method": True,
    "cancel_reasons": {"moon": {"en": "Full moon", "zh": "满月"}},
    "return_reasons": {"tide": {"en": "High tide", "zh": "涨潮"}},
    "most_refund": Decimal("1043.11"),
    "most_charge": Decimal("1044.22"),
    "refund_days": 1045,
    "posting_days": 1046,
    "code_when_signed_in": False,
}
UNTOLD = {"counts_stock"}  # who keeps the stock is nothing that a customer notices
DIGITS = re.compile(r"\d+(?:[.,:]\d+)*")
NUMBER_WORDS = re.compile(
    r"\b(?:one|two|three|four|five|six|seven|eight|nine|ten|twelve|fourteen|fifteen|twenty|thirty|sixty|ninety|hundred)"
    r"[ -](?:working |business )?(?:day|week|month|hour|minute|year|dollar)s?\b"
    r"|(?<!下)[一二两三四五六七八九十百]+(?:个)?(?:工作日|天|周|星期|月|小时|分钟|年|美元)",
    re.IGNORECASE,
)
ABOUT_RULES = re.compile(r"return|refund|exchang|cancel|退|换|取消", re.IGNORECASE)
STATUS = re.compile(r"\b(?:pending|processed|shipped)\b|待处理|已处理|已发货|发货之前", re.IGNORECASE)
CHANGING = re.compile(r"\bcancel|\bchange[ds]?\b|取消|修改|能改|可以改", re.IGNORECASE)


def rendered(profile: ShopProfile, folder: Path = DEMO / "knowledge") -> dict[str, Passage]:
    return {passage.id: passage for passage in bind(read_drafts(folder), facts_of(profile))}


def all_otherwise(profile: ShopProfile, folder: Path) -> dict[str, Passage]:
    """The same texts with another value for every rule and every fact in which there is a number."""
    of_rules = facts(msgspec.structs.replace(profile.rules, **OTHERWISE), profile.currency)
    own = {name: re.sub(r"\d+", lambda found: str(2000 + int(found[0])), text) for name, text in profile.facts.items()}
    minutes = {name: text.replace(f"{CODE_MINUTES} ", "1048 ") for name, text in of_rules.items()}
    named = {**own, **minutes, "proposal_minutes": "1047", "code_minutes": "1048"}
    return {passage.id: passage for passage in bind(read_drafts(folder), named)}


def sentences(text: str) -> list[str]:
    return [part.strip() for part in re.split(r"[.!?;](?=\s|$)|[。！？；\n]", text) if part.strip()]


def literals(profile: ShopProfile, folder: Path) -> list[tuple[str, str]]:
    """Sentences that state by themselves what is a rule's or a fact's to say, each with its passage."""
    otherwise = all_otherwise(profile, folder)
    found = []
    for passage in rendered(profile, folder).values():
        numbers = set(DIGITS.findall(otherwise[passage.id].text))
        unchanged = set(sentences(otherwise[passage.id].text))
        for sentence in sentences(passage.text):
            in_figures = numbers & set(DIGITS.findall(sentence))
            in_words = ABOUT_RULES.search(sentence) and NUMBER_WORDS.search(sentence)
            of_status = STATUS.search(sentence) and CHANGING.search(sentence) and sentence in unchanged
            if in_figures or in_words or of_status:
                found.append((passage.id, sentence))
    return found


def test_the_demos_texts_state_no_rule_and_no_number_but_by_its_name(demo: ShopFiles) -> None:
    assert literals(demo.profile, DEMO / "knowledge") == []


@pytest.mark.parametrize(
    "stated",
    [
        "You can return it within 30 days",
        "Refunds take five working days",
        "A refund of more than $500.00 is for our staff",
        "An order can be cancelled while it is pending",
        "You can change the address until it has shipped",
        "The code is valid for 10 minutes",
        "送达后 30 天内都能退",
        "十四天内把要换的寄回",
        "订单还是“待处理”时可以取消",
        "发货之前可以改地址",
    ],
)
def test_a_rule_that_a_text_states_by_itself_is_noticed(demo: ShopFiles, tmp_path: Path, stated: str) -> None:
    write(tmp_path, f"{stated}. {{{{ return_window }}}} {{{{ warranty_years }}}}.")
    assert [sentence for _, sentence in literals(demo.profile, tmp_path)][:1] == [stated]


@pytest.mark.parametrize("rule", sorted(set(FIELDS) - UNTOLD))
def test_whichever_rule_is_changed_the_demos_texts_change_in_both_languages(demo: ShopFiles, rule: str) -> None:
    rules = msgspec.structs.replace(demo.profile.rules, **{rule: OTHERWISE[rule]})
    if rule == "once":  # an items change that is the last one happens once whatever `once` says
        rules = msgspec.structs.replace(rules, items_change_is_last=False)
    before = rendered(demo.profile)
    after = rendered(msgspec.structs.replace(demo.profile, rules=rules))
    changed = {passage.language for passage in after.values() if passage != before[passage.id]}
    assert changed == {"en", "zh"}


def test_both_languages_name_the_same_rules() -> None:
    by_name: dict[str, dict[str, set[str]]] = {}
    for draft in read_drafts(DEMO / "knowledge"):
        kind, _, name = draft.passage.id.partition(":")
        name = f"{kind}:{name}".replace(f":{draft.passage.language}", "")
        named = {one.removesuffix("_zh") for one in re.findall(r"\{\{ (\w+) \}\}", draft.passage.text)}
        by_name.setdefault(name, {})[draft.passage.language] = named & names()
    assert not {name: both for name, both in by_name.items() if both["en"] != both["zh"]}


def test_every_action_is_told_of_in_the_demos_texts() -> None:
    texts = "".join(draft.passage.text for draft in read_drafts(DEMO / "knowledge"))
    assert [action for action in ACTIONS if f"{{{{ how_{action} }}}}" not in texts] == []


# --- an import ------------------------------------------------------------------------------------------------------


class Shop:
    """The published texts of a data folder, and what is done to it."""

    def __init__(self, store: ShopStore, folder: Path) -> None:
        self.store, self.folder = store, folder
        self.publishing = Publishing(store, folder, ("en", "zh"))

    async def says(self, passage: str) -> str:
        found = await (await open_index(self.folder)).passage(passage)
        return found.text if found else ""


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Shop]:
    async with open_store(f"sqlite+aiosqlite:///{tmp_path / 'shop.db'}") as store:
        yield Shop(store, tmp_path / "knowledge")


def with_rules(files: ShopFiles, **rules: Any) -> ShopFiles:
    profile = msgspec.structs.replace(files.profile, rules=msgspec.structs.replace(files.profile.rules, **rules))
    return msgspec.structs.replace(files, profile=profile)


def own(files: ShopFiles, **facts: str) -> ShopFiles:
    return msgspec.structs.replace(files, profile=msgspec.structs.replace(files.profile, demo=False, facts=facts))


def write(folder: Path, answer: str) -> Path:
    page = folder / "en" / "faq" / "page.md"
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(f"## How long? {{#long}}\n\n{answer}\n", encoding="utf-8")
    return folder


async def test_the_texts_follow_an_import_of_other_rules(shop: Shop, demo: ShopFiles) -> None:
    await shop.publishing.prepare(NOW)
    assert "within 30 days of delivery" in await shop.says("faq:return-window:en")
    await shop.publishing.import_shop(with_rules(demo, return_days=45, cancel_until=OrderStatus.PROCESSED))
    assert "within 45 days of delivery" in await shop.says("faq:return-window:en")
    assert "送达后 45 天内" in await shop.says("policy:returns:zh:deadline")
    assert "until it has shipped" in await shop.says("faq:cancel-order:en")
    await shop.publishing.prepare(NOW)
    assert "within 45 days" in await shop.says("faq:return-window:en"), "an imported shop is no demo that is renewed"


async def test_the_texts_of_a_real_shop_follow_its_rules_and_facts(
    shop: Shop, small_shop: ShopFiles, tmp_path: Path
) -> None:
    await shop.publishing.import_shop(own(small_shop, warranty_years="2"))
    text = write(tmp_path / "texts", "Returns {{ return_window }}, {{ warranty_years }} years.")
    assert (await shop.publishing.import_knowledge(text)).passages == 1
    assert await shop.says("faq:long:en") == "Returns within 30 days of delivery, 2 years."
    await shop.publishing.import_shop(own(with_rules(small_shop, return_days=0), warranty_years="3"))
    assert await shop.says("faq:long:en") == "Returns at any time after delivery, 3 years."
    assert await shop.says("product:snail-kettle:en")


async def test_whoever_imports_a_shop_is_told_what_went_with_the_demo(
    shop: Shop, small_shop: ShopFiles, tmp_path: Path
) -> None:
    await shop.publishing.prepare(NOW)
    first = await shop.publishing.import_shop(own(small_shop, warranty_years="2"))
    assert first.before and first.before.demo and first.gone > 200 and not first.texts
    await shop.publishing.import_knowledge(write(tmp_path / "texts", "{{ warranty_years }} years."))
    again = await shop.publishing.import_shop(own(small_shop, warranty_years="3"))
    assert again.before and not again.before.demo and not again.gone and again.texts == 1


async def test_an_import_whose_texts_would_lack_a_fact_changes_nothing(
    shop: Shop, small_shop: ShopFiles, tmp_path: Path
) -> None:
    await shop.publishing.import_shop(own(small_shop, warranty_years="2"))
    await shop.publishing.import_knowledge(write(tmp_path / "texts", "{{ return_days }} days, {{ warranty_years }}."))
    for other in (own(small_shop), own(with_rules(small_shop, return_days=0), warranty_years="2")):
        with pytest.raises(
            KnowledgeFileError, match=r"en/faq/page.md:1: in faq:long:en: '(warranty_years|return_days)'"
        ):
            await shop.publishing.import_shop(other)
    profile = await shop.store.profile()
    assert profile and profile.facts == {"warranty_years": "2"} and profile.rules.return_days == 30
    assert await shop.says("faq:long:en") == "30 days, 2."


async def test_what_an_import_that_was_killed_left_undone_is_done_at_the_next_start(
    shop: Shop, small_shop: ShopFiles, tmp_path: Path
) -> None:
    await shop.publishing.import_shop(own(small_shop))
    await shop.publishing.import_knowledge(write(tmp_path / "texts", "Returns {{ return_window }}."))
    await shop.store.replace(own(with_rules(small_shop, return_days=7)))  # and killed before it was published
    assert await shop.says("faq:long:en") == "Returns within 30 days of delivery."
    await shop.publishing.prepare(NOW)
    assert await shop.says("faq:long:en") == "Returns within 7 days of delivery."


async def test_the_demos_texts_go_with_the_demo(shop: Shop, small_shop: ShopFiles) -> None:
    await shop.publishing.prepare(NOW)
    await shop.publishing.import_shop(own(small_shop))
    await shop.publishing.prepare(NOW)
    assert not await shop.says("faq:return-window:en") and await shop.says("product:snail-kettle:en")


async def test_texts_that_an_older_release_published_stay(shop: Shop, small_shop: ShopFiles, tmp_path: Path) -> None:
    await shop.publishing.import_shop(own(small_shop))
    await shop.publishing.import_knowledge(write(tmp_path / "texts", "Returns {{ return_window }}."))
    shutil.rmtree(shop.folder / current(shop.folder) / SOURCE)
    await shop.publishing.prepare(NOW)
    await shop.publishing.import_shop(own(small_shop))
    assert await shop.says("faq:long:en") == "Returns within 30 days of delivery."

"""The shop's rules in words, for its FAQ and policies: text and rule come from one place and cannot part."""

from decimal import Decimal
from functools import cache
from pathlib import Path

import msgspec
from babel.numbers import format_currency

from bot.shop.order_status import OrderStatus
from bot.shop.records import ShopProfile
from bot.shop.rule_settings import ACTIONS, RuleSettings
from bot.shop.words import Words, in_language

WORDS = Path(__file__).parent / "rule_words"  # a file for each language
PROPOSAL_MINUTES = 10  # how long a change waits for the customer's yes
CODE_MINUTES = 10  # and a one-time code for being typed in
FULL = RuleSettings(most_refund=Decimal("1.00"), most_charge=Decimal("1.00"))


class Counted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A number of days, where 0 and 1 are said otherwise."""

    none: str
    one: str
    several: str

    def say(self, days: int) -> str:
        return {0: self.none, 1: self.one}.get(days, self.several.format(days=days))


class RuleWords(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    any_reason: str
    quoted: str
    between: str
    last: str
    space: str  # between two sentences
    by_chat: str
    by_staff: str
    refund_limit: str
    charge_limit: str
    once: str
    last_change: str
    code_always: str
    code_for_guests: str
    difference_back: str
    difference_anywhere: str
    until: dict[OrderStatus, str]
    window: Counted
    days: Counted
    working_days: Counted


def facts_of(profile: ShopProfile) -> dict[str, str]:
    """Everything that a text may name as {{ name }}: the shop's own facts, and its rules."""
    return {**profile.facts, **facts(profile.rules, profile.currency)}


def facts(rules: RuleSettings, currency: str) -> dict[str, str]:
    """Names without an ending are numbers and English; others end in their language: return_window_zh.

    A limit that the shop does not have has no name, so that no text can state it; its sentence is empty.
    """
    found = _numbers(rules)
    for language, said in rule_words().items():
        ending = "" if language == "en" else f"_{language}"
        phrases = _phrases(rules, said, language) | _amounts(rules, said, currency, language) | _by_action(rules, said)
        found |= {f"{name}{ending}": text for name, text in phrases.items()}
    return found


@cache
def names() -> frozenset[str]:
    """Those that [facts] must not give, as [rules] does."""
    return frozenset(facts(FULL, "USD"))


@cache
def rule_words() -> dict[str, RuleWords]:
    return {file.stem: msgspec.toml.decode(file.read_bytes(), type=RuleWords) for file in sorted(WORDS.glob("*.toml"))}


def _numbers(rules: RuleSettings) -> dict[str, str]:
    windows = {"return_days": rules.return_days, "exchange_days": rules.exchange_days}
    numbers = {"refund_days": rules.refund_days, "posting_days": rules.posting_days}
    numbers |= {"proposal_minutes": PROPOSAL_MINUTES, "code_minutes": CODE_MINUTES}
    numbers |= {name: days for name, days in windows.items() if days}
    return {name: str(number) for name, number in numbers.items()}


def _phrases(rules: RuleSettings, said: RuleWords, language: str) -> dict[str, str]:
    code = said.code_always if rules.code_when_signed_in else said.code_for_guests
    target = said.difference_anywhere if rules.difference_to_any_method else said.difference_back
    return {
        "cancel_until": said.until[rules.cancel_until],
        "change_address_until": said.until[rules.change_address_until],
        "change_payment_until": said.until[rules.change_payment_until],
        "change_items_until": said.until[rules.change_items_until],
        "return_window": said.window.say(rules.return_days),
        "exchange_window": said.window.say(rules.exchange_days),
        "refund_time": said.working_days.say(rules.refund_days),
        "posting_time": said.days.say(rules.posting_days),
        "cancel_reasons": _joined(rules.cancel_reasons, said, language),
        "return_reasons": _joined(rules.return_reasons, said, language),
        "difference_target": target,
        "code_first": code.format(minutes=CODE_MINUTES),
    }


def _joined(reasons: dict[str, Words], said: RuleWords, language: str) -> str:
    quoted = [said.quoted.format(reason=in_language(reason, language)) for reason in reasons.values()]
    if len(quoted) < 2:
        return quoted[0] if quoted else said.any_reason
    return f"{said.between.join(quoted[:-1])}{said.last}{quoted[-1]}"


def _amounts(rules: RuleSettings, said: RuleWords, currency: str, language: str) -> dict[str, str]:
    limits = {"refund": (rules.most_refund, said.refund_limit), "charge": (rules.most_charge, said.charge_limit)}
    found = {}
    for what, (most, sentence) in limits.items():
        amount = "" if most is None else format_currency(most, currency, locale=language)
        found[f"{what}_limit"] = sentence.format(amount=amount) if amount else ""
        if amount:
            found[f"most_{what}"] = amount
    return found


def _by_action(rules: RuleSettings, said: RuleWords) -> dict[str, str]:
    """Who does it, and whether it can be done again."""
    found = {}
    for action in ACTIONS:
        is_last = action == "change_items" and rules.items_change_is_last
        sentences = [said.once] if is_last or action in rules.once else []
        found[f"how_{action}"] = said.by_chat if action in rules.actions else said.by_staff
        found[f"once_{action}"] = said.space.join([*sentences, said.last_change] if is_last else sentences)
    return found

"""Policies as pages of the shop: every source leads to its place on one of them."""

from collections.abc import Sequence
from typing import cast

from bot.answering.presenting import Presenting
from bot.knowledge.passages import Found, Kind, Passage
from bot.shop.records import ShopProfile
from bot.shop.store import ShopStore
from bot.shop_pages import ShopPages


class Shelf:
    """Passages, and no search among them."""

    def __init__(self, passages: Sequence[Passage]) -> None:
        self._passages = passages

    async def search(self, query: str, language: str, at_most: int = 5, kind: Kind | None = None) -> list[Found]:
        return []

    async def passage(self, passage_id: str) -> Passage | None:
        return None

    async def all(self, kind: Kind, language: str) -> list[Passage]:
        return [one for one in self._passages if (one.kind, one.language) == (kind, language)]


def pages(*passages: Passage) -> ShopPages:
    profile, store, presenting = cast(ShopProfile, None), cast(ShopStore, None), cast(Presenting, None)
    return ShopPages(profile, store, Shelf(passages), presenting, ())


async def test_a_page_has_its_pieces_under_their_headings_and_each_heading_its_anchor() -> None:
    found = await pages(
        Passage("policy:terms:en:1", "policy", "en", "Terms: Returns", "A.", "/en/policies/terms#returns"),
        Passage("policy:terms:en:2", "policy", "en", "Terms: Returns", "B.", "/en/policies/terms#returns"),
        Passage("policy:terms:en:3", "policy", "en", "Terms: Returns > Refunds", "C.", "/en/policies/terms#refunds"),
    ).page("/en/policies/terms")
    assert found is not None and found.title == "Terms"
    assert found.markdown == "## Returns {#returns}\n\nA.\n\nB.\n\n## Returns > Refunds {#refunds}\n\nC."


async def test_a_chinese_page_is_titled_and_anchored_the_same_way() -> None:
    found = await pages(
        Passage("policy:a:zh:1", "policy", "zh", "条款", "前言。", "/zh/policies/a"),
        Passage("policy:a:zh:2", "policy", "zh", "条款：退货", "三十天。", "/zh/policies/a#%E9%80%80%E8%B4%A7"),
    ).page("/zh/policies/a")
    assert found is not None and found.title == "条款"
    assert found.markdown == "## 条款\n\n前言。\n\n## 退货 {#退货}\n\n三十天。"

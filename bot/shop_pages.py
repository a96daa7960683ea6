"""The shop's own words as pages, so that every source has an address where it can be read."""

import re
from collections.abc import Iterator, Sequence
from urllib.parse import unquote

from bot.answering.presenting import Presenting
from bot.knowledge.passages import Kind, Passage, Retriever
from bot.pages import Page, Visitor
from bot.shop.records import Product, ShopProfile, in_language
from bot.shop.store import ShopStore

TITLE_END = re.compile(": |：")  # of the page; the title of the section follows
KIND_OF_FOLDER: dict[str, Kind] = {"products": "product", "help": "faq", "policies": "policy"}


class ShopPages:
    """The real Pages of bot/pages.py."""

    def __init__(
        self,
        profile: ShopProfile,
        store: ShopStore,
        retriever: Retriever,
        presenting: Presenting,
        demo_visitors: tuple[Visitor, ...],
    ) -> None:
        self._profile, self._store, self._retriever, self._presenting = profile, store, retriever, presenting
        self.demo_visitors = demo_visitors

    @property
    def shop_name(self) -> dict[str, str]:
        return self._profile.name

    async def page(self, path: str) -> Page | None:
        """A policy is shown whole, all its sections on one page."""
        _, _, rest = path.partition("/")
        language, _, below = rest.partition("/")
        folder, _, name = below.partition("/")
        if folder == "products":
            product = await self._store.product(name)
            return self._product_page(product, language) if product else None
        kind = KIND_OF_FOLDER.get(folder)
        passages = [one for one in await self._retriever.all(kind, language) if _address(one) == path] if kind else []
        return _page_of(path, passages) if passages else None

    async def listing(self, language: str, kind: str) -> list[Page]:
        if kind == "product":
            return [self._product_page(product, language) for product in await self._store.products()]
        by_address: dict[str, list[Passage]] = {}
        for passage in await self._retriever.all("faq" if kind == "faq" else "policy", language):
            by_address.setdefault(_address(passage), []).append(passage)
        return [_page_of(address, passages) for address, passages in by_address.items() if address.startswith("/")]

    def _product_page(self, product: Product, language: str) -> Page:
        sentences = self._presenting.product_sentences(product, language)
        prices = [variant.price for variant in product.variants]
        range_of = dict.fromkeys((min(prices), max(prices)))
        price = " – ".join(self._presenting.money(amount, language) for amount in range_of)
        return Page(
            path=f"/{language}/products/{product.id}",
            language=language,
            title=in_language(product.name, language),
            markdown=f"{in_language(product.description, language)}\n\n{sentences['stock']} {sentences['variants']}",
            price=price,
            picture=product.picture,
            group=in_language(product.category, language),
        )


def _address(passage: Passage) -> str:
    return passage.url.partition("#")[0]


def _sections(passages: Sequence[Passage]) -> Iterator[str]:
    """Each under its heading, with the anchor that its address names; pieces of one section under one heading."""
    last = ""
    for passage in passages:
        title = TITLE_END.split(passage.title, maxsplit=1)[-1]
        anchor = unquote(passage.url.partition("#")[2])
        mark = f" {{#{anchor}}}" if anchor else ""
        yield passage.text if title == last else f"## {title}{mark}\n\n{passage.text}"
        last = title


def _page_of(path: str, passages: Sequence[Passage]) -> Page:
    first = passages[0]
    if len(passages) > 1:
        text, whole = "\n\n".join(_sections(passages)), TITLE_END.split(first.title, maxsplit=1)[0]
        return Page(path=path, language=first.language, title=whole, markdown=text, group=first.topic)
    return Page(path=path, language=first.language, title=first.title, markdown=first.text, group=first.topic)

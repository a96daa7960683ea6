"""What a shop shows at the address a source links to: the words between the core and whoever serves pages."""

from typing import Protocol

import msgspec


class Page(msgspec.Struct, frozen=True):
    path: str  # "/en/help/delivery-time"
    language: str
    title: str
    markdown: str
    price: str = ""  # products only, formatted with its currency
    picture: str = ""  # products only, an emoji
    group: str = ""  # the category or topic it stands under


class Visitor(msgspec.Struct, frozen=True):
    """A customer whom a visitor of the demo shop may play."""

    id: str
    name: str


class Pages(Protocol):
    """Reads only; knows nothing of who asks."""

    @property
    def shop_name(self) -> dict[str, str]: ...
    @property
    def demo_visitors(self) -> tuple[Visitor, ...]: ...  # empty unless this is the demo shop
    async def page(self, path: str) -> Page | None: ...
    async def listing(self, language: str, kind: str) -> list[Page]: ...  # kind: product, faq, policy

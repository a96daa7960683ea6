"""A passage: a citable piece of knowledge, and what a search for one returns."""

from typing import Literal, Protocol

import msgspec

Kind = Literal["faq", "policy", "product"]


class Passage(msgspec.Struct, frozen=True):
    id: str  # "faq:delivery-time:en", "policy:returns:en:2", "product:moss-lantern:zh"
    kind: Kind
    language: str
    title: str
    text: str  # Markdown, facts already filled in
    url: str  # absolute, or a path on Shopdesk's own pages: "/en/help/delivery-time"
    questions: tuple[str, ...] = ()  # other ways in which customers ask for it
    topic: str = ""
    version: str = ""  # a short hash of all the above, set at publishing


class Found(msgspec.Struct, frozen=True):
    passage: Passage
    score: float  # comparable within one search only
    confidence: float  # 0..1, comparable between searches and shops: see searching/confidence.py
    named: bool = False  # it holds an article or order number of the question


class Retriever(Protocol):
    async def search(self, query: str, language: str, at_most: int = 5, kind: Kind | None = None) -> list[Found]:
        """The best passages first, in the customer's language where there are any."""

    async def passage(self, passage_id: str) -> Passage | None: ...
    async def all(self, kind: Kind, language: str) -> list[Passage]: ...

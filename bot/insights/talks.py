"""Reads what was written down: the talks of a span of time, the questions in them, and where some words were said.

Searched is by LIKE, the newest first, in both databases alike: nothing has to be kept up beside the turns.
"""

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import Select, select

from bot.desks import FoundTalk
from bot.insights.fact_store import is_gone
from bot.insights.folding import Talk
from bot.insights.searched import ESCAPE, patterns, searched_by
from bot.insights.tables import talks, turns
from bot.knowledge.tokens import is_chinese
from bot.messages import STAFF
from bot.shop.database import Database

AROUND = 60  # characters before and after the first word that was found
PAGE = 500  # rows, and then others in this process may go on
MANY_OF_ONE = 8  # turns that are read for each conversation wanted: some have several
BY = {False: "customer", True: "staff"}


class Asked(msgspec.Struct, frozen=True):
    """What a customer wrote in one turn."""

    id: int
    conversation: str
    at: float  # seconds since the epoch
    channel: str
    language: str
    text: str


class Talks:
    """Its methods raise StoreUnavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def search(self, words: str, at_most: int = 50) -> list[FoundTalk]:
        """Where all of these words were said in one turn, by the customer or in answer to them: the newest such turn of
        each conversation, the newest conversation first."""
        wanted = patterns(words)
        if not wanted:
            return []
        query = select(
            turns.c.conversation, turns.c.at, turns.c.channel, turns.c.language, turns.c.said, turns.c.replied
        )
        query = query.where(*(turns.c.words.like(one, escape=ESCAPE) for one in wanted))
        found: dict[str, FoundTalk] = {}
        for row in await self._rows(query.order_by(turns.c.id.desc()).limit(at_most * MANY_OF_ONE)):
            if row.conversation not in found and not is_gone(row.conversation):
                found[row.conversation] = _found(row, wanted)
        return list(found.values())[:at_most]

    async def between(self, start: float, end: float) -> list[Talk]:
        """Those that began then, in seconds since the epoch; the oldest first."""
        query = select(talks).where(talks.c.began >= start, talks.c.began < end).order_by(talks.c.began)
        return await self._rows(query, Talk)

    async def questions(self, start: float, end: float, missed: bool, at_most: int) -> list[Asked]:
        """What customers asked, or only what had no answer; the newest first. What answers a question of the desk asks
        nothing itself."""
        kept = (turns.c.id, turns.c.conversation, turns.c.at, turns.c.channel, turns.c.language, turns.c.said)
        query = select(*kept, turns.c.asks).where(turns.c.at >= start, turns.c.at < end, turns.c.channel != STAFF)
        query = query.where(turns.c.missed if missed else turns.c.meaning == "asks", turns.c.said != "")
        found: list[Asked] = []
        was_asked: dict[str, bool] = {}
        for *row, asks in reversed(await self._rows(query.order_by(turns.c.at.desc()).limit(at_most))):
            one = Asked(*row)
            if missed or not was_asked.get(one.conversation):
                found.append(one)
            was_asked[one.conversation] = asks
        return found[::-1]

    async def stars(self, start: float) -> list[int]:
        """What customers said of closed conversations since then, in the order in which they did."""
        query = select(turns.c.stars).where(turns.c.at >= start, turns.c.stars > 0).order_by(turns.c.at)
        return [stars for (stars,) in await self._rows(query)]

    async def first_words(self, wanted: Sequence[Talk]) -> dict[tuple[str, str], str]:
        """What the customer wrote first, by conversation and event."""
        found: dict[tuple[str, str], str] = {}
        for begin in range(0, len(wanted), PAGE):
            some = wanted[begin : begin + PAGE]
            query = select(turns.c.conversation, turns.c.event, turns.c.said)
            query = query.where(turns.c.conversation.in_({talk.conversation for talk in some}))
            query = query.where(turns.c.event.in_({talk.event for talk in some}))
            found |= {(where, event): said for where, event, said in await self._rows(query)}
        return found

    async def _rows(self, query: Select[Any], made: Callable[..., Any] | None = None) -> list[Any]:
        """Read page by page: while one is unpacked, nobody else's turn can be served."""
        found: list[Any] = []
        async with self._database.reading() as connection, connection.stream(query) as result:
            async for page in result.partitions(PAGE):
                found += [made(*row) for row in page] if made else page
        return found


def _found(row: Any, wanted: Sequence[str]) -> FoundTalk:
    """In whose words it is; where it takes both, in the customer's."""
    in_reply = not _holds(row.said, wanted) and _holds(row.replied, wanted)
    text = row.replied if in_reply else row.said
    by = "desk" if in_reply else BY[row.channel == STAFF]
    channel = row.conversation.partition(":")[0] if row.channel == STAFF else row.channel
    at = datetime.fromtimestamp(row.at, UTC)
    return FoundTalk(row.conversation, at, channel, row.language, by, excerpt(text, wanted))


def _holds(text: str, wanted: Sequence[str]) -> bool:
    words = searched_by(text)
    return all(_plain(one) in words for one in wanted)


def excerpt(text: str, wanted: Sequence[str] = ()) -> str:
    """The piece around the first of these patterns that can be seen in it; its beginning without any."""
    line = " ".join(text.split())
    places = [place for one in wanted if (place := _place(line.lower(), _plain(one).strip())) >= 0]
    begin = max(0, min(places, default=0) - AROUND)
    end = begin + 2 * AROUND
    return ("…" if begin else "") + line[begin:end].strip() + ("…" if end < len(line) else "")


def _place(line: str, stem: str) -> int:
    """The stem of "delivery" ends otherwise than the word."""
    place = line.find(stem)
    return place if place >= 0 or is_chinese(stem) else line.find(stem[:-1])


def _plain(pattern: str) -> str:
    return re.sub(f"{ESCAPE}(.)", r"\1", pattern.strip("%"))

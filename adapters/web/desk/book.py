"""The book, for leads: who of the staff did what, and when, and the same for a spreadsheet."""

import csv
import io

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from adapters.web.desk.gate import Gate
from adapters.web.desk.refusals import wrong
from adapters.web.desk.spreadsheets import plain, spreadsheet
from adapters.web.desk.telling import LONGEST_CONVERSATION
from adapters.web.refusals import json_response
from bot.desks import DEEDS, BookEntry, StaffBook

A_PAGE = 100
MOST_ROWS = 10_000  # of a spreadsheet, the newest
LONGEST_LOGIN = 100
LATEST = 2**31 - 1  # no entry has a higher id


class Entries(msgspec.Struct, frozen=True):
    entries: list[BookEntry]
    more: bool  # there are older ones


class Wanted(msgspec.Struct, frozen=True):
    """ "" for all of them."""

    by: str
    deed: str
    conversation: str


class BookPages:
    def __init__(self, book: StaffBook, gate: Gate) -> None:
        self._book, self._gate = book, gate

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/desk/api/book", self.entries, methods=["GET"]),
            Route("/desk/api/book.csv", self.as_spreadsheet, methods=["GET"]),
        ]

    async def entries(self, request: Request) -> Response:
        await self._gate.lead(request)
        before = request.query_params.get("before", "0")
        if not (before.isdecimal() and before.isascii()) or len(before) > 20 or int(before) > LATEST:
            wrong("before", "must be the id of an entry.")
        found = await self._read(wanted_of(request), A_PAGE + 1, int(before))
        return json_response(Entries(found[:A_PAGE], len(found) > A_PAGE))

    async def as_spreadsheet(self, request: Request) -> Response:
        await self._gate.lead(request)
        return spreadsheet("book", as_csv(await self._read(wanted_of(request), MOST_ROWS)))

    async def _read(self, wanted: Wanted, at_most: int, before: int = 0) -> list[BookEntry]:
        return await self._book.entries(at_most, wanted.conversation, wanted.by, before, wanted.deed)


def wanted_of(request: Request) -> Wanted:
    """Raises Refusal (422)."""
    asked = (request.query_params.get(name, "").strip() for name in ("by", "deed", "conversation"))
    by, deed, conversation = (text.replace("\0", "") for text in asked)
    if deed and deed not in DEEDS:
        wrong("deed", f"must be one of {', '.join(DEEDS)}.")
    if len(by) > LONGEST_LOGIN:
        wrong("by", "is no login.")
    if len(conversation.encode()) > LONGEST_CONVERSATION:
        wrong("conversation", "is no conversation.")
    return Wanted(by, deed, conversation)


def as_csv(entries: list[BookEntry]) -> str:
    written = io.StringIO()
    rows = csv.writer(written)
    rows.writerow(("id", "at", "by", "deed", "conversation", "detail"))
    for one in entries:
        told = (plain(text) for text in (one.by, one.deed, one.conversation, one.detail))
        rows.writerow((one.id, f"{one.at:%Y-%m-%dT%H:%M:%SZ}", *told))
    return written.getvalue()

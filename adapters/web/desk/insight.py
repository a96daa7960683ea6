"""What happened, for leads: the figures, the conversations behind them, a table for a spreadsheet, the FAQ drafts."""

import csv
import io
import re
from datetime import date

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from adapters.web.desk.bodies import Approval, Nothing, checked_text
from adapters.web.desk.gate import Gate
from adapters.web.desk.house import Found
from adapters.web.desk.refusals import wrong
from adapters.web.desk.spreadsheets import plain, spreadsheet
from adapters.web.desk.talks import Done
from adapters.web.refusals import Refusal, json_response
from adapters.web.requests import read_body
from adapters.web.settings import WebSettings
from bot.desks import DraftEntry, Insight, Span, Table

MOST_BEHIND = 200
MOST_DAYS = 400
MOST_QUESTIONS, LONGEST_QUESTION = 20, 300
_TABLE = re.compile(r"[a-z_]{1,40}")


class Tables(msgspec.Struct, frozen=True):
    tables: list[Table]


class Drafts(msgspec.Struct, frozen=True):
    drafts: list[DraftEntry]


class InsightPages:
    def __init__(self, settings: WebSettings, insight: Insight, gate: Gate) -> None:
        self._settings, self._insight, self._gate = settings, insight, gate

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/desk/api/insight", self.tables, methods=["GET"]),
            Route("/desk/api/insight/behind", self.behind, methods=["GET"]),
            Route("/desk/api/insight/{table}.csv", self.spreadsheet, methods=["GET"]),
            Route("/desk/api/drafts", self.drafts, methods=["GET"]),
            Route("/desk/api/drafts/{id}/approve", self.approve, methods=["POST"]),
            Route("/desk/api/drafts/{id}/drop", self.drop, methods=["POST"]),
        ]

    async def tables(self, request: Request) -> Response:
        await self._gate.lead(request)
        return json_response(Tables(await self._insight.tables(span_of(request))))

    async def behind(self, request: Request) -> Response:
        await self._gate.lead(request)
        table, key = checked_table(request.query_params.get("table", "")), request.query_params.get("key", "")
        if len(key) > 300:
            raise Refusal(413, "key: is longer than 300 characters.")
        return json_response(Found(await self._insight.behind(span_of(request), table, key, MOST_BEHIND)))

    async def spreadsheet(self, request: Request) -> Response:
        await self._gate.lead(request)
        span, name = span_of(request), checked_table(request.path_params["table"])
        found = [table for table in await self._insight.tables(span) if table.name == name]
        if not found:
            raise Refusal(404, f"There is no table {name}.")
        return spreadsheet(f"{name}-{span.first}-{span.last}", as_csv(found[0]))

    async def drafts(self, request: Request) -> Response:
        await self._gate.lead(request)
        return json_response(Drafts(await self._insight.drafts()))

    async def approve(self, request: Request) -> Response:
        member = await self._gate.writing_lead(request)
        approval = await read_body(request, Approval, self._settings.body_seconds)
        text = checked_text("text", approval.text)
        questions = [question.strip() for question in approval.questions if question.strip()]
        if not questions or len(questions) > MOST_QUESTIONS or max(map(len, questions)) > LONGEST_QUESTION:
            wrong("questions", f"1 to {MOST_QUESTIONS}, each of at most {LONGEST_QUESTION} characters.")
        try:
            await self._insight.approve(member, request.path_params["id"], questions, text)
        except ValueError as problem:
            wrong("text", str(problem))
        return json_response(Done())

    async def drop(self, request: Request) -> Response:
        member = await self._gate.writing_lead(request)
        await read_body(request, Nothing, self._settings.body_seconds)
        try:
            await self._insight.drop(member, request.path_params["id"])
        except ValueError as problem:
            wrong("id", str(problem))
        return json_response(Done())


def span_of(request: Request) -> Span:
    """Raises Refusal (422)."""
    first, last = (_day(name, request.query_params.get(name, "")) for name in ("first", "last"))
    if not 0 <= (last - first).days < MOST_DAYS:
        wrong("last", f"must not be before first, and at most {MOST_DAYS} days after it.")
    return Span(first.isoformat(), last.isoformat())


def _day(name: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        wrong(name, "must be a day such as 2026-11-22.")


def checked_table(name: str) -> str:
    """Raises Refusal (422)."""
    if not _TABLE.fullmatch(name):
        wrong("table", "must be the name of a table.")
    return name


def as_csv(table: Table) -> str:
    written = io.StringIO()
    rows = csv.writer(written)
    rows.writerow((table.name, table.unit, "conversations", "key"))
    for row in table.rows:
        value = "" if row.value is None else f"{row.value:.10g}"
        rows.writerow((plain(row.label), value, row.of, plain(row.key)))
    return written.getvalue()

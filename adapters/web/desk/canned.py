"""The canned answers as they are written: everybody reads them, leads change them."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from adapters.web.desk.bodies import Nothing, WrittenCanned, checked_text
from adapters.web.desk.gate import Gate
from adapters.web.desk.refusals import wrong
from adapters.web.desk.talks import CannedAnswers, Done, checked_language
from adapters.web.refusals import json_response
from adapters.web.requests import read_body
from adapters.web.settings import WebSettings
from bot.desks import Assistance, Canned

LONGEST_TITLE = 100


class CannedPages:
    def __init__(self, settings: WebSettings, assistance: Assistance, gate: Gate) -> None:
        self._settings, self._assistance, self._gate = settings, assistance, gate

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/desk/api/canned", self.all, methods=["GET"]),
            Route("/desk/api/canned", self.keep, methods=["POST"]),
            Route("/desk/api/canned/{id}/drop", self.drop, methods=["POST"]),
        ]

    async def all(self, request: Request) -> Response:
        member = await self._gate.reader(request)
        language = checked_language(request.query_params.get("language", ""), may_be_empty=True)
        return json_response(CannedAnswers(await self._assistance.canned(language, "", member)))

    async def keep(self, request: Request) -> Response:
        member = await self._gate.writing_lead(request)
        written = await read_body(request, WrittenCanned, self._settings.body_seconds)
        title, text = checked_text("title", written.title), checked_text("text", written.text)
        if len(title) > LONGEST_TITLE:
            wrong("title", f"is longer than {LONGEST_TITLE} characters.")
        one = Canned(written.id[:100], checked_language(written.language), title, text)
        try:
            return json_response(await self._assistance.keep_canned(member, one))
        except ValueError as problem:
            wrong("text", str(problem))

    async def drop(self, request: Request) -> Response:
        member = await self._gate.writing_lead(request)
        await read_body(request, Nothing, self._settings.body_seconds)
        await self._assistance.drop_canned(member, request.path_params["id"])
        return json_response(Done())

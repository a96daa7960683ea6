"""The pages of the desk, rendered; what is live on them comes by the API and the socket."""

from pathlib import Path

import jinja2
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from adapters.web.desk.cookies import SECONDS, Cookies
from adapters.web.desk.gate import Gate, Signed
from adapters.web.desk.refusals import SignedOut
from adapters.web.desk.words import LANGUAGE_COOKIE, page_language, read_desk_words
from adapters.web.parts import LONGEST_TEXT
from adapters.web.refusals import json_response
from adapters.web.settings import WebSettings
from bot.channels import Handles
from bot.desks import Member

TEMPLATES = Path(__file__).parent / "templates"
FOR_ALL = {"/desk": "desk.html", "/desk/answers": "answers.html", "/desk/account": "account.html"}
FOR_LEADS = {"/desk/insight": "insight.html", "/desk/drafts": "drafts.html", "/desk/book": "book.html"}


class Pages:
    def __init__(self, settings: WebSettings, handles: Handles, gate: Gate, cookies: Cookies) -> None:
        self._settings, self._handles, self._gate, self._cookies = settings, handles, gate, cookies
        self.languages = handles.languages
        self._words = {language: read_desk_words(language) for language in handles.languages}
        self._templates = jinja2.Environment(
            loader=jinja2.FileSystemLoader(TEMPLATES),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def routes(self) -> list[BaseRoute]:
        return [
            *(Route(path, self.page, methods=["GET"]) for path in (*FOR_ALL, *FOR_LEADS)),
            Route("/desk/words/{language}.json", self.words, methods=["GET"]),
        ]

    async def page(self, request: Request) -> Response:
        signed = await self._gate.signed(request)
        path = request.url.path
        if path in FOR_LEADS and signed.member.role != "lead":
            raise HTTPException(403)
        return self.render(request, FOR_ALL.get(path) or FOR_LEADS[path], signed)

    async def words(self, request: Request) -> Response:
        """The same for the pages' scripts. No secret: they are in the repository."""
        if request.path_params["language"] not in self._words:
            raise HTTPException(404)
        return json_response(self._words[request.path_params["language"]], headers={"cache-control": "no-cache"})

    async def problem(self, request: Request, status: int) -> Response:
        try:
            signed = await self._gate.signed(request)
        except (SignedOut, ConnectionError):
            signed = None
        return self.render(request, "problem.html", signed, status)

    def render(
        self, request: Request, template: str, signed: Signed | None, status: int = 200, **values: object
    ) -> Response:
        """`values`: what this template has beyond what all have."""
        member = signed.member if signed else None
        language = page_language(request, member, self.languages)
        page = self._templates.get_template(template).render(
            language=language,
            languages=self.languages,
            names={code: words["language_name"] for code, words in self._words.items()},
            words=self._words[language],
            shop=self.shop_name(language),
            member=member,
            csrf=self._cookies.csrf(signed.token) if signed else "",
            place=request.url.path,
            translates=self._handles.staff.assistance.translates if member else False,
            most_bytes=self._handles.attachments.most_bytes if member else 0,
            longest_text=LONGEST_TEXT,
            status=status,
            **values,
        )
        answer = HTMLResponse(page, status)
        if request.query_params.get("language") == language:
            answer.set_cookie(
                LANGUAGE_COOKIE,
                language,
                max_age=52 * SECONDS,
                path="/desk",
                secure=self._settings.public_url.startswith("https://"),
                httponly=True,
                samesite="lax",
            )
        return answer

    def shop_name(self, language: str) -> str:
        names = self._handles.pages.shop_name
        return names.get(language) or next(iter(names.values()), "")


def language_of(member: Member, asked: str) -> str:
    """In which language something is made for a member: the page says it."""
    return asked or member.language or "en"

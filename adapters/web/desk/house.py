"""Who is signed in, who else works here, the line, one's own password, and the search over past conversations."""

import time

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from adapters.web.desk.bodies import NewPassword
from adapters.web.desk.cookies import Cookies
from adapters.web.desk.gate import Gate
from adapters.web.desk.pages import Pages
from adapters.web.desk.refusals import Coded, wrong
from adapters.web.desk.words import page_language
from adapters.web.refusals import Refusal, json_response
from adapters.web.requests import read_body
from adapters.web.settings import WebSettings
from bot.channels import Handles
from bot.desks import FoundTalk, Handoff, Role, SignInRefused

LONGEST_SEARCH, MOST_FOUND = 200, 50
LONGEST_PASSWORD = 200


class Me(msgspec.Struct, frozen=True):
    login: str
    name: str
    role: Role
    language: str
    csrf: str
    translates: bool
    shop: str
    now: float
    languages: tuple[str, ...]
    most_bytes: int


class Colleague(msgspec.Struct, frozen=True):
    login: str
    name: str
    role: Role


class Members(msgspec.Struct, frozen=True):
    members: list[Colleague]


class WholeLine(msgspec.Struct, frozen=True):
    now: float  # the server's clock, by which all waits are counted
    handoffs: list[Handoff]


class Found(msgspec.Struct, frozen=True):
    found: list[FoundTalk]


class Changed(msgspec.Struct, frozen=True):
    """It is done."""


class House:
    def __init__(self, settings: WebSettings, handles: Handles, gate: Gate, cookies: Cookies, pages: Pages) -> None:
        self._settings, self._handles, self._staff = settings, handles, handles.staff
        self._gate, self._cookies, self._pages = gate, cookies, pages

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/desk/api/me", self.me, methods=["GET"]),
            Route("/desk/api/members", self.members, methods=["GET"]),
            Route("/desk/api/line", self.line, methods=["GET"]),
            Route("/desk/api/search", self.search, methods=["GET"]),
            Route("/desk/api/password", self.password, methods=["POST"]),
        ]

    async def me(self, request: Request) -> Response:
        signed = await self._gate.signed(request)
        member, language = signed.member, page_language(request, signed.member, self._handles.languages)
        return json_response(
            Me(
                member.login,
                member.name,
                member.role,
                language,
                self._cookies.csrf(signed.token),
                self._staff.assistance.translates,
                self._pages.shop_name(language),
                time.time(),
                self._handles.languages,
                self._handles.attachments.most_bytes,
            )
        )

    async def members(self, request: Request) -> Response:
        await self._gate.reader(request)
        members = await self._staff.people.all()
        return json_response(Members([Colleague(one.login, one.name, one.role) for one in members]))

    async def line(self, request: Request) -> Response:
        await self._gate.reader(request)
        return json_response(WholeLine(time.time(), await self._staff.desk.handoffs()))

    async def search(self, request: Request) -> Response:
        await self._gate.reader(request, heavy=True)
        words = request.query_params.get("q", "").replace("\0", "").strip()
        if not words:
            wrong("q", "is empty.")
        if len(words) > LONGEST_SEARCH:
            raise Refusal(413, f"q: is longer than {LONGEST_SEARCH} characters.")
        return json_response(Found(await self._staff.assistance.search(words, MOST_FOUND)))

    async def password(self, request: Request) -> Response:
        """Every session of the member is over then, this one too."""
        member = await self._gate.writer(request)
        passwords = await read_body(request, NewPassword, self._settings.body_seconds)
        if max(len(passwords.old), len(passwords.new)) > LONGEST_PASSWORD:
            raise Refusal(413, f"new: a password has at most {LONGEST_PASSWORD} characters.")
        try:
            await self._staff.people.change_password(member, passwords.old, passwords.new)
        except SignInRefused as refused:
            if refused.wait:
                raise Refusal(429, str(refused), retry_after=refused.wait) from None
            raise Coded(422, "bad_password", "old: that is not your password.") from None
        except ValueError as problem:
            raise Coded(422, "easy_password", f"new: {problem}") from None
        answer = json_response(Changed())
        self._cookies.clear(answer)
        return answer

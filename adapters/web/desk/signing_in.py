"""Coming in and going out: a plain form, which works without any script."""

import contextlib
import re
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from adapters.web.desk.cookies import Cookies
from adapters.web.desk.gate import HEADER, Gate
from adapters.web.desk.pages import Pages
from adapters.web.desk.refusals import SignedOut
from adapters.web.requests import address, read_form
from bot.desks import People, SignInRefused

_OWN = re.compile(r"/desk(/[a-z][a-z/-]*)?([?#][^\s\\]*)?")
_LONGEST = 1000  # characters of a login or a password that are handed on
# A link in a chat or a mail leads here without the cookie, which only our own pages may send: one step more, and it is.
_ONE_STEP_MORE = '<!doctype html><meta charset="utf-8"><meta http-equiv="refresh" content="0"><title>…</title>'


class SigningIn:
    def __init__(self, people: People, pages: Pages, gate: Gate, cookies: Cookies) -> None:
        self._people, self._pages, self._gate, self._cookies = people, pages, gate, cookies

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/desk/sign-in", self.form, methods=["GET"]),
            Route("/desk/sign-in", self.sign_in, methods=["POST"]),
            Route("/desk/sign-out", self.sign_out, methods=["POST"]),
        ]

    async def form(self, request: Request) -> Response:
        wanted = own_page(request.query_params.get("next", ""))
        try:
            await self._gate.signed(request)
        except SignedOut:
            return self._form(request, wanted)
        return RedirectResponse(wanted, 303)

    async def sign_in(self, request: Request) -> Response:
        form = await read_form(request)
        login, wanted = form.get("login", "")[:_LONGEST].strip(), own_page(form.get("next", ""))
        try:
            token = await self._people.sign_in(login, form.get("password", "")[:_LONGEST], address(request))
        except SignInRefused as refused:
            problem, status = ("too_often", 429) if refused.wait else ("refused", 401)
            return self._form(request, wanted, login, problem, refused.wait, status)
        except ConnectionError:
            return self._form(request, wanted, login, "away", 2, 503)
        with contextlib.suppress(ConnectionError):  # who signs in anew leaves nothing open behind them
            await self._people.sign_out(self._cookies.read(request))
        answer = RedirectResponse(wanted, 303)
        self._cookies.set(answer, token)
        return answer

    async def sign_out(self, request: Request) -> Response:
        signed = await self._gate.signed(request)
        sent = request.headers.get(HEADER) or (await read_form(request)).get("csrf", "")
        self._gate.check_token(signed, sent)
        await self._people.sign_out(signed.token)
        answer = RedirectResponse("/desk/sign-in", 303)
        self._cookies.clear(answer)
        return answer

    async def signed_out(self, request: Request, problem: Exception) -> Response:
        """To the form, and back to this page after it."""
        if request.headers.get("sec-fetch-site") == "cross-site" and not self._cookies.read(request):
            return HTMLResponse(_ONE_STEP_MORE)
        wanted = own_page(request.url.path + (f"?{request.url.query}" if request.url.query else ""))
        return RedirectResponse(f"/desk/sign-in?next={quote(wanted)}", 303)

    def _form(
        self, request: Request, wanted: str, login: str = "", problem: str = "", wait: int = 0, status: int = 200
    ) -> Response:
        values = {"problem": problem, "wait": wait, "login": login, "next": wanted}
        answer = self._pages.render(request, "sign_in.html", None, status, **values)
        if wait:
            answer.headers["retry-after"] = str(wait)
        return answer


def own_page(wanted: str) -> str:
    """Where one may be led after the form: a page of the desk, whatever was asked for."""
    return wanted if _OWN.fullmatch(wanted) and not wanted.startswith("/desk/sign-") else "/desk"

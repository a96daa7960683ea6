"""Puts the desk of the shop's people together, as an application that shares nothing with that of the customers."""

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp

from adapters.web.desk.book import BookPages
from adapters.web.desk.canned import CannedPages
from adapters.web.desk.cookies import Cookies
from adapters.web.desk.gate import Gate
from adapters.web.desk.house import House
from adapters.web.desk.insight import InsightPages
from adapters.web.desk.live import Live
from adapters.web.desk.newsroom import Newsroom
from adapters.web.desk.pages import Pages
from adapters.web.desk.refusals import SignedOut, desk_response
from adapters.web.desk.reports import Reports
from adapters.web.desk.signing_in import SigningIn
from adapters.web.desk.talks import Talks
from adapters.web.refusals import Refusal
from adapters.web.settings import WebSettings
from adapters.web.uploads import Uploads
from bot.channels import Handles
from bot.desks import NoSuchConversation, NotAllowed, NotYours

API = "/desk/api/"


def build_desk(settings: WebSettings, handles: Handles, uploads: Uploads) -> ASGIApp:
    """Everything under /desk."""
    staff = handles.staff
    cookies = Cookies(settings, handles.secret)
    gate = Gate(settings, cookies, staff.people, handles.limiter)
    pages = Pages(settings, handles, gate, cookies)
    signing_in = SigningIn(staff.people, pages, gate, cookies)

    async def on_problem(request: Request, problem: Exception) -> Response:
        """The API says it in JSON; a page says it as a page, and leads to the sign-in where nobody is signed in."""
        if request.url.path.startswith(API) or isinstance(problem, Refusal):
            return desk_response(problem)
        if isinstance(problem, SignedOut):
            return await signing_in.signed_out(request, problem)
        return await pages.problem(request, desk_response(problem).status_code)

    on_purpose = (Refusal, SignedOut, NotYours, NotAllowed, NoSuchConversation, ConnectionError, HTTPException)
    return Starlette(
        routes=[
            *signing_in.routes(),
            *pages.routes(),
            *House(settings, handles, gate, cookies, pages).routes(),
            *Talks(settings, handles, gate, uploads).routes(),
            *CannedPages(settings, staff.assistance, gate).routes(),
            *InsightPages(settings, staff.insight, gate).routes(),
            *BookPages(staff.book, gate).routes(),
            *Live(settings, handles, gate, Newsroom(staff.desk)).routes(),
            *Reports(handles.limiter).routes(),
        ],
        exception_handlers=dict.fromkeys((*on_purpose, Exception), on_problem),
    )

"""Puts the web channel together: the API, the socket, the widget, the storefront and the desk of staff as one ASGI
application."""

import asyncio
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from adapters.web.api import Api
from adapters.web.crowd import Crowd
from adapters.web.desk.app import build_desk
from adapters.web.files import CustomersFiles, FileLinks
from adapters.web.headers import Guard, is_desk
from adapters.web.intake import Intake
from adapters.web.metrics import Metrics
from adapters.web.opening import OpeningPages
from adapters.web.refusals import Refusal, on_api_exception, on_refusal, refusal_response
from adapters.web.settings import WebSettings
from adapters.web.socket import Sockets
from adapters.web.storefront import Storefront
from adapters.web.tokens import Identities, Tokens, derived
from adapters.web.uploads import Uploads
from bot.channels import Handles

STATIC = Path(__file__).parent / "static"


def build_app(settings: WebSettings, handles: Handles, closing: asyncio.Event) -> ASGIApp:
    """`closing` ends the streams that would never end by themselves."""
    tokens = Tokens(handles.secret, settings.token_hours)
    identities = Identities(identity_key(settings, handles))
    uploads = Uploads(handles.attachments, handles.secret)
    intake, crowd = Intake(settings, handles.postbox, handles.limiter, uploads), Crowd(settings)
    links = FileLinks(handles.secret)
    storefront = Storefront(settings, handles, identities)

    async def on_http_exception(request: Request, problem: Exception) -> Response:
        if request.url.path.startswith("/v1/"):
            return await on_api_exception(request, problem)
        assert isinstance(problem, HTTPException)
        return await storefront.problem(request, problem)

    async def on_crash(request: Request, problem: Exception) -> Response:
        """A bug: Starlette raises it again when this is sent, so that it is logged."""
        if request.url.path.startswith("/v1/"):
            return refusal_response(Refusal(500, "Something went wrong here; it has been logged."))
        return await storefront.problem(request, HTTPException(500))

    app = Starlette(
        routes=[
            *Api(settings, handles, tokens, identities, intake, uploads, crowd, links, closing).routes(),
            *Sockets(settings, handles, tokens, intake, crowd, links).routes(),
            *CustomersFiles(handles, links).routes(),
            *OpeningPages(handles.staff.hours).routes(),
            *Metrics(handles).routes(),
            Mount("/static", StaticFiles(directory=STATIC)),
            *storefront.routes(),
        ],
        exception_handlers={Refusal: on_refusal, HTTPException: on_http_exception, Exception: on_crash},
    )
    return Guard(_two_doors(app, build_desk(settings, handles, uploads)), settings)


def _two_doors(shop: ASGIApp, desk: ASGIApp) -> ASGIApp:
    """Customers and staff never meet in one application."""

    async def enter(scope: Scope, receive: Receive, send: Send) -> None:
        await (desk if is_desk(scope.get("path", "")) else shop)(scope, receive, send)

    return enter


def identity_key(settings: WebSettings, handles: Handles) -> bytes | None:
    """What identities are signed with: the shop's secret; only the demo shop makes do with one of our own."""
    if settings.widget_secret:
        return settings.widget_secret.encode()
    return derived(handles.secret, "demo identity") if handles.pages.demo_visitors else None

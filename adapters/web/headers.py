"""What every answer carries: content security, and who may call from which site (CORS)."""

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from adapters.web.refusals import Refusal, refusal_response
from adapters.web.settings import WebSettings

_SAFE = {"GET", "HEAD", "OPTIONS"}
_PREFLIGHT = {
    "access-control-allow-methods": "GET, POST",
    "access-control-allow-headers": "authorization, content-type, last-event-id",
    "access-control-max-age": "7200",
}


_DESK = {
    "cache-control": "no-store",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "same-origin",
    "reporting-endpoints": 'desk="/desk/csp"',
    "x-frame-options": "DENY",
}


def is_desk(path: str) -> bool:
    return path == "/desk" or path.startswith("/desk/")


def content_security_policy(path: str, settings: WebSettings) -> str:
    """Nothing from elsewhere, nothing inline; only the widget's frame may stand inside other sites."""
    sockets = " ".join(origin.replace("http", "ws", 1) for origin in settings.own_origins)
    if is_desk(path):
        return (
            "default-src 'none'; base-uri 'none'; form-action 'self'; script-src 'self'; style-src 'self'; "
            f"img-src 'self' blob:; media-src 'self'; connect-src 'self' {sockets}; frame-ancestors 'none'; "
            "require-trusted-types-for 'script'; trusted-types 'none'; report-uri /desk/csp; report-to desk"
        )
    embedders = "'self' " + " ".join(settings.origins) if path == "/widget" else "'self'"
    return (
        "default-src 'none'; base-uri 'none'; form-action 'self'; frame-src 'self'; script-src 'self'; "
        f"style-src 'self'; img-src 'self' data:; connect-src 'self' {sockets}; frame-ancestors {embedders}"
    )


class Guard:
    """An ASGI layer around the whole application."""

    def __init__(self, app: ASGIApp, settings: WebSettings) -> None:
        self._app, self._settings, self._origins = app, settings, settings.origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path, came = scope["path"], Headers(scope=scope)
        origin = came.get("origin")

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._add(MutableHeaders(scope=message), path, origin)
            await send(message)

        if is_desk(path):
            answer = self._answer_of_desk(scope["method"], path, origin, came.get("sec-fetch-site", "same-origin"))
        else:
            answer = self._answer(scope["method"], path, origin)
        await (answer or self._app)(scope, receive, send_with_headers)

    def _answer(self, method: str, path: str, origin: str | None) -> Response | None:
        """A refusal or a preflight's answer; None where the application shall answer."""
        api = path.startswith("/v1/")
        if origin is not None and origin not in self._origins and (api or method not in _SAFE):
            return refusal_response(Refusal(403, f"{origin} is not among the sites in SHOPDESK_ORIGINS."))
        if api and method == "OPTIONS":
            return Response(status_code=204, headers=_PREFLIGHT)
        return None

    def _answer_of_desk(self, method: str, path: str, origin: str | None, site: str) -> Response | None:
        """Whatever changes something comes from a page of the desk itself, and says so."""
        if method in _SAFE or (path == "/desk/csp" and origin is None):
            return None
        if origin in self._settings.own_origins and site == "same-origin":
            return None
        where = f"Staff write from {self._settings.own_origins[0]} only (SHOPDESK_PUBLIC_URL)"
        return refusal_response(Refusal(403, f"{where}, not from {origin or 'elsewhere'}."))

    def _add(self, headers: MutableHeaders, path: str, origin: str | None) -> None:
        headers.setdefault("content-security-policy", content_security_policy(path, self._settings))
        headers["x-content-type-options"] = "nosniff"
        if is_desk(path):
            for name, value in _DESK.items():
                headers.setdefault(name, value)
        headers.setdefault("referrer-policy", "strict-origin-when-cross-origin")
        headers.setdefault("cache-control", "no-cache")
        if path.startswith(("/v1/", "/static/")):  # the launcher loads its words from inside other sites
            headers.add_vary_header("Origin")
            if origin in self._origins and origin is not None:
                headers["access-control-allow-origin"] = origin
                headers["access-control-expose-headers"] = "retry-after"

"""What every answer carries: content security, and who may call from which site (CORS)."""

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from adapters.web.refusals import Refusal, refusal_response

_SAFE = {"GET", "HEAD", "OPTIONS"}
_PREFLIGHT = {
    "access-control-allow-methods": "GET, POST",
    "access-control-allow-headers": "authorization, content-type, last-event-id",
    "access-control-max-age": "7200",
}


def content_security_policy(path: str, origins: tuple[str, ...]) -> str:
    """Nothing from elsewhere, nothing inline; only the widget's frame may stand inside other sites."""
    embedders = "'self' " + " ".join(origins) if path == "/widget" else "'self'"
    sockets = " ".join(dict.fromkeys(origin.replace("http", "ws", 1) for origin in origins[:3]))
    return (
        "default-src 'none'; base-uri 'none'; form-action 'self'; frame-src 'self'; script-src 'self'; "
        f"style-src 'self'; img-src 'self' data:; connect-src 'self' {sockets}; frame-ancestors {embedders}"
    )


class Guard:
    """An ASGI layer around the whole application."""

    def __init__(self, app: ASGIApp, origins: tuple[str, ...]) -> None:
        self._app, self._origins = app, origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path, origin = scope["path"], Headers(scope=scope).get("origin")

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._add(MutableHeaders(scope=message), path, origin)
            await send(message)

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

    def _add(self, headers: MutableHeaders, path: str, origin: str | None) -> None:
        headers["content-security-policy"] = content_security_policy(path, self._origins)
        headers["x-content-type-options"] = "nosniff"
        headers["referrer-policy"] = "strict-origin-when-cross-origin"
        headers.setdefault("cache-control", "no-cache")
        if path.startswith(("/v1/", "/static/")):  # the launcher loads its words from inside other sites
            headers.add_vary_header("Origin")
            if origin in self._origins and origin is not None:
                headers["access-control-allow-origin"] = origin
                headers["access-control-expose-headers"] = "retry-after"

"""`GET /metrics` on the web channel's port: for a program on this machine, and for nobody else."""

from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from bot.channels import Handles

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
# What a proxy adds: then the caller sits behind it, wherever that is.
_FORWARDED = ("forwarded", "via", "x-real-ip", "cf-connecting-ip", "true-client-ip")


class Metrics:
    def __init__(self, handles: Handles) -> None:
        self._figures = handles.figures

    def routes(self) -> list[BaseRoute]:
        return [Route("/metrics", self.show, methods=["GET"])]

    async def show(self, request: Request) -> Response:
        if not _is_from_this_machine(request):
            raise HTTPException(404)
        headers = {"content-type": CONTENT_TYPE, "cache-control": "no-store"}
        return Response(await self._figures.text(), headers=headers)


def _is_from_this_machine(request: Request) -> bool:
    """Both ends are loopback: the address that calls, and the name by which it calls us, which a proxy hands on and a
    page that was lured here (DNS rebinding) cannot choose."""
    if any(name in _FORWARDED or name.startswith("x-forwarded") for name in request.headers):
        return False
    host = urlsplit(f"//{request.headers.get('host', '')}").hostname or ""
    return _is_loopback(request.client.host if request.client else "") and (host == "localhost" or _is_loopback(host))


def _is_loopback(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False

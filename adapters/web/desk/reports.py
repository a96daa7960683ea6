"""What browsers of staff say that a page tried and was not allowed to: nothing is expected here, ever."""

import logging

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from adapters.web.refusals import Refusal
from adapters.web.requests import address, read_text
from bot.channels import Limiter

log = logging.getLogger(__name__)

PER_MINUTE = 30
_SHOWN = 600  # characters of one report


class Reports:
    def __init__(self, limiter: Limiter) -> None:
        self._limiter = limiter
        self.count = 0

    def routes(self) -> list[BaseRoute]:
        return [Route("/desk/csp", self.take, methods=["POST"])]

    async def take(self, request: Request) -> Response:
        if wait := await self._limiter.allow("desk reports", address(request), PER_MINUTE, 60):
            raise Refusal(429, "Too many reports.", retry_after=wait)
        report = await read_text(request)
        self.count += 1
        log.warning("a page of the desk tried what it may not (report %d): %r", self.count, report[:_SHOWN])
        return Response(status_code=204)

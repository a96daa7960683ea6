"""When somebody is at the desk, for pages that show a customer how long it takes."""

from datetime import UTC, datetime

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from adapters.web.refusals import json_response
from bot.desks import Hours


class Opening(msgspec.Struct, frozen=True, omit_defaults=True):
    open: bool
    changes: float = 0.0  # when it closes or opens next, in seconds since the epoch; missing where it never does


class OpeningPages:
    def __init__(self, hours: Hours) -> None:
        self._hours = hours

    def routes(self) -> list[BaseRoute]:
        return [Route("/v1/desk", self.opening, methods=["GET"])]

    async def opening(self, request: Request) -> Response:
        return json_response(opening_at(self._hours, datetime.now(UTC)))


def opening_at(hours: Hours, now: datetime) -> Opening:
    opens = hours.opens_at(now)
    if opens is None:
        return Opening(False)
    changes = hours.closes_at(now) if opens == now else opens
    return Opening(opens == now, changes.timestamp() if changes else 0.0)

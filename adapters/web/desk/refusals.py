"""Saying no to staff: the words of the core's refusals, each with a code that the page has words for."""

from typing import NoReturn

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from adapters.web.refusals import Refusal, json_response
from bot.channels import TooMuch
from bot.desks import NoSuchConversation, NotAllowed, NotFilledIn, NotYours

AWAY = "The desk cannot reach its store; try again in a few seconds."
_CODES = {401: "signed_out", 403: "csrf", 404: "gone", 413: "too_long", 422: "wrong", 429: "too_fast", 503: "away"}


class SignedOut(Exception):
    """Nobody is signed in, or not any more."""


class Coded(Refusal):
    """A refusal with a code that its status alone does not give."""

    def __init__(self, status: int, code: str, message: str, retry_after: int = 0) -> None:
        super().__init__(status, message, retry_after)
        self.code = code


class DeskError(msgspec.Struct, frozen=True, omit_defaults=True):
    error: str
    code: str
    owner: str = ""  # login of who has the conversation


def desk_response(problem: Exception) -> Response:
    """For whatever the desk's handlers raise on purpose."""
    status, error, wait = _worded(problem)
    return json_response(error, status, {"retry-after": str(wait)} if wait else None)


def _worded(problem: Exception) -> tuple[int, DeskError, int]:
    match problem:
        case SignedOut():
            return 401, DeskError("Sign in first.", "signed_out"), 0
        case Refusal():
            code = problem.code if isinstance(problem, Coded) else _CODES.get(problem.status, "bad")
            return problem.status, DeskError(problem.message, code), problem.retry_after
        case NotYours():
            code = "taken" if problem.owner else "take_first"
            return 409, DeskError(str(problem), code, problem.owner), 0
        case NotAllowed():
            return 403, DeskError(str(problem) or "This is for a lead.", "not_allowed"), 0
        case NotFilledIn():
            return 422, DeskError(str(problem), "wrong"), 0
        case NoSuchConversation():
            return 404, DeskError("There is no such conversation, or it has been forgotten.", "gone"), 0
        case TooMuch():
            return 429, DeskError(f"Too much at once; try again in {problem.wait} s.", "too_fast"), problem.wait
        case HTTPException(status_code=404):
            return 404, DeskError("There is no such address.", "gone"), 0
        case HTTPException():
            return problem.status_code, DeskError(problem.detail, "bad"), 0
        case ConnectionError():
            return 503, DeskError(AWAY, "away"), 2
    return 500, DeskError("Something went wrong here; it has been logged.", "broken"), 0


async def on_desk_problem(request: Request, problem: Exception) -> Response:
    return desk_response(problem)


def wrong(field: str, what: str) -> NoReturn:
    """Raises Refusal (422)."""
    raise Refusal(422, f"{field}: {what}")

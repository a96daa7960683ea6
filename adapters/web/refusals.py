"""Saying no: one exception, and the one form in which the API words it."""

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response


class Refusal(Exception):
    """Raised anywhere below the API; `message` is read by the person who wrote the calling program."""

    def __init__(self, status: int, message: str, retry_after: int = 0) -> None:
        super().__init__(message)
        self.status, self.message, self.retry_after = status, message, retry_after


class Error(msgspec.Struct, frozen=True):
    error: str


NOT_STORED = "The message could not be stored; send it again with the same id in a few seconds."
NOT_READ = "The answer could not be read; your message is kept, so ask again with the same id in a few seconds."


def json_response(body: object, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    all_headers = {"cache-control": "no-store", **(headers or {})}
    return Response(msgspec.json.encode(body), status, all_headers, media_type="application/json")


def refusal_response(refusal: Refusal) -> Response:
    headers = {"retry-after": str(refusal.retry_after)} if refusal.retry_after else {}
    if refusal.status == 401:
        headers["www-authenticate"] = "Bearer"
    return json_response(Error(refusal.message), refusal.status, headers)


async def on_refusal(request: Request, refusal: Exception) -> Response:
    assert isinstance(refusal, Refusal)
    return refusal_response(refusal)


async def on_api_exception(request: Request, problem: Exception) -> Response:
    """What Starlette itself refuses under /v1: no such path, or a method that the path does not have."""
    assert isinstance(problem, HTTPException)
    wording = {
        404: "There is no such address; docs/http-api.md lists them all.",
        405: f"{request.method} is not possible here.",
    }
    return json_response(Error(wording.get(problem.status_code, problem.detail)), problem.status_code)

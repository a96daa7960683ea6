"""Reading a request strictly: size, time, type, JSON, the fields' names and types, and the bearer's token."""

import asyncio
import re
from typing import TypeVar
from urllib.parse import parse_qs

import msgspec
from starlette.requests import HTTPConnection, Request

from adapters.web.refusals import Refusal

LARGEST_BODY = 32 * 1024  # bytes: 4,000 Chinese characters fit even where JSON escapes each of them
BODY_SECONDS = 10.0  # within which a body must have come
FILE_SECONDS = 60.0  # the same for a photo or file
Body = TypeVar("Body")
_MISSING = re.compile(r"Object missing required field `(.+)`")
_UNKNOWN = re.compile(r"Object contains unknown field `(.+)`")
_TYPE = re.compile(r"(Expected .+) - at `\$\.(.+)`")


async def read_body(request: Request, expected: type[Body], within: float = BODY_SECONDS) -> Body:
    """Raises Refusal: 408, 413, 415, 400 where it is not JSON, 422 where a field is wrong."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise Refusal(415, "Send JSON, with Content-Type: application/json.")
    return decode(await _whole(request, within, LARGEST_BODY), expected)


async def read_form(request: Request) -> dict[str, str]:
    """The first value of each field of a plain form. Raises Refusal (408, 413)."""
    body = await _whole(request, BODY_SECONDS, LARGEST_BODY)
    fields = parse_qs(body.decode(errors="replace"), keep_blank_values=True)
    return {name: values[0] for name, values in fields.items()}


async def read_text(request: Request) -> str:
    """Whatever it is. Raises Refusal (408, 413)."""
    return (await _whole(request, BODY_SECONDS, LARGEST_BODY)).decode(errors="replace")


async def read_file(request: Request, most_bytes: int) -> bytes:
    """A photo or file that is the whole body. Raises Refusal (408, 413, 422 for an empty one)."""
    content = await _whole(request, FILE_SECONDS, most_bytes)
    if not content:
        raise Refusal(422, "The file is empty.")
    return content


async def _whole(request: Request, within: float, most_bytes: int) -> bytes:
    body = bytearray()
    try:
        async with asyncio.timeout(within):
            async for piece in request.stream():
                body += piece
                if len(body) > most_bytes:
                    raise Refusal(413, f"The body is larger than {most_bytes} bytes.")
    except TimeoutError:
        raise Refusal(408, f"The body did not come within {within:g} s.") from None
    return bytes(body)


def decode(body: bytes | str, expected: type[Body]) -> Body:
    """Raises Refusal: 400 where it is not JSON, 422 naming the field that is wrong."""
    try:
        return msgspec.json.decode(body, type=expected)
    except msgspec.ValidationError as problem:
        raise Refusal(422, _naming_the_field(str(problem))) from None
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise Refusal(400, "This is not valid JSON.") from None


def _naming_the_field(problem: str) -> str:
    if missing := _MISSING.fullmatch(problem):
        return f"{missing[1]}: is missing."
    if unknown := _UNKNOWN.fullmatch(problem):
        return f"{unknown[1]}: there is no such field."
    if wrong := _TYPE.fullmatch(problem):
        return f"{wrong[2]}: {wrong[1].lower().replace('`', '')}."
    return problem.replace("`", "") + "."


def bearer(request: HTTPConnection) -> str:
    """The token of the Authorization header. Raises Refusal (401)."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Refusal(401, "Send the conversation's token as Authorization: Bearer <token>.")
    return token.strip()


def address(connection: HTTPConnection) -> str:
    """Who calls, for counting."""
    return connection.client.host if connection.client else "unknown"


def wants_stream(request: Request) -> bool:
    return "text/event-stream" in request.headers.get("accept", "")

"""Photos and files of a conversation, read under signed addresses."""

import hmac
import time
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from adapters.web.parts import attachment_at, checked_place
from adapters.web.refusals import NOT_READ, Refusal
from adapters.web.tokens import derived
from bot.channels import Handles

PHOTOS = {"jpg": "image/jpeg", "png": "image/png", "webp": "image/webp", "gif": "image/gif"}  # by what was found in it
READS_PER_MINUTE = 300  # of one conversation
_SANDBOX = "default-src 'none'; sandbox"


class FileLinks:
    """Addresses that need no token, because a picture's address cannot bring one: good for this file, for a day."""

    def __init__(self, secret: bytes) -> None:
        self._key = derived(secret, "address of a file")

    def address(self, conversation: str, event: str, number: int) -> str:
        until = (
            int(time.time()) // 3600 + 25
        ) * 3600  # the same for an hour, so that browsers keep what they have read
        proof = self._proof(conversation, event, number, until)
        return f"/v1/conversations/{quote(conversation)}/files/{event}/{number}?until={until}&key={proof}"

    def check(self, conversation: str, event: str, number: int, until: str, proof: str) -> None:
        """Raises Refusal (404): who has no right to it does not learn whether it is there."""
        known = until.isascii() and until.isdigit() and len(until) < 15
        expected = self._proof(conversation, event, number, int(until)) if known else ""
        if not known or not hmac.compare_digest(expected.encode(), proof.encode()) or int(until) < time.time():
            raise Refusal(404, "There is no such file, or its address is too old: read the events again.")

    def _proof(self, conversation: str, event: str, number: int, until: int) -> str:
        return derived(self._key, f"{conversation} {event} {number} {until}").hex()[:40]


class CustomersFiles:
    """Where customers read what staff have sent them, and what they have sent themselves."""

    def __init__(self, handles: Handles, links: FileLinks) -> None:
        self._handles, self._links = handles, links

    def routes(self) -> list[BaseRoute]:
        return [Route("/v1/conversations/{conversation}/files/{event}/{number:int}", self.read, methods=["GET"])]

    async def read(self, request: Request) -> Response:
        place = request.path_params
        conversation, event, number = place["conversation"], place["event"], place["number"]
        until, proof = (request.query_params.get(name, "") for name in ("until", "key"))
        self._links.check(conversation, event, number, until, proof)
        try:
            if wait := await self._handles.limiter.allow("files read", conversation, READS_PER_MINUTE, 60):
                raise Refusal(429, f"Too many files in a minute; try again in {wait} s.", retry_after=wait)
            return await file_response(self._handles, conversation, event, number)
        except ConnectionError:
            raise Refusal(503, NOT_READ, retry_after=2) from None


async def file_response(handles: Handles, conversation: str, event: str, number: int) -> Response:
    """Pictures are shown; whatever else it is, a browser stores it and never opens it as a page of ours.

    Raises Refusal (404, 422), ConnectionError.
    """
    happened = await handles.postbox.happened(conversation, checked_place("event", event))
    attachment = attachment_at(happened, number)
    if attachment is None:
        raise Refusal(404, "There is no such file.")
    try:
        content = await handles.attachments.read(attachment.kept)
    except FileNotFoundError:
        raise Refusal(404, "The file is not kept any more.") from None
    photo = PHOTOS.get(ending_of(attachment.kept))
    shown, name = "inline" if photo else "attachment", attachment.name or f"file.{ending_of(attachment.kept)}"
    headers = {
        "content-disposition": f"{shown}; filename*=UTF-8''{quote(name)}",
        "content-security-policy": _SANDBOX,
        "cache-control": "private, max-age=3600",
    }
    return Response(content, headers=headers, media_type=photo or "application/octet-stream")


def ending_of(kept: str) -> str:
    return kept.rpartition(".")[2]

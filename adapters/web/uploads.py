"""Photos and files that are sent up before the message that holds them: kept, and sealed for it."""

import re
import time

import jwt
import msgspec
from starlette.requests import Request

from adapters.web.files import PHOTOS, ending_of
from adapters.web.refusals import Refusal
from adapters.web.requests import read_file
from adapters.web.tokens import derived
from bot.channels import Attachments
from bot.messages import Attachment

LONGEST_NAME, MOST_FILES = 100, 6  # of a message
DAY = 24 * 3600
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069/\\]")


class SentUp(msgspec.Struct, frozen=True):
    """What the caller is told."""

    file: str  # by which a message names it
    kind: str
    name: str
    media_type: str
    size: int


class Uploads:
    """What has been sent up, sealed for the message that will hold it: nobody can name a file of another."""

    def __init__(self, attachments: Attachments, secret: bytes) -> None:
        self._attachments, self._key = attachments, derived(secret, "file sent up")

    async def take(self, request: Request, conversation: str) -> SentUp:
        """The body is the file, the query has its name. Raises Refusal (408, 413, 422), ConnectionError."""
        content = await read_file(request, self._attachments.most_bytes)
        name, media_type = request.query_params.get("name", ""), request.headers.get("content-type", "")
        one = await self._kept(conversation, name, media_type, content)
        return SentUp(self._sealed(conversation, one), one.kind, one.name, one.media_type, one.size)

    async def _kept(self, conversation: str, name: str, media_type: str, content: bytes) -> Attachment:
        name = _UNPRINTABLE.sub("", name)[-LONGEST_NAME:].strip()
        try:
            kept = await self._attachments.keep(conversation, name, media_type, content)
        except ValueError as problem:
            raise Refusal(422, f"file: {problem}.") from None
        found = PHOTOS.get(ending_of(kept))
        return Attachment("photo" if found else "file", name, found or media_type[:100], len(content), kept)

    def _sealed(self, conversation: str, one: Attachment) -> str:
        claims = {"sub": conversation, "exp": int(time.time()) + DAY, "file": msgspec.to_builtins(one)}
        return jwt.encode(claims, self._key, algorithm="HS256")

    def opened(self, conversation: str, sealed: list[str]) -> tuple[Attachment, ...]:
        """Raises Refusal (422) for what was not sent up in this conversation within a day."""
        if len(sealed) > MOST_FILES:
            raise Refusal(422, f"files: at most {MOST_FILES} in a message.")
        return tuple(self._opened(conversation, one) for one in sealed)

    def _opened(self, conversation: str, sealed: str) -> Attachment:
        try:
            claims = jwt.decode(sealed, self._key, algorithms=["HS256"], options={"require": ["sub", "exp", "file"]})
        except jwt.InvalidTokenError:
            raise Refusal(422, "files: holds one that was not sent up here; send it up again.") from None
        if claims["sub"] != conversation:
            raise Refusal(422, "files: holds one of another conversation.")
        return msgspec.convert(claims["file"], Attachment)

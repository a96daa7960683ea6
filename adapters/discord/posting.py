"""Puts messages into channels of Discord, at the pace that it allows, and says what its refusals mean."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import discord
from aiohttp import ClientError
from discord.http import HTTPClient, Route

from adapters.discord.buttons import Component
from adapters.discord.outgoing import Message, form, nonce_of, payload, without_extras
from adapters.discord.paces import ALL, SPARE, SPARE_TYPING, edits, posts, turn, typing
from bot.channels import Bucket, NotNow, Pace, Unreachable

log = logging.getLogger(__name__)

_UNTOLD_WAIT = 30.0  # seconds, where Discord refuses everything without saying for how long
_LEAST_WAIT = 0.2  # where it says "0": so often refused in a row, it is refused now all the same
_NO_MESSAGE = 10008
_NOT_ALLOWED = 50013
_TOO_OFTEN_EDITED = 30046
_ARCHIVED = 50083
_CLOSED = {10003, 10004, 50001, 50007, 50013, 50278, 160005}  # away, no access, closed to us, locked
_NOT_OF_THE_API = {0, 40333}  # what stands before it refuses


class Gone(Exception):
    """The message is not there any more, or cannot be changed any more."""


class Refused(Exception):
    """Discord does not take this message as it is. `code`: Discord's own."""

    def __init__(self, said: str, code: int = 0) -> None:
        super().__init__(said)
        self.code = code


class Closed(Unreachable):
    """Nothing goes there any more, or not for us. `code`: Discord's own."""

    def __init__(self, said: str, code: int = 0) -> None:
        super().__init__(said)
        self.code = code


class Posting:
    """One account's. All raise NotNow, another ConnectionError where the platform is away, Unreachable for good."""

    def __init__(self, http: HTTPClient, account: str, pace: Pace) -> None:
        self._http, self._account, self._pace = http, account, pace

    async def post(self, channel: str, message: Message) -> str:
        """The id of the message. What Discord refuses for what came with the words goes as words; Raises Refused."""
        await turn(self._pace, self._account, posts(channel))
        try:
            return await self._post(channel, message)
        except Refused as refused:
            if without_extras(message) == message:
                raise
            log.warning("a message is sent again as words alone: %s", refused)
            await turn(self._pace, self._account, posts(channel))
            return await self._post(channel, without_extras(message))

    async def edit(self, channel: str, message_id: str, message: Message) -> None:
        """Raises Gone, Refused."""
        await turn(self._pace, self._account, edits(channel))
        await self._edit(channel, message_id, message)

    async def post_if_spare(self, channel: str, message: Message) -> str:
        """The same where it takes nothing from what matters more; else ""."""
        return await self._post(channel, message) if await self._is_spare(posts(channel), SPARE) else ""

    async def edit_if_spare(self, channel: str, message_id: str, message: Message) -> bool:
        spare = await self._is_spare(edits(channel), SPARE)
        if spare:
            await self._edit(channel, message_id, message)
        return spare

    async def typing_if_spare(self, channel: str) -> bool:
        """It is seen for ten seconds, or until a message comes."""
        spare = await self._is_spare(typing(channel), SPARE_TYPING)
        if spare:
            await self._request(Route("POST", "/channels/{channel_id}/typing", channel_id=channel), "typing", None)
        return spare

    async def redraw(self, channel: str, message_id: str, components: Sequence[Component]) -> None:
        """What stands under a message, and not its words. Raises Gone, Refused."""
        await turn(self._pace, self._account, edits(channel))
        await self._request(_message(channel, message_id), edits(channel)[0].name, {"components": list(components)})

    async def ask(self, where: Route, body: dict[str, Any] | None = None) -> Any:
        """Anything else. Raises Gone, Refused."""
        await turn(self._pace, self._account)
        return await self._request(where, ALL.name, body)

    async def delete(self, channel: str, message_id: str) -> None:
        """Raises Gone."""
        await turn(self._pace, self._account)
        await self._request(_message(channel, message_id, "DELETE"), ALL.name, None)

    async def _post(self, channel: str, message: Message) -> str:
        """Where there is an earlier message of the same nonce Discord gives that back: it becomes this one."""
        posted = await self._posted(channel, message)
        if posted["content"].strip() != message.content.strip():
            try:
                await self._edit(channel, str(posted["id"]), message)
            except Gone:
                posted = await self._posted(channel, replace(message, nonce=nonce_of(message.nonce, "anew")))
        return str(posted["id"])

    async def _posted(self, channel: str, message: Message) -> Any:
        where = Route("POST", "/channels/{channel_id}/messages", channel_id=channel)
        try:
            return await self._request(where, posts(channel)[0].name, payload(message), message)
        except Gone as locked:  # a thread that is only archived opens by itself
            raise Closed(str(locked), _ARCHIVED) from None
        except Closed as closed:
            if message.files and closed.code == _NOT_ALLOWED:
                raise Refused(str(closed), closed.code) from None  # words may be
            raise

    async def _edit(self, channel: str, message_id: str, message: Message) -> None:
        await self._request(_message(channel, message_id), edits(channel)[0].name, payload(message, edits=True))

    async def _is_spare(self, buckets: Sequence[Bucket], share: float) -> bool:
        return not await self._pace.take(self._account, buckets, spare=share)

    async def _request(
        self, where: Route, bucket: str, body: dict[str, Any] | None, message: Message | None = None
    ) -> Any:
        """discord.py waits through short refusals by itself, each channel for itself; long ones come out."""
        try:
            if body is None:
                return await self._http.request(where)
            if message and message.files:
                return await self._http.request(where, form=form(message))
            return await self._http.request(where, json=body)
        except asyncio.CancelledError:
            # where Discord refuses everything, the first that hears of it opens the door again after a pause: cancelled
            # in that pause it would leave it shut for all others, for ever. Too early, they are refused once more.
            self._http._global_over.set()
            raise
        except discord.RateLimited as limited:
            await self._pace.hold(self._account, bucket, limited.retry_after)
            raise NotNow(limited.retry_after) from limited
        except discord.HTTPException as refusal:
            wait = _seconds(refusal)
            if wait:
                await self._pace.hold(self._account, ALL.name if _is_of_all(refusal) else bucket, wait)
            raise _meaning(refusal, wait) from None  # what it says in full may hold the customer's words
        except (ClientError, OSError, TimeoutError) as away:
            raise ConnectionError(f"Discord cannot be reached: {type(away).__name__}") from None


def _message(channel: str, message: str, method: str = "PATCH") -> Route:
    return Route(method, "/channels/{channel_id}/messages/{message_id}", channel_id=channel, message_id=message)


def _meaning(refusal: discord.HTTPException, wait: float) -> Exception:
    said = f"Discord says {refusal.status}, code {refusal.code}"
    if refusal.code in (_NO_MESSAGE, _TOO_OFTEN_EDITED, _ARCHIVED):
        return Gone(said)
    if wait or refusal.status == 401:
        return NotNow(wait or _UNTOLD_WAIT)
    if refusal.code in _CLOSED:
        return Closed(said, refusal.code)
    if refusal.status >= 500 or (refusal.status in (403, 404) and refusal.code in _NOT_OF_THE_API):
        return ConnectionError(said)
    return Refused(said, refusal.code)


def _seconds(refusal: discord.HTTPException) -> float:
    """How long nothing may be sent; 0 where that is not what is refused."""
    if refusal.status != 429 or refusal.code == _TOO_OFTEN_EDITED:
        return 0.0
    try:
        return max(_LEAST_WAIT, float(refusal.response.headers.get("Retry-After", _UNTOLD_WAIT)))
    except ValueError:
        return _UNTOLD_WAIT


def _is_of_all(refusal: discord.HTTPException) -> bool:
    """Without `Via` it is not the API that refuses but what stands before it: all of our address is meant."""
    return "Via" not in refusal.response.headers or refusal.response.headers.get("X-RateLimit-Scope") == "global"

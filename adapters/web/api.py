"""The HTTP API under /v1: conversations, messages, events. Its document is docs/http-api.md."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import ExitStack
from functools import partial

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from adapters.web import streaming
from adapters.web.crowd import Crowd
from adapters.web.files import FileLinks
from adapters.web.intake import Intake
from adapters.web.parts import (
    Message,
    NewConversation,
    checked_locale,
    checked_place,
    comes_after,
    final_parts,
    to_outgoing,
    to_outgoing_event,
)
from adapters.web.refusals import NOT_READ, NOT_STORED, Refusal, json_response
from adapters.web.requests import address, bearer, read_body, wants_stream
from adapters.web.settings import WebSettings
from adapters.web.tokens import Bound, Identities, Tokens
from adapters.web.uploads import Uploads
from bot.channels import Handles
from bot.messages import Event

FILES_PER_MINUTE, FILES_PER_HOUR = 20, 200  # of one conversation, of one address
HOUR = 3600


class Conversation(msgspec.Struct, frozen=True):
    conversation: str
    token: str


class Reply(msgspec.Struct, frozen=True):
    parts: list[msgspec.Raw]


class Events(msgspec.Struct, frozen=True):
    events: list[msgspec.Raw]


class Api:
    def __init__(
        self,
        settings: WebSettings,
        handles: Handles,
        tokens: Tokens,
        identities: Identities,
        intake: Intake,
        uploads: Uploads,
        crowd: Crowd,
        links: FileLinks,
        closing: asyncio.Event,
    ) -> None:
        self._settings, self._handles, self._closing = settings, handles, closing
        self._intake, self._uploads, self._crowd, self._links = intake, uploads, crowd, links
        self._tokens, self._identities = tokens, identities

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/v1/conversations", self.start, methods=["POST"]),
            Route("/v1/conversations/{conversation}/messages", self.message, methods=["POST"]),
            Route("/v1/conversations/{conversation}/files", self.send_up, methods=["POST"]),
            Route("/v1/conversations/{conversation}/events", self.events, methods=["GET"]),
            Route("/healthy", self.healthy, methods=["GET"]),
        ]

    async def start(self, request: Request) -> Response:
        await self._count("conversations", address(request), self._settings.conversations_per_minute)
        wanted = await read_body(request, NewConversation, self._settings.body_seconds)
        customer = self._identities.read(wanted.identity) if wanted.identity else ""
        return json_response(Conversation(*self._tokens.issue(customer, checked_locale(wanted.locale))), 201)

    async def message(self, request: Request) -> Response:
        bound = self._bound(request)
        message = await read_body(request, Message, self._settings.body_seconds)
        place = checked_place("Last-Event-ID", request.headers.get("last-event-id", ""))
        with ExitStack() as holds:
            holds.enter_context(self._crowd.one_more())
            holds.enter_context(self._crowd.of_conversation("replies", bound.conversation))
            event = await self._intake.accept(bound, message)
            if wants_stream(request):
                return streaming.Stream(self._reply_stream(bound.conversation, event, place), holds.pop_all())
            turn = await self._turn(bound.conversation, event)
        return json_response(Reply(final_parts(turn, self._settings.public_url)))

    async def send_up(self, request: Request) -> Response:
        bound = self._bound(request)
        await self._count("files", bound.conversation, FILES_PER_MINUTE)
        await self._count("files of an address", address(request), FILES_PER_HOUR, HOUR)
        try:
            with self._crowd.one_more():
                return json_response(await self._uploads.take(request, bound.conversation), 201)
        except ConnectionError:
            raise Refusal(503, NOT_STORED, retry_after=2) from None

    async def events(self, request: Request) -> Response:
        bound = self._bound(request)
        place = request.headers.get("last-event-id") or request.query_params.get("after", "")
        checked_place("after", place)
        if wants_stream(request):
            return self._follow(request, bound, place)
        try:
            happened = await self._handles.postbox.transcript(bound.conversation, place)
        except ConnectionError:
            raise Refusal(503, NOT_READ, retry_after=2) from None
        address, url = partial(self._links.address, bound.conversation), self._settings.public_url
        return json_response(Events([msgspec.Raw(to_outgoing_event(event, url, address)) for event in happened]))

    def _follow(self, request: Request, bound: Bound, place: str) -> Response:
        with ExitStack() as holds:
            holds.enter_context(self._crowd.one_more(address(request)))
            holds.enter_context(self._crowd.of_conversation("streams", bound.conversation))
            frames = self._live_frames(bound.conversation, place)
            return streaming.Stream(streaming.heartbeat(frames, self._closing, bound.expires), holds.pop_all())

    async def healthy(self, request: Request) -> Response:
        """A part that is away is one that the desk does without."""
        found = await self._handles.health()
        well = all(state == "ok" or state.startswith("away") for state in found.values())
        return json_response(found, 200 if well else 503)

    def _bound(self, request: Request) -> Bound:
        bound = self._tokens.read(bearer(request))
        if request.path_params["conversation"] != bound.conversation:
            raise Refusal(404, "There is no such conversation for this token.")
        return bound

    async def _count(self, what: str, who: str, at_most: int, seconds: int = 60) -> None:
        try:
            wait = await self._handles.limiter.allow(what, who, at_most, seconds)
        except ConnectionError:
            raise Refusal(503, NOT_STORED, retry_after=2) from None
        if wait:
            window = "an hour" if seconds == HOUR else "a minute"
            raise Refusal(429, f"More than {at_most} {what} in {window}; try again in {wait} s.", retry_after=wait)

    async def _turn(self, conversation: str, event: str) -> list[Event]:
        """All of the turn that answers this event, when it is done."""
        try:
            async with asyncio.timeout(self._settings.turn_seconds):
                return [happened async for happened in self._handles.postbox.reply(conversation, event)]
        except TimeoutError:
            raise Refusal(504, self._too_slow(conversation, event)) from None
        except ConnectionError:
            raise Refusal(503, NOT_READ, retry_after=2) from None

    def _reply_stream(self, conversation: str, event: str, place: str) -> AsyncIterator[bytes]:
        frames = self._turn_frames(conversation, event, place)
        until = time.time() + self._settings.turn_seconds
        too_late = streaming.error_frame(self._too_slow(conversation, event))
        return streaming.heartbeat(frames, self._closing, until, too_late)

    async def _turn_frames(self, conversation: str, event: str, place: str) -> AsyncIterator[bytes]:
        async for happened in self._handles.postbox.reply(conversation, event):
            if comes_after(happened.id, place):
                yield streaming.frame(happened.id, to_outgoing(happened.what, self._settings.public_url))

    async def _live_frames(self, conversation: str, place: str) -> AsyncIterator[bytes]:
        async for happened in self._handles.postbox.events(conversation, place):
            address = partial(self._links.address, conversation, happened.id)
            yield streaming.frame(happened.id, to_outgoing(happened.what, self._settings.public_url, address))

    def _too_slow(self, conversation: str, event: str) -> str:
        where = f"/v1/conversations/{conversation}/events?after={event}"
        return f"The answer takes longer than usual. It will be at GET {where}"

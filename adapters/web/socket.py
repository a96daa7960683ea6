"""The widget's WebSocket: proof first, then the conversation both ways, on several sockets in step."""

import asyncio
import contextlib
import time
from functools import partial

import msgspec
from starlette.requests import HTTPConnection
from starlette.routing import BaseRoute, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketDisconnected

from adapters.web.crowd import Crowd
from adapters.web.files import FileLinks
from adapters.web.intake import Intake
from adapters.web.parts import Hello, Message, checked_place, says_typing, to_outgoing_event
from adapters.web.refusals import Refusal, refusal_response
from adapters.web.requests import address, decode
from adapters.web.settings import WebSettings
from adapters.web.tokens import Bound, Tokens
from bot.channels import Handles

# Why a socket was closed; 1000-2999 belong to the protocol.
BAD_FRAME, NOT_PROVEN, TOO_MANY, TOO_SLOW, TRY_LATER = 4400, 4401, 4429, 4408, 4503
TYPING_SECONDS = 3.0  # staff are told no more often that a customer is writing


class Accepted(msgspec.Struct, frozen=True, tag_field="kind", tag="accepted"):
    id: str
    event: str


class NotAccepted(msgspec.Struct, frozen=True, tag_field="kind", tag="error"):
    """One message was refused; the socket stays open. `status` is what the same POST would have said."""

    id: str
    status: int
    error: str
    retry_after: int = 0


class Sockets:
    def __init__(
        self,
        settings: WebSettings,
        handles: Handles,
        tokens: Tokens,
        intake: Intake,
        crowd: Crowd,
        links: FileLinks,
    ) -> None:
        self._settings, self._handles, self._tokens = settings, handles, tokens
        self._intake, self._crowd, self._links = intake, crowd, links

    def routes(self) -> list[BaseRoute]:
        return [WebSocketRoute("/v1/conversations/{conversation}/socket", self.serve)]

    async def serve(self, socket: WebSocket) -> None:
        try:
            with self._crowd.one_more(address(socket)):
                if not self._may_call(socket):
                    await socket.send_denial_response(
                        refusal_response(Refusal(403, "This site may not open the chat."))
                    )
                    return
                await socket.accept()
                self._handles.figures.sockets(+1)
                try:
                    await self._converse(socket)
                finally:
                    self._handles.figures.sockets(-1)
        except Refusal as refusal:
            await socket.send_denial_response(refusal_response(refusal))
        except (WebSocketDisconnect, WebSocketDisconnected):
            return  # gone: there is nobody to tell

    def _may_call(self, connection: HTTPConnection) -> bool:
        """A browser always sends Origin on a socket; without one the page is hidden or it is no browser."""
        return connection.headers.get("origin", "") in self._settings.origins

    async def _converse(self, socket: WebSocket) -> None:
        try:
            bound, after = await self._hello(socket)
            with self._crowd.of_conversation("sockets", bound.conversation):
                await self._both_ways(socket, bound, after)
        except Refusal as refusal:
            codes = {401: NOT_PROVEN, 429: TOO_MANY, 503: TRY_LATER}
            await socket.close(codes.get(refusal.status, BAD_FRAME), refusal.message)

    async def _hello(self, socket: WebSocket) -> tuple[Bound, str]:
        """The first frame. Raises Refusal where it does not prove that this conversation is the caller's."""
        try:
            async with asyncio.timeout(self._settings.first_frame_seconds):
                hello = decode(await receive_text(socket), Hello)
        except TimeoutError:
            raise Refusal(401, "The first frame must come within 10 seconds.") from None
        bound = self._tokens.read(hello.token)
        if bound.conversation != socket.path_params["conversation"]:
            raise Refusal(401, "There is no such conversation for this token.")
        return bound, checked_place("after", hello.after)

    async def _both_ways(self, socket: WebSocket, bound: Bound, after: str) -> None:
        """Until the customer leaves, or what is told breaks off, or the token expires."""
        loop = asyncio.get_running_loop()
        telling = asyncio.create_task(self._tell(socket, bound.conversation, after))
        try:
            async with asyncio.timeout(bound.expires - time.time()) as open_for:

                def breaks_off(_: "asyncio.Task[None]") -> None:
                    with contextlib.suppress(RuntimeError):  # it is over already, by the other way
                        open_for.reschedule(loop.time())

                telling.add_done_callback(breaks_off)
                try:
                    await self._listen(socket, bound)
                finally:
                    telling.remove_done_callback(breaks_off)
        except TimeoutError:
            if telling.done():
                telling.result()
                return
            raise Refusal(401, "The token has expired; ask for a new conversation.") from None
        finally:
            telling.cancel()
            await asyncio.gather(telling, return_exceptions=True)

    async def _tell(self, socket: WebSocket, conversation: str, after: str) -> None:
        address = partial(self._links.address, conversation)
        try:
            async for event in self._handles.postbox.events(conversation, after):
                await self._send(socket, to_outgoing_event(event, self._settings.public_url, address))
        except ConnectionError:
            raise Refusal(503, "The conversation could not be read; connect again.") from None

    async def _listen(self, socket: WebSocket, bound: Bound) -> None:
        at_most, frames, minute, typed = self._settings.frames_per_minute, 0, time.monotonic(), 0.0
        while True:
            frame, now = await receive_text(socket), time.monotonic()
            if now - minute > 60:
                frames, minute = 0, now
            frames += 1
            if frames > at_most:
                raise Refusal(429, f"More than {at_most} frames in a minute.")
            if not says_typing(frame):
                await self._send(socket, msgspec.json.encode(await self._take(bound, decode(frame, Message))))
            elif now - typed >= TYPING_SECONDS:
                typed = now
                await self._types(bound)

    async def _types(self, bound: Bound) -> None:
        """It is over in seconds: where it cannot be told now, it is not told."""
        with contextlib.suppress(ConnectionError):
            await self._handles.staff.desk.customer_types(bound.conversation)

    async def _take(self, bound: Bound, message: Message) -> Accepted | NotAccepted:
        """Hands one message in; a refusal of it is an answer, not the end of the socket."""
        try:
            return Accepted(message.id, await self._intake.accept(bound, message))
        except Refusal as refusal:
            return NotAccepted(message.id, refusal.status, refusal.message, refusal.retry_after)

    async def _send(self, socket: WebSocket, frame: bytes) -> None:
        """Waits for the reader; who does not read for long is dropped, since we keep nothing for them."""
        try:
            async with asyncio.timeout(self._settings.slow_reader_seconds):
                await socket.send_text(frame.decode())
        except TimeoutError:
            raise WebSocketDisconnect(TOO_SLOW) from None


async def receive_text(socket: WebSocket) -> str:
    """The next frame. Raises WebSocketDisconnect, and Refusal (400) for one that is no text."""
    received = await socket.receive()
    if received["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(received.get("code", 1005))
    text = received.get("text")
    if not isinstance(text, str):
        raise Refusal(400, "Send text frames.")
    return text

"""One page of the desk while it is open: the line as it changes, and the conversation that it shows."""

import asyncio
import contextlib
import time

import msgspec
from starlette.websockets import WebSocket, WebSocketDisconnect

from adapters.web.desk.gate import Signed
from adapters.web.desk.newsroom import News, Newsroom, changed_frame
from adapters.web.desk.refusals import SignedOut, wrong
from adapters.web.desk.telling import LONGEST_CONVERSATION, MOST_EVENTS, told
from adapters.web.parts import checked_place
from adapters.web.refusals import Refusal
from adapters.web.requests import decode
from adapters.web.settings import WebSettings
from adapters.web.socket import TOO_SLOW, receive_text
from bot.channels import Handles
from bot.desks import Handoff, NotAllowed, Note, NotYours
from bot.messages import Event

FRAMES_PER_MINUTE = 240
TYPES_SECONDS = 2.0  # customers are told no more often that the member is writing
AGAIN_SECONDS = 1.0  # after Redis was away


class Frame(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a page sends: which conversation it shows now, or in which its member is writing."""

    watch: str | None = None
    after: str = ""
    types: str = ""


class TalkFrame(msgspec.Struct, frozen=True, tag_field="kind", tag="talk"):
    conversation: str
    events: list[msgspec.Raw]
    notes: list[Note] | msgspec.UnsetType = msgspec.UNSET
    handoff: Handoff | msgspec.UnsetType | None = msgspec.UNSET


class TypingFrame(msgspec.Struct, frozen=True, tag_field="kind", tag="typing"):
    conversation: str


class TroubleFrame(msgspec.Struct, frozen=True, tag_field="kind", tag="trouble"):
    code: str


class OpenPage:
    def __init__(
        self, socket: WebSocket, signed: Signed, settings: WebSettings, handles: Handles, newsroom: Newsroom
    ) -> None:
        self._socket, self._signed, self._settings, self._handles = socket, signed, settings, handles
        self._newsroom, self._desk = newsroom, handles.staff.desk
        self._sending = asyncio.Lock()
        self._watched, self._told = "", False  # whether the page has been told that talk
        self._notes: list[Note] = []
        self._handoff: Handoff | None = None
        self._following: asyncio.Task[None] | None = None
        self._typed = 0.0
        self._broken: asyncio.Future[None] = asyncio.get_running_loop().create_future()  # by what follows a talk

    async def run(self) -> None:
        """Until the page goes. Raises WebSocketDisconnect, SignedOut, Refusal."""
        ways = [asyncio.create_task(way) for way in (self._listen(), self._tell(), self._stay_signed())]
        try:
            done, _ = await asyncio.wait([*ways, self._broken], return_when="FIRST_COMPLETED")
            for way in done:
                way.result()
        finally:
            left = [*ways, self._broken, *([self._following] if self._following else [])]
            for way in left:
                way.cancel()
            await asyncio.gather(*left, return_exceptions=True)

    async def _stay_signed(self) -> None:
        while True:
            await asyncio.sleep(self._settings.desk_signed_seconds)
            with contextlib.suppress(ConnectionError):  # who was signed in stays so while Redis is away
                if await self._handles.staff.people.who(self._signed.token) is None:
                    raise SignedOut

    async def _listen(self) -> None:
        frames, minute = 0, time.monotonic()
        while True:
            frame, now = decode(await receive_text(self._socket), Frame), time.monotonic()
            if now - minute > 60:
                frames, minute = 0, now
            frames += 1
            if frames > FRAMES_PER_MINUTE:
                raise Refusal(429, f"More than {FRAMES_PER_MINUTE} frames in a minute.")
            if frame.watch is not None:
                await self._watch(_checked(frame.watch), checked_place("after", frame.after))
            if frame.types and now - self._typed >= TYPES_SECONDS:
                self._typed = now
                with contextlib.suppress(ConnectionError, NotYours, NotAllowed):
                    await self._desk.types(self._signed.member, _checked(frame.types))

    async def _watch(self, conversation: str, after: str) -> None:
        if self._following:
            self._following.cancel()
            await asyncio.gather(self._following, return_exceptions=True)
        self._watched, self._told, self._following = conversation, False, None
        if conversation:
            self._handles.staff.book.read(self._signed.member, conversation)
            self._following = asyncio.create_task(self._follow(conversation, after))
            self._following.add_done_callback(self._ended)

    def _ended(self, following: "asyncio.Task[None]") -> None:
        """Only trouble ends it by itself, and that is the page's end."""
        if not following.cancelled() and not self._broken.done() and (problem := following.exception()):
            self._broken.set_exception(problem)

    async def _follow(self, conversation: str, after: str) -> None:
        """What has happened in one frame, what happens as it does; it goes on when Redis is back."""
        while True:
            try:
                past = await self._handles.postbox.transcript(conversation, after, at_most=MOST_EVENTS)
                await self._tell_talk(conversation, past, whole=True)
                after = past[-1].id if past else after
                async for event in self._handles.postbox.events(conversation, after):
                    await self._tell_talk(conversation, [event])
                    after = event.id
            except ConnectionError:
                await self._send(msgspec.json.encode(TroubleFrame("away")))
                await asyncio.sleep(AGAIN_SECONDS)

    async def _tell_talk(self, conversation: str, events: list[Event], whole: bool = False) -> None:
        shown = told(conversation, events, self._settings.public_url)
        if whole:
            self._told = True
            self._notes, self._handoff = await self._beside(conversation)
            await self._send(msgspec.json.encode(TalkFrame(conversation, shown, self._notes, self._handoff)))
        elif shown:
            await self._send(msgspec.json.encode(TalkFrame(conversation, shown)))

    async def _tell(self) -> None:
        async with self._newsroom.reader() as reader:
            while True:
                await self._tell_news(await reader.news())

    async def _tell_news(self, news: News) -> None:
        if news.away:
            await self._send(msgspec.json.encode(TroubleFrame("away")))
        if news.whole:
            await self._send(self._newsroom.whole())
        elif news.changed:
            await self._send(changed_frame(news.changed))
        if self._watched and self._told and (news.whole or self._watched in news.stirred):
            await self._tell_beside(self._watched)
        for conversation in news.typing:
            if conversation == self._watched or self._newsroom.owner(conversation) == self._signed.member.login:
                await self._send(msgspec.json.encode(TypingFrame(conversation)))

    async def _tell_beside(self, conversation: str) -> None:
        """What stands beside a conversation, where it is another than the page has."""
        try:
            notes, handoff = await self._beside(conversation)
        except ConnectionError:
            return  # everything is told again when Redis is back
        if conversation != self._watched or (notes, handoff) == (self._notes, self._handoff):
            return
        told_notes = notes if notes != self._notes else msgspec.UNSET
        told_handoff = handoff if handoff != self._handoff else msgspec.UNSET
        self._notes, self._handoff = notes, handoff
        await self._send(msgspec.json.encode(TalkFrame(conversation, [], told_notes, told_handoff)))

    async def _beside(self, conversation: str) -> tuple[list[Note], Handoff | None]:
        return await self._desk.notes(conversation), await self._desk.handoff(conversation)

    async def _send(self, frame: bytes) -> None:
        """Who does not read for long is dropped: the page comes again, and is told all that it missed."""
        async with self._sending:
            try:
                async with asyncio.timeout(self._settings.slow_reader_seconds):
                    await self._socket.send_text(frame.decode())
            except TimeoutError:
                raise WebSocketDisconnect(TOO_SLOW) from None


def _checked(conversation: str) -> str:
    """Raises Refusal (422)."""
    if len(conversation.encode()) > LONGEST_CONVERSATION:
        wrong("watch", "is no conversation.")
    return conversation

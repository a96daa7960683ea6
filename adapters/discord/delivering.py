"""Brings what happens in a conversation to its customer on Discord, each piece noted before it goes out."""

import contextlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from discord.http import HTTPClient

from adapters.discord.buttons import Component, link_row
from adapters.discord.outgoing import Message, draft_nonce, nonce_of, notice, staff_words, to_outgoing
from adapters.discord.places import place_of
from adapters.discord.posting import Gone, Posting, Refused
from adapters.discord.streaming import LiveReply, live_reply
from adapters.discord.uploads import upload_of
from adapters.notices import KnowOfStaff
from adapters.replies import (
    Frame,
    Moved,
    Passed,
    Queued,
    Reading,
    Reply,
    StaffSaid,
    Step,
    Typing,
    language_of,
    note_of,
    progress,
)
from bot.channels import Delivery, Handles
from bot.messages import Attachment, Event, FinalText, Incoming, Said

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class PrivatePlace:
    """Where only one customer and the desk can read."""

    conversation: str
    url: str  # leads the customer's app there


class PrivatePlaces(Protocol):
    async def open(self, conversation: str, language: str) -> PrivatePlace | None:
        """The one of the customer whose public conversation this is; None where none can be opened.

        Raises ConnectionError.
        """


class Deliveries:
    """One account's. `home` is the public address of the shop's pages, "" where it is not known."""

    def __init__(self, http: HTTPClient, account: str, handles: Handles, home: str, places: PrivatePlaces) -> None:
        self._account, self._handles, self._home, self._places = account, handles, home, places
        self._posting = Posting(http, account, handles.pace)
        self._know_of_staff = KnowOfStaff()

    async def each(self, delivery: Delivery) -> None:
        """Until nothing more comes. Raises NotNow, another ConnectionError, Unreachable."""
        channel = place_of(self._account, delivery.conversation).channel

        async def noted(message: str) -> None:
            await delivery.note(_note("", message))

        async with live_reply(self._posting, channel, self._home, noted, _message_of(delivery.noted)) as live:
            conversation = _Conversation(delivery, channel, live, self._handles.languages[0])
            reading = Reading()
            async for event in delivery.events():
                conversation.language = self._language(event, conversation.language)
                await self._does(conversation, reading.read(event), draft_nonce(conversation.name, event.answers))

    async def staff_type(self, conversation: str) -> None:
        """The customer sees it, where there is room for it. Raises ConnectionError, Unreachable."""
        if conversation.startswith(f"{self._account}:"):
            with contextlib.suppress(Gone, Refused):
                await self._posting.typing_if_spare(place_of(self._account, conversation).channel)

    async def _does(self, here: "_Conversation", step: Step | None, nonce: str) -> None:
        match step:
            case Typing():
                here.live.types()
            case Frame(text):
                here.live.shows(text, nonce)
            case Queued(event, place):
                await self._queued(here, event, place)
            case StaffSaid():
                await self._staff_said(here, step)
            case Passed(event):
                await self._delivered(here, event)
            case Reply():
                await self._replies(here, step)

    async def _queued(self, here: "_Conversation", event: str, place: int) -> None:
        told = notice(self._words(here, "busy", place=place), nonce=nonce_of(here.name, event))
        await self._posting.post_if_spare(here.channel, told)

    async def _staff_said(self, here: "_Conversation", said: StaffSaid) -> None:
        who = said.name or self._words(here, "from_staff")
        messages = staff_words(here.name, said.event, who, said.text)
        kept = [one for one in said.attachments if one.kept]
        files = [await self._file(here, f"{said.event} {number}", one) for number, one in enumerate(kept)]
        await self._put(here, said.event, [*messages, *files])
        self._know_of_staff.add(here.name)
        await self._delivered(here, said.event)

    async def _file(self, here: "_Conversation", which: str, attachment: Attachment) -> Message:
        """A file of staff; where it is not there any more, the words that it was lost. Raises ConnectionError."""
        nonce = nonce_of(here.name, which)
        try:
            upload = upload_of(attachment, await self._handles.attachments.read(attachment.kept))
        except FileNotFoundError:
            return self._lost(here, attachment.name or attachment.kind, nonce)
        return Message("", nonce=nonce, files=(upload,))

    def _lost(self, here: "_Conversation", name: str, nonce: str) -> Message:
        return notice(self._words(here, "staff_file_lost", file=name), nonce=nonce)

    async def _delivered(self, here: "_Conversation", event: str) -> None:
        """A reply that is being made meanwhile goes on."""
        await here.delivery.delivered(event)
        if here.live.message:
            await here.delivery.note(_note("", here.live.message))

    async def _replies(self, here: "_Conversation", reply: Reply) -> None:
        draft = await here.live.end()
        messages = self._of_staff(here, reply) if reply.is_silent else await self._outgoing(here, reply)
        if not messages:
            await self._take_back(here, draft)
        await self._put(here, reply.event, messages, draft)
        if reply.is_silent and messages:
            self._know_of_staff.add(here.name)
        await here.delivery.delivered(reply.event)

    def _of_staff(self, here: "_Conversation", reply: Reply) -> list[Message]:
        """That a person reads along, said once: the customer is not answered by us."""
        if "with_staff" not in reply.statuses or here.name in self._know_of_staff:
            return []
        return [notice(self._words(here, "with_staff"), nonce=nonce_of(here.name, reply.event))]

    async def _tell_apart(self, here: "_Conversation", reply: Reply) -> None:
        """Whether it says itself that a person is here now, or that we answer again."""
        if "with_staff" not in reply.statuses:
            self._know_of_staff.forget(here.name)
            return
        said = await self._handles.postbox.happened(here.name, reply.answers) if reply.answers else None
        if isinstance(said, Said) and said.by == "staff":
            self._know_of_staff.add(here.name)

    async def _outgoing(self, here: "_Conversation", reply: Reply) -> list[Message]:
        await self._tell_apart(here, reply)
        links: Sequence[Component] = ()
        if reply.in_private:
            place = await self._goes_on_in_private(here, reply.in_private)
            sentence = self._words(here, "moved_private" if place else "come_private")
            if not place or not reply.text.strip():
                reply = replace(reply, text=f"{reply.text}\n\n{sentence}".strip())
            if place:
                links = link_row(self._words(here, "open_private"), place.url)
        titles = self._words(here, "sources_title"), self._words(here, "choose_one")
        messages = to_outgoing(here.name, reply, self._home, titles, links)
        said = await self._said_in(here, reply)
        return [replace(one, replies_to=said) for one in messages[:1]] + messages[1:]

    async def _said_in(self, here: "_Conversation", reply: Reply) -> str:
        """Id of the message that is answered, where several people write; "" where it is not known, or stands above."""
        if not place_of(self._account, here.name).public:
            return ""
        said = await self._handles.postbox.happened(here.name, reply.answers) if reply.answers else None
        message = said.message.partition(":")[0] if isinstance(said, Said) else ""
        return message if message.isdecimal() and message != here.channel else ""

    async def _goes_on_in_private(self, here: "_Conversation", moved: Sequence[Moved]) -> PrivatePlace | None:
        place = await self._places.open(here.name, here.language)
        if not place:
            return None
        for one in moved:
            asked = Incoming(
                "discord", place.conversation, f"p:{here.channel}:{one.event}", one.asked.text, one.asked.press
            )
            await self._handles.postbox.accept(asked, deliver=True)
        return place

    async def _put(self, here: "_Conversation", event: str, messages: Sequence[Message], draft: str = "") -> None:
        """From the first one of which it is not known that it arrived. The draft becomes the first message."""
        noted, _, _ = here.delivery.noted.partition(" ")
        for number in range(progress(noted, event), len(messages)):
            await here.delivery.note(_note(note_of(event, number), draft or here.live.message))
            await self._put_one(here, messages[number], draft if number == 0 else "")

    async def _put_one(self, here: "_Conversation", message: Message, draft: str) -> None:
        try:
            if draft:
                await self._posting.edit(here.channel, draft, message)
                return
        except Gone:
            log.info("a draft is gone; the reply is sent anew")
        except Refused as refused:
            log.warning("a draft cannot become the reply, which is sent anew: %s", refused)
            await self._take_back(here, draft)
        try:
            await self._posting.post(here.channel, message)
        except Refused as refused:
            log.error("a message cannot be sent: %s", refused)
            for file in message.files:
                await self._put_one(here, self._lost(here, file.name, nonce_of(message.nonce, "lost")), "")

    async def _take_back(self, here: "_Conversation", draft: str) -> None:
        try:
            if draft:
                await self._posting.delete(here.channel, draft)
        except (Gone, Refused) as problem:
            log.info("a draft cannot be taken back: %s", problem)

    def _words(self, here: "_Conversation", name: str, **values: object) -> str:
        return self._handles.words(here.language, name, **values)

    def _language(self, event: Event, before: str) -> str:
        """Our own words are in the language in which was written last."""
        match event.what:
            case Said(text=text) | FinalText(text) if any(map(str.isalpha, text)):
                return language_of(text, self._handles.languages)
        return before


@dataclass
class _Conversation:
    """One that is being delivered."""

    delivery: Delivery
    channel: str
    live: LiveReply
    language: str

    @property
    def name(self) -> str:
        return self.delivery.conversation


def _note(where: str, draft: str) -> str:
    """How far it is, and the id of the message that shows the reply in the making."""
    return f"{where} {draft}"


def _message_of(noted: str) -> str:
    return noted.partition(" ")[2]

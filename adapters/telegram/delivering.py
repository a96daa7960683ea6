"""Brings what happens in the conversations of one bot to the people on Telegram: drafts, replies, words of staff."""

import contextlib
import logging
from collections.abc import Sequence
from dataclasses import replace

from telegram import Bot

from adapters.notices import KnowOfStaff
from adapters.replies import (
    Frame,
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
    written,
)
from adapters.telegram.buttons import keyboard, link_button
from adapters.telegram.deep_links import private_payload
from adapters.telegram.drafts import Drafts
from adapters.telegram.outgoing import Outgoing, to_outgoing, unmentioned
from adapters.telegram.paces import NOTICE
from adapters.telegram.places import Place, account_of, place_of
from adapters.telegram.posting import Posting, Refused
from adapters.text import bold, joined, plain, read
from bot.channels import Delivery, Handles, NotNow
from bot.messages import Attachment, Event, Incoming, Said

log = logging.getLogger(__name__)


class Deliveries:
    """One bot. `home` is the public address of the shop's own pages, "" where they have none."""

    def __init__(self, bot: Bot, username: str, handles: Handles, home: str) -> None:
        self._username, self._handles, self._home = username, handles, home
        self._account = account_of(bot.id)
        self.posting = Posting(bot, self._account, handles.pace)
        self._know_of_staff = KnowOfStaff()

    async def each(self, delivery: Delivery) -> None:
        """One conversation, until it has been quiet. Raises NotNow, Unreachable, and ConnectionError."""
        place = place_of(delivery.conversation)
        reading = Reading()
        async with Drafts(self.posting, place, self._home) as drafts:
            async for event in delivery.events():
                match reading.read(event):
                    case Typing():
                        drafts.show(event.id)
                    case Frame(text):
                        drafts.show(event.id, text)
                    case Reply() as reply:
                        await drafts.finish()
                        await self._reply(delivery, place, reply)
                    case step:
                        await self._aside(delivery, place, event, step)

    async def staff_type(self, conversation: str) -> None:
        """The customer sees it, where there is room for it. Raises ConnectionError, Unreachable."""
        if conversation.startswith(f"{self._account}:"):
            with contextlib.suppress(Refused):
                await self.posting.typing(place_of(conversation))

    async def _aside(self, delivery: Delivery, place: Place, event: Event, step: Step | None) -> None:
        """What is no part of a reply."""
        match step:
            case Passed():
                await delivery.delivered(event.id)
            case Queued(_, before):
                await self._busy(delivery, place, event, before)
            case StaffSaid(_, text, attachments, name):
                page = joined([bold(name or self._words(text, "from_staff")), plain(text)], "\n")
                files = [one for one in attachments if one.kept]
                await self._send(delivery, place, event.id, [*to_outgoing(page), *files])
                self._know_of_staff.add(delivery.conversation)

    async def _busy(self, delivery: Delivery, place: Place, event: Event, before: int) -> None:
        said = await self._said(delivery, event.answers)
        sentence = self._words(said.text if said else "", "busy", place=before)
        try:
            await self.posting.say(place, sentence, NOTICE)
        except NotNow:
            return  # when there is time for it, it is not true any more
        await delivery.delivered(event.id)

    async def _reply(self, delivery: Delivery, place: Place, reply: Reply) -> None:
        if reply.is_silent:
            notice = await self._of_staff(delivery, reply)
            await self._send(delivery, place, reply.event, notice)
            if notice:
                self._know_of_staff.add(delivery.conversation)
            return
        await self._tell_apart(delivery, reply)
        reply = reply if place.private else replace(reply, text=unmentioned(reply.text))
        said = None if place.private else await self._said(delivery, reply.answers)
        if reply.in_private and place.user:
            messages = await self._elsewhere(place, reply)
        else:
            page = written(reply, self._words(reply.text, "sources_title"), self._home)
            under = keyboard(reply.buttons, reply.buttons_event)
            messages = to_outgoing(page, under, self._words(reply.text, "choose_one"))
        await self._send(delivery, place, reply.event, messages, _number(said))

    async def _tell_apart(self, delivery: Delivery, reply: Reply) -> None:
        """Whether it says itself that a person is here, or that we answer again."""
        if "with_staff" not in reply.statuses:
            self._know_of_staff.forget(delivery.conversation)
            return
        said = await self._said(delivery, reply.answers)
        if said and said.by == "staff":
            self._know_of_staff.add(delivery.conversation)

    async def _of_staff(self, delivery: Delivery, reply: Reply) -> list[Outgoing]:
        """That a person reads along, once: the customer is not answered by us."""
        if "with_staff" not in reply.statuses or delivery.conversation in self._know_of_staff:
            return []
        said = await self._said(delivery, reply.answers)
        return to_outgoing(plain(self._words(said.text if said else "", "with_staff")))

    async def _elsewhere(self, place: Place, reply: Reply) -> list[Outgoing]:
        """The question goes on in the private chat, or waits for the customer to open it: nobody is written to first.

        What is handed in there twice is one message.
        """
        private = Place(place.bot, place.user)
        address, name = f"https://t.me/{self._username}", "come_private"
        if await self.posting.may_write(private):
            for moved in reply.in_private:
                asked = moved.asked
                incoming = Incoming(
                    "telegram", private.conversation, f"p:{place.chat}:{moved.event}", asked.text, asked.press
                )
                await self._handles.postbox.accept(incoming, deliver=True)
            name = "moved_private"
        else:
            address += f"?start={private_payload(place, reply.in_private[-1].event)}"
        says_so = name == "moved_private" and reply.text.strip()  # in its own words
        sentence = "" if says_so else self._words(reply.text, name)
        page = joined([read(reply.text, self._home), plain(sentence)])
        return to_outgoing(page, link_button(self._words(reply.text, "open_private"), address))

    async def _send(
        self, delivery: Delivery, place: Place, event: str, messages: Sequence[Outgoing | Attachment], quotes: int = 0
    ) -> None:
        for number in range(progress(delivery.noted, event), len(messages)):
            message = messages[number]
            content = await self._content(message) if isinstance(message, Attachment) else b""
            await self.posting.ready(place)
            await delivery.note(note_of(event, number))
            if isinstance(message, Attachment):
                if content:
                    await self.posting.show(place, message, content)
            else:
                await self.posting.send(place, message, 0 if number else quotes)
        await delivery.delivered(event)

    async def _content(self, attachment: Attachment) -> bytes:
        """Nothing where it is not kept any more. Raises ConnectionError."""
        try:
            return await self._handles.attachments.read(attachment.kept)
        except FileNotFoundError:
            log.warning("a file of staff is gone before it was delivered")
            return b""

    async def _said(self, delivery: Delivery, event: str) -> Said | None:
        """The customer's message at this event, where that is still known."""
        happened = await self._handles.postbox.happened(delivery.conversation, event) if event else None
        return happened if isinstance(happened, Said) else None

    def _words(self, beside: str, name: str, **values: object) -> str:
        """A fixed sentence in the language of the text that it stands beside."""
        return self._handles.words(language_of(beside, self._handles.languages), name, **values)


def _number(said: Said | None) -> int:
    """Telegram's of the message; 0 where it is none, but the press of a button."""
    number = said.message.partition(":")[0] if said else ""
    return int(number) if number.isdecimal() else 0

"""What staff of a group could say: the shop's canned answers, and what the bot proposes from the knowledge."""

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from adapters.desk_rooms import Gone, Room
from adapters.desk_words import Asked, DeskButton, proposal_button
from adapters.text import Rich, bold, joined, link, plain, read
from bot.channels import Unreachable, Words
from bot.desks import Canned, Handoff, Member, StaffSide
from bot.messages import Source

_SHOWN = 40  # canned answers
_BEGINNING = 80  # characters of each


@dataclass(frozen=True)
class Proposal:
    """`mark`: by it a button knows the text again, as it was shown."""

    mark: str
    text: str
    sources: tuple[Source, ...]


class Help:
    """`language`: of the group. `home`: the public address of the shop's pages, "" where it is not known."""

    def __init__(self, staff: StaffSide, words: Words, language: str, home: str = "") -> None:
        self._desk, self._assistance = staff.desk, staff.assistance
        self._words, self._language, self._home = words, language, home

    async def show(self, room: Room, thread: str, member: Member, conversation: str, asked: Asked, once: str) -> None:
        """In the thread, where it is still there. Raises ConnectionError."""
        handoff = await self._desk.handoff(conversation)
        if handoff is None:
            page, buttons = plain(self._say("desk_is_over")), list[DeskButton]()
        elif asked.what == "canned":
            page, buttons = self._canned_page(await self._canned(member, handoff)), []
        else:
            proposals = await self.proposals(conversation)
            page, buttons = self._proposals_page(proposals), self._buttons(handoff, proposals)
        *first, last = room.cut(page)
        with suppress(Gone, Unreachable):
            for number, piece in enumerate(first):
                await room.post(thread, piece, f"{once}:{number}")
            await room.post(thread, last, once, buttons)

    async def canned_text(self, member: Member, handoff: Handoff, title: str) -> str:
        """Of the answer that is called so, or the only one whose title begins so; "" for none."""
        known, wanted = await self._canned(member, handoff), title.casefold()
        found = [one for one in known if one.title.casefold() == wanted]
        found = found or [one for one in known if one.title.casefold().startswith(wanted)]
        return found[0].text if len(found) == 1 else ""

    async def proposals(self, conversation: str) -> list[Proposal]:
        """As they are now: what the customer wrote meanwhile may have changed them."""
        replies = await self._assistance.replies(conversation)
        texts = [(read(one.text, self._home).text, one.sources) for one in replies]
        return [Proposal(_mark(text), text, sources) for text, sources in texts]

    async def _canned(self, member: Member, handoff: Handoff) -> list[Canned]:
        """In the customer's language where there are any."""
        language = handoff.language or self._language
        return await self._assistance.canned(language, handoff.conversation, member) or await self._assistance.canned(
            "", handoff.conversation, member
        )

    def _canned_page(self, known: Sequence[Canned]) -> Rich:
        if not known:
            return plain(self._say("desk_canned_none"))
        lines = (joined([bold(one.title), plain(_beginning(one.text))], " · ") for one in known[:_SHOWN])
        return joined([*lines, plain(self._say("desk_canned_how"))], "\n")

    def _proposals_page(self, proposals: Sequence[Proposal]) -> Rich:
        if not proposals:
            return plain(self._say("desk_proposals_none"))
        shown = (
            joined([joined([bold(f"{number}."), plain(one.text)], " "), *map(self._source, one.sources)], "\n")
            for number, one in enumerate(proposals, 1)
        )
        return joined([bold(self._say("desk_proposals")), *shown])

    def _source(self, source: Source) -> Rich:
        return joined([plain("•"), link(source.title, source.url, self._home)], " ")

    def _buttons(self, handoff: Handoff, proposals: Sequence[Proposal]) -> list[DeskButton]:
        return [
            proposal_button(handoff, self._say("desk_button_send", number=number), one.mark)
            for number, one in enumerate(proposals, 1)
        ]

    def _say(self, name: str, **values: object) -> str:
        return self._words(self._language, name, **values)


def _mark(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=6).hexdigest()


def _beginning(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _BEGINNING else f"{line[: _BEGINNING - 1]}…"

"""FAQ entries that staff's answers have become: a lead reads them, mends them, and approves or drops them."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Protocol

import msgspec
from redis.exceptions import RedisError

from bot.desks import Deed, DraftEntry, Member, NotAllowed
from bot.insights.drafting import Drafts, FaqDraft, as_entry, different, own_name
from bot.insights.masking import MARKS
from bot.knowledge.reading.drafts import Draft, KnowledgeFileError

Say = Callable[..., str]  # (language, name of a sentence, values)


class Publishing(Protocol):
    async def put(self, drafts: Sequence[Draft]) -> object: ...


class Book(Protocol):
    async def write(self, by: str, deed: Deed, conversation: str = "", detail: str = "") -> None: ...


class Approving:
    """Its methods raise ConnectionError when Redis or the database is away, and ValueError for what cannot be done."""

    def __init__(self, drafts: Drafts, publishing: Publishing, book: Book, say: Say) -> None:
        self._drafts, self._publishing, self._book = drafts, publishing, book
        self._say, self._turn = say, asyncio.Lock()

    async def waiting(self) -> list[DraftEntry]:
        """The newest first."""
        async with _explained():
            found = await self._drafts.waiting()
        return [
            DraftEntry(one.id, one.language, one.questions, one.text, one.conversation, tuple(one.marks))
            for one in found
        ]

    async def approve(self, member: Member, id: str, questions: Sequence[str], text: str) -> None:
        """Where it was broken off before it was done, the same entry is published once more."""
        async with self._turn, _explained():
            draft = await self._draft(member, id)
            name = own_name(draft)
            draft = msgspec.structs.replace(draft, questions=different(questions), text=text.strip())
            self._check(member, draft, questions)
            made = as_entry(draft, name)
            await self._publishing.put([made])
            await self._drafts.done(draft)
        await self._book.write(member.login, "faq_approved", draft.conversation, made.passage.id)

    async def drop(self, member: Member, id: str) -> None:
        async with self._turn, _explained():
            draft = await self._draft(member, id)
            await self._drafts.done(draft)
        await self._book.write(member.login, "faq_dropped", draft.conversation, draft.id)

    async def _draft(self, member: Member, id: str) -> FaqDraft:
        if member.role != "lead":
            raise NotAllowed("Only a lead may do that.")
        found = next((one for one in await self._drafts.waiting() if one.id == id), None)
        if found is None:
            raise ValueError(self._say(member.language, "desk_draft_gone"))
        return found

    def _check(self, member: Member, draft: FaqDraft, questions: Sequence[str]) -> None:
        """Raises ValueError for what a customer must not be told."""
        written = " ".join([draft.text, *questions])
        if marks := [mark for mark in MARKS if mark in written]:
            raise ValueError(self._say(member.language, "desk_draft_marks", marks=", ".join(marks)))
        if not draft.questions or not draft.text:
            raise ValueError(self._say(member.language, "desk_draft_empty"))


@asynccontextmanager
async def _explained() -> AsyncIterator[None]:
    try:
        yield
    except RedisError as error:
        raise ConnectionError(f"Redis is away: {error}") from error
    except KnowledgeFileError as error:
        raise ValueError(error.reason) from error

"""FAQ entries that staff's answers have become: a lead reads them, mends them, and approves or drops them."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Protocol

import msgspec
from redis.exceptions import RedisError

from bot.desks import DraftEntry, Member, NotAllowed
from bot.insights.drafting import Drafts, FaqDraft, as_entry, different, suggested_name
from bot.insights.masking import MARKS
from bot.knowledge.passages import Passage
from bot.knowledge.reading.drafts import Draft, KnowledgeFileError

MOST_NAMES = 100  # entries of one name that are tried: name, name-2, ...

Say = Callable[..., str]  # (language, name of a sentence, values)


class Publishing(Protocol):
    async def put(self, drafts: Sequence[Draft]) -> object: ...


class Knowledge(Protocol):
    async def passage(self, passage_id: str) -> Passage | None: ...


class Book(Protocol):
    async def write(self, by: str, deed: str, conversation: str = "", detail: str = "") -> None: ...


class Approving:
    """Its methods raise ConnectionError when Redis or the database is away, and ValueError for what cannot be done."""

    def __init__(self, drafts: Drafts, publishing: Publishing, knowledge: Knowledge, book: Book, say: Say) -> None:
        self._drafts, self._publishing, self._knowledge, self._book = drafts, publishing, knowledge, book
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
        async with self._turn, _explained():
            draft = await self._draft(member, id)
            draft = msgspec.structs.replace(draft, questions=different(questions), text=text.strip())
            self._check(member, draft, questions)
            made = as_entry(draft, await self._free_name(draft))
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

    async def _free_name(self, draft: FaqDraft) -> str:
        """An entry that is there is never replaced by a draft."""
        name = suggested_name(draft)
        for number in range(1, MOST_NAMES):
            tried = name if number == 1 else f"{name}-{number}"
            if not await self._knowledge.passage(as_entry(draft, tried).passage.id):
                return tried
        return f"{name}-{draft.id}"


@asynccontextmanager
async def _explained() -> AsyncIterator[None]:
    try:
        yield
    except RedisError as error:
        raise ConnectionError(f"Redis is away: {error}") from error
    except KnowledgeFileError as error:
        raise ValueError(error.reason) from error

"""FAQ entries that wait for approval: made of what staff answered after an unanswered question, or begun from a gap.

A draft holds no question itself, it names those that it is made of: what a customer has forgotten is gone from it too.
"""

import time
from collections.abc import Sequence
from hashlib import blake2b
from typing import Any

import msgspec

from bot.insights.masking import MARKS, marks_in, masked
from bot.insights.unanswered import Asked, UnansweredQuestions, milliseconds
from bot.keys import Keys
from bot.knowledge.fillers import fillers
from bot.knowledge.passages import Passage
from bot.knowledge.reading.drafts import Draft, page_url, passage_id
from bot.knowledge.reading.table_files import NAME
from bot.knowledge.tokens import tokens
from bot.redis.connection import Connection

SOURCE = "staff"  # an import of the shop's files leaves what came from here alone
MOST_QUESTIONS = 8  # of one entry
WORDS_OF_A_NAME = 5
SHORT_ID = 7  # characters: enough to tell entries of the same words apart
LONGEST_ANSWER = 20_000  # characters
SHORTEST = 3  # letters; a word of a name is longer


class FaqDraft(msgspec.Struct, frozen=True):
    """An entry to be: the question as its title, other ways to ask it, the answer."""

    id: str
    language: str
    questions: tuple[str, ...]  # the first is the title; none where all who asked have been forgotten
    text: str
    at: float  # seconds since the epoch: when it was answered
    conversation: str = ""  # where staff said it; "" where it was begun from a gap

    @property
    def marks(self) -> list[str]:
        """What was taken out of the answer, because it may name a person: staff have to look."""
        return marks_in(self.text)


class _Begun(msgspec.Struct, frozen=True):
    """As it is kept."""

    language: str
    of: list[tuple[str, str]]  # conversation and event of each question
    text: str
    at: float


_begun: msgspec.json.Decoder[_Begun] = msgspec.json.Decoder(_Begun)


class Drafts:
    """Its methods raise redis.exceptions.RedisError."""

    def __init__(self, connection: Connection, keys: Keys) -> None:
        self._redis, self._keys = connection.commands, keys
        self._questions = UnansweredQuestions(connection, keys)

    async def waiting(self) -> list[FaqDraft]:
        """The newest first."""
        asked = await self._questions.since(self._keys.kept_seconds)
        done: Any = await self._redis.zrange(self._keys.faq_drafts_done(), 0, -1)
        begun: Any = await self._redis.hgetall(self._keys.faq_drafts())
        found = [_of_staff(one) for one in asked if one.staff]
        found += [await self._opened(name, _begun.decode(kept)) for name, kept in begun.items()]
        return sorted((one for one in found if one.id not in set(done)), key=lambda one: -one.at)

    async def one(self, name: str) -> FaqDraft:
        """Raises ValueError where none waits under that id."""
        found = next((draft for draft in await self.waiting() if draft.id == name), None)
        if found is None:
            raise ValueError(f"There is no draft {name}; see: shopdesk knowledge drafts")
        return found

    async def begin(self, asked: Sequence[Asked], text: str) -> FaqDraft:
        """From the questions of a gap, with an answer of staff."""
        of = [(one.conversation, one.question.event) for one in asked[: 4 * MOST_QUESTIONS]]
        begun = _Begun(asked[0].question.language, of, masked(text.strip(), at_most=LONGEST_ANSWER), time.time())
        name = _name("g", "".join(f"{where} {event}" for where, event in of))
        await self._redis.hset(self._keys.faq_drafts(), name, msgspec.json.encode(begun).decode())
        await self._redis.zrem(self._keys.faq_drafts_done(), name)
        return await self._opened(name, begun)

    async def done(self, draft: FaqDraft) -> None:
        """Approved or dropped: it is not shown again."""
        now, key = time.time(), self._keys.faq_drafts_done()
        await self._redis.zadd(key, {draft.id: now})
        await self._redis.zremrangebyscore(key, "-inf", now - 2 * self._keys.kept_seconds)
        await self._redis.hdel(self._keys.faq_drafts(), draft.id)

    async def _opened(self, name: str, begun: _Begun) -> FaqDraft:
        of = {
            (where, asked.question.event): asked.question.text
            for where in {where for where, _ in begun.of}
            for asked in await self._questions.of(where)
        }
        questions = different([of[one] for one in begun.of if one in of])
        return FaqDraft(name, begun.language, questions, begun.text, begun.at)


def as_entry(draft: FaqDraft, name: str) -> Draft:
    """To be published. Raises ValueError where the draft is not ready for it."""
    if draft.marks:
        raise ValueError(
            f"The answer still has {', '.join(draft.marks)} where something personal stood: write it to a file with "
            f"`shopdesk knowledge drafts show {draft.id} > FILE`, mend it, and approve it with --edit FILE."
        )
    if not draft.questions or not draft.text:
        missing = "question" if draft.text else "answer"
        raise ValueError(f"The draft has no {missing}: give it one with --edit FILE, `# question` on its first line.")
    name = name or suggested_name(draft)
    if not NAME.fullmatch(name):
        raise ValueError(f'The name "{name}" must be letters, digits and dashes: choose another --name.')
    title, *others = draft.questions
    language = draft.language
    entry = Passage(
        passage_id("faq", name, language),
        "faq",
        language,
        title,
        draft.text,
        page_url("faq", name, language),
        tuple(others[:MOST_QUESTIONS]),
    )
    return Draft(f"draft {draft.id}", 0, entry, SOURCE)


def edited(draft: FaqDraft, written: str) -> FaqDraft:
    """As staff wrote it: `# question` first where they changed it too, then the answer."""
    first, _, rest = written.strip().partition("\n")
    if not first.startswith("# "):
        return msgspec.structs.replace(draft, text=written.strip())
    questions = different([first.removeprefix("# ").strip(), *draft.questions])
    return msgspec.structs.replace(draft, questions=questions, text=rest.strip())


def suggested_name(draft: FaqDraft) -> str:
    """Of the words of the question; of its id where they are not Latin ones."""
    said = _words(draft.questions[0])[:WORDS_OF_A_NAME] if draft.questions else []
    return "-".join(said) or f"answer-{draft.id}"


def own_name(draft: FaqDraft) -> str:
    """The same whenever the draft is approved, and no other entry's."""
    name = suggested_name(draft)
    return name if draft.id in name else f"{name}-{draft.id[:SHORT_ID]}"


def different(questions: Sequence[str]) -> tuple[str, ...]:
    """Each once, without the marks of what was taken out."""
    found: dict[str, str] = {}
    for one in questions:
        plain = " ".join(_without_marks(one).split())
        if plain:
            found.setdefault(plain.lower(), plain)
    return tuple(found.values())


def _of_staff(asked: Asked) -> FaqDraft:
    text = "\n\n".join(one.text.strip() for one in asked.staff)
    answered = milliseconds(asked.staff[0].event) / 1000
    questions = different([asked.question.text])
    return FaqDraft(_name("s", asked.name), asked.question.language, questions, text, answered, asked.conversation)


def _name(kind: str, of: str) -> str:
    return kind + blake2b(of.encode(), digest_size=6).hexdigest()


def _without_marks(text: str) -> str:
    for mark in MARKS:
        text = text.replace(mark, "")
    return text


def _words(text: str) -> list[str]:
    """Latin ones, as they are written; those that say little are left out where others are there."""
    said = ["".join(sign for sign in word if sign.isalnum()) for word in text.lower().split()]
    said = [word for word in said if word.isascii() and word]
    return [word for word in said if len(word) > SHORTEST and not fillers().issuperset(tokens(word))] or said

"""Facts, claims of stock and delivery, and deeds in a reply must have been read in this turn.

Checked sentence by sentence, before a sentence is shown. Of the customer's words only identifiers may be repeated, and
what a sentence says that they asked for or that there is not. A wrong statement without a fact or a claim passes: what
the gate cannot see, the tools must not be able to do.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any, ClassVar

from bot.answering.checking.citing import Citations, without_citations
from bot.answering.checking.claims import Claim, Claims, Line, lines_of, read_claims
from bot.answering.checking.known import Known
from bot.answering.checking.promises import SENTENCE_END, Promise, Promises, Told, read_promises, told_by
from bot.answering.checking.stating import Fact, Stated
from bot.answering.checking.wording import languages
from bot.answering.facts import LIST_MARK, plain, repeatable, stated, without
from bot.answering.turn import Reading, passage_text

PASSAGES_KEPT = 512
KINDS = {  # under which a block is counted; the others are called as their facts are
    "weekday": "date", "relative": "date", "count": "quantity", "size": "quantity", "figure": "quantity",
}  # fmt: skip


class Ungrounded(Exception):
    """A sentence states a fact that was not read, promises a deed, or recites the desk's instructions."""

    why: ClassVar[str] = "ungrounded"  # the word under which it is counted, as for a ModelFailure

    def __init__(self, kind: str, sentence: str, what: Sequence[str] = ()) -> None:
        """`kind` is one of metrics.BLOCKED; `what` is what was not read, as it was written."""
        super().__init__(f"{kind}: {', '.join(what)}: {sentence.strip()}")
        self.kind, self.sentence, self.what = kind, sentence, tuple(what)


@dataclass(frozen=True, eq=False)
class Patterns:
    """Promises and claims of all languages."""

    promises: tuple[Promise, ...]
    claims: tuple[Claim, ...]

    @classmethod
    def of(cls, promises: Sequence[Mapping[str, Any]], claims: Sequence[Mapping[str, Any]]) -> "Patterns":
        """Of the tables of promises.toml and of claims.toml, one each for each language."""
        return cls(read_promises(promises), read_claims(claims))


class Gate:
    """Holds back one sentence at a time; what it yields may be shown."""

    def __init__(
        self,
        reading: Reading,
        customer_wrote: str,
        patterns: Patterns,
        today: date | None = None,
        staff_are_coming: Callable[[], bool] = lambda: False,
    ) -> None:
        today = today or datetime.now(UTC).date()
        self._reading, self._patterns = reading, patterns
        self._customer_wrote = plain(customer_wrote)
        self._customers = repeatable(self._customer_wrote)
        self._known = Known(today)
        self._claims = Claims(patterns.claims, today)
        self._promises = Promises(patterns.promises, self._customer_wrote, staff_are_coming)
        self._citations = Citations(reading)
        self._texts_read = 0

    async def through(self, text: AsyncIterator[str]) -> AsyncGenerator[str, None]:
        """Whole sentences, checked. Raises Ungrounded before a sentence that must not be shown; the reply may then go
        on with another text."""
        self._promises.begin_anew()
        held = ""
        async for piece in text:
            held += piece
            while end := SENTENCE_END.search(held):
                sentence, held = held[: end.end()], held[end.end() :]
                yield self._passed(sentence)
        if held:
            yield self._passed(held)

    def cited(self) -> list[int]:
        """Numbers of the passages that were cited, in the order in which the text names them as 1, 2, …"""
        return self._citations.cited

    def _passed(self, sentence: str) -> str:
        self._read()
        bare = LIST_MARK.sub("", plain(without_citations(sentence)))
        if self._promises.unread(bare):
            raise Ungrounded("promise", sentence)
        facts = stated(without(bare, self._customers))
        if self._known.missing(facts):
            left = self._less_what_the_customer_said(bare)
            if missing := self._known.missing(left):
                kind = KINDS.get(missing[0].kind, missing[0].kind)
                raise Ungrounded(kind, sentence, [left[one] for one in missing])
        if claim := self._claims.unread(bare, self._customer_wrote):
            raise Ungrounded(claim.family, sentence)
        return self._citations.renumber(sentence, facts)

    def _read(self) -> None:
        texts, public = self._reading.texts[self._texts_read :], {passage_text(one) for one in self._reading.passages}
        for text in texts:
            read = _of_the_shop(text, self._patterns) if text in public else _Read(text, self._patterns)
            self._known.add(read.facts)
            self._claims.add(read.lines)
            self._promises.add(read.told)
            self._citations.add(text, read.facts)
        self._texts_read += len(texts)

    def _less_what_the_customer_said(self, bare: str) -> Stated:
        """What is stated, but in "you asked for 3 lamps" and "I find no refund of $500" not what the customer named."""
        customers = stated(self._customer_wrote)
        found: Stated = {}
        for part in _parts(without(bare, self._customers)):
            may_repeat = any(
                pattern.search(part) for one in languages() for pattern in (one.repeats, one.denies, one.again)
            )
            found |= {
                fact: how for fact, how in stated(part).items() if not (may_repeat and _is_among(fact, customers))
            }
        return found


class _Read:
    """One text that was read."""

    def __init__(self, text: str, patterns: Patterns) -> None:
        self._text, self._plain, self._patterns = text, plain(text), patterns
        self.facts = stated(self._plain)
        self._lines: Sequence[Line] | None = None
        self._told: Told | None = None

    def lines(self) -> Sequence[Line]:
        """What it claims: found when it is first asked for."""
        if self._lines is None:
            self._lines = lines_of(self._plain, self._patterns.claims)
        return self._lines

    def told(self) -> Told:
        """What it tells of deeds: found when it is first asked for."""
        if self._told is None:
            self._told = told_by(self._text, self._plain, self._patterns.promises)
        return self._told


@lru_cache(PASSAGES_KEPT)
def _of_the_shop(text: str, patterns: Patterns) -> _Read:
    """A passage of the shop's knowledge, which is read again and again; what is a customer's is not kept."""
    return _Read(text, patterns)


def _parts(bare: str) -> list[str]:
    parts = [bare]
    for language in languages():
        parts = [piece for part in parts for piece in language.cuts.split(part)]
    return parts


def _is_among(fact: Fact, said: Stated) -> bool:
    return fact in said or fact.kind == "relative"
